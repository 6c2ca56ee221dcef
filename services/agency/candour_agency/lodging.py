"""A lodgee's word: they read the concern that an inbox must not see, and agree with what is asked on it.

In the caller's transaction. Source: domain R10, protocol sections 3.1 and 4.
"""

from __future__ import annotations

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
from candour_agency.stating import compose, received

_NOT_ASKED = "Give your word on a notice that a request waits for it, by that notice's id."


def give_word(connection: Connection, call: Call, jti: str, body: WordBody) -> Composition:
    """The request that the gateway gave notice of may go to its holder.

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
    holder = _holder(connection, call, notice)
    return compose(call, [notice], lambda now: reactions.word(now, body, holder))


def _holder(connection: Connection, call: Call, notice: Message) -> Address:
    """Where the request on the concern that was lodged here goes: the holder's ordinary inbox, or not."""
    for one in store.messages.thread(connection, notice.txn):
        codes = read_codes(one) if one.kind is Kind.CONCERN and one.received else None
        kept_from = rules.kept_from(codes.withheld) if isinstance(codes, ConcernCodes) else None
        if isinstance(codes, ConcernCodes) and kept_from is not None:
            if not call.may_see(one):
                raise CallError(Code.MISSING_SCOPE, "Read the concern first: that needs `inbox.restricted`.")
            return Address(kept_from, RESTRICTED if rules.is_asked_apart(codes, kept_from) else GENERAL)
    raise CallError(Code.WRONG_KIND, "The concern that this request rests on is not lodged with your agency.")
