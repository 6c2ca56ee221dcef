"""What a statement does to those before it: taking back, correcting, closing, challenging, handing over.

The same function serves a statement that was logged before what it is about: its effects follow when that
comes. Source: protocol section 4; domain 4.1, 4.2, R14.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from candour_protocol import rules
from candour_protocol.ids import parse_address
from candour_protocol.kinds import (
    AppliedCodes,
    ChallengeCodes,
    ClosureCodes,
    ConcernCodes,
    CorrectionCodes,
    DecisionCodes,
    LinkCodes,
    Notice,
    RequestCodes,
    TransferCodes,
    WithdrawalCodes,
)
from candour_protocol.kinds.lists import Kind

from candour_gateway import debts, parts, standing
from candour_gateway.announcing import notified
from candour_gateway.casebook import Casebook, Logged, Mark
from candour_gateway.clocks import Duty
from candour_gateway.effects import Effect, Marked, Reopened, Settled
from candour_gateway.lanes import owed
from candour_gateway.matters import (
    TAKEN_BACK_BY,
    above,
    copies_of,
    decided,
    is_anothers,
    is_decided_again,
    is_over,
    matter_of,
    open_challenges,
    redecided,
    relays_of,
    unanswered_checks,
)
from candour_gateway.naming import parent_of
from candour_gateway.verdict import Hearing


def of(logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """What it does to others, and what those do to it that were logged before it came."""
    yield from _decided_again(logged, hearing, book)
    yield from _on(book.find(parent_of(logged.irt, logged.codes)), logged, hearing, book)
    yield from foretold(logged, hearing, book)


def foretold(logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """What its author took back or put right before it came; only what such a word may be about."""
    for earlier in book.traced(logged.hash):
        about = parent_of(earlier.irt, earlier.codes) == logged.hash
        same = (earlier.iss, earlier.aud) == (logged.iss, logged.aud)
        fits = logged.kind in TAKEN_BACK_BY.get(earlier.kind, ())
        if fits and earlier.passes and about and same and earlier.index < logged.index:
            yield from _on(logged, earlier, hearing, book)


def _on(parent: Logged | None, logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    match logged.codes:
        case WithdrawalCodes() if parent is not None:
            yield from _withdrawn(parent, logged, hearing, book)
        case LinkCodes(undoes=name) if parent is not None and name is not None:
            yield Marked(parent.index, parent.hash, Mark.WITHDRAWN, logged.index)
        case CorrectionCodes() as codes:
            yield from _corrected(parent, logged, codes, hearing, book)
        case AppliedCodes() if parent is not None:
            yield from _applied(parent, logged, book)
        case ClosureCodes() if parent is not None:
            yield from _closed(parent, logged, book)
        case ChallengeCodes() if parent is not None:
            yield from _challenged(parent, logged, hearing, book)
        case TransferCodes() as codes if parent is not None:
            yield from _transferred(parent, logged, codes, hearing, book)
        case ConcernCodes():
            yield from standing.told_anew(logged, hearing, book)
        case _ if parent is not None:
            yield from _answered(parent, logged, hearing, book)
        case _:
            pass


def _withdrawn(parent: Logged, by: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    if parent.kind is Kind.CONCERN:
        yield from debts.owed_again(parent, hearing, book)
    yield Marked(parent.index, parent.hash, Mark.WITHDRAWN, by.index)
    match parent.kind:
        case Kind.CONCERN:
            yield from _settle(parent, by, Duty.ACKNOWLEDGEMENT, Duty.DECISION, Duty.CORRECTION, Duty.REVIEW)
            yield from _chase(parent, False, hearing, book)
            yield from standing.no_longer_stands(parent, by, book)
        case Kind.REQUEST:
            yield from _ended(parent, by, book)
        case Kind.CHALLENGE:
            yield from _challenge_met(parent, by, book)
        case _:
            pass


def _ended(request: Logged, by: Logged, book: Casebook) -> Iterator[Effect]:
    """Nothing more is owed to whoever asked and ends it. What they owe is: what they were given was used."""
    yield from _settle(request, by, Duty.ACKNOWLEDGEMENT, Duty.ANSWER, Duty.APPROVAL)
    yield from _met(request, open_challenges(request, book), by, book)


def _settle(about: Logged, by: Logged, *duties: Duty) -> Iterator[Effect]:
    for duty in duties:
        yield Settled(about.index, about.hash, duty, by.index)


def _corrected(
    parent: Logged | None, logged: Logged, codes: CorrectionCodes, hearing: Hearing, book: Casebook
) -> Iterator[Effect]:
    """Its recipient applies it; whoever passed the statement on passes the correction on."""
    swift = codes.correction_kind in hearing.policy.corrections.swift
    yield owed(logged, Duty.CORRECTION, hearing, urgent=swift)
    if parent is None:
        return
    yield Settled(parent.index, parent.hash, Duty.CORRECTION, logged.index)
    if parent.kind is Kind.CONCERN:
        yield from _settle(parent, logged, Duty.REVIEW)
        if logged.history.closed_by is None:
            yield Marked(parent.index, parent.hash, Mark.UNAPPLIED, logged.index)
        yield from _chase(parent, swift, hearing, book)
    if rules.retracts(codes.correction_kind, hearing.policy):
        yield from _retracted(parent, logged, codes, hearing, book)


def _retracted(
    parent: Logged, logged: Logged, codes: CorrectionCodes, hearing: Hearing, book: Casebook
) -> Iterator[Effect]:
    """Its author no longer stands by it."""
    if parent.kind is Kind.CONCERN:
        yield from debts.owed_again(parent, hearing, book)
    yield Marked(parent.index, parent.hash, Mark.TAKEN_BACK, logged.index)
    if parent.kind is Kind.CONCERN:
        if rules.ends(codes.correction_kind, parent.kind, hearing.policy):
            yield from _settle(parent, logged, Duty.ACKNOWLEDGEMENT, Duty.DECISION)
        yield from standing.no_longer_stands(parent, logged, book)
    elif parent.kind is Kind.REQUEST:
        yield from _ended(parent, logged, book)


def _chase(concern: Logged, swift: bool, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """Whoever passed it on owes the same of each copy that still stands; who has one hears at once."""
    for relay in relays_of(concern, book):
        if relay.history.withdrawn_by is None:
            due = owed(relay, Duty.CORRECTION, hearing, owed_by=relay.iss, owed_to=relay.aud, urgent=swift)
            yield Reopened(due)
    for copy in copies_of(concern, book):
        yield notified(copy.aud, Notice.CORRECTION, copy)


def _applied(correction: Logged, logged: Logged, book: Casebook) -> Iterator[Effect]:
    yield Settled(correction.index, correction.hash, Duty.CORRECTION, logged.index)
    yield Marked(correction.index, correction.hash, Mark.CLOSED, logged.index)
    corrected = book.find(parent_of(correction.irt, correction.codes))
    if corrected is not None and corrected.history.unapplied_by == correction.index:
        yield Marked(corrected.index, corrected.hash, Mark.UNAPPLIED, None)


def _closed(parent: Logged, logged: Logged, book: Casebook) -> Iterator[Effect]:
    """Nothing more is owed about it; those whose checks are still unanswered are told."""
    yield Marked(parent.index, parent.hash, Mark.CLOSED, logged.index)
    if parent.kind is Kind.REQUEST:
        yield from _ended(parent, logged, book)
    else:
        yield from _settle(parent, logged, Duty.ACKNOWLEDGEMENT, Duty.DECISION, Duty.REVIEW)
    for check in unanswered_checks(parent, logged.iss, book):
        if not _told_before(check, parent, book):
            yield notified(check.aud, Notice.CLOSED, check)


def _told_before(check: Logged, closing: Logged, book: Casebook) -> bool:
    """Whether another copy of what it rests on is closed: a matter and its copies are closed in one call."""
    refs = check.codes.concern_refs if isinstance(check.codes, RequestCodes) else ()
    cited = [concern for name in refs if (concern := book.find(name))]
    known = (each for concern in cited for each in (concern, *above(concern, book)))
    return any(each.history.closed_by is not None for each in known if each.hash != closing.hash)


def _challenged(parent: Logged, logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """Whoever decided owes a new look; a higher stage takes the place of the one before."""
    first = decided(parent, book)
    if first is None:
        return
    other = logged.aud if logged.iss == first.iss else logged.iss
    yield owed(logged, Duty.CHALLENGE, hearing, book, owed_by=first.iss, owed_to=other)
    # Of the stage before; or of a reason that was not enough on its own, which opened the matter by itself.
    yield Settled(parent.index, parent.hash, Duty.CHALLENGE, logged.index)
    matter = matter_of(first, book)
    if matter is not None:
        before = open_challenges(matter, book)
        others = [each for each in before if each.index != parent.index]
        yield from _chained(matter, before, [logged, *others])


def _challenge_met(challenge: Logged, by: Logged, book: Casebook) -> Iterator[Effect]:
    yield Settled(challenge.index, challenge.hash, Duty.CHALLENGE, by.index)
    matter = matter_of(decided(challenge, book), book)
    if matter is not None:
        yield from _met(matter, [challenge], by, book)


def _met(matter: Logged, met: Sequence[Logged], by: Logged, book: Casebook) -> Iterator[Effect]:
    """These are; what else is under challenge in the matter stays so."""
    for each in met:
        yield Settled(each.index, each.hash, Duty.CHALLENGE, by.index)
    before, gone = open_challenges(matter, book), {each.index for each in met}
    yield from _chained(matter, before, [each for each in before if each.index not in gone])


def _chained(matter: Logged, before: Sequence[Logged], after: Sequence[Logged]) -> Iterator[Effect]:
    """Note at the matter which challenge is the newest, and at each the one below."""
    end = (before[-1] if before else matter).history.challenged_by
    for each, below in zip([matter, *after], [*(one.index for one in after), end], strict=True):
        if each.history.challenged_by != below:
            yield Marked(each.index, each.hash, Mark.CHALLENGED, below)


def _transferred(
    parent: Logged, logged: Logged, codes: TransferCodes, hearing: Hearing, book: Casebook
) -> Iterator[Effect]:
    """Within an agency the clock starts again for the worker; another authority says that it has it."""
    to = parse_address(codes.to).agency
    if to == logged.iss and logged.aud == parent.iss and not is_over(parent, hearing.policy, book):
        yield Reopened(owed(parent, Duty.ACKNOWLEDGEMENT, hearing))
    elif to == logged.aud:
        yield owed(logged, Duty.ACKNOWLEDGEMENT, hearing, urgency=getattr(parent.codes, "urgency", None))


def _decided_again(logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """Somebody else's meets an open challenge of the one before; of a closure it opens the matter."""
    matter = matter_of(logged, book)
    if matter is None:
        return
    pairs = redecided(logged.kind, logged.codes, matter, book)
    met = [(challenge, first) for challenge, first in pairs if _may_meet(logged, first)]
    if any(first.kind is Kind.CLOSURE for _, first in met):
        yield from _opened_again(matter, logged, hearing)
    yield from _met(matter, [challenge for challenge, _ in met], logged, book)


def _opened_again(matter: Logged, by: Logged, hearing: Hearing) -> Iterator[Effect]:
    """It is not closed any more; by a decision that is not final it is as undecided as when it was told."""
    yield Marked(matter.index, matter.hash, Mark.CLOSED, None)
    if isinstance(by.codes, DecisionCodes) and not by.codes.is_final:
        yield Reopened(owed(matter, Duty.DECISION, hearing, since=matter.at))


def _may_meet(logged: Logged, first: Logged) -> bool:
    """Whether whoever decided says it, to those to whom it was said, by another person."""
    # of a transfer one goes to the new holder and one to who told: each is challenged by whom it came to
    told = logged.kind is not Kind.TRANSFER or logged.aud == first.aud
    return logged.iss == first.iss and told and is_anothers(logged.codes, first)


def _answered(parent: Logged, logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    if logged.kind is Kind.REPLY:
        yield from _replied(parent, logged, hearing, book)
    elif logged.kind is Kind.ANSWER and "R11" in logged.rules:
        yield from _not_enough(parent, logged, hearing, book)


def _not_enough(request: Logged, answer: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """A reason that is not enough on its own is delivered, and opens the first stage by itself."""
    yield owed(answer, Duty.CHALLENGE, hearing, book, owed_by=answer.iss, owed_to=answer.aud)
    before = open_challenges(request, book)
    yield from _chained(request, before, [answer, *before])
    for to in (answer.iss, answer.aud):
        yield notified(to, Notice.ESCALATION, answer)


def _replied(parent: Logged, logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """Words can meet a challenge, and let go on what waited for them."""
    if parent.kind is Kind.CHALLENGE and _explains(parent, logged, book):
        yield from _challenge_met(parent, logged, book)
    if parent.iss == logged.iss:
        yield from parts.told_more(parent, hearing)


def _explains(challenge: Logged, reply: Logged, book: Casebook) -> bool:
    """Whether words are enough: of what cannot be decided again; or a second person's, that it stands."""
    first = decided(challenge, book)
    if first is None:
        return False
    if not is_decided_again(challenge, book):
        return reply.iss == first.iss
    return rules.stands_by_word(first.kind) and _may_meet(reply, first)
