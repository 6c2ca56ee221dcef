"""How long and how hard, and the seed that repeats a schedule."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.faults.disk import Disk, may_mount
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
    """A sandbox that a test may kill; on a disk that can be filled up, where this user may mount one."""
    disk = Disk(tmp_path / "disk", 256) if may_mount() else None
    with disk.mounted() if disk else nullcontext():
        made = Mortal(tmp_path / "disk" / "data", disk)
        try:
            yield made
        finally:
            made.end()
