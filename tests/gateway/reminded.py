"""What the gateway has said of what is owed, as each side got it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from candour_protocol.ids import AgencyId
from candour_protocol.kinds import NoticeCodes, parse_codes
from candour_protocol.kinds.lists import Kind
from candour_protocol.reminders import Reminder, recognise
from candour_protocol.statement import Issued, match, parse
from candour_protocol.wire import Delivered, parse_inbound

from tests.gateway.world import World

DUTIES = ("acknowledgement", "decision", "answer", "outcome", "debt", "review")
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as one side got it, beside what its id says."""

    to: AgencyId
    notice: str
    reminder: Reminder
    lane: str

    @property
    def stage(self) -> tuple[str, int]:
        return self.reminder.duty, self.reminder.stage


def told(world: World) -> list[Told]:
    """Every notice of the clock, each statement once, in the order in which they first were sent."""
    found: dict[str, Told] = {}
    for sent in world.courier.sent:
        for jwt, notice in _told(sent.routing_key, sent.body):
            found.setdefault(jwt, notice)
    return list(found.values())


def _told(routing_key: str, body: bytes) -> Iterator[tuple[str, Told]]:
    delivered, (agency, _, lane) = parse_inbound(body), routing_key.partition(".")
    statement = parse(delivered.body.jwt) if isinstance(delivered, Delivered) else None
    if statement is None or statement.claims.kind is not Kind.NOTICE or not isinstance(delivered, Delivered):
        return
    codes = parse_codes(Kind.NOTICE, match(statement, delivered.body) or {})
    assert isinstance(codes, NoticeCodes)
    if not isinstance(codes.about, str):
        return  # what is lodged, or a pattern
    reminder = recognise(statement.claims.jti, codes.about, DUTIES, (AgencyId(agency),))
    if reminder is not None:
        yield statement.jwt, Told(AgencyId(agency), str(codes.notice), reminder, lane)


def about(world: World, issued: Issued, duty: str) -> list[tuple[AgencyId, str, int]]:
    """Whom, by which notice, at which stage: of one duty about one statement."""
    return [
        (each.to, each.notice, each.reminder.stage)
        for each in told(world)
        if each.reminder.about == issued.statement.hash and each.reminder.duty == duty
    ]


def both(notice: str, stage: int, *parties: AgencyId) -> list[tuple[AgencyId, str, int]]:
    """The same to each of these."""
    return [(party, notice, stage) for party in parties]


async def later(world: World, by: timedelta) -> int:
    """Look for what is overdue, so much later; how many stages were spoken of."""
    world.clock.advance(by)
    return await world.gateway.remind()
