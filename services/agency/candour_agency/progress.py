"""Where a message stands, and how it got there: what happened to it, sent through the table of states. Pure.

Source: protocol section 10.
"""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.kinds import Kind

from candour_agency.messages import Message
from candour_agency.states import Event, State, after
from candour_agency.writing import LIFETIME

__all__ = ["State", "expires_at", "is_suspended", "state", "timeline"]


def state(message: Message, now_ms: int, *, sent: bool = False) -> State:
    """Where it stands at a time; ``sent``: the courier has taken it at least once."""
    stands = State.PASSED if message.received else State.QUEUED
    for event in _happened(message, now_ms, sent=sent):
        stands = after(stands, event)
    return stands


def expires_at(message: Message) -> int:
    """When an own statement ends, in milliseconds since 1970; what is held then has lapsed."""
    return message.issued_at * 1000 + int(LIFETIME.total_seconds() * 1000)


def is_suspended(message: Message) -> bool:
    """Whether what it rests on was corrected, and it was not taken up again since."""
    return message.suspended_at is not None and message.suspended_at > (message.resumed_at or 0)


def _happened(message: Message, now_ms: int, *, sent: bool) -> Iterator[Event]:
    """The events in the order of the table, not of clocks: two nodes' and the log's need not agree."""
    if not message.received:
        yield from _sending(message, now_ms, sent=sent)
    if message.suspended_at is not None:
        yield Event.SUSPENDED
    if message.suspended_at is not None and not is_suspended(message):
        yield Event.RESUMED
    if message.received or (message.delivered_at is not None and message.opened != "unreadable"):
        yield Event.DELIVERED
    yield from (event for at, event in _reached(message) if at is not None)


def _sending(message: Message, now_ms: int, *, sent: bool) -> Iterator[Event]:
    if sent:
        yield Event.TAKEN
    if message.verdict == "refused":
        yield Event.REFUSED
    if message.verdict == "held" or message.held_at is not None:
        yield Event.HELD
    if message.unlocks:
        yield Event.PASSED if message.held_at is None else Event.RELEASED
    if message.verdict == "held" and now_ms > expires_at(message):
        yield Event.LAPSED


def _reached(message: Message) -> Iterator[tuple[int | None, Event]]:
    yield message.lapsed_at, Event.LAPSED
    yield message.acknowledged_at, Event.ACKNOWLEDGED
    yield message.decided_at, Event.DECIDED
    yield message.answered_at, Event.ANSWERED
    yield from _ends(message)
    yield message.erased_at, Event.ERASED


def _ends(message: Message) -> list[tuple[int | None, Event]]:
    """The first one is the end: of what was withdrawn or closed the outcome may still be told."""
    ends = [
        (message.closed_at, Event.CLOSED),
        (message.withdrawn_at, Event.WITHDRAWN),
        (message.outcome_at, Event.OUTCOME),
    ]
    return sorted(ends, key=lambda one: one[0] or 0)


def timeline(message: Message) -> list[tuple[int, str]]:
    """What happened to it and when, in milliseconds since 1970, the earliest first."""
    happened = [(at, event) for at, event in _events(message) if at is not None]
    return sorted(happened, key=lambda one: one[0])  # stable: at one time, in their natural order


def _events(message: Message) -> Iterator[tuple[int | None, str]]:
    yield message.made_at, "received" if message.received else "queued"
    if message.held_at is not None:
        yield message.held_at, "held"
        yield message.settled_at, f"{message.verdict}"
    else:
        yield message.logged_at, message.verdict or "logged"
    if not message.received:
        yield message.delivered_at, "unreadable" if message.opened == "unreadable" else "delivered"
    yield message.acknowledged_at, "acknowledged"
    yield message.decided_at, "decided"
    yield message.more_at, "needs-more"
    yield message.reopened_at, "reopened"
    yield message.answered_at, "answered"
    yield message.outcome_at, "outcome" if message.kind is Kind.REQUEST else "closed"
    yield message.paid_at, "concern-followed"
    yield message.owed_again_at, "concern-owed-again"
    yield from _turns(message)


def _turns(message: Message) -> Iterator[tuple[int | None, str]]:
    """What takes a matter off its straight way."""
    yield message.corrected_at, "corrected"
    yield message.challenged_at, "challenged"
    yield message.transferred_at, "transferred"
    yield message.suspended_at, "suspended"
    yield message.resumed_at, "resumed"
    yield message.closed_at, "closed"
    yield message.lapsed_at, "lapsed"
    yield message.withdrawn_at, "withdrawn"
    yield message.erased_at, "erased"
