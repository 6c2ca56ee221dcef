"""How much one agency, and one of its programs, may put on record in a while: more is asked to come later.

The rates are the partnership's policy, the same for everybody, and the gateway holds agencies to them too.
What is urgent is not held back by much that is not: urgent calls, and answers to others, have a rate of their
own, and draw on the ordinary one when that is used up. One program gets at most `SHARE` of its agency's rate,
so that a runaway leaves as much for the others. As much is let in at once as comes in three seconds: a
program may send what it gathered, and the gateway gives each of it a turn.

Whoever is turned away is told when there will be room for one more beside all that were told so before: a
thousand calls that all came again in the next second would be turned away again, and take the processor from
those that are let in. To turn a call away has a price, too, a hundredth of what it takes to have one
delivered: a program that calls on and on pays that out of what it would be let in, but keeps a quarter of it
however often it calls.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from candour_protocol.policy_tables import Rates

from candour_agency.faults import CallError, Code
from candour_agency.metrics import Metrics

SHARE: Final = 0.5
MAX_OUTSTANDING: Final = 50_000  # ordinary statements that are not settled; twice as many with urgent ones
BURST: Final = 3.0  # seconds' worth that may come at once, which the gateway spaces
TURNED_AWAY: Final = 0.01  # statements' worth, that a call costs which is told to come again
KEPT: Final = 0.25  # of what comes in; so much is let in at any rate
FURTHEST: Final = 30.0  # seconds; nobody is told to stay away for longer
FURTHEST_URGENT: Final = 5.0  # of what is urgent, which is overdue after two minutes
_CLIENTS: Final = 256  # whose use is remembered


class Backlog(Protocol):
    """What is not settled yet."""

    @property
    def outstanding(self) -> int: ...


class Bucket:
    """Fills at ``rate`` a second, up to `BURST`; below zero what is owed is paid back first."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate * BURST)
        self._level = self._most
        self._gained = 0.0
        self._at = now
        self._told = now  # when whoever was told last shall come

    def wait(self, now: float) -> float:
        """Seconds until one can be taken; 0: now."""
        self._gained = (now - self._at) * self._rate
        self._level = min(self._most, self._level + self._gained)
        self._at = now
        return max(0.0, (1.0 - self._level) / self._rate)

    def take(self, count: float) -> None:
        """Take as many, whether they are there or not."""
        self._level -= count

    def pay(self) -> None:
        """For a call that is turned away, out of what came in since the one before."""
        self._level -= min(TURNED_AWAY, (1.0 - KEPT) * self._gained)

    def turn(self) -> float:
        """Seconds from the last look until there is room for one more, beside those that were told before."""
        room = max(0.0, (1.0 - self._level) / self._rate)
        return max(room, self._told - self._at + 1.0 / self._rate)

    def tell(self, seconds: float) -> None:
        """Somebody was told to come again after so long."""
        self._told = self._at + seconds


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a call was let in by; `Turnstile.charge` takes what it made beyond one statement."""

    buckets: Sequence[Bucket]

    def charge(self, statements: int) -> None:
        """The call was carried out, and has put so many statements on record."""
        for bucket in self.buckets:
            bucket.take(statements - 1)


class Turnstile:
    """One node's. ``clock`` gives seconds that never go back."""

    def __init__(self, rates: Rates, backlog: Backlog, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._rates = {True: rates.urgent_per_minute / 60, False: rates.ordinary_per_minute / 60}
        self._backlog = backlog
        self._metrics = metrics
        self._clock = clock
        self._agency = self._buckets(1.0, clock())
        self._clients: OrderedDict[str, dict[bool, Bucket]] = OrderedDict()

    def admit(self, client: str, *, urgent: bool) -> Ticket:
        """Let a call in.

        Raises:
            CallError: ``too-many-calls``, with the seconds after which to come again.
        """
        now = self._clock()
        own = self._of(client, now)
        ways = [(self._agency[way], own[way]) for way in ((True, False) if urgent else (False,))]
        waits = [max(bucket.wait(now) for bucket in way) for way in ways]
        if self._backlog.outstanding >= MAX_OUTSTANDING * (2 if urgent else 1):
            raise self._held_back(FURTHEST, urgent)
        if min(waits) > 0:
            furthest = FURTHEST_URGENT if urgent else FURTHEST
            raise self._held_back(_turn([bucket for _, bucket in ways], waits, furthest), urgent)
        ticket = Ticket(ways[waits.index(0.0)])
        for bucket in ticket.buckets:
            bucket.take(1)
        return ticket

    def _held_back(self, seconds: float, urgent: bool) -> CallError:
        self._metrics.held_back.labels("urgent" if urgent else "ordinary").inc()
        after = max(1, math.ceil(seconds))
        detail = f"This is more than any agency may send at once. Nothing was kept; call again in {after} s."
        return CallError(Code.TOO_MANY, detail, members={"retry_after": after})

    def _of(self, client: str, now: float) -> dict[bool, Bucket]:
        if client not in self._clients:
            self._clients[client] = self._buckets(SHARE, now)
            if len(self._clients) > _CLIENTS:
                self._clients.popitem(last=False)
        self._clients.move_to_end(client)
        return self._clients[client]

    def _buckets(self, share: float, now: float) -> dict[bool, Bucket]:
        return {urgent: Bucket(rate * share, now) for urgent, rate in self._rates.items()}


def _turn(own: Sequence[Bucket], waits: Sequence[float], furthest: float) -> float:
    """When a call that is turned away shall come again: seconds, by the way that is free first."""
    for bucket in own:
        bucket.pay()
    turns = [min(furthest, max(bucket.turn(), wait)) for bucket, wait in zip(own, waits, strict=True)]
    seconds, taken = min(zip(turns, own, strict=True), key=lambda way: way[0])
    taken.tell(seconds)
    return seconds
