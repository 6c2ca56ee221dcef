"""Where a message stands, and how it got there. Pure. Source: protocol section 10."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from candour_protocol.kinds import Kind

from candour_agency.messages import Message
from candour_agency.writing import LIFETIME


class State(StrEnum):
    """One word for where a message stands; ``suspended`` and ``withdrawn`` come with corrections."""

    QUEUED = "queued"
    SENT = "sent"
    HELD = "held"
    REFUSED = "refused"
    PASSED = "passed"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    DECIDED = "decided"
    ANSWERED = "answered"
    CLOSED = "closed"
    LAPSED = "lapsed"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


def state(message: Message, now_ms: int, *, sent: bool = False) -> State:
    """Where it stands at a time; ``sent``: the courier has taken it at least once."""
    reached = next((state for at, state in _reached(message) if at is not None), None)
    if reached is not None:
        return reached
    if message.received:
        return State.DELIVERED
    if message.verdict is None:
        return State.SENT if sent else State.QUEUED
    if message.unlocks:
        return State.PASSED
    if message.verdict == "held":
        return State.LAPSED if now_ms > expires_at(message) else State.HELD
    return State.REFUSED


def expires_at(message: Message) -> int:
    """When an own statement ends, in milliseconds since 1970; what is held then has lapsed."""
    return message.issued_at * 1000 + int(LIFETIME.total_seconds() * 1000)


def _reached(message: Message) -> Iterator[tuple[int | None, State]]:
    yield message.closed_at, State.CLOSED
    yield message.outcome_at, State.CLOSED
    yield message.answered_at, State.ANSWERED
    yield message.decided_at, State.DECIDED
    yield message.acknowledged_at, State.ACKNOWLEDGED
    yield message.lapsed_at, State.LAPSED
    if not message.received and message.opened != "unreadable":
        yield message.delivered_at, State.DELIVERED


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
    yield message.answered_at, "answered"
    yield message.outcome_at, "outcome" if message.kind is Kind.REQUEST else "closed"
    yield message.paid_at, "concern-followed"
    yield message.closed_at, "closed"
    yield message.lapsed_at, "lapsed"
