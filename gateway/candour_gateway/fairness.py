"""Whose turn it is, before anything is admitted: the policy's rates, the same for every agency. Pure.

Each agency has three paces: for what is urgent, for the ``delivery`` statements by which it answers others,
and for everything else. What comes faster is given a turn, one after the other at the agency's pace, so that
it stands between others' statements and not before them; a moment's worth may come at once. Urgent
statements use the ordinary pace as well before they wait. Nobody's pace depends on what anybody else sends.
Several workers share the paces: each of them gives turns at its part of the rate.

A concern waits for its turn, however late that is, beside `MOST_WAITING` others at the most. Beyond that, and
where anything else's turn is further away than `LONGEST`, it is let go: its sender has it in its store, is
told, and submits it again. What waits takes up room in a queue that all share, so where many agencies flood
it at once each has room for `LEAST_WAITING` alone. Source: protocol section 5.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta

from candour_protocol.kinds.lists import Kind
from candour_protocol.policy_tables import Rates
from candour_protocol.transport.port import Delivery
from candour_protocol.transport.topology import GATEWAY_QUEUES

BURST = 0.2  # seconds' worth that may come at once
LONGEST = 30.0  # seconds
MOST_WAITING = 1000  # statements of an agency
ROOM = 8000  # statements of all agencies; a consumer of RabbitMQ has three times as many in its hands at most
LEAST_WAITING = 50  # statements of an agency, also where there is no more room
ANSWERING = 10  # times the ordinary pace: one agency may be told by all others
FORGET = 60.0  # seconds after its turn that a statement which did not come again is forgotten


@dataclass(frozen=True, slots=True)
class Now:
    """It is its turn."""


@dataclass(frozen=True, slots=True)
class Later:
    """Its turn comes."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class LetGo:
    """Its turn is too far away; whoever sent it is to send it again."""


Turn = Now | Later | LetGo


class Pace:
    """Evenly spaced turns. Source: the virtual scheduling algorithm of ITU-T I.371."""

    def __init__(self, per_minute: float) -> None:
        self._every = 60 / per_minute
        self._next = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until the next free turn."""
        return max(0.0, self._next - now)

    def take(self, now: float) -> None:
        """The next free turn is somebody's."""
        self._next = max(self._next, now - BURST) + self._every


@dataclass(slots=True)
class _Agency:
    urgent: Pace
    ordinary: Pace
    answering: Pace
    turns: OrderedDict[bytes, float] = field(default_factory=OrderedDict)

    def paces(self, delivery: Delivery, kind: Kind | None) -> tuple[Pace, ...]:
        """Those that it may use, the first of which it waits in."""
        if kind is Kind.DELIVERY:
            return (self.answering,)
        return (self.urgent, self.ordinary) if delivery.queue == GATEWAY_QUEUES[0] else (self.ordinary,)

    def forget(self, now: float) -> None:
        while self.turns and next(iter(self.turns.values())) < now - FORGET:
            self.turns.popitem(last=False)


class Fairness:
    """The turns of all agencies. Times are seconds of a clock that never goes back."""

    def __init__(self, rates: Rates, workers: int = 1) -> None:
        self._urgent = rates.urgent_per_minute / workers
        self._ordinary = rates.ordinary_per_minute / workers
        self._agencies: dict[str, _Agency] = {}

    def knows(self, delivery: Delivery) -> bool:
        """Whether it was given a turn that it has not had yet."""
        turns = self._agency(delivery.user).turns
        return bool(turns) and _name(delivery) in turns  # mostly nobody waits, and hashing a body costs

    def turn(self, delivery: Delivery, now: float, kind: Kind | None) -> Turn:
        """Whether a submission may be admitted now; each is counted once, however often it is asked about.

        Args:
            kind: by its signed claims, never by its routing key; of what is known already nothing is said.
        """
        agency = self._agency(delivery.user)
        known = agency.turns.get(_name(delivery)) if agency.turns else None
        if known is None:
            return self._give(agency, delivery, now, kind)
        if known > now:
            return Later(timedelta(seconds=known - now))
        del agency.turns[_name(delivery)]
        return Now()

    def wasted(self, delivery: Delivery, now: float) -> Now:
        """Bytes that are no exchange wait for nothing; they take a turn of their sender's, if one is near."""
        pace = self._agency(delivery.user).ordinary
        if pace.wait(now) < LONGEST:
            pace.take(now)
        return Now()

    def keep(self, delivery: Delivery, at: float) -> None:
        """It had its turn, and could not be admitted for another reason: it comes again, and has one then."""
        self._agency(delivery.user).turns[_name(delivery)] = at

    def waiting(self, user: str, now: float) -> int:
        """How many statements of an agency wait for their turn."""
        agency = self._agency(user)
        agency.forget(now)
        return len(agency.turns)

    def _give(self, agency: _Agency, delivery: Delivery, now: float, kind: Kind | None) -> Turn:
        paces = agency.paces(delivery, kind)
        for pace in paces:
            if pace.wait(now) == 0:
                pace.take(now)
                return Now()
        wait = paces[0].wait(now)
        if (wait > LONGEST and kind is not Kind.CONCERN) or not self._has_room(agency, now):
            return LetGo()
        paces[0].take(now)
        agency.turns[_name(delivery)] = now + wait
        return Later(timedelta(seconds=wait))

    def _has_room(self, agency: _Agency, now: float) -> bool:
        """Whether one more of its statements may wait."""
        agency.forget(now)
        if len(agency.turns) < LEAST_WAITING:
            return True
        return len(agency.turns) < MOST_WAITING and self._all_waiting(now) < ROOM

    def _all_waiting(self, now: float) -> int:
        for each in self._agencies.values():
            each.forget(now)
        return sum(len(each.turns) for each in self._agencies.values())

    def _agency(self, user: str) -> _Agency:
        if user not in self._agencies:
            answering = Pace(self._ordinary * ANSWERING)
            self._agencies[user] = _Agency(Pace(self._urgent), Pace(self._ordinary), answering)
        return self._agencies[user]


def _name(delivery: Delivery) -> bytes:
    return hashlib.sha256(delivery.body).digest()
