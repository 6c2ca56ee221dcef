"""What follows from a verdict: where a statement goes, who then owes whom what, and what it settles.

Effects are data. The same list changes the casebook, so that the rest of the batch sees it, and the tables,
in the transaction that logs the verdict; replaying the log gives the same list. Source: protocol section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from candour_protocol.children import same_child
from candour_protocol.ids import GATEWAY, GENERAL, RESTRICTED, AgencyId, Jti, StatementHash
from candour_protocol.kinds import (
    ApprovalCodes,
    Codes,
    ConcernCodes,
    DecisionCodes,
    DeliveryCodes,
    RequestCodes,
)
from candour_protocol.kinds.lists import Kind
from candour_protocol.rules import Outcome, is_emergency
from candour_protocol.transport.topology import Lane

from candour_gateway import clocks
from candour_gateway.casebook import Casebook, Debt, Logged, Route
from candour_gateway.clocks import Duty
from candour_gateway.verdict import Hearing, Verdict

URGENT = frozenset({"EMERGENCY", "RED"})
UNREADABLE = "unreadable"
SOUND = "sound"
_SUBSTANCE = ("R02", "R03")


@dataclass(frozen=True, slots=True)
class Routed:
    """The statement at ``index`` goes out; ``approval`` is the index of what released it."""

    name: StatementHash
    index: int
    route: Route


@dataclass(frozen=True, slots=True)
class Owed:
    """Something is due. ``index`` and ``about`` name the statement that it is about.

    Attributes:
        reminders: when both sides are told of it while it is still open; each later than the last.
    """

    index: int
    about: StatementHash
    jti: Jti
    duty: Duty
    owed_by: AgencyId
    owed_to: AgencyId
    urgent: bool
    since: datetime
    due_at: datetime
    reminders: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What was due about the statement at ``index`` has been done by the one at ``by``."""

    index: int
    about: StatementHash
    duty: Duty
    by: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The statement at ``index`` is in its recipient's system, as the ``delivery`` at ``by`` says.

    Attributes:
        approval: index of the approval that came with it.
        keep_sealed_until: when the sealed parts may go; None while they are still needed.
    """

    index: int
    name: StatementHash
    by: int
    opened: str
    approval: int | None
    keep_sealed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The author of the statement at ``index`` has added to it."""

    index: int
    name: StatementHash
    by: int


@dataclass(frozen=True, slots=True)
class Barred:
    """``name`` has been replaced for ever."""

    name: StatementHash
    iss: AgencyId
    by: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The statement at ``index`` was on its way, and is sent no more."""

    index: int
    keep_sealed_until: datetime


Effect = Routed | Owed | Settled | Opened | Refreshed | Barred | Stopped


def consequences(
    logged: Logged, verdict: Verdict, reissues: StatementHash | None, hearing: Hearing, book: Casebook
) -> list[Effect]:
    """Everything that follows, in order; nothing is changed yet."""
    effects = list(_bar(logged, verdict, reissues, hearing, book))
    if not verdict.passes:
        return effects
    codes = logged.codes
    match codes:
        case None:
            pass
        case DeliveryCodes():
            effects += _opened(logged, codes, hearing, book)
        case ApprovalCodes():
            held = book.find(codes.approves)
            effects += _sent(held, hearing, book, approval=logged.index) if held else ()
        case _:
            effects += _sent(logged, hearing, book)
            effects += _settled(logged, codes, book)
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
        case Owed(duty=Duty.DEBT):
            book.owe(Debt(effect.about, effect.owed_by, effect.due_at))
        case Settled(duty=Duty.DEBT, about=about):
            book.pay(about)
        case Owed() | Settled() | Stopped():
            pass


def _bar(
    logged: Logged, verdict: Verdict, reissues: StatementHash | None, hearing: Hearing, book: Casebook
) -> Iterator[Effect]:
    """Replace an earlier statement; it is stopped on its way only once its replacement is on its own."""
    earlier = book.find(reissues)
    if reissues is None or (earlier is not None and not _replaces(logged, earlier)):
        return
    yield Barred(reissues, logged.iss, logged.index)
    if earlier is not None and earlier.passes and verdict.outcome is not Outcome.REFUSED:
        yield Stopped(earlier.index, hearing.at + _sealed_keep(hearing))
        for duty in Duty:
            yield Settled(earlier.index, earlier.hash, duty, logged.index)


def _replaces(logged: Logged, earlier: Logged) -> bool:
    return (earlier.iss, earlier.aud, earlier.kind) == (logged.iss, logged.aud, logged.kind)


def _sent(
    logged: Logged, hearing: Hearing, book: Casebook, *, approval: int | None = None
) -> Iterator[Effect]:
    """Route a statement and open what its recipient, or its author, then owes."""
    route = _route(logged, book, approval)
    if logged.aud != GATEWAY:
        yield Routed(logged.hash, logged.index, route)
        yield from _duties(logged, route, hearing, book)


def lane_of(logged: Logged, book: Casebook) -> Lane:
    """In which lane a statement travels, and what is said about it to its sender."""
    return _route(logged, book, None).lane


def _route(logged: Logged, book: Casebook, approval: int | None) -> Route:
    parent = book.find(logged.irt)
    above = parent.route if parent else None
    urgency, inbox = getattr(logged.codes, "urgency", None), getattr(logged.codes, "inbox", None)
    urgent = urgency in URGENT if hasattr(logged.codes, "urgency") else bool(above and above.urgent)
    restricted = inbox == RESTRICTED if inbox else _stays_restricted(logged, above)
    lane = Lane.RESTRICTED if restricted else Lane.URGENT if urgent else Lane.ORDINARY
    return Route(logged.aud, lane, urgent, approval)


def _stays_restricted(logged: Logged, above: Route | None) -> bool:
    """What adds to a restricted matter goes where the matter went."""
    return above is not None and above.lane is Lane.RESTRICTED and above.recipient == logged.aud


def _duties(logged: Logged, route: Route, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    for duty in clocks.DUTIES.get(logged.kind, (Duty.DELIVERY,)):
        yield _owed(logged, duty, route, hearing)
    if isinstance(logged.codes, RequestCodes) and is_emergency(logged.codes):
        yield _owed(logged, Duty.DEBT, route, hearing)
    asked = book.find(logged.irt) if logged.kind is Kind.ANSWER else None
    if asked is not None and asked.route is not None:
        yield _owed(asked, Duty.OUTCOME, asked.route, hearing)


def _owed(logged: Logged, duty: Duty, route: Route, hearing: Hearing) -> Owed:
    own = duty in (Duty.DEBT, Duty.OUTCOME)  # what the author of a request owes its holder
    owed_by, owed_to = (logged.iss, logged.aud) if own else (logged.aud, logged.iss)
    urgency = getattr(logged.codes, "urgency", None)
    inbox = GENERAL if own else getattr(logged.codes, "inbox", None) or GENERAL
    opens = hearing.directory.opening(owed_by, inbox)
    term = clocks.term(duty, urgency, route.urgent, hearing.at, opens, hearing.policy)
    return Owed(
        logged.index,
        logged.hash,
        logged.jti,
        duty,
        owed_by,
        owed_to,
        route.urgent,
        hearing.at,
        term.due_at,
        term.reminders,
    )


def _opened(logged: Logged, codes: DeliveryCodes, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """The first delivery counts; a later one changes only ``unreadable``."""
    parent = book.find(logged.irt)
    if parent is None or parent.route is None or parent.route.opened not in (None, UNREADABLE):
        return
    keep = None if codes.opened == UNREADABLE else hearing.at + _sealed_keep(hearing)
    approval = parent.route.approval
    yield Opened(parent.index, parent.hash, logged.index, codes.opened, approval, keep)
    yield Settled(parent.index, parent.hash, Duty.DELIVERY, logged.index)
    if codes.opened == SOUND:
        yield from _paid(parent, logged.index, book)


def _sealed_keep(hearing: Hearing) -> timedelta:
    return hearing.policy.retention.sealed_keep


def _paid(concern: Logged, by: int, book: Casebook) -> Iterator[Effect]:
    """A debt is settled by a sound concern of substance to the same holder about the same child."""
    codes = concern.codes
    request = book.find(codes.pays_back) if isinstance(codes, ConcernCodes) else None
    if request is None or not isinstance(codes, ConcernCodes) or not isinstance(request.codes, RequestCodes):
        return
    same_parties = (request.iss, request.aud) == (concern.iss, concern.aud)
    about = same_child(codes.child, request.codes.child)
    checks = codes.checks or {}
    substance = all(checks.get(rule) == "pass" and rule not in concern.rules for rule in _SUBSTANCE)
    if same_parties and about and substance and is_emergency(request.codes):
        yield Settled(request.index, request.hash, Duty.DEBT, by)


def _settled(logged: Logged, codes: Codes, book: Casebook) -> Iterator[Effect]:
    """What an answer of any kind settles about what it answers."""
    parent = book.find(logged.irt)
    if logged.kind is Kind.OUTCOME and parent is not None and parent.kind is Kind.ANSWER:
        parent = book.find(parent.irt)
    if parent is None:
        return
    if logged.kind is Kind.REPLY and parent.iss == logged.iss:
        yield Refreshed(parent.index, parent.hash, logged.index)
    duties = clocks.SETTLES.get(logged.kind, ())
    if isinstance(codes, DecisionCodes) and codes.final is False:
        duties = tuple(duty for duty in duties if duty is not Duty.DECISION)
    for duty in duties:
        yield Settled(parent.index, parent.hash, duty, logged.index)
