"""What is said across a thread: who was told outside, and what is one child. In the caller's transaction.

Source: protocol section 3.1, domain 5.5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from candour_protocol.ids import GENERAL, Address, AgencyId, StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.kinds.fields import MAX_REFERENCES, THREAD, TOKEN
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.calls import Call, Composition, goes_on, misplaced, visible_thread
from candour_agency.drafts import coding, steps
from candour_agency.faults import CallError, Code
from candour_agency.matters import MATTERS
from candour_agency.messages import Message
from candour_agency.schemas.steps import LinkBody, ToldBody
from candour_agency.stating import compose, regarding
from candour_agency.writing import Pen

_JOINED: Final = re.compile(rf"({THREAD}|{TOKEN})\Z")
_THREAD: Final = re.compile(rf"{THREAD}\Z")


def tell_of(connection: Connection, call: Call, txn: str, body: ToldBody) -> Composition:
    """Somebody outside the exchange was told by other means; the thread's other parties hear of it.

    Raises:
        CallError: no such thread, nobody in it to tell, or a time that is none.
    """
    matters = _matters(connection, call, txn)
    parties = _chosen(call, matters, body.recipients)
    when = _moment(body.told_outside.when if body.told_outside else None)
    return compose(call, [matters[one] for one in parties], lambda now: steps.told(now, body, when))


def link(connection: Connection, call: Call, txn: str, body: LinkBody) -> Composition:
    """A named person joins threads or tokens, or undoes that.

    Raises:
        CallError: no such thread here, nothing to join, or nobody who does it.
    """
    if call.acting.staff_id is None:
        detail = "A link is a named person's: give `author.staff_id`, or call with the token of that person."
        raise CallError(Code.NOBODY_NAMED, detail)
    matters = _matters(connection, call, txn)
    if (body.joins is None) == (body.undoes is None):
        raise misplaced("/joins", "Say what is joined, or in `undoes` which link was wrong; one of the two.")
    if body.undoes is not None:
        return _undo(connection, call, txn, matters, body)
    if not body.recipients:
        raise misplaced("/recipients", "Say who in the thread is to know of it; that is for a person to say.")
    parties = _chosen(call, matters, body.recipients)
    named = [txn, *_joined(connection, call, body.joins or ())]
    tokens = [token for item in named for token in _token_of(connection, item)]
    joins = list(dict.fromkeys([*named, *tokens]))[:MAX_REFERENCES]
    to = [Address(one, _inbox(matters[one])) for one in parties]
    seen = [one for item in named for one in store.messages.thread(connection, item)]
    return _write(call, _any(matters), body, joins, None, to, seen)


def _undo(
    connection: Connection, call: Call, txn: str, matters: dict[AgencyId, Message], body: LinkBody
) -> Composition:
    """An own link is undone with everybody who was told of it in the same call."""
    known = store.messages.find(connection, body.undoes or "")
    if known is None or not call.may_see(known) or known.txn != txn or known.kind is not Kind.LINK:
        raise misplaced("/undoes", "No link of this id is in the thread.")
    if known.received or known.withdrawn_at is not None:
        raise CallError(Code.ALREADY_DONE, "Only a link of your own agency that still stands is undone here.")
    to = [Address(known.counterparty, known.inbox)]
    return _write(call, _any(matters) or known, body, [], known.hash, to, [known])


def _write(
    call: Call,
    parent: Message,
    body: LinkBody,
    joins: Sequence[str],
    undoes: StatementHash | None,
    to: Sequence[Address],
    seen: Sequence[Message],
) -> Composition:
    """``seen``: what it speaks of. Whoever may not see that sees no word of the link here."""
    composition = Composition(parent.txn, Pen(call.office, call.now))
    restricted = any(one.restricted for one in seen)
    kept_from = frozenset(person for one in seen for person in one.shut_out)
    for address in to:
        plan = steps.link(regarding(call, parent), body, joins, undoes, address)
        shut_out = plan.shut_out | kept_from
        composition.write(replace(plan, restricted=plan.restricted or restricted, shut_out=shut_out))
    return composition


def _matters(connection: Connection, call: Call, txn: str) -> dict[AgencyId, Message]:
    """The last concern or request with each party of a thread."""
    thread = visible_thread(connection, call, txn)
    standing = [one for one in thread if one.kind in MATTERS and one.verdict != "refused"]
    return {one.counterparty: one for one in standing}


def _any(matters: dict[AgencyId, Message]) -> Message:
    if not matters:
        raise CallError(Code.WRONG_KIND, "Nothing in this thread went through yet that a link could join.")
    return list(matters.values())[-1]


def _chosen(call: Call, matters: dict[AgencyId, Message], named: Sequence[str] | None) -> list[AgencyId]:
    members = call.office.directory.is_member
    if named is None:
        wanted = list(matters)
    else:
        wanted = [AgencyId(str(one)) for one in coding.agencies(named, "/recipients", members) or ()]
    for place, agency in enumerate(wanted):
        if agency not in matters:
            raise misplaced(
                f"/recipients/{place}", "This agency is no party of the thread. Tell it a concern."
            )
    if not wanted:
        raise CallError(Code.WRONG_KIND, "This thread has no other party yet to be told of it.")
    return wanted


def _inbox(matter: Message) -> str:
    return GENERAL if matter.received else matter.inbox


def _joined(connection: Connection, call: Call, typed: Sequence[str]) -> list[str]:
    """What is joined to the thread: other threads that the caller can see, or tokens."""
    for place, text in enumerate(typed):
        if not _JOINED.match(text) or (_THREAD.match(text) and not goes_on(connection, call, text)):
            raise misplaced(f"/joins/{place}", "Name threads that are here, or tokens as `child` has them.")
    if not typed:
        raise misplaced("/joins", "Name at least one other thread, or token of a child.")
    return list(dict.fromkeys(typed))


def _token_of(connection: Connection, item: str) -> list[str]:
    """The child of a thread that is about one: what is told of that child later is joined too."""
    if not _THREAD.match(item):
        return []
    told = [one for one in store.messages.thread(connection, item) if one.kind is Kind.CONCERN]
    children = {tuple(child) for one in told if isinstance(child := (one.codes or {}).get("child"), list)}
    return [str(child[0]) for child in children if child] if len(children) == 1 else []


def _moment(typed: str | None) -> str | None:
    """A day, or a day and time with its offset; the log carries the time as UTC.

    Raises:
        CallError: it is neither.
    """
    if typed is None:
        return None
    try:
        found = datetime.fromisoformat(typed)
        if len(typed) <= len("2026-11-20"):
            return found.date().isoformat()
        if found.tzinfo is not None:
            return found.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    except (ValueError, OverflowError):
        pass  # no time, or one that in UTC lies outside the calendar
    raise misplaced("/told_outside/when", "Write a day as 2026-11-20, or a time as 2026-11-20T16:30:00Z.")
