"""How one interpreter keeps thirteen services quick."""

from __future__ import annotations

import sys

CHANGE = 0.0005  # seconds; the interpreter's own 0.005 is what a thread back from the disk would wait for


def change_threads_quickly() -> None:
    """Let a thread that has committed go on soon, however busy the others are."""
    sys.setswitchinterval(CHANGE)
