"""In which lane a statement travels, and what its recipient or its author then owes about it."""

from __future__ import annotations

from datetime import datetime

from candour_protocol.ids import GENERAL, RESTRICTED, AgencyId
from candour_protocol.kinds import ChallengeCodes, Notice, NoticeCodes
from candour_protocol.transport.topology import Lane

from candour_gateway.casebook import Casebook, Logged, Route
from candour_gateway.clocks import Duty, Term
from candour_gateway.effects import Owed
from candour_gateway.naming import parent_of
from candour_gateway.verdict import Hearing

URGENT = frozenset({"EMERGENCY", "RED"})
_OWN = frozenset({Duty.DEBT, Duty.OUTCOME})  # what the author of a request owes its holder


def lane_of(logged: Logged, book: Casebook) -> Lane:
    """In which lane a statement travels, and what is said about it to its sender."""
    return route_of(logged, book, None).lane


def route_of(logged: Logged, book: Casebook, approval: int | None) -> Route:
    """A statement's way to its recipient."""
    parent = book.find(parent_of(logged.irt, logged.codes))
    above = parent.route if parent else None
    said = vars(logged.codes) if logged.codes else {}  # a model takes long to miss what it does not have
    urgent = said["urgency"] in URGENT if "urgency" in said else bool(above and above.urgent)
    inbox = said.get("inbox")
    restricted = inbox == RESTRICTED if inbox else _stays_restricted(logged, above)
    lane = Lane.RESTRICTED if restricted else Lane.URGENT if urgent else Lane.ORDINARY
    return Route(logged.aud, lane, urgent, approval)


def _stays_restricted(logged: Logged, above: Route | None) -> bool:
    """What adds to a restricted matter goes where the matter went; so does word of a lodged concern."""
    codes = logged.codes
    if isinstance(codes, NoticeCodes) and codes.notice is Notice.LODGED:
        return True
    return above is not None and above.lane is Lane.RESTRICTED and above.recipient == logged.aud


def owed(
    logged: Logged,
    duty: Duty,
    hearing: Hearing,
    book: Casebook | None = None,
    *,
    owed_by: AgencyId | None = None,
    owed_to: AgencyId | None = None,
    due_at: datetime | None = None,
    urgent: bool | None = None,
    urgency: str | None = None,
    since: datetime | None = None,
) -> Owed:
    """What is due about a statement, from its recipient to its author unless said otherwise.

    Args:
        urgency: that of the matter, where the statement has none of its own.
        since: from when its time counts; from now on if not given.
    """
    debtor, creditor = (logged.iss, logged.aud) if duty in _OWN else (logged.aud, logged.iss)
    route = logged.route or (route_of(logged, book, None) if book else None)
    hurried = urgent if urgent is not None else bool(route and route.urgent)
    begins = since or hearing.at
    term = _term(logged, duty, urgency, hurried, owed_by or debtor, hearing, begins)
    return Owed(
        logged.index,
        logged.hash,
        logged.jti,
        duty,
        owed_by or debtor,
        owed_to or creditor,
        hurried,
        begins,
        due_at or term.due_at,
        (due_at,) if due_at else term.reminders,
    )


def _term(
    logged: Logged,
    duty: Duty,
    above: str | None,
    urgent: bool,
    debtor: AgencyId,
    hearing: Hearing,
    begins: datetime,
) -> Term:
    """By the calendar of whoever owes it, in the inbox where the matter lies."""
    codes = logged.codes
    theirs = debtor == logged.aud and duty not in _OWN
    inbox = getattr(codes, "inbox", None) if theirs else None
    opens = hearing.directory.opening(debtor, inbox or GENERAL)
    stage = codes.stage if isinstance(codes, ChallengeCodes) else 1
    urgency = getattr(codes, "urgency", above)
    return hearing.terms.of(duty, urgency, urgent, begins, opens, stage)
