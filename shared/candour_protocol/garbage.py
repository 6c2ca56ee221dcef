"""How often a service looks for garbage in cycles, of which it makes hardly any."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 10, 10)  # objects, then looks of the generation before


def collect_seldom() -> None:
    """Leave what is there by now out of every search, and search seldom.

    A gateway's batch makes and drops a hundred thousand objects: to look through them as often as Python does
    was a tenth of all its work. To look through what a service is made of stops it for 0.1 s each time.

    Called once everything is built.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
