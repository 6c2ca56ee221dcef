"""The whole embedded sandbox is killed again and again under load; the accounting must end in zeros.

The seed is printed; ``CANDOUR_FAULT_SEED=<seed>`` repeats a schedule, ``CANDOUR_FAULT_KILLS=<n>`` makes it
longer.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from candour_protocol.failpoints import PLACES

from tests.faults import harms
from tests.faults.conftest import KILLS, RATE
from tests.faults.load import Load
from tests.faults.mortal import Mortal
from tests.faults.stories import KINDS
from tests.faults.trial import Trial

MOST_BETWEEN_KILLS = 60
ROUNDS = min(KILLS, 4)

pytestmark = pytest.mark.timeout(900 + 60 * KILLS)


def test_killed_under_load_nothing_accepted_is_lost_and_nothing_has_a_second_effect(
    mortal: Mortal, tmp_path: Path, seed: int
) -> None:
    def harm(load: Load, chance: random.Random) -> None:
        for _ in range(ROUNDS):
            load.wait_for(chance.randrange(1, MOST_BETWEEN_KILLS))
            load.harmed("killed the sandbox")
            mortal.kill()
            load.wait_for(chance.randrange(1, MOST_BETWEEN_KILLS))
            harms.full(mortal.disk)(load, chance)
        load.wait_for(MOST_BETWEEN_KILLS)

    account = Trial(mortal, tmp_path, RATE, seed).run(harm)

    assert account.faults == {}
    assert account.kinds == KINDS


def test_killed_at_every_place_that_has_a_name(mortal: Mortal, tmp_path: Path, seed: int) -> None:
    def harm(load: Load, chance: random.Random) -> None:
        for place in sorted(PLACES):
            load.wait_for(chance.randrange(1, MOST_BETWEEN_KILLS))
            load.harmed(f"dies at {place}")
            mortal.die_at(place, chance.randrange(1, 9))

    account = Trial(mortal, tmp_path, RATE, seed).run(harm)

    assert account.faults == {}
    assert account.kinds == KINDS
