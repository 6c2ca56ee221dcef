"""The page checks the log itself, and once it was lied to it says so until somebody looks into it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from candour_dashboard.proof import LogWatch
from candour_protocol.keys import SigningKey
from candour_protocol.note import Signer

from tests.dashboard.gateway_double import NOW, Log


@pytest.fixture
def log() -> Log:
    return Log()


def _watch(log: Log, kept_in: Path | None = None) -> LogWatch:
    async def read(path: str) -> bytes:
        return log.read(path)

    watch = LogWatch(log.signer.verifier, read, kept_in)
    watch.resume()
    return watch


async def test_a_log_that_only_grows_is_verified_as_far_as_it_got(log: Log) -> None:
    watch = _watch(log)
    await watch.check(NOW)
    for count in (1, 5, 300, 70_000):
        log.grow(count)
        proven = await watch.check(NOW + timedelta(minutes=1))

    assert proven.problem == ""
    assert (proven.since_size, proven.size) == (1, 70_307)
    assert proven.at == NOW + timedelta(minutes=1)


async def test_a_rewritten_history_is_an_alarm_that_does_not_go_away(log: Log, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    log.grow(9)
    watch = _watch(log, kept)
    await watch.check(NOW)
    honest = log.checkpoint
    log.forget_everything()
    log.grow(20, seed="another")

    await watch.check(NOW)
    proven = await watch.check(NOW)

    assert proven.problem.startswith("A checkpoint did not verify")
    assert proven.size == 10
    evidence = (tmp_path / "checkpoint.alarm").read_text("utf-8")
    assert honest in evidence
    assert log.checkpoint in evidence


async def test_a_log_that_shrinks_is_an_alarm(log: Log) -> None:
    log.grow(9)
    watch = _watch(log)
    await watch.check(NOW)
    log.forget_everything()
    log.grow(3)

    proven = await watch.check(NOW)

    assert "3 entries after 10" in proven.problem


async def test_another_keys_checkpoint_is_an_alarm(log: Log) -> None:
    watch = _watch(log)
    log.signer = Signer(log.signer.name, SigningKey.generate())
    log.grow(1)

    proven = await watch.check(NOW)

    assert proven.problem


async def test_what_an_earlier_run_verified_still_binds(log: Log, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    log.grow(9)
    await _watch(log, kept).check(NOW)
    log.forget_everything()
    log.grow(30, seed="another")

    proven = await _watch(log, kept).check(NOW)

    assert proven.problem


async def test_a_kept_checkpoint_that_was_tampered_with_is_an_alarm(log: Log, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    await _watch(log, kept).check(NOW)
    kept.write_text(kept.read_text("utf-8").replace("\n1\n", "\n0\n"), "utf-8")

    proven = await _watch(log, kept).check(NOW)

    assert "kept from before" in proven.problem
