"""When social care or the police should think of a strategy discussion: a prompt, never a rule. Pure.

An injury, and two agencies that told of the same child: each of them has seen a part. Source: domain 1.1, 6.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from candour_protocol.codes import AgencyKind
from candour_protocol.kinds import ConcernCodes, Kind

from candour_agency import injuries
from candour_agency.directory import Directory
from candour_agency.matters import read_codes
from candour_agency.messages import Message

PROMPT: Final = (
    "There is an injury, and another agency told of this child too, on {day}, in message {id}. Consider a "
    "strategy discussion with those who know the child, police and health among them: as soon as the "
    "threshold is met, the same day if it is urgent."
)
_CALLS_ONE: Final = frozenset({AgencyKind.CSC, AgencyKind.MASH, AgencyKind.MACPT, AgencyKind.POLICE})


def calls_others(directory: Directory) -> bool:
    """Whether this agency is of a kind that calls such a discussion."""
    profile = directory.profile(directory.agency)
    return profile is not None and profile.kind in _CALLS_ONE


def another_told(concern: Message, known: Iterable[Message]) -> Message | None:
    """What another agency told of the same child in another matter, where one of the two is of an injury.

    Args:
        concern: what is read; once it is decided on, nobody is prompted any more.
        known: what this agency knows of the same child, the newest first.
    """
    if not _is_undecided(concern):
        return None
    others = (one for one in known if _is_another(one, concern))
    return next((one for one in others if _is_of_injury(one) or _is_of_injury(concern)), None)


def _is_undecided(concern: Message) -> bool:
    ended = (concern.decided_at, concern.closed_at, concern.withdrawn_at, concern.erased_at)
    return concern.kind is Kind.CONCERN and concern.received and ended == (None, None, None, None)


def _is_another(other: Message, concern: Message) -> bool:
    """Whether somebody else told it, of their own: what was passed on in a matter is one word of it."""
    told = other.kind is Kind.CONCERN and other.received
    return told and other.counterparty != concern.counterparty and other.txn != concern.txn


def _is_of_injury(message: Message) -> bool:
    codes = read_codes(message)
    return isinstance(codes, ConcernCodes) and injuries.is_of_one(codes)
