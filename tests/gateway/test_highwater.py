"""What was shown is remembered for all workers of one machine, and only ever grows."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from candour_gateway.highwater import HighWater
from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.errors import ProofError
from candour_protocol.keys import SigningKey
from candour_protocol.note import Signer

SIGNER = Signer("log.example", SigningKey.generate())


def _opened(folder: Path) -> HighWater:
    return HighWater(folder / "shown", SIGNER.verifier)


def _raise(shown: HighWater, size: int) -> Checkpoint:
    checkpoint = Checkpoint(SIGNER.name, size, bytes([size] * 32))
    shown.raise_to(checkpoint, sign_checkpoint(checkpoint, SIGNER))
    return checkpoint


def test_one_worker_sees_what_another_has_shown(tmp_path: Path) -> None:
    one, other = _opened(tmp_path), _opened(tmp_path)

    largest = _raise(one, 5)

    assert other.latest() == largest


def test_a_worker_that_comes_late_does_not_lower_it(tmp_path: Path) -> None:
    one, other = _opened(tmp_path), _opened(tmp_path)
    largest = _raise(one, 5)

    _raise(other, 3)

    assert one.latest() == other.latest() == _opened(tmp_path).latest() == largest


def test_a_worker_that_is_frozen_over_the_file_stops_nobody(tmp_path: Path) -> None:
    one, other = _opened(tmp_path), _opened(tmp_path)
    _raise(one, 1)
    with (tmp_path / "shown").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        largest = _raise(other, 2)

        assert other.latest() == largest
    _raise(other, 3)
    assert one.latest() == other.latest()


def test_what_the_logs_key_did_not_sign_is_refused(tmp_path: Path) -> None:
    (tmp_path / "shown").write_text("another log\n")

    with pytest.raises(ProofError):
        _opened(tmp_path)
