"""What follows from a verdict: where a statement goes, who then owes whom what, and what it settles.

Effects are data. The same list changes the casebook, so that the rest of the batch sees it, and the tables,
in the transaction that logs the verdict; replaying the log gives the same list. Source: protocol section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from candour_protocol.ids import GATEWAY, StatementHash
from candour_protocol.kinds import (
    AnswerCodes,
    ApprovalCodes,
    Codes,
    ConcernCodes,
    DecisionCodes,
    DeliveryCodes,
    Notice,
    NoticeCodes,
    RequestCodes,
)
from candour_protocol.kinds.lists import Kind
from candour_protocol.rules import Outcome, is_emergency, settles_a_line

from candour_gateway import (
    adults,
    aftermath,
    announcing,
    clocks,
    covering,
    debts,
    erasing,
    kinship,
    parts,
    reviews,
)
from candour_gateway.casebook import Casebook, Debt, Logged, Mark, Route
from candour_gateway.clocks import Duty
from candour_gateway.debts import SOUND
from candour_gateway.effects import (
    Answered,
    Barred,
    Effect,
    Erased,
    Marked,
    Notified,
    Opened,
    Owed,
    Refreshed,
    Reopened,
    Routed,
    Settled,
    Stopped,
)
from candour_gateway.lanes import owed, route_of
from candour_gateway.parties import lodgees_of
from candour_gateway.verdict import Hearing, Verdict

UNREADABLE = "unreadable"


def consequences(
    logged: Logged, verdict: Verdict, reissues: StatementHash | None, hearing: Hearing, book: Casebook
) -> list[Effect]:
    """Everything that follows, in order; nothing is changed yet."""
    effects = list(_bar(logged, verdict, reissues, hearing, book))
    if verdict.outcome is Outcome.HELD:
        effects += _held(logged, verdict, hearing, book)
        effects += aftermath.foretold(logged, hearing, book)  # nobody approves what was taken back
    if not verdict.passes:
        return effects
    codes = logged.codes
    match codes:
        case None:
            effects += _without_words(logged, hearing, book)
        case DeliveryCodes():
            effects += _opened(logged, codes.opened, hearing, book)
        case ApprovalCodes():
            effects += _released(logged, codes, hearing, book)
        case _:
            effects += _sent(logged, hearing, book)
            if isinstance(codes, ConcernCodes):
                effects += covering.of(logged, codes, hearing, book)
                effects += reviews.of(logged, codes, hearing)
            effects += _settled(logged, codes, hearing, book)
            effects += aftermath.of(logged, hearing, book)
            effects += announcing.of(logged, verdict, hearing, book)
    return effects


def apply(effect: Effect, book: Casebook) -> None:
    """Let the rest of the batch see it."""
    match effect:
        case Routed(name=name, route=route):
            book.route(name, route)
        case Opened(name=name, by=by, opened=opened):
            book.open(name, by, opened)
        case Refreshed(name=name, by=by):
            book.refresh(name, by)
        case Barred(name=name, iss=iss):
            book.bar(name, iss)
        case Marked(name=name, mark=mark, by=at):
            book.mark(name, mark, at)
        case Answered(name=name, lines=lines):
            book.answer(name, lines)
        case Owed() | Reopened() | Settled():
            _apply_duty(effect, book)
        case Erased(name=name):
            book.erase(name)
        case Stopped() | Notified():
            pass


def _apply_duty(effect: Owed | Reopened | Settled, book: Casebook) -> None:
    match effect:
        case Settled(index=index, duty=duty, about=about):
            book.end_duty(index, duty)
            if duty is Duty.DEBT:
                book.pay(about)
        case Reopened(owed=owed):
            book.begin_duty(owed.index, owed.duty, owed.due_at, anew=True)
            _note_debt(owed, book)
        case Owed(index=index, duty=duty, due_at=due_at):
            book.begin_duty(index, duty, due_at)
            _note_debt(effect, book)


def _note_debt(owed: Owed, book: Casebook) -> None:
    if owed.duty is Duty.DEBT:
        book.owe(Debt(owed.about, owed.owed_by, owed.due_at))


def _bar(
    logged: Logged, verdict: Verdict, reissues: StatementHash | None, hearing: Hearing, book: Casebook
) -> Iterator[Effect]:
    """Replace an earlier statement; it is stopped on its way only once its replacement is on its own."""
    earlier = book.find(reissues)
    if reissues is None or (earlier is not None and not _replaces(logged, earlier)):
        return
    yield Barred(reissues, logged.iss, logged.index)
    if earlier is not None and earlier.passes and verdict.passes:
        yield Stopped(earlier.index, hearing.at + _sealed_keep(hearing))
        for duty in Duty:
            if duty is not Duty.DEBT or _borrows_instead(logged, earlier, book):
                yield Settled(earlier.index, earlier.hash, duty, logged.index)


def _borrows_instead(logged: Logged, earlier: Logged, book: Casebook) -> bool:
    """Whether the replacement of an emergency request owes the same concern; nothing else pays a debt."""
    codes, replaced = logged.codes, earlier.codes
    if not isinstance(codes, RequestCodes) or not isinstance(replaced, RequestCodes):
        return False
    return is_emergency(codes) and kinship.is_one_child(codes, replaced, earlier, book)


def _replaces(logged: Logged, earlier: Logged) -> bool:
    return (earlier.iss, earlier.aud, earlier.kind) == (logged.iss, logged.aud, logged.kind)


def _held(logged: Logged, verdict: Verdict, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """A second person is waited for until the request's own end, or whoever its concern is lodged with.

    What an erasure would delete early is waited about by those who sent or received it.
    """
    if logged.kind is Kind.ERASURE:
        yield from erasing.asked(logged, book)
    if not isinstance(logged.codes, RequestCodes):
        return
    lodgees = sorted(lodgees_of(logged, book)) if "R10" in verdict.rules else []
    waits_for = lodgees[0] if lodgees else logged.iss
    ends = clocks.hold_ends(logged.at, logged.exp, hearing.policy)
    yield owed(logged, Duty.APPROVAL, hearing, owed_by=waits_for, owed_to=logged.iss, due_at=ends)
    for lodgee in lodgees:
        yield announcing.notified(lodgee, Notice.LODGED, logged)


def _released(logged: Logged, codes: ApprovalCodes, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    held = book.find(codes.approves)
    if held is None:
        return
    if held.kind is Kind.ERASURE:
        yield from erasing.carried_out(held, logged, hearing.at, book)
        return
    yield from _sent(held, hearing, book, approval=logged.index)
    yield Settled(held.index, held.hash, Duty.APPROVAL, logged.index)
    if isinstance(held.codes, RequestCodes):
        yield from adults.asked(held, held.codes, hearing, book)
    if logged.iss != held.iss:
        yield announcing.notified(held.iss, Notice.RELEASED, held)


def _sent(
    logged: Logged, hearing: Hearing, book: Casebook, *, approval: int | None = None
) -> Iterator[Effect]:
    """Route a statement and open what its recipient, or its author, then owes."""
    if logged.aud != GATEWAY:
        route = route_of(logged, book, approval or _proof(logged, book))
        yield Routed(logged.hash, logged.index, route)
        yield from _duties(logged, route, hearing, book)
    if isinstance(logged.codes, RequestCodes) and is_emergency(logged.codes):
        yield owed(logged, Duty.DEBT, hearing, book)
        yield from debts.paid_before(logged, book)


def _proof(logged: Logged, book: Casebook) -> int | None:
    """A notice of an erasure takes that with it, so that no node deletes on the gateway's word alone."""
    behind = book.find(logged.irt) if logged.kind is Kind.NOTICE else None
    return behind.index if behind is not None and behind.kind is Kind.ERASURE else None


def _duties(logged: Logged, route: Route, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    for duty in clocks.DUTIES.get(logged.kind, (Duty.DELIVERY,)):
        yield owed(logged, duty, hearing, urgent=route.urgent)
    codes = logged.codes
    told = isinstance(codes, AnswerCodes) and settles_a_line(codes)
    asked = book.find(logged.irt) if told else None
    if asked is not None and asked.route is not None:
        yield owed(asked, Duty.OUTCOME, hearing, book)


def _without_words(logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """An erasure; or, judged again, what was erased since: that it was sent, and arrived, is still known."""
    match logged.kind:
        case Kind.ERASURE:
            yield from erasing.carried_out(logged, logged, hearing.at, book)
        case Kind.DELIVERY:
            yield from _opened(logged, SOUND, hearing, book)
        case Kind.REGISTRY | Kind.APPROVAL:
            return
        case _ if logged.aud != GATEWAY:
            yield Routed(logged.hash, logged.index, route_of(logged, book, None))


def _opened(logged: Logged, opened: str, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """The first delivery counts; a later one changes only ``unreadable``, and what a concern pays."""
    parent = book.find(logged.irt)
    if parent is None or parent.route is None:
        return
    if parent.route.opened not in (None, UNREADABLE):
        yield from _found_later(parent, logged, opened, hearing, book)
        return
    keep = None if opened == UNREADABLE else hearing.at + _sealed_keep(hearing)
    approval = parent.route.approval
    yield Opened(parent.index, parent.hash, logged.index, opened, approval, keep)
    yield Settled(parent.index, parent.hash, Duty.DELIVERY, logged.index)
    if opened == SOUND:
        yield from debts.paid(parent, logged.index, book)


def _found_later(
    parent: Logged, logged: Logged, opened: str, hearing: Hearing, book: Casebook
) -> Iterator[Effect]:
    """Whoever lent says that what paid it back is not sound after all; a holder, that a request is lost."""
    was_sound = parent.route is not None and parent.route.opened == SOUND
    if parent.kind is Kind.CONCERN and was_sound and opened != SOUND:
        yield from debts.owed_again(parent, hearing, book)
        yield Marked(parent.index, parent.hash, Mark.UNSOUND, logged.index)
    elif parent.kind is Kind.REQUEST and opened == UNREADABLE:
        yield Marked(parent.index, parent.hash, Mark.UNSOUND, logged.index)


def _sealed_keep(hearing: Hearing) -> timedelta:
    return hearing.policy.retention.sealed_keep


def _settled(logged: Logged, codes: Codes, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """What an answer of any kind settles about what it answers."""
    parent = book.find(logged.irt)
    if logged.kind is Kind.OUTCOME and parent is not None and parent.kind is Kind.ANSWER:
        parent = book.find(parent.irt)
    if parent is None:
        return
    if logged.kind is Kind.REPLY and parent.kind is Kind.CONCERN and parent.iss == logged.iss:
        yield Marked(parent.index, parent.hash, Mark.REPLIED, logged.index)
    duties = clocks.SETTLES.get(logged.kind, ())
    if isinstance(codes, DecisionCodes) and not codes.is_final:
        # it shows that a person has the matter, if one signs it
        duties = (Duty.ACKNOWLEDGEMENT,) if codes.actor is not None else ()
    for duty in duties:
        yield Settled(parent.index, parent.hash, duty, logged.index)
    if isinstance(codes, AnswerCodes) and isinstance(parent.codes, RequestCodes):
        yield from parts.answered(logged, codes, parent, parent.codes, hearing)
    if isinstance(codes, NoticeCodes) and codes.notice is Notice.LAPSE:
        yield Settled(parent.index, parent.hash, Duty.APPROVAL, logged.index)
