"""What waits to leave this node, in which order, and how much of it may be under way. No clock, no I/O.

What is urgent leaves first, then what tells a sender that its statement came, then everything else. Of that
last line only `WINDOW` statements are with the gateway unanswered at a time: a slow gateway holds this node
back here, where people see it, and a backlog of this agency never stands in the gateway's queue before
others' statements. Fewer are under way while answers take `SLOW` times as long as the quickest of late: then
somebody waits. Source: protocol section 5, "per-agency rates come before admission".
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from candour_protocol.ids import Jti
from candour_protocol.kinds import Kind
from candour_protocol.transport.topology import Lane

from candour_agency.store.outbox import Due

WINDOW: Final = 16  # of the last line, with the gateway and not answered
LEAST: Final = 4.0
SLOW: Final = 2.0
QUICK: Final = 0.03  # seconds; an answer within them is never slow
FADING: Final = 1.0005  # by which the memory of the quickest answer fades with each other one
SLOT: Final = 10.0  # seconds after which an answer is no longer waited for: it may have been lost
BODIES: Final = 1024  # kept in memory; further ones are read again when their turn comes


class Line(IntEnum):
    """The lower, the earlier."""

    URGENT = 0
    DELIVERY = 1
    ORDINARY = 2


def line_of(routing_key: str) -> Line:
    """Where a submission stands; see `topology.submit_key`."""
    _, _, rest = routing_key.partition(".")
    kind, _, lane = rest.partition(".")
    if lane == Lane.URGENT:
        return Line.URGENT
    return Line.DELIVERY if kind == Kind.DELIVERY else Line.ORDINARY


@dataclass(frozen=True, slots=True)
class Place:
    """A statement in a line; ``due`` is `None` where its body has to be read again."""

    jti: Jti
    line: Line
    due: Due | None


class Lines:
    """The lines of one node. Times are the event loop's, in seconds."""

    def __init__(self) -> None:
        self._lines: dict[Line, deque[Place]] = {line: deque() for line in Line}
        self._standing: set[Jti] = set()
        self._under_way: OrderedDict[Jti, float] = OrderedDict()
        self._bodies = 0
        self._window = float(WINDOW)
        self._quickest = float("inf")

    def __len__(self) -> int:
        return len(self._standing)

    def join(self, jti: Jti, line: Line, due: Due | None = None) -> None:
        """Stand at the end of a line; once, however often this is said."""
        if jti in self._standing:
            return
        self._standing.add(jti)
        if due is not None and self._bodies >= BODIES and line is Line.ORDINARY:
            due = None
        self._bodies += due is not None
        self._lines[line].append(Place(jti, line, due))

    def take(self, most: int, now: float) -> Sequence[Place]:
        """Those whose turn it is."""
        self._forget(now)
        taken: list[Place] = []
        for line, waiting in self._lines.items():
            while waiting and len(taken) < most:
                if waiting[0].jti not in self._standing:
                    self._bodies -= waiting.popleft().due is not None
                    continue
                if line is Line.ORDINARY and not self._room(waiting[0]):
                    break
                taken.append(self._leave(waiting.popleft(), now))
        return taken

    def settled(self, jti: Jti) -> None:
        """It has nothing more to wait for, in line or under way."""
        self._standing.discard(jti)
        self._under_way.pop(jti, None)

    def answered(self, jti: Jti, now: float) -> None:
        """The gateway has said what became of it."""
        until = self._under_way.pop(jti, None)
        if until is not None:
            self._pace(now - (until - SLOT))

    def _pace(self, took: float) -> None:
        """Additive increase, multiplicative decrease, by how long answers take."""
        self._quickest = max(QUICK, min(took, self._quickest * FADING))
        if took > SLOW * self._quickest:
            self._window = max(LEAST, self._window * 0.9)
        else:
            self._window = min(WINDOW, self._window + 1 / self._window)

    def next_turn(self, now: float) -> float | None:
        """Seconds until somebody's turn may come without an answer; `None` while nobody waits."""
        self._forget(now)
        first = self._lines[Line.ORDINARY]
        if self._lines[Line.URGENT] or self._lines[Line.DELIVERY] or (first and self._room(first[0])):
            return 0.0
        return next(iter(self._under_way.values())) - now if first else None

    def _room(self, place: Place) -> bool:
        return len(self._under_way) < int(self._window) or place.jti in self._under_way

    def _leave(self, place: Place, now: float) -> Place:
        self._standing.discard(place.jti)
        self._bodies -= place.due is not None
        if place.line is Line.ORDINARY:
            self._under_way[place.jti] = now + SLOT
            self._under_way.move_to_end(place.jti)
        return place

    def _forget(self, now: float) -> None:
        while self._under_way and next(iter(self._under_way.values())) <= now:
            self._under_way.popitem(last=False)
