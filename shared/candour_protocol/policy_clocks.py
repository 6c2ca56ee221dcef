"""The tables of a policy file that set limits, and how a limit is written. Source: domain 1.1, 2.4 and 4."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from candour_protocol.policy_tables import Section, refuse_falling


class Step(StrEnum):
    """What an urgency sets a clock for."""

    ACKNOWLEDGEMENT = "acknowledgement"
    DECISION = "decision"
    ANSWER = "answer"


class Unit(StrEnum):
    """How a clock counts; ``elapsed`` is what one unit lasts where no calendar stretches it."""

    MINUTES = "minutes"
    HOURS = "hours"
    OPEN_HOURS = "open hours"
    WORKING_HOURS = "working hours"
    WORKING_DAYS = "working days"

    @property
    def elapsed(self) -> timedelta:
        if self is Unit.MINUTES:
            return timedelta(minutes=1)
        return timedelta(days=1) if self is Unit.WORKING_DAYS else timedelta(hours=1)


class Clock(Section):
    """A limit such as ``4 working hours``."""

    amount: int = Field(ge=1, le=10_000)
    unit: Unit

    @property
    def elapsed(self) -> timedelta:
        """The limit on the wall clock, before any calendar stretches it."""
        return self.amount * self.unit.elapsed


def _clock(text: object) -> object:
    amount, _, unit = text.partition(" ") if isinstance(text, str) else ("", "", "")
    if not amount.isdecimal() or unit not in list(Unit):
        raise ValueError("a limit such as '4 hours' is wanted")
    return Clock(amount=int(amount), unit=Unit(unit))


Limit = Annotated[Clock, BeforeValidator(_clock)]


class Clocks(Section):
    """The limits of one urgency."""

    acknowledgement: Limit
    decision: Limit
    answer: Limit


class Deadlines(Section):
    """Limits that do not depend on the urgency's clocks.

    ``need_more``: how long the clock of an answer stops at most while the asker is to say more.
    ``escalate_percent``: at which parts of its limit an obligation that is still open is spoken of: the due
    time itself, then to the next in rank each time. ``challenge_urgent`` is for EMERGENCY and RED.
    """

    delivery_urgent: Limit
    delivery_ordinary: Limit
    outcome: Limit
    need_more: Limit = Clock(amount=1, unit=Unit.WORKING_DAYS)  # for policies that were signed without it
    correction: Limit = Clock(amount=2, unit=Unit.WORKING_DAYS)
    correction_swift: Limit = Clock(amount=4, unit=Unit.HOURS)
    challenge: Annotated[tuple[Limit, ...], Field(strict=False, min_length=1, max_length=4)] = (
        Clock(amount=1, unit=Unit.WORKING_DAYS),
    )
    challenge_urgent: Annotated[tuple[Limit, ...], Field(strict=False, min_length=1, max_length=4)] = (
        Clock(amount=1, unit=Unit.HOURS),
    )
    escalate_percent: Annotated[
        tuple[Annotated[int, Field(ge=100, le=1_000)], ...], Field(strict=False, min_length=1, max_length=8)
    ] = (100, 150, 200)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        return refuse_falling(self, self.escalate_percent)

    def challenge_at(self, stage: int, *, urgent: bool) -> Clock:
        """How long a challenge may stand undecided at its stage, from 1; later ones are as the last."""
        stages = self.challenge_urgent if urgent else self.challenge
        return stages[min(stage, len(stages)) - 1]
