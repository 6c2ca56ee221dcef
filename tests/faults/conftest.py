"""How long and how hard, and the seed that repeats a schedule."""

from __future__ import annotations

import os
import random

import pytest

KILLS = int(os.environ.get("CANDOUR_FAULT_KILLS", "6"))
RATE = float(os.environ.get("CANDOUR_FAULT_RATE", "15"))  # statements a second


@pytest.fixture
def seed() -> int:
    """Printed, so that a schedule that failed can be played again."""
    found = int(os.environ.get("CANDOUR_FAULT_SEED", random.SystemRandom().randrange(2**32)))
    print(f"CANDOUR_FAULT_SEED={found}")  # noqa: T201 - pytest shows it where the test fails
    return found
