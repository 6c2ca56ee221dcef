"""How long and how hard, and the seed that repeats a schedule."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.mortal import Mortal

KILLS = int(os.environ.get("CANDOUR_FAULT_KILLS", "6"))
RUNS = int(os.environ.get("CANDOUR_FAULT_RUNS", "1"))
RATE = float(os.environ.get("CANDOUR_FAULT_RATE", "15"))  # statements a second


@pytest.fixture
def seed() -> int:
    """Printed, so that a schedule that failed can be played again."""
    found = int(os.environ.get("CANDOUR_FAULT_SEED", random.SystemRandom().randrange(2**32)))
    print(f"CANDOUR_FAULT_SEED={found}")  # noqa: T201 - pytest shows it where the test fails
    return found


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    """A sandbox that a test may kill."""
    made = Mortal(tmp_path / "data")
    yield made
    made.end()
