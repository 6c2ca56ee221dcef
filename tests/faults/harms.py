"""What is done to a partnership under load. Each returns once that is over; the load goes on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial

from tests.faults.fleet import Fleet
from tests.faults.load import Load
from tests.faults.trial import Harm

_OUTAGE = (1.0, 4.0)  # seconds
_LONGER_THAN_A_LOCK = 12.0  # seconds
_BETWEEN = 25  # statements


def in_turn(*harms: Harm) -> Harm:
    """One after the other, with calls between them."""

    def harm(load: Load, chance: random.Random) -> None:
        for each in harms:
            load.wait_for(chance.randrange(1, _BETWEEN))
            each(load, chance)
        load.wait_for(_BETWEEN)

    return harm


def random_kills(fleet: Fleet, count: int) -> Harm:
    """``kill -9`` of any process, the next one while the last may still be coming up."""

    def harm(load: Load, chance: random.Random) -> None:
        for _ in range(count):
            load.wait_for(chance.randrange(1, _BETWEEN))
            name = chance.choice(sorted(fleet.pids))
            load.harmed(f"killed {name}")
            fleet.kill(name)

    return harm


def frozen_worker(fleet: Fleet) -> Harm:
    """A gateway worker stands still, wherever it is, for longer than the lock's time-out."""

    def harm(load: Load, chance: random.Random) -> None:
        load.harmed("froze gateway-2")
        with fleet.frozen("gateway-2"):
            time.sleep(_LONGER_THAN_A_LOCK)

    return harm


def broker_killed(fleet: Fleet) -> Harm:
    """As a power cut."""
    return _away("the broker", fleet.broker.kill, fleet.broker.start)


def broker_frozen(fleet: Fleet) -> Harm:
    """It stands still; connections stay open."""
    return _away("the broker's answers", fleet.broker.freeze, fleet.broker.thaw)


def database_stopped(fleet: Fleet) -> Harm:
    """Every connection ends at once."""
    return _away("the database", fleet.database.stop, fleet.database.start)


def memory_alarm(fleet: Fleet) -> Harm:
    """Every publisher is blocked."""
    control = partial(fleet.broker.control, "set_vm_memory_high_watermark")
    return _away("the broker's memory", partial(control, "absolute", "1MB"), partial(control, "0.4"))


def _away(what: str, take: Callable[[], None], give: Callable[[], None]) -> Harm:
    def harm(load: Load, chance: random.Random) -> None:
        load.harmed(f"took {what} away")
        take()
        time.sleep(chance.uniform(*_OUTAGE))  # the harm itself: nothing tells of its end
        give()
        load.harmed(f"gave {what} back")

    return harm
