"""Processes on RabbitMQ and PostgreSQL: what dies, stands still or goes away costs time and nothing else.

``CANDOUR_FAULT_SEED=<seed>`` repeats a schedule, ``CANDOUR_FAULT_KILLS=<n>`` and ``CANDOUR_FAULT_RATE=<per
second>`` make it longer and harder, ``CANDOUR_FAULT_RUNS=<n>`` plays as many schedules in a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import harms
from tests.faults.conftest import KILLS, RATE, RUNS
from tests.faults.fleet import Fleet, launched
from tests.faults.stories import KINDS
from tests.faults.trial import Harm, Trial

pytestmark = pytest.mark.timeout(1200 + 60 * KILLS)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """With nothing said in it yet: the books of a trial hold that trial's statements alone."""
    with launched(tmp_path / "fleet") as made:
        yield made


def _account(fleet: Fleet, folder: Path, seed: int, harm: Harm) -> None:
    account = Trial(fleet.manifest, fleet.court, folder, RATE, seed).run(harm)
    print(account)  # noqa: T201 - pytest shows it where the test fails
    assert account.faults == {}
    assert account.kinds == KINDS


@pytest.mark.parametrize("run", range(RUNS))
def test_processes_killed_at_random(fleet: Fleet, tmp_path: Path, seed: int, run: int) -> None:
    _account(fleet, tmp_path, seed + run, harms.random_kills(fleet, KILLS))


def test_servers_that_go_away(fleet: Fleet, tmp_path: Path, seed: int) -> None:
    harm = harms.in_turn(
        harms.frozen_worker(fleet),
        harms.broker_killed(fleet),
        harms.database_stopped(fleet),
        harms.memory_alarm(fleet),
        harms.broker_frozen(fleet),
    )
    _account(fleet, tmp_path, seed, harm)
