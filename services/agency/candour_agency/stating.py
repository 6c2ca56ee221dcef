"""Saying something about messages that are here. In the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from candour_protocol.ids import GENERAL
from candour_protocol.kinds import Kind
from sqlalchemy import Connection

from candour_agency.calls import Call, Composition, visible
from candour_agency.drafts.reactions import Reacting
from candour_agency.faults import CallError, Code
from candour_agency.messages import Message
from candour_agency.writing import Pen, Plan

Drafting = Callable[[Reacting], Plan]


def regarding(call: Call, parent: Message) -> Reacting:
    """What is needed to draft a statement about a message.

    Raises:
        CallError: what it said is erased.
    """
    if parent.erased_at is not None:
        raise CallError(Code.ERASED, "This was erased when its time was over. Tell or ask anew what matters.")
    inbox = GENERAL if parent.received else parent.inbox
    return Reacting(call.office, call.acting, parent, call.iat, inbox)


def compose(call: Call, parents: Iterable[Message], draft: Drafting) -> Composition:
    """The same said about each of one thread's messages, of which there is at least one."""
    found = list(parents)
    composition = Composition(found[0].txn, Pen(call.office, call.now))
    for parent in found:
        composition.write(draft(regarding(call, parent)))
    return composition


def own(connection: Connection, call: Call, jti: str, otherwise: str) -> Message:
    """A message that this agency sent.

    Raises:
        CallError: there is none, or another agency sent it; ``otherwise`` says what to do instead.
    """
    found = visible(connection, call, jti)
    if found.received or found.kind in (Kind.DELIVERY, Kind.NOTICE):
        raise CallError(Code.WRONG_KIND, otherwise)
    return found


def received(
    connection: Connection, call: Call, jti: str, kinds: tuple[Kind, ...], otherwise: str
) -> Message:
    """A message of one of these kinds that this agency received.

    Raises:
        CallError: there is none, or it is another; ``otherwise`` says what to do instead.
    """
    found = visible(connection, call, jti)
    if not found.received or found.kind not in kinds:
        raise CallError(Code.WRONG_KIND, otherwise)
    return found
