"""What is done to a partnership under load. Each returns once that is over; the load goes on."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from candour_protocol.ids import GATEWAY
from candour_protocol.transport.port import Outbound
from candour_protocol.transport.topology import DELIVER, GATEWAY_QUEUES, SUBMIT, submit_key

from tests.faults.disk import Disk
from tests.faults.fleet import Fleet
from tests.faults.load import Load
from tests.faults.stories import mentioned
from tests.faults.trial import Harm
from tests.services.broker import Broker

_OUTAGE = (1.0, 4.0)  # seconds
_LONGER_THAN_A_LOCK = 12.0  # seconds
_BETWEEN = 25  # statements
_GOOD = 200  # concerns around a poison message
_REPEATED = 100  # messages of all sorts
_ORDINARY = GATEWAY_QUEUES[1]
_PATIENCE = 240.0  # seconds
_RECOVERY = 20.0  # seconds
_LOOK = 0.5


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


def poison(fleet: Fleet) -> Harm:
    """Among 200 good ones lies one that no consumer survives, and one whose parts do not fit together.

    Four consumers end with all of them in hand, and then both gateway workers do. In the end the two are
    parked, and the good ones all through.
    """

    def harm(load: Load, chance: random.Random) -> None:
        bad = _spoiled(_copies(fleet, 1)[0])
        with fleet.frozen(*fleet.workers):
            load.harmed(f"sent {len(bad)} that are poison among {_GOOD}")
            load.burst(mentioned, _GOOD // 2)
            fleet.post.publish(bad)
            load.burst(mentioned, _GOOD // 2)
            _until(lambda: fleet.post.waiting().get(_ORDINARY, 0) >= _GOOD, "a full queue")
            fleet.post.snatch(_ORDINARY, GATEWAY, bad[0].body, times=4)
            fleet.kill_all(*fleet.workers)
        sent = {one.body for one in bad}
        _until(lambda: sent <= {body for _, body in fleet.post.parked()}, "the poison being parked")

    return harm


def _spoiled(good: Outbound) -> list[Outbound]:
    """Bytes that are no message; and one whose sealed part is another's than was signed for."""
    members = json.loads(good.body) | {"sealed": "e30.e30.e30.e30.e30"}
    key = submit_key(good.user, "concern", urgent=False)
    return [
        replace(good, routing_key=key, body=each) for each in (b"\x00poison", json.dumps(members).encode())
    ]


def repeated(fleet: Fleet) -> Harm:
    """Everything that was submitted and delivered for a while comes again, five times, in any order."""

    def harm(load: Load, chance: random.Random) -> None:
        messages = _copies(fleet, _REPEATED)
        again = chance.sample(messages * 5, 5 * len(messages))
        load.harmed(f"repeated {len(messages)} messages five times")
        fleet.post.publish(again)

    return harm


def _copies(fleet: Fleet, count: int) -> list[Outbound]:
    """At least so many messages that are published now, submissions first, and some of both directions."""
    messages: list[Outbound] = []

    def enough() -> bool:
        messages.extend(copies())
        return len(messages) >= count and {one.exchange for one in messages} == {SUBMIT, DELIVER}

    with fleet.post.copied() as copies:
        _until(enough, "messages to copy")
    return sorted(messages, key=lambda one: one.exchange != SUBMIT)


def _until(seen: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not seen():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited for {what}")
        time.sleep(_LOOK)


def broker_killed(fleet: Fleet) -> Harm:
    """As a power cut."""
    return _away("the broker", fleet.broker.kill, fleet.broker.start)


def started_without_broker(fleet: Fleet) -> Harm:
    """A node dies while the broker is away, and takes calls again before it is back."""

    def harm(load: Load, chance: random.Random) -> None:
        name = chance.choice(sorted(fleet.manifest["agencies"]))
        load.harmed("took the broker away")
        fleet.broker.kill()
        load.harmed(f"killed {name}")
        fleet.kill(name)
        _until(lambda: fleet.is_ready(name), f"{name} without the broker")
        fleet.broker.start()
        load.harmed("gave the broker back")

    return harm


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


def full(disk: Disk | None) -> Harm:
    """No byte is left for a while, whatever is being written; nothing where there is no such disk."""

    def harm(load: Load, chance: random.Random) -> None:
        if disk is not None:
            load.harmed("filled the disk")
            with disk.full():
                time.sleep(chance.uniform(*_OUTAGE))  # the harm itself
            load.harmed("freed it")

    return harm


def disks_full(fleet: Fleet) -> list[Harm]:
    """No byte left for the database, and then for the broker; where there are such disks."""
    disks = fleet.disks
    if disks is None:
        return []

    def database(load: Load, chance: random.Random) -> None:
        load.harmed("filled the database's disk")
        with disks.database.full():
            _until(lambda: fleet.database.said("No space left on device"), "a full disk to be met")
            time.sleep(chance.uniform(*_OUTAGE))  # the harm itself
        with suppress(RuntimeError):  # it has ended already
            fleet.database.stop()
        fleet.database.start()
        load.harmed("freed it")

    def broker(load: Load, chance: random.Random) -> None:
        load.harmed("filled the broker's disk")
        with disks.broker.full():
            _until(lambda: fleet.broker.said("disk resource limit") or not fleet.broker.runs, "an alarm")
            time.sleep(chance.uniform(*_OUTAGE))  # the harm itself
        load.harmed("freed it")
        if not _recovers(fleet.broker):
            fleet.broker.kill()
            fleet.broker.start()
            load.harmed("started the broker again")

    return [database, broker]


def _recovers(broker: Broker) -> bool:
    """Whether it serves again by itself; if not, it takes an operator, as ADR 7 tells them."""
    deadline = time.monotonic() + _RECOVERY
    while broker.runs and time.monotonic() < deadline:
        if broker.serves():
            return True
        time.sleep(_LOOK)
    return False


def _away(what: str, take: Callable[[], None], give: Callable[[], None]) -> Harm:
    def harm(load: Load, chance: random.Random) -> None:
        load.harmed(f"took {what} away")
        take()
        time.sleep(chance.uniform(*_OUTAGE))  # the harm itself: nothing tells of its end
        give()
        load.harmed(f"gave {what} back")

    return harm
