"""A whole partnership in one process: how long a concern takes to be told, delivered and proven."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from candour_sandbox.samples import samples

from tests.bench.distribution import milliseconds
from tests.bench.teller import Door, Measured, Task
from tests.sandbox.process import Process, free_base_port

ROOT = Path(__file__).parents[2]
HOLDER = "testborough-csc"
SENDER = "testborough-hill"
MANY = 32  # concerns under way at a time
COUNTS = {1: 200, MANY: 1600}
LEAST_GAIN = 2  # times as many a second when they come together: they share commits
REST = 10  # seconds
MOST_IDLE = 0.03  # of one core
_TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def partnership(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The manifest of a sandbox without a story, in which nobody is held back."""
    folder = tmp_path_factory.mktemp("partnership")
    process = Process.up(folder, free_base_port(), "--no-story", "--rate", "1000000")
    try:
        yield process.ready()
    finally:
        process.stop()


def _concern() -> dict[str, Any]:
    """What the school tells social care in the samples."""
    return dict(samples().call("C-01").body)


def _door(partnership: dict[str, Any], agency: str) -> Door:
    found = partnership["agencies"][agency]
    return Door(found["url"], found["token"])


def _tell(partnership: dict[str, Any], senders: list[str], ways: int, *, proven: bool) -> Measured:
    doors = [_door(partnership, agency) for agency in senders]
    task = Task(doors, _door(partnership, HOLDER), _concern(), ways, COUNTS[ways], proven)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.teller"],
        input=json.dumps(asdict(task)),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return Measured(**json.loads(done.stdout))


def _busy(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _show(ways: int, senders: list[str], told: Measured, proven: Measured, cpu: float) -> None:
    count = len(told.arrived)
    print(f"\n{ways} at a time from {len(senders)} to 1 of 11 agencies, {count} concerns each way of asking:")
    print(f"  202                  {milliseconds(told.answered)}")
    print(f"  in the inbox         {milliseconds(told.arrived)}   {count / told.spent:6.0f} a second")
    print(f"  receipt at sender    {milliseconds(proven.answered)}   {count / proven.spent:6.0f} a second")
    print(f"  processor time of the partnership for one: {cpu * 1e3:.2f} ms")


def _measure(partnership: dict[str, Any], senders: list[str], ways: int) -> float:
    pid = partnership["processes"]["sandbox"]
    before = _busy(pid)
    told = _tell(partnership, senders, ways, proven=False)
    cpu = (_busy(pid) - before) / (COUNTS[ways] + 2 * ways)
    proven = _tell(partnership, senders, ways, proven=True)
    _show(ways, senders, told, proven, cpu)
    return COUNTS[ways] / told.spent


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_concerns_that_come_together_share_their_commits(partnership: dict[str, Any]) -> None:
    """From the call to its answer, to the recipient's inbox, to the receipt: one by one, and 32 at a time."""
    everybody = [agency for agency in partnership["agencies"] if agency != HOLDER]

    alone = _measure(partnership, [SENDER], 1)
    together = _measure(partnership, [SENDER], MANY)
    _measure(partnership, everybody, MANY)

    assert together >= LEAST_GAIN * alone


@pytest.mark.bench
async def test_a_partnership_at_rest_needs_next_to_nothing(partnership: dict[str, Any]) -> None:
    """Gateway, eleven nodes, health page and courier, with nothing under way."""
    pid = partnership["processes"]["sandbox"]
    await asyncio.sleep(2)  # what the load left behind
    before, begun = _busy(pid), time.perf_counter()
    await asyncio.sleep(REST)

    idle = (_busy(pid) - before) / (time.perf_counter() - begun)

    print(f"\nat rest: {idle:.2%} of one core")
    assert idle < MOST_IDLE
