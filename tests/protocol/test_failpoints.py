"""Failpoints kill where they were told to, at the time they were told, and never in production."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from candour_protocol import failpoints
from candour_protocol.failpoints import VARIABLE, FailpointError

_PROGRAM = """
from candour_protocol import failpoints
failpoints.arm(allowed=True)
for number in (1, 2, 3):
    print(number, flush=True)
    failpoints.reach("gateway.committed")
    failpoints.reach("gateway.judged")
"""


def _run(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", _PROGRAM],
        env={VARIABLE: text},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_process_dies_at_its_place_the_time_it_was_told() -> None:
    ended = _run("gateway.judged:2")

    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == "1\n2\n"


def test_nothing_dies_without_the_variable() -> None:
    ended = _run("")

    assert (ended.returncode, ended.stdout) == (0, "1\n2\n3\n")


@pytest.mark.parametrize("text", ["nowhere:1", "gateway.judged", "gateway.judged:0", "gateway.judged:x", "x"])
def test_what_names_no_place_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)

    with pytest.raises(FailpointError):
        failpoints.arm(allowed=True)


def test_a_production_policy_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "gateway.judged:1")

    with pytest.raises(FailpointError, match="unset it"):
        failpoints.arm(allowed=False)
