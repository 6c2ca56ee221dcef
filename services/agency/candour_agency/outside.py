"""Whom this agency told by other means: nothing that is put right reaches them by itself. Pure.

So whoever takes back or corrects is reminded of them, and so is whoever hears that something was. Source:
protocol 3.1, ``told``; domain R14, *everyone who has it is told*.
"""

from __future__ import annotations

from collections.abc import Iterable

from candour_protocol.kinds import Kind

from candour_agency import words
from candour_agency.messages import Message


def told(message: Message, parent: Message | None, thread: Iterable[Message]) -> list[Message]:
    """What says whom, once each; nothing where ``message`` puts nothing right.

    Args:
        parent: what it is about, where that is here.
        thread: what its reader may see of its thread.
    """
    ours = standing(thread) if _puts_right(message.kind, parent) else []
    return [one for one in ours if one.made_at <= message.made_at]


def standing(thread: Iterable[Message]) -> list[Message]:
    """One of each of this agency's own words on it, which went to every party of the thread."""
    first: dict[str | None, Message] = {}
    for one in thread:
        ours = one.kind is Kind.TOLD and not one.received and one.verdict != "refused"
        if ours and one.withdrawn_at is None:
            first.setdefault(one.content_text, one)
    return list(first.values())


def reminders(thread: Iterable[Message]) -> list[str]:
    """For whoever puts something right now; by ids, as an answer to a call names nobody."""
    return [f"{words.TELL_OUTSIDE} See message {one.jti}." for one in standing(thread)]


def _puts_right(kind: Kind, parent: Message | None) -> bool:
    if parent is None:
        return False
    return kind is Kind.CORRECTION or (kind is Kind.WITHDRAWAL and parent.kind is Kind.CONCERN)
