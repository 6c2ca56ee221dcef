"""How often a service looks for garbage in cycles, of which it makes hardly any."""

from __future__ import annotations

import gc
from typing import Final

BATCHES: Final = 50_000  # objects; a gateway's batch makes and drops twice as many
NARRATIVES: Final = 2_000  # objects; joserfc leaves a narrative that it sealed in a cycle, some 20 KiB of it
_LOOKS: Final = (10, 10)  # of the generation before


def collect_seldom(objects: int) -> None:
    """Leave what is there by now out of every search, and search once so many more ``objects`` are there.

    To look through a batch as often as Python does was a tenth of all the gateway's work. To look through
    what a service is made of stops it for 0.1 s each time.

    Called once everything is built.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(objects, *_LOOKS)
