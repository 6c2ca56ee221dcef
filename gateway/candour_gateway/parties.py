"""Who may say what about which statement: parent and parties. Source: protocol sections 3.1 and 5.

What takes something back may be logged before it: a withdrawal, a correction or the undoing of a link that
names a statement which is not in the log yet has standing, and binds that statement if it ever comes from the
same author to the same recipient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from candour_protocol.claims import Claims
from candour_protocol.codes import ClosureReason, known
from candour_protocol.ids import GATEWAY, REGISTRAR, AgencyId, parse_address
from candour_protocol.kinds import (
    CHALLENGEABLE,
    AnswerCodes,
    ApprovalCodes,
    ChallengeCodes,
    ClosureCodes,
    Codes,
    ConcernCodes,
    LinkCodes,
    RequestCodes,
    TransferCodes,
)
from candour_protocol.kinds.lists import PLAIN, Kind
from candour_protocol.rules import Outcome, are_two, costs_nothing

from candour_gateway.casebook import PASSING, Casebook, History, Logged
from candour_gateway.erasing import parties
from candour_gateway.matters import (
    TAKEN_BACK_BY,
    is_anothers,
    matter_of,
    redecided,
    unanswered_checks,
    was_told,
)
from candour_gateway.naming import parent_of

NOT_A_PARTY = "not-a-party"
NOT_OPENED = "not-opened"
WITHDRAWN = "withdrawn"
SUSPENDED = "suspended"
SAME_DECIDER = "same-decider"
REASON_NEEDED = "reason-needed"
NOT_TOLD = "not-told"
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Standing:
    """Why a statement has no standing; ``reason`` goes into the log's ``r``."""

    reason: str
    pointer: str


_IRT = Standing(NOT_A_PARTY, "/irt")
Check = Callable[[Claims, Codes, Casebook], Standing | None]


def check_standing(claims: Claims, codes: Codes | None, book: Casebook) -> Standing | None:
    """Whether what it names is in the log, has passed, is of a fitting kind, and lies between these two."""
    if claims.kind is Kind.ERASURE:
        return _erasure(claims, book)
    return _CHECKS[claims.kind](claims, codes, book) if codes is not None else None


def _erasure(claims: Claims, book: Casebook) -> Standing | None:
    """What an agency said it may have erased, and the registrar what anybody said; nothing that is plain."""
    for place, name in enumerate(claims.erases):
        named = book.find(name)
        if named is None or named.kind in PLAIN or claims.iss not in (named.iss, REGISTRAR):
            return Standing(NOT_A_PARTY, f"/erases/{place}")
    return None


def lodgees_of(request: Logged, book: Casebook) -> frozenset[AgencyId]:
    """Who holds whole what the request's ordinary holder must not see: neither asker nor holder (R10)."""
    codes = request.codes
    cited = codes.concern_refs if isinstance(codes, RequestCodes) else ()
    found = {lodgee for name in cited for lodgee in _lodged_with(book.find(name))}
    return frozenset(found - {request.iss, request.aud})


def _lodged_with(concern: Logged | None) -> Iterator[AgencyId]:
    codes = concern.codes if concern else None
    if isinstance(codes, ConcernCodes) and codes.withheld and codes.withheld.lodged_with:
        yield parse_address(codes.withheld.lodged_with).agency


def _took_effect(logged: Logged | None) -> bool:
    """Whether it passed; a ``delivery`` does so without being routed."""
    return logged is not None and (logged.passes or logged.verdict in PASSING)


def _own(logged: Logged, claims: Claims) -> bool:
    return (logged.iss, logged.aud) == (claims.iss, claims.aud)


def _to_me(logged: Logged, claims: Claims) -> bool:
    return (logged.aud, logged.iss) == (claims.iss, claims.aud)


def _concern(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """Only a relay can lack standing: what an agency has itself seen may always be told."""
    if not isinstance(codes, ConcernCodes) or codes.relays is None:
        return None
    original = book.find(codes.relays)
    if original and original.is_erased:
        return Standing(ERASED, "/relays")
    if original and original.passes and (original.kind, original.aud) == (Kind.CONCERN, claims.iss):
        return None
    return Standing(NOT_A_PARTY, "/relays")


def _request(_claims: Claims, _codes: Codes, _book: Casebook) -> Standing | None:
    """Anybody may ask; the rules say what of."""
    return None


def _approval(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """A second person of the agency whose request is held, or somebody with whom its concern is lodged."""
    held = book.find(parent_of(claims.irt, codes))
    if held is not None and held.is_erased:
        return Standing(ERASED, "/approves")
    if held is not None and held.kind is Kind.ERASURE:
        return None if _may_agree(held, claims, codes, book) else Standing(NOT_A_PARTY, "/approves")
    if (
        held is None
        or not isinstance(codes, ApprovalCodes)
        or held.verdict is not Outcome.HELD
        or held.passes
        or book.is_barred(held.hash, held.iss)
        or _stopped(held.history)
        or held.aud != claims.aud
        or not _may_approve(held, claims, codes, book)
    ):
        return Standing(NOT_A_PARTY, "/approves")
    return None


def _may_agree(erasure: Logged, claims: Claims, codes: Codes, book: Casebook) -> bool:
    """A named person of an agency that sent or received what an early erasure would delete."""
    waits = erasure.verdict is Outcome.HELD and erasure.history.closed_by is None
    named = isinstance(codes, ApprovalCodes) and codes.capacity == "party" and codes.actor is not None
    return waits and named and claims.aud == GATEWAY and claims.iss in parties(erasure.erases, book)


def _may_approve(held: Logged, claims: Claims, codes: ApprovalCodes, book: Casebook) -> bool:
    """Nobody approves what they wrote themselves, and nobody does so without a name."""
    if codes.actor is None or codes.capacity == "party":
        return False
    if codes.capacity == "lodgee":
        return claims.iss in lodgees_of(held, book)
    return held.iss == claims.iss and held.codes is not None and are_two(held.codes.actor, codes.actor)


def _answering(*kinds: Kind) -> Check:
    """The recipient of a statement of one of these kinds, to its sender."""

    def check(claims: Claims, _codes: Codes, book: Casebook) -> Standing | None:
        parent = book.find(claims.irt)
        return None if parent and _to_me(parent, claims) and parent.passes and parent.kind in kinds else _IRT

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
    if request is not None and request.is_erased:
        return Standing(ERASED, "/irt")
    if request is None or not isinstance(request.codes, RequestCodes) or not isinstance(codes, AnswerCodes):
        return _IRT
    if not costs_nothing(codes) and (stopped := _stopped(request.history)):
        return Standing(stopped, "/irt")
    if same := _redecided(Kind.ANSWER, request, codes, book):
        return same
    if all(_is_opened(book.find(name)) for name in (request.hash, *request.codes.concern_refs)):
        return None
    return Standing(NOT_OPENED, "/irt")


def _stopped(history: History) -> str:
    """Why a request is not to be answered just now, but by "too thin"."""
    if history.withdrawn_by is not None or history.taken_back_by is not None:
        return WITHDRAWN
    return SUSPENDED if history.suspended_by is not None else ""


def _decision(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    fault = _answering(Kind.CONCERN)(claims, codes, book)
    concern = book.find(claims.irt)
    return fault or (_redecided(Kind.DECISION, concern, codes, book) if concern else None)


def _redecided(kind: Kind, matter: Logged, codes: Codes, book: Casebook) -> Standing | None:
    """While a decision is challenged, somebody else than its decider decides again. Source: domain 4.2."""
    pointer = "/author" if kind is Kind.OUTCOME else "/decider"
    same = any(not is_anothers(codes, first) for _, first in redecided(kind, codes, matter, book))
    return Standing(SAME_DECIDER, pointer) if same else None


def _is_opened(logged: Logged | None) -> bool:
    return logged is not None and logged.route is not None and logged.route.settled_by is not None


def _outcome(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """The asker, about the answer that it got or about its own request."""
    parent = book.find(claims.irt)
    if parent and parent.kind is Kind.REQUEST:
        fault = None if parent.passes and _own(parent, claims) else _IRT
    else:
        fault = _answering(Kind.ANSWER)(claims, codes, book)
    request = matter_of(parent, book)
    return fault or (_redecided(Kind.OUTCOME, request, codes, book) if request else None)


def _challenge(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """The recipient of what is challenged; then either party, at a higher stage, about the challenge."""
    if not isinstance(codes, ChallengeCodes):
        return _IRT
    parent = book.find(codes.challenges)
    if parent is None or not _took_effect(parent):
        return Standing(NOT_A_PARTY, "/challenges")
    if isinstance(parent.codes, ChallengeCodes):
        between = {parent.iss, parent.aud} == {claims.iss, claims.aud}
        higher = codes.stage > parent.codes.stage
        return None if between and higher else Standing(NOT_A_PARTY, "/stage" if between else "/challenges")
    fitting = parent.kind in CHALLENGEABLE and _to_me(parent, claims)
    return None if fitting else Standing(NOT_A_PARTY, "/challenges")


def _transfer(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """The holder of a matter: to its new holder, and a copy to whoever told or asked.

    Nobody is handed a concern, or said to have it, who was not told it. A request goes to a colleague only:
    nobody else can answer it, and whoever asks tells another agency its concern before it asks there.
    """
    parent = book.find(claims.irt)
    if parent is None or not parent.passes or parent.aud != claims.iss or parent.kind not in _MATTERS:
        return _IRT
    if parent.is_erased:
        return Standing(ERASED, "/irt")
    holder = parse_address(codes.to).agency if isinstance(codes, TransferCodes) else None
    if holder is None or claims.aud not in {parent.iss, holder} - {claims.iss}:
        return Standing(NOT_A_PARTY, "/aud")
    if parent.kind is Kind.REQUEST:
        return None if holder == claims.iss else Standing(NOT_A_PARTY, "/to")
    return None if was_told(holder, parent, book) else Standing(NOT_TOLD, "/to")


_MATTERS = frozenset({Kind.CONCERN, Kind.REQUEST})


def _taking_back(kind: Kind, pointer: str) -> Check:
    """The author, to the same recipient; also of something held, or not in the log yet."""

    def check(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
        name = parent_of(claims.irt, codes)
        fault = Standing(NOT_A_PARTY, pointer)
        if name is None:
            return fault
        parent = book.find(name)
        if parent is None:
            return None
        standing = _took_effect(parent) or parent.verdict is Outcome.HELD
        return None if standing and _own(parent, claims) and parent.kind in TAKEN_BACK_BY[kind] else fault

    return check


def _closure(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """Either party of a concern, and whoever asked; with checks unanswered it wants a known reason."""
    parent = book.find(claims.irt)
    if parent is None or not parent.passes:
        return _IRT
    asked = parent.kind is Kind.REQUEST and _own(parent, claims)
    told = parent.kind is Kind.CONCERN and (_own(parent, claims) or _to_me(parent, claims))
    if not (asked or told):
        return _IRT
    unanswered = told and unanswered_checks(parent, claims.iss, book)
    silent = isinstance(codes, ClosureCodes) and not known(ClosureReason, codes.reason)
    return Standing(REASON_NEEDED, "/reason") if unanswered and silent else None


def _link(claims: Claims, codes: Codes, book: Casebook) -> Standing | None:
    """A named person joins, or their agency undoes what it joined."""
    if not isinstance(codes, LinkCodes) or codes.actor is None:
        return Standing(NOT_A_PARTY, "/actor")
    if (codes.joins is None) == (codes.undoes is None):
        return Standing(NOT_A_PARTY, "/joins")
    if codes.undoes is None:
        return None
    return _taking_back(Kind.LINK, "/undoes")(claims, codes, book)


def _told(claims: Claims, _codes: Codes, book: Casebook) -> Standing | None:
    """Any party of what it is about, to anybody."""
    parent = book.find(claims.irt)
    if claims.irt is None or (parent and parent.passes and claims.iss in (parent.iss, parent.aud)):
        return None
    return _IRT


def _notice(claims: Claims, _codes: Codes, _book: Casebook) -> Standing | None:
    return None if claims.iss == GATEWAY else Standing(NOT_A_PARTY, "/iss")


_ROUTED = tuple(kind for kind in Kind if kind is not Kind.DELIVERY)

_CHECKS: Mapping[Kind, Check] = {
    Kind.CONCERN: _concern,
    Kind.REQUEST: _request,
    Kind.APPROVAL: _approval,
    Kind.DELIVERY: _answering(*_ROUTED),
    Kind.ACKNOWLEDGEMENT: _answering(Kind.CONCERN, Kind.REQUEST, Kind.TRANSFER),
    Kind.REPLY: _reply,
    Kind.DECISION: _decision,
    Kind.ANSWER: _answer,
    Kind.CHALLENGE: _challenge,
    Kind.OUTCOME: _outcome,
    Kind.TRANSFER: _transfer,
    Kind.WITHDRAWAL: _taking_back(Kind.WITHDRAWAL, "/irt"),
    Kind.CLOSURE: _closure,
    Kind.CORRECTION: _taking_back(Kind.CORRECTION, "/corrects"),
    Kind.APPLIED: _answering(Kind.CORRECTION),
    Kind.LINK: _link,
    Kind.TOLD: _told,
    Kind.NOTICE: _notice,
}
