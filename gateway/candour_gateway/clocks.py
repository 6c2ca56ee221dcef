"""Who owes what after which kind of statement, what settles it, how long it may take. Domain 1.1, 2.4.

Limits run on the wall clock. Calendars of inboxes stretch nothing yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import Policy, Step


class Duty(StrEnum):
    """What can be owed."""

    DELIVERY = "delivery"
    ACKNOWLEDGEMENT = "acknowledgement"
    DECISION = "decision"
    ANSWER = "answer"
    OUTCOME = "outcome"
    DEBT = "debt"


# What the recipient of a statement owes its sender; of any other kind only its delivery.
DUTIES: Mapping[Kind, tuple[Duty, ...]] = {
    Kind.CONCERN: (Duty.DELIVERY, Duty.ACKNOWLEDGEMENT, Duty.DECISION),
    Kind.REQUEST: (Duty.DELIVERY, Duty.ACKNOWLEDGEMENT, Duty.ANSWER),
}

# What a statement settles about the one that it answers. A decision or an answer names who had it in hand.
SETTLES: Mapping[Kind, tuple[Duty, ...]] = {
    Kind.ACKNOWLEDGEMENT: (Duty.ACKNOWLEDGEMENT,),
    Kind.DECISION: (Duty.ACKNOWLEDGEMENT, Duty.DECISION),
    Kind.ANSWER: (Duty.ACKNOWLEDGEMENT, Duty.ANSWER),
    Kind.OUTCOME: (Duty.OUTCOME,),
}


def allowed(duty: Duty, urgency: str | None, urgent: bool, policy: Policy) -> timedelta:
    """How long a duty may take, before any calendar stretches it."""
    match duty:
        case Duty.DELIVERY:
            return policy.delivery_due(urgent=urgent)
        case Duty.DEBT:
            return policy.debt_due
        case Duty.OUTCOME:
            return policy.outcome_due
        case Duty.ACKNOWLEDGEMENT | Duty.DECISION | Duty.ANSWER:
            return policy.due(urgency, Step(duty.value))
