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
from tests.faults.disk import may_mount
from tests.faults.fleet import Fleet, launched
from tests.faults.stories import KINDS
from tests.faults.trial import Harm, Trial

pytestmark = pytest.mark.timeout(1200 + 60 * KILLS)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """With nothing said in it yet: the books of a trial hold that trial's statements alone."""
    with launched(tmp_path / "fleet") as made:
        yield made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Fleet]:
    """The same, on disks that can be filled up, where this user may mount such."""
    with launched(tmp_path / "fleet", small_disks=may_mount()) as made:
        yield made


def _account(fleet: Fleet, folder: Path, seed: int, harm: Harm) -> None:
    account = Trial(fleet, folder, RATE, seed).run(harm)
    assert account.faults == {}
    assert account.kinds == KINDS


@pytest.mark.parametrize("run", range(RUNS))
def test_processes_killed_at_random(fleet: Fleet, tmp_path: Path, seed: int, run: int) -> None:
    _account(fleet, tmp_path, seed + run, harms.random_kills(fleet, KILLS))


def test_servers_that_go_away_or_have_no_room(small: Fleet, tmp_path: Path, seed: int) -> None:
    harm = harms.in_turn(
        harms.frozen_worker(small),
        harms.broker_killed(small),
        harms.started_without_broker(small),
        harms.database_stopped(small),
        harms.memory_alarm(small),
        *harms.disks_full(small),
        harms.broker_frozen(small),
    )
    _account(small, tmp_path, seed, harm)


def test_messages_that_are_poison_or_come_again(fleet: Fleet, tmp_path: Path, seed: int) -> None:
    _account(fleet, tmp_path, seed, harms.in_turn(harms.poison(fleet), harms.repeated(fleet)))
