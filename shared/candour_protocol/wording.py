"""What people read instead of wire codes. Source: protocol section 9, last paragraph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

VERDICTS: Mapping[str, str] = {
    "passed": "passed checks",
    "flagged": "passed checks, with a mark",
    "held": "waiting for a second person",
    "refused": "returned to you",
}

STATES: Mapping[str, str] = {
    "queued": "waiting to be sent",
    "sent": "on its way",
    "held": "waiting for a second person",
    "refused": "returned to you",
    "passed": "passed checks",
    "delivered": "reached their system",
    "acknowledged": "opened by a named person",
    "decided": "decided",
    "answered": "answered",
    "closed": "closed",
    "lapsed": "lapsed",
    "suspended": "waiting, as the concern behind it was taken back",
    "withdrawn": "withdrawn by its author",
}

OPENED: Mapping[str, str] = {
    "sound": "opened, and in order",
    "thin": "needs more detail",
    "mismatch": "its parts do not fit together",
    "unreadable": "could not be opened there",
}

OWED: Mapping[str, str] = {
    "delivery": "to reach their system",
    "acknowledgement": "to be opened by a named person",
    "decision": "a decision",
    "answer": "an answer",
    "outcome": "to say what came of it",
    "debt": "concern to follow",
    "approval": "the word of a second person",
    "correction": "a correction to be applied",
    "review": "to look again at whom this is kept from",
    "challenge": "a new look by somebody else",
}

# What stands in an entry's list beside the ids of rules.
REASONS: Mapping[str, str] = {
    "late": "it came after its time",
    "clock": "the sender's clock is ahead",
    "form": "it lives longer than a statement may",
    "mismatch": "its parts do not fit together",
    "not-a-party": "it answers something that its sender is no party to",
    "equivocation": "its id was used for another message",
    "barred": "it was replaced by a later message",
    "key": "its key was not valid",
    "not-opened": "what it answers was not opened yet",
    "withdrawn": "what it is about was withdrawn by its author",
    "suspended": "what it answers rests on a concern that was taken back",
    "same-decider": "somebody else has to decide again",
    "reason-needed": "checks are unanswered, so closing needs its reason",
    "not-told": "whoever is to have it was not told the concern",
    "t1-keep": "what it says has to be kept for longer",
    "thread-open": "something is still to be done in its thread",
    "legal-hold": "it is under a legal hold",
    "erased": "what it needs was erased, as its time had come",
}


SECURITY_CLASSIFICATION = "OFFICIAL-SENSITIVE"
"""Of every message, by the Government Security Classifications; domain 2.13."""


def held_for(lodgees: Sequence[str], *, second: bool) -> str:
    """Whom something held waits for.

    Args:
        lodgees: with whom its concern is lodged.
        second: whether it waits for a second person of its author's agency.
    """
    if not lodgees:
        return STATES["held"]
    word = f"the word of {' and '.join(lodgees)}"
    return f"{STATES['held']}, and for {word}" if second else f"waiting for {word}"


def acknowledged_by(name: str) -> str:
    """For a message that a named person has in hand."""
    return f"opened by {name}"
