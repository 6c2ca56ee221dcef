"""Erasure: asking for it, agreeing to it before its time, and what must be proven before anything is deleted.

In the caller's transaction. What goes here are the exchange's copies; an agency's own record of the case is
kept in its case system, for as long as that has to be. Source: protocol section 6.
"""

from __future__ import annotations

from datetime import timedelta

from candour_protocol.ids import GATEWAY, REGISTRAR, Address, AgencyId
from candour_protocol.kinds import Kind, Notice
from candour_protocol.statement import parse
from sqlalchemy import Connection

from candour_agency import store, successors
from candour_agency.calls import Call, Composition
from candour_agency.drafts import reactions, steps
from candour_agency.drafts.reactions import Reacting
from candour_agency.faults import CallError, Code
from candour_agency.happenings import Happened
from candour_agency.messages import Message
from candour_agency.moments import from_ms
from candour_agency.schemas.steps import ErasureBody
from candour_agency.stating import compose, own, received
from candour_agency.writing import Plan

_NOT_ASKED = "Agree on a notice that an erasure waits for your agency, by that notice's id."


def ask(connection: Connection, call: Call, jti: str, _body: ErasureBody) -> Composition:
    """What an own message said is to be deleted; the gateway says whether its time is over.

    Raises:
        CallError: no own message, or one that said nothing.
    """
    message = own(connection, call, jti, "Your agency can have erased what it sent; its sender, what it got.")
    if message.kind is Kind.ERASURE:
        raise CallError(Code.WRONG_KIND, "An erasure says nothing that could be erased.")
    last, *earlier = successors.standing(connection, message)
    return compose(call, [last, *(one for one in earlier if one.erased_at is None)], _erasure)


def _erasure(now: Reacting) -> Plan:
    message = now.parent
    return Plan(
        kind=Kind.ERASURE,
        to=Address(GATEWAY),
        txn=message.txn,
        urgency="",
        codes={},
        about=message.hash,
        erases=(message.hash,),
        waits=steps.after(message),
        restricted=message.restricted,
        shut_out=message.shut_out,
    )


def agree(connection: Connection, call: Call, jti: str, _body: ErasureBody) -> Composition:
    """A named person's word, for their agency, that something may be erased before its time.

    Raises:
        CallError: no such notice, nobody is named, or the word was given before.
    """
    notice = received(connection, call, jti, (Kind.NOTICE,), _NOT_ASKED)
    if (notice.codes or {}).get("notice") != Notice.ERASURE:
        raise CallError(Code.WRONG_KIND, _NOT_ASKED)
    if call.acting.staff_id is None:
        detail = "A named person agrees: give `author.staff_id`, or call with the token of that person."
        raise CallError(Code.NOBODY_NAMED, detail)
    erasure = _erasure_behind(connection, notice)
    if erasure is None:
        raise CallError(Code.WRONG_KIND, _NOT_ASKED)
    if _has_agreed(connection, erasure):
        raise CallError(Code.ALREADY_DONE, "Your agency has agreed to this already.")
    return compose(call, [notice], lambda now: reactions.agreement(now, erasure.hash))


def _has_agreed(connection: Connection, erasure: Message) -> bool:
    given = store.messages.about(connection, erasure.hash)
    return any(one.kind is Kind.APPROVAL and not one.received and one.verdict != "refused" for one in given)


def _erasure_behind(connection: Connection, notice: Message) -> Message | None:
    name = parse(notice.jwt).claims.irt
    return store.messages.by_hash(connection, [name]).get(name) if name is not None else None


def is_proven(connection: Connection, told: Happened, agency: AgencyId, keep: timedelta) -> bool:
    """Whether what a notice says was erased may be deleted here too.

    Its author wanted it, or the registrar, and its time is over; or this agency itself has agreed.

    Args:
        keep: how long it has to be kept, by this node's own policy.
    """
    notice = store.messages.by_hash(connection, [told.name]).get(told.name)
    erasure = _erasure_behind(connection, notice) if notice is not None else None
    parents = store.messages.by_hash(connection, [told.about or ""])
    parent = parents.get(told.about) if told.about is not None else None
    if erasure is None or parent is None:
        return parent is None  # there is nothing here to delete
    author = parent.counterparty if parent.received else agency
    by = erasure.counterparty if erasure.received else agency
    if by not in (author, REGISTRAR) or parent.hash not in parse(erasure.jwt).claims.erases:
        return False
    if _has_agreed(connection, erasure):
        return True
    return erasure.held_at is None and _is_over(parent, told.at, keep)


def _is_over(parent: Message, at: int, keep: timedelta) -> bool:
    logged = parent.logged_at or parent.made_at
    return from_ms(at) >= from_ms(logged) + keep
