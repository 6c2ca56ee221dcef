"""Speak of what is still owed: a notice to both sides at its due time, and at each later stage. Domain 4.2.

What is due is found, logged and marked as spoken of in the one transaction that holds the log's lock. So no
stage is told twice, whatever number of workers look at the same moment and wherever one of them is killed;
and what an outage held up is told afterwards in the order in which it would have been.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from candour_protocol.ids import GATEWAY, Jti, StatementHash
from candour_protocol.keys import SigningKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.reminders import Reminder
from candour_protocol.statement import Draft, issue
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.clocks import Duty
from candour_gateway.screening import matched
from candour_gateway.store import entries, reminders
from candour_gateway.store.bulk import Bulk
from candour_gateway.store.reminders import Waiting
from candour_gateway.t1box import T1Box
from candour_gateway.verdict import Submission

AT_ONCE = 128  # obligations; each stage of each is two entries in the log
LIFETIME = timedelta(days=7)
_FIRST_STEP = 1000  # milliseconds

# What the first stage is called, the second, and all after it. A debt that is a day old is an incident.
_CALLED = ("clock", "escalation", "escalation")
_DEBT_CALLED = ("debt", "escalation", "incident")
_HOLD_CALLED = ("lapse",)  # the one time at which somebody hears of a hold is its end
_NAMES: Mapping[str, tuple[str, ...]] = {Duty.DEBT: _DEBT_CALLED, Duty.APPROVAL: _HOLD_CALLED}


@dataclass(frozen=True, slots=True)
class Stage:
    """One obligation at one of its times, counted from 1."""

    waiting: Waiting
    number: int
    at: datetime

    @property
    def called(self) -> str:
        """The notice's code."""
        names = _NAMES.get(self.waiting.duty, _CALLED)
        return names[min(self.number, len(names)) - 1]


@dataclass(slots=True)
class Escalation:
    """One look at what is due, to be used within one admission.

    Attributes:
        stages: what it found.
        refused: how many of its notices did not pass; what they are about is still to be spoken of.
    """

    net: str
    key: SigningKey
    box: T1Box
    stages: list[Stage] = field(default_factory=list)
    refused: int = 0
    _spoken: list[tuple[Waiting, datetime | None]] = field(default_factory=list)
    _said_of: list[StatementHash] = field(default_factory=list)

    async def find(self, connection: AsyncConnection, at: datetime) -> Sequence[Submission]:
        """Notices for everything due by now, in the order of their times; none is written down yet."""
        waiting = await reminders.due(connection, at, AT_ONCE, self.box)
        # Of what comes after the last that was read nothing is known yet, so it must wait its turn.
        until = waiting[-1].next_at if len(waiting) == AT_ONCE else at
        self.stages = in_order(waiting, until)
        self._spoken = [(each, _after(each, until)) for each in waiting]
        wanted = [pair for stage in self.stages for pair in self._notices(stage)]
        self._said_of = [reminder.about for _, reminder in wanted]
        ids = await _free_ids(connection, [(reminder, stage.at) for stage, reminder in wanted])
        return [self._notice(*each, jti, at) for each, jti in zip(wanted, ids, strict=True)]

    def note(self, bulk: Bulk, passed: Sequence[bool]) -> None:
        """Write down what has been spoken of: nothing, of which a notice did not pass."""
        unsaid = {about for about, told in zip(self._said_of, passed, strict=True) if not told}
        self.refused = len(unsaid)
        reminders.note(bulk, [each for each in self._spoken if each[0].about not in unsaid])

    def _notices(self, stage: Stage) -> Iterator[tuple[Stage, Reminder]]:
        waiting = stage.waiting
        if waiting.txn is None:
            return
        # A second person is waited for by their own agency, which is told once.
        for to in dict.fromkeys((waiting.owed_by, waiting.owed_to)):
            yield stage, Reminder(waiting.about, waiting.duty, stage.number, to)

    def _notice(self, stage: Stage, reminder: Reminder, jti: Jti, at: datetime) -> Submission:
        """It answers what is waited about, so it takes the same lane, a restricted one included."""
        about, iat = stage.waiting.about, int(at.timestamp())
        draft = Draft(
            net=self.net,
            iss=GATEWAY,
            aud=reminder.to,
            jti=jti,
            iat=iat,
            exp=iat + int(LIFETIME.total_seconds()),
            kind=Kind.NOTICE,
            irt=about,
            codes={"txn": stage.waiting.txn, "actor": None, "notice": stage.called, "about": about},
        )
        issued = issue(draft, self.key, None)
        return matched(issued.statement, issued.body)


async def _free_ids(connection: AsyncConnection, wanted: Sequence[tuple[Reminder, datetime]]) -> list[Jti]:
    """An id for each that nobody has used, so that nobody can take a notice's place in advance.

    Everything in an id can be guessed by those whom it is about, and what it says stands in its end; so where
    one is taken, its instant moves: by chance, and further each time.
    """
    ids, within = [reminder.jti(at) for reminder, at in wanted], _FIRST_STEP
    while taken := await entries.taken(connection, ids):
        for place, (reminder, at) in enumerate(wanted):
            if ids[place] in taken:
                ids[place] = reminder.jti(at + timedelta(milliseconds=1 + secrets.randbelow(within)))
        within *= _FIRST_STEP
    return ids


def in_order(waiting: Sequence[Waiting], until: datetime) -> list[Stage]:
    """Every stage that was reached by ``until`` and not spoken of, the earliest first."""
    reached = [
        Stage(each, number, at)
        for each in waiting
        for number, at in enumerate(each.times, start=1)
        if each.next_at <= at <= until
    ]
    return sorted(reached, key=lambda stage: (stage.at, stage.waiting.index, stage.waiting.duty))


def _after(waiting: Waiting, until: datetime) -> datetime | None:
    return next((at for at in waiting.times if at > until), None)
