"""Erasure: who agrees, what stands against it, and what follows once it passes. Source: protocol section 6.

The entry stays; what the named statements said goes, everywhere. It is done on its author's word when the
time for keeping it is over and nothing is open; before that only on the registrar's, and once every agency
that sent or received one of them has agreed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from candour_protocol.codes import HandlingMark
from candour_protocol.ids import GATEWAY, REGISTRAR, AgencyId, StatementHash
from candour_protocol.kinds import ApprovalCodes, ConcernCodes, Notice
from candour_protocol.kinds.lists import Kind
from candour_protocol.rules import Outcome

from candour_gateway.casebook import Casebook, Logged, Mark
from candour_gateway.clocks import Duty
from candour_gateway.effects import Effect, Erased, Marked, Notified, Settled, Stopped
from candour_gateway.matters import is_open
from candour_gateway.naming import matter_key

T1_KEEP = "t1-keep"
THREAD_OPEN = "thread-open"
LEGAL_HOLD = "legal-hold"


def obstacles(
    names: Sequence[StatementHash], at: datetime, keep: timedelta, book: Casebook
) -> Iterator[tuple[str, str]]:
    """Why what these said has to stay for now: reason and pointer.

    Args:
        keep: how long, after the last that was said in its thread.
    """
    for place, name in enumerate(names):
        named = book.find(name)
        if named is None or named.codes is None:
            continue  # there is nothing left to keep
        thread = {each.hash: each for each in (named, *book.traced(matter_key(named.codes.txn)))}
        for reason in _reasons(list(thread.values()), at, keep, book):
            yield reason, f"/erases/{place}"


def _reasons(thread: Sequence[Logged], at: datetime, keep: timedelta, book: Casebook) -> Iterator[str]:
    if at < max(each.at for each in thread) + keep:
        yield T1_KEEP
    if any(book.is_due(each.index) or is_open(each) for each in thread):
        yield THREAD_OPEN
    if any(_is_on_hold(each) for each in thread):
        yield LEGAL_HOLD


def _is_on_hold(each: Logged) -> bool:
    return isinstance(each.codes, ConcernCodes) and HandlingMark.LEGAL_HOLD.value in each.codes.marks


def parties(names: Sequence[StatementHash], book: Casebook) -> frozenset[AgencyId]:
    """Every agency that sent or received one of these."""
    found = [logged for name in names if (logged := book.find(name))]
    return frozenset({party for each in found for party in (each.iss, each.aud)} - {GATEWAY, REGISTRAR})


def still_to_agree(erasure: Logged, now: AgencyId, book: Casebook) -> frozenset[AgencyId]:
    """Whose word an early erasure waits for, once ``now`` has agreed."""
    before = {
        each.iss
        for each in book.traced(erasure.hash)
        if isinstance(each.codes, ApprovalCodes) and each.verdict is Outcome.HELD
    }
    return parties(erasure.erases, book) - before - {now}


def asked(erasure: Logged, book: Casebook) -> Iterator[Effect]:
    """Every party is asked for its word, about each statement that it sent or received."""
    for named in _left(erasure, book):
        yield from _told(Notice.ERASURE, named, erasure)


def carried_out(erasure: Logged, by: Logged, until: datetime, book: Casebook) -> Iterator[Effect]:
    """What these said goes; nothing more is owed or sent about them, and both sides hear of it.

    Args:
        by: the erasure itself, or the last word that it waited for.
    """
    if by.index != erasure.index:
        yield Marked(erasure.index, erasure.hash, Mark.CLOSED, by.index)
    for named in _left(erasure, book):
        yield from _told(Notice.ERASED, named, erasure)
        yield Marked(named.index, named.hash, Mark.ERASED, erasure.index)
        if named.route is not None and named.route.settled_by is None:
            yield Stopped(named.index, until)
        for duty in Duty:
            yield Settled(named.index, named.hash, duty, by.index)
        yield Erased(named.index, named.hash)


def _left(erasure: Logged, book: Casebook) -> list[Logged]:
    found = [logged for name in erasure.erases if (logged := book.find(name))]
    return [each for each in found if not each.is_erased]


def _told(notice: Notice, named: Logged, erasure: Logged) -> Iterator[Notified]:
    """Whoever never received it hears nothing of it."""
    if named.codes is None or named.kind in (Kind.NOTICE, Kind.DELIVERY):
        return
    reached = (named.iss, named.aud) if named.passes else (named.iss,)
    for to in reached:
        if to not in (GATEWAY, REGISTRAR):
            yield Notified(to, notice, named.hash, named.codes.txn, erasure.hash)
