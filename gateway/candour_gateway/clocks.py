"""Who owes what after which kind of statement, what settles it, and when it falls due. Domain 1.1, 2.4, 4.

A limit counts the hours and days of whoever owes it; what is still open at its end is spoken of then, and
again at later parts of the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from candour_protocol.calendars import WHOLE, Opening, end_of
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import Clock, Policy, Step, Unit

LONGEST_HOLD = Clock(amount=168, unit=Unit.HOURS)  # what is held lapses at its own end, which is no later


class Duty(StrEnum):
    """What can be owed."""

    DELIVERY = "delivery"
    ACKNOWLEDGEMENT = "acknowledgement"
    DECISION = "decision"
    ANSWER = "answer"
    OUTCOME = "outcome"
    DEBT = "debt"
    APPROVAL = "approval"
    CORRECTION = "correction"
    CHALLENGE = "challenge"
    REVIEW = "review"


# What the recipient of a statement owes its sender; of any other kind only its delivery.
DUTIES: Mapping[Kind, tuple[Duty, ...]] = {
    Kind.CONCERN: (Duty.DELIVERY, Duty.ACKNOWLEDGEMENT, Duty.DECISION),
    Kind.REQUEST: (Duty.DELIVERY, Duty.ACKNOWLEDGEMENT, Duty.ANSWER),
}

# What a statement settles about the one that it answers. A decision or an answer names who had it in hand.
SETTLES: Mapping[Kind, tuple[Duty, ...]] = {
    Kind.ACKNOWLEDGEMENT: (Duty.ACKNOWLEDGEMENT,),
    Kind.DECISION: (Duty.ACKNOWLEDGEMENT, Duty.DECISION),
    Kind.ANSWER: (Duty.ACKNOWLEDGEMENT,),  # and the answer, once every line has an outcome
    Kind.OUTCOME: (Duty.OUTCOME,),
}

# Nobody is told of these by a notice. A system that is away is seen by the sender's own node, which shows the
# number to ring, and a notice about what cannot arrive would only be one more thing that does not.
SILENT = frozenset({Duty.DELIVERY})


@dataclass(frozen=True, slots=True)
class Term:
    """When something is due, and when it is spoken of while it is still open; each later than the last."""

    due_at: datetime
    reminders: tuple[datetime, ...]


def term(
    duty: Duty,
    urgency: str | None,
    urgent: bool,
    start: datetime,
    opens: Opening | None,
    policy: Policy,
    *,
    stage: int = 1,
) -> Term:
    """Everything about one duty that begins at ``start``.

    Args:
        urgency: of the statement that it is about.
        urgent: whether that travels urgently; of a correction, whether it cannot wait.
        opens: the calendar of whoever owes it.
        stage: of a challenge.
    """
    allowed = limit(duty, urgency, urgent, policy, stage)
    end = end_of(allowed, start, opens)
    if duty in SILENT:
        return Term(end, ())  # systems take as long as ever, however fast people's clocks are made to run
    due_at = policy.sped(start, end)
    ends = _reminders(duty, allowed, start, opens, policy)
    return Term(due_at, tuple(policy.sped(start, end) for end in ends))


class Terms:
    """The terms of one batch under its policy: who is heard at one moment mostly owes what others owe."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[tuple[object, ...], Term] = {}

    def of(
        self,
        duty: Duty,
        urgency: str | None,
        urgent: bool,
        start: datetime,
        opens: Opening | None,
        stage: int,
    ) -> Term:
        """See ``term``; worked out once."""
        case = duty, urgency, urgent, start, opens, stage
        found = self._known.get(case)
        if found is None:
            found = term(duty, urgency, urgent, start, opens, self._policy, stage=stage)
            self._known[case] = found
        return found


def hold_ends(start: datetime, exp: int, policy: Policy) -> datetime:
    """When what is held lapses: at its own end, which comes sooner where the clock runs faster."""
    return policy.sped(start, datetime.fromtimestamp(exp, UTC))


def limit(duty: Duty, urgency: str | None, urgent: bool, policy: Policy, stage: int = 1) -> Clock:
    """What a duty may take, in its own unit."""
    match duty:
        case Duty.DELIVERY:
            return policy.deadlines.delivery_urgent if urgent else policy.deadlines.delivery_ordinary
        case Duty.DEBT:
            return Clock(amount=policy.emergency.debt_hours, unit=Unit.HOURS)
        case Duty.OUTCOME:
            return policy.deadlines.outcome
        case Duty.CORRECTION:
            return policy.deadlines.correction_swift if urgent else policy.deadlines.correction
        case Duty.CHALLENGE:
            return policy.deadlines.challenge_at(stage, urgent=urgent)
        case Duty.APPROVAL:
            return LONGEST_HOLD
        case Duty.REVIEW:
            return Clock(amount=24 * policy.lodging.review_days, unit=Unit.HOURS)
        case Duty.ACKNOWLEDGEMENT | Duty.DECISION | Duty.ANSWER:
            return policy.limit(urgency, Step(duty.value))


def _reminders(
    duty: Duty, allowed: Clock, start: datetime, opens: Opening | None, policy: Policy
) -> Iterator[datetime]:
    if duty is Duty.DEBT:
        for hours in policy.emergency.escalate_hours:
            yield end_of(Clock(amount=hours, unit=Unit.HOURS), start, None)
        return
    for percent in policy.deadlines.escalate_percent:
        yield end_of(allowed, start, opens, WHOLE * percent / 100)
