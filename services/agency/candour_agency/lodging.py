"""A lodgee's word: they read the concern that an inbox must not see, and agree with what is asked on it.

In the caller's transaction. Source: domain R10, protocol sections 3.1 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable

from candour_protocol import rules
from candour_protocol.ids import GENERAL, RESTRICTED, Address
from candour_protocol.kinds import ConcernCodes, Kind, Notice
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.calls import Call, Composition
from candour_agency.drafts import reactions
from candour_agency.faults import CallError, Code
from candour_agency.matters import read_codes
from candour_agency.messages import Message
from candour_agency.schemas.steps import WordBody
from candour_agency.stating import received, regarding
from candour_agency.writing import Pen

_NOT_LODGED = "The concern that this request rests on is not lodged with your agency."
_NOT_ASKED = "Give your word on a notice that a request waits for it, by that notice's id."


def give_word(connection: Connection, call: Call, jti: str, body: WordBody) -> Composition:
    """The request that the gateway gave notice of may go to its holder.

    Whom that asks is not said here. Where a thread is kept from several, the word goes to each: the log takes
    the one that is for its holder, and returns the others without effect.

    Raises:
        CallError: no such notice, the concern that was lodged is not here, or the word was given before.
    """
    notice = received(connection, call, jti, (Kind.NOTICE,), _NOT_ASKED)
    codes = notice.codes or {}
    waits = isinstance(codes.get("about"), str)  # a request; the holder's own notice is of the concern alone
    if codes.get("notice") != Notice.LODGED or notice.about is None or not waits:
        raise CallError(Code.WRONG_KIND, _NOT_ASKED)
    given = store.messages.about(connection, notice.about)
    if any(one.kind is Kind.APPROVAL and not one.received and one.verdict != "refused" for one in given):
        raise CallError(Code.ALREADY_DONE, "Your agency gave its word on this request already.")
    composition = Composition(notice.txn, Pen(call.office, call.now))
    for holder in _holders(connection, call, notice):
        composition.write(reactions.word(regarding(call, notice), body, holder))
    return composition


def _holders(connection: Connection, call: Call, notice: Message) -> Iterable[Address]:
    """Where a request on what was lodged here can go: of each holder the ordinary inbox, or not."""
    lodged = [
        (one, codes, kept_from)
        for one in store.messages.thread(connection, notice.txn)
        if one.kind is Kind.CONCERN and one.received
        if isinstance(codes := read_codes(one), ConcernCodes)
        if (kept_from := rules.kept_from(codes.withheld)) is not None
    ]
    if not lodged:
        raise CallError(Code.WRONG_KIND, _NOT_LODGED)
    seen = [(codes, kept_from) for one, codes, kept_from in lodged if call.may_see(one)]
    if not seen:
        raise CallError(Code.MISSING_SCOPE, "Read the concern first: that needs `inbox.restricted`.")
    return {
        holder: Address(holder, RESTRICTED if rules.is_asked_apart(codes, holder) else GENERAL)
        for codes, holder in seen
    }.values()
