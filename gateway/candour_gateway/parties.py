"""Who may say what about which statement: parent and parties. Source: protocol sections 3.1 and 5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from candour_protocol.claims import Claims
from candour_protocol.ids import GATEWAY, StatementHash
from candour_protocol.kinds import (
    AnswerCodes,
    ApprovalCodes,
    Codes,
    ConcernCodes,
    RequestCodes,
)
from candour_protocol.kinds.lists import Kind
from candour_protocol.rules import Outcome

from candour_gateway.casebook import Casebook, Logged

NOT_A_PARTY = "not-a-party"
NOT_OPENED = "not-opened"


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a statement has no standing; ``reason`` goes into the log's ``r``."""

    reason: str
    pointer: str


_IRT = Standing(NOT_A_PARTY, "/irt")
Check = Callable[[Claims, Codes, Casebook], Standing | None]


def parent_of(claims: Claims, codes: Codes) -> StatementHash | None:
    """The statement that this one is about, if it names one."""
    if isinstance(codes, ApprovalCodes):
        return codes.approves
    return claims.irt


def named_by(claims: Claims, codes: Codes | None) -> set[StatementHash]:
    """Every logged statement that its verdict may depend on."""
    names = {claims.irt, claims.reissues}
    match codes:
        case ConcernCodes():
            names |= {codes.relays, codes.pays_back}
        case RequestCodes():
            names |= set(codes.concern_refs)
        case ApprovalCodes():
            names.add(codes.approves)
        case _:
            pass
    return {name for name in names if name is not None}


def check_standing(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """Whether what it names is in the log, has passed, is of a fitting kind, and lies between these two."""
    return _CHECKS[claims.kind](claims, codes, book)


def _concern(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """Only a relay can lack standing: what an agency has itself seen may always be told."""
    if not isinstance(codes, ConcernCodes) or codes.relays is None:
        return None
    original = book.find(codes.relays)
    if original and original.passes and (original.kind, original.aud) == (Kind.CONCERN, claims.iss):
        return None
    return Standing(NOT_A_PARTY, "/relays")


def _approval(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """A second person of the agency whose request is held; nobody approves what they wrote themselves."""
    held = book.find(parent_of(claims, codes))
    if (
        held is None
        or held.verdict is not Outcome.HELD
        or held.passes
        or book.is_barred(held.hash, held.iss)
        or (held.iss, held.aud) != (claims.iss, claims.aud)
        or not isinstance(codes, ApprovalCodes)
        or codes.capacity != "second"
        or not _another_person(held, codes)
    ):
        return Standing(NOT_A_PARTY, "/approves")
    return None


def _another_person(held: Logged, codes: Codes) -> bool:
    return held.codes is not None and codes.actor is not None and codes.actor != held.codes.actor


def _answering(*kinds: Kind) -> Check:
    """The recipient of a statement of one of these kinds, to its sender."""

    def check(claims: Claims, _codes: Codes, book: Casebook) -> Standing | None:
        parent = book.find(claims.irt)
        swapped = parent and (parent.aud, parent.iss) == (claims.iss, claims.aud)
        return None if parent and swapped and parent.passes and parent.kind in kinds else _IRT

    return check


def _reply(claims: Claims, _codes: Codes, book: Casebook) -> Standing | None:
    """Either party, about anything between the two; a reply may also name nothing but its thread."""
    if claims.irt is None:
        return None
    parent = book.find(claims.irt)
    between = parent and {parent.iss, parent.aud} == {claims.iss, claims.aud}
    return None if parent and between and parent.passes else _IRT


def _answer(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """INV-5: only under a request that passed and was opened, with each concern that it cites opened."""
    fault = _answering(Kind.REQUEST)(claims, codes, book)
    if fault:
        return fault
    request = book.find(claims.irt)
    if request is None or not isinstance(request.codes, RequestCodes) or not isinstance(codes, AnswerCodes):
        return _IRT
    if all(_is_opened(book.find(name)) for name in (request.hash, *request.codes.concern_refs)):
        return None
    return Standing(NOT_OPENED, "/irt")


def _is_opened(logged: Logged | None) -> bool:
    return logged is not None and logged.route is not None and logged.route.settled_by is not None


def _outcome(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """The asker, about the answer that it got or about its own request."""
    parent = book.find(claims.irt)
    if parent and parent.kind is Kind.REQUEST:
        own = parent.passes and (parent.iss, parent.aud) == (claims.iss, claims.aud)
        return None if own else _IRT
    return _answering(Kind.ANSWER)(claims, codes, book)


def _notice(claims: Claims, _codes: Codes, _book: Casebook) -> Standing | None:
    return None if claims.iss == GATEWAY else Standing(NOT_A_PARTY, "/iss")


def _free(_claims: Claims, _codes: Codes, _book: Casebook) -> Standing | None:
    return None


_ROUTED = tuple(kind for kind in Kind if kind is not Kind.DELIVERY)

_CHECKS: Mapping[Kind, Check] = {
    Kind.CONCERN: _concern,
    Kind.REQUEST: _free,
    Kind.APPROVAL: _approval,
    Kind.DELIVERY: _answering(*_ROUTED),
    Kind.ACKNOWLEDGEMENT: _answering(Kind.CONCERN, Kind.REQUEST),
    Kind.REPLY: _reply,
    Kind.DECISION: _answering(Kind.CONCERN),
    Kind.ANSWER: _answer,
    Kind.OUTCOME: _outcome,
    Kind.NOTICE: _notice,
}
