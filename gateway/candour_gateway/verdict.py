"""Judge one statement, given what the log knows. Pure: the time, the keys and the rule set are arguments.

Everything here happens to a statement whose signature verified under a key that was ever its issuer's, so
every path ends in an answer that is logged, or in what was logged before. Source: protocol sections 3 to 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from candour_protocol.claims import Claims, check_lifetime
from candour_protocol.entry import EQUIVOCATION, KEY
from candour_protocol.errors import MismatchError
from candour_protocol.ids import GATEWAY, REGISTRAR, PolicyId
from candour_protocol.kinds import (
    AnswerCodes,
    ApprovalCodes,
    Codes,
    ConcernCodes,
    CorrectionCodes,
    RequestCodes,
)
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import Policy
from candour_protocol.rules import (
    Ask,
    Judgement,
    Outcome,
    Telling,
    Told,
    judge_answer,
    judge_concern,
    judge_correction,
    judge_request,
)
from candour_protocol.statement import Body, Statement

from candour_gateway import erasing, recollection
from candour_gateway.casebook import PASSING, Casebook, Logged
from candour_gateway.clocks import Terms, hold_ends
from candour_gateway.directory import Directory
from candour_gateway.matters import above, is_challenged, is_taken_back, stands
from candour_gateway.parties import NOT_A_PARTY, WITHDRAWN, check_standing

LATE = "late"
CLOCK = "clock"
BARRED = "barred"
MAX_AHEAD = timedelta(seconds=60)

_GATED = frozenset(
    {Kind.REQUEST, Kind.APPROVAL, Kind.ERASURE}
)  # what is refused after `exp`; all else is only marked
_TO_GATEWAY = frozenset({Kind.REGISTRY, Kind.DELIVERY, Kind.ACKNOWLEDGEMENT, Kind.ERASURE, Kind.APPROVAL})


@dataclass(frozen=True, slots=True)
class Submission:
    """An authentic statement with what came beside it.

    Attributes:
        codes: its T1; None where ``fault`` says why there is none, and for kinds without disclosures.
        fault: what does not fit together, by its author's doing.
    """

    statement: Statement
    body: Body
    codes: Codes | None
    fault: MismatchError | None = None

    @property
    def claims(self) -> Claims:
        """What was signed."""
        return self.statement.claims


@dataclass(frozen=True, slots=True)
class Hearing:
    """Where and when a statement would be logged, and by whose book it is judged.

    Attributes:
        terms: of its batch.
    """

    index: int
    at: datetime
    directory: Directory
    policy: Policy
    terms: Terms

    @property
    def admitted(self) -> tuple[PolicyId, ...]:
        """The rule sets whose attestations count beside the current one."""
        return self.directory.admitted_before(self.policy, self.at)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What goes into the entry, and what the sender is told: pairs of rule (or reason) and pointer."""

    outcome: Outcome
    rules: tuple[str, ...] = ()
    violations: tuple[tuple[str, str], ...] = ()

    @property
    def passes(self) -> bool:
        """Whether it takes effect."""
        return self.outcome in PASSING


Fault = tuple[str, str]
_Step = Callable[[Submission, Hearing, Casebook], Fault | None]


def decide(submission: Submission, hearing: Hearing, book: Casebook) -> Verdict | Logged:
    """The verdict to log; or, for what is in the log already, that entry, to be answered again."""
    known = book.find(submission.statement.hash) or _done_already(submission.claims, book)
    if known is not None:
        return known
    for step in _STEPS:
        fault = step(submission, hearing, book)
        if fault is not None:
            return Verdict(Outcome.REFUSED, (fault[0],), (fault,))
    return _marked_late(_judge(submission, hearing, book), submission.claims, hearing)


def _done_already(claims: Claims, book: Casebook) -> Logged | None:
    """A reissue of what was opened after all gets that statement's own verdict."""
    earlier = book.find(claims.reissues)
    if earlier is None or earlier.route is None or not _is_own(earlier, claims):
        return None
    return earlier if earlier.route.opened not in (None, "unreadable") else None


def _is_own(earlier: Logged, claims: Claims) -> bool:
    return (earlier.iss, earlier.aud, earlier.kind) == (claims.iss, claims.aud, claims.kind)


def _check_key(submission: Submission, hearing: Hearing, _book: Casebook) -> Fault | None:
    registry = hearing.directory.registry
    key = registry.issuer_key(submission.claims.iss, submission.statement.kid)
    return None if key and registry.valid_at(key, hearing.index) else (KEY, "")


def _check_form(submission: Submission, _hearing: Hearing, _book: Casebook) -> Fault | None:
    try:
        check_lifetime(submission.claims)
    except MismatchError as error:
        return error.code, error.pointer
    return None


def _check_parts(submission: Submission, hearing: Hearing, _book: Casebook) -> Fault | None:
    fault = submission.fault
    if fault is not None:
        return "mismatch", fault.pointer
    sealed = submission.claims.sealed
    if sealed is None or hearing.directory.may_seal_to(
        submission.claims.aud, getattr(submission.codes, "inbox", None), sealed.kid, hearing.at
    ):
        return None
    return "mismatch", "/sealed/kid"


def _check_id(submission: Submission, _hearing: Hearing, book: Casebook) -> Fault | None:
    others = book.others_under(submission.claims.jti, submission.statement.hash)
    return (EQUIVOCATION, "/jti") if others else None


def _check_bar(submission: Submission, _hearing: Hearing, book: Casebook) -> Fault | None:
    barred = book.is_barred(submission.statement.hash, submission.claims.iss)
    return (BARRED, "") if barred else None


def _check_clock(submission: Submission, hearing: Hearing, _book: Casebook) -> Fault | None:
    ahead = submission.claims.iat > (hearing.at + MAX_AHEAD).timestamp()
    return (CLOCK, "/iat") if ahead else None


def _check_late(submission: Submission, hearing: Hearing, book: Casebook) -> Fault | None:
    claims, codes = submission.claims, submission.codes
    held = book.find(codes.approves) if isinstance(codes, ApprovalCodes) else None
    lapsed = held is not None and hearing.at > hold_ends(held.at, held.exp, hearing.policy)
    over = lapsed or _is_over(claims.exp, hearing.at)
    return (LATE, "/exp") if claims.kind in _GATED and over else None


def _is_over(exp: int, at: datetime) -> bool:
    return at.timestamp() > exp


def _check_withdrawn(submission: Submission, _hearing: Hearing, book: Casebook) -> Fault | None:
    """A request that its author took back before it was logged; what was told stays told (INV-2)."""
    claims = submission.claims
    if claims.kind is not Kind.REQUEST:
        return None
    for each in book.traced(submission.statement.hash):
        withdrawn = each.kind is Kind.WITHDRAWAL and each.irt == submission.statement.hash and each.passes
        if withdrawn and (each.iss, each.aud) == (claims.iss, claims.aud):
            return WITHDRAWN, ""
    return None


def _check_parties(submission: Submission, hearing: Hearing, book: Casebook) -> Fault | None:
    claims, codes = submission.claims, submission.codes
    if not _is_reachable(claims, hearing.directory):
        return NOT_A_PARTY, "/aud"
    earlier = book.find(claims.reissues)
    if earlier is not None and not _is_own(earlier, claims):
        return NOT_A_PARTY, "/reissues"
    standing = check_standing(claims, codes, book)
    return (standing.reason, standing.pointer) if standing else None


def _is_reachable(claims: Claims, directory: Directory) -> bool:
    if claims.aud == GATEWAY:
        return claims.kind in _TO_GATEWAY
    return directory.is_member(claims.aud)


_STEPS: tuple[_Step, ...] = (
    _check_key,
    _check_form,
    _check_parts,
    _check_id,
    _check_bar,
    _check_clock,
    _check_late,
    _check_parties,
    _check_withdrawn,
)


def _judge(submission: Submission, hearing: Hearing, book: Casebook) -> Verdict:
    """What the rules say; most kinds are gated by none."""
    match submission.codes:
        case ConcernCodes() as codes:
            judgement = _judge_concern(codes, submission.claims, hearing, book)
        case RequestCodes() as codes:
            judgement = _judge_ask(_ask(codes, submission.claims, hearing, book), hearing)
        case ApprovalCodes(capacity="party") as codes:
            return _judge_agreed(codes, submission.claims, book)
        case ApprovalCodes() as codes:
            judgement = _judge_approved(codes, submission.claims, hearing, book)
        case AnswerCodes() as codes:
            judgement = _judge_answer(codes, submission.claims, hearing, book)
        case CorrectionCodes() as codes:
            judgement = judge_correction(codes)
        case None if submission.claims.kind is Kind.ERASURE:
            return _judge_erasure(submission.claims, hearing, book)
        case _:
            return Verdict(Outcome.PASSED)
    violations = tuple((violation.rule, violation.pointer) for violation in judgement.violations)
    return Verdict(judgement.outcome, tuple(judgement.rules), violations)


def _judge_erasure(claims: Claims, hearing: Hearing, book: Casebook) -> Verdict:
    """What stands against it refuses its author, and has the registrar wait for the parties' word."""
    found = tuple(erasing.obstacles(claims.erases, hearing.at, hearing.policy.retention.t1_keep, book))
    if not found:
        return Verdict(Outcome.PASSED)
    outcome = Outcome.HELD if claims.iss == REGISTRAR else Outcome.REFUSED
    return Verdict(outcome, tuple(dict.fromkeys(reason for reason, _ in found)), found)


def _judge_agreed(codes: ApprovalCodes, claims: Claims, book: Casebook) -> Verdict:
    """One party's word on an early erasure; it is done with the last."""
    erasure = book.find(codes.approves)
    waiting = erasure is None or bool(erasing.still_to_agree(erasure, claims.iss, book))
    return Verdict(Outcome.HELD if waiting else Outcome.PASSED)


def _judge_concern(codes: ConcernCodes, claims: Claims, hearing: Hearing, book: Casebook) -> Judgement:
    original = book.find(codes.relays)
    originals = [original, *above(original, book)] if original else []
    said = [each.codes for each in originals if isinstance(each.codes, ConcernCodes)]
    gone = any(each.history.is_unsaid for each in originals)
    return judge_concern(
        codes,
        said[0] if said else None,
        claims.aud,
        hearing.policy,
        hearing.admitted,
        above=said[1:],
        telling=Telling(claims.iss, hearing.at, taken_back=gone),
    )


def _judge_ask(ask: Ask, hearing: Hearing) -> Judgement:
    return judge_request(ask, hearing.policy, hearing.admitted)


def _judge_approved(codes: ApprovalCodes, claims: Claims, hearing: Hearing, book: Casebook) -> Judgement:
    """An approval is judged together with what it approves, again and now, and with those before it."""
    held = book.find(codes.approves)
    if held is None or not isinstance(held.codes, RequestCodes):
        return Judgement(Outcome.REFUSED, ())
    before = [each for each in book.traced(held.hash) if each.verdict is Outcome.HELD]
    approvals = [(each.iss, each.codes) for each in before if isinstance(each.codes, ApprovalCodes)]
    said = [(claims.iss, codes), *approvals]
    second = next((each.actor for _, each in said if each.capacity == "second"), None)
    lodgees = frozenset(iss for iss, each in said if each.capacity == "lodgee")
    ask = _ask(held.codes, held, hearing, book)
    return _judge_ask(replace(ask, second=second, lodgees=lodgees), hearing)


def _judge_answer(codes: AnswerCodes, claims: Claims, hearing: Hearing, book: Casebook) -> Judgement:
    request = book.find(claims.irt)
    if request is None or not isinstance(request.codes, RequestCodes):
        return Judgement(Outcome.REFUSED, ())
    cited = [logged.codes for name in request.codes.concern_refs if (logged := book.find(name))]
    concerns = [each for each in cited if isinstance(each, ConcernCodes)]
    return judge_answer(codes, request.codes, hearing.policy, hearing.admitted, concerns)


def _ask(codes: RequestCodes, parties: Claims | Logged, hearing: Hearing, book: Casebook) -> Ask:
    issuer, directory = parties.iss, hearing.directory
    cited = [logged for name in codes.concern_refs if (logged := book.find(name))]
    told = [_told(logged, parties, book) for logged in cited]
    itself = parties.hash if isinstance(parties, Logged) else None
    kin = recollection.kin(codes, cited, frozenset({issuer, parties.aud}), book)
    return Ask(
        issuer=issuer,
        issuer_kind=directory.kind_of(issuer) or "",
        holder=parties.aud,
        inbox=codes.inbox,
        codes=codes,
        at=hearing.at,
        told={each.hash: each for each in told if each},
        has_directory_phone=directory.has_phone(issuer),
        second=None,
        overdue_debts=book.overdue_debts(issuer, hearing.at),
        earlier=tuple(recollection.earlier(kin.union(codes.child), issuer, itself, book)),
        kin=kin,
    )


def _told(logged: Logged, parties: Claims | Logged, book: Casebook) -> Told | None:
    """A logged concern as the rules see it; none, once its T1 is erased."""
    if not isinstance(logged.codes, ConcernCodes):
        return None
    route, originals = logged.route, [logged, *above(logged, book)]
    newer = book.at(route.refreshed_by) if route else None
    return Told(
        hash=logged.hash,
        issuer=logged.iss,
        audience=logged.aud,
        inbox=logged.codes.inbox,
        outcome=logged.verdict,
        at=logged.at,
        codes=logged.codes,
        since=originals[-1].at,
        opened=route.opened if route else None,
        refreshed=bool(route and route.refreshed) or is_challenged(Kind.DELIVERY, logged, book),
        replied=logged.history.replied_by is not None,
        rules=logged.rules,
        live=all(recollection.is_live(each, book) for each in originals),
        index=logged.index,
        refreshed_by=newer.index if newer and stands(newer) else None,
        taken_back=any(is_taken_back(each) for each in originals),
        unapplied=any(
            each.aud == parties.iss and each.history.unapplied_by is not None for each in originals
        ),
        lodgees=recollection.lodgees(logged, logged.codes, parties, book),
    )


def _marked_late(verdict: Verdict, claims: Claims, hearing: Hearing) -> Verdict:
    """Whatever else passes after its time passes marked."""
    if not verdict.passes or not _is_over(claims.exp, hearing.at):
        return verdict
    rules = (*verdict.rules, LATE)
    return Verdict(Outcome.FLAGGED, rules, (*verdict.violations, (LATE, "/exp")))
