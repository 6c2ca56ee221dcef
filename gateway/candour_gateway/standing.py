"""What a concern that no longer stands takes with it, and what is told in its place.

A concern that was found wanting, or taken back, counts again once its author tells another of substance in
the same thread; that falls with the other. Source: protocol section 4, *told*; domain R14.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from candour_protocol import rules
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import ConcernCodes, Notice, RequestCodes

from candour_gateway import kinship, parts
from candour_gateway.announcing import notified
from candour_gateway.casebook import Casebook, Logged, Mark
from candour_gateway.clocks import Duty
from candour_gateway.effects import Effect, Marked, Refreshed, Settled
from candour_gateway.matters import copies_of, is_open, resting_on, stands
from candour_gateway.naming import thread_key
from candour_gateway.verdict import Hearing


def no_longer_stands(concern: Logged, by: Logged, book: Casebook) -> Iterator[Effect]:
    """Every copy falls with it, what it stood in for, and every request that has nothing else waits."""
    copies = [concern, *copies_of(concern, book)]
    for copy in copies[1:]:
        yield Marked(copy.index, copy.hash, Mark.TAKEN_BACK, by.index)
    gone = list(copies)
    for older, instead in _stood_in_for(copies, book):
        yield Refreshed(older.index, older.hash, instead)
        if instead is None and older.history.taken_back_by is not None:
            gone.append(older)
    fallen = {each.hash for each in gone}
    requests = {request.hash: request for each in gone for request in resting_on(each, book)}
    for request in requests.values():
        if not _rests_elsewhere(request, fallen, book):
            yield from _suspended(request, by)


def _rests_elsewhere(request: Logged, fallen: set[StatementHash], book: Casebook) -> bool:
    codes = request.codes
    others = codes.concern_refs if isinstance(codes, RequestCodes) else ()
    return any(stands(book.find(name)) for name in others if name not in fallen)


def _suspended(request: Logged, by: Logged) -> Iterator[Effect]:
    """What is unanswered waits until it rests on something again; what was disclosed is spoken of."""
    if not is_open(request):
        for to in (request.iss, request.aud):
            yield notified(to, Notice.CORRECTION, request)
        return
    if request.history.suspended_by is not None:
        return
    yield Marked(request.index, request.hash, Mark.SUSPENDED, by.index)
    yield Settled(request.index, request.hash, Duty.ANSWER, by.index)
    for to in (request.iss, request.aud):
        yield notified(to, Notice.SUSPENDED, request)


def _resumed(concern: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """Its author has told something in place of what was taken back: what waited for that goes on."""
    if concern.history.withdrawn_by is not None:
        return
    for request in resting_on(concern, book):
        if request.history.suspended_by is None or not is_open(request):
            continue
        yield Marked(request.index, request.hash, Mark.SUSPENDED, None)
        yield from parts.resumed(request, hearing)
        for to in (request.iss, request.aud):
            yield notified(to, Notice.RESUMED, request)


def _stood_in_for(fallen: Collection[Logged], book: Casebook) -> Iterator[tuple[Logged, int | None]]:
    """What counted again because of these, each with the newest other that stands in for it now."""
    by_index = {each.index: each for each in fallen}
    for newer in fallen:
        for older in _beside(newer, book):
            if older.route is not None and older.route.refreshed_by == newer.index:
                yield older, _instead(older, by_index, book)


def _instead(older: Logged, fallen: Collection[int], book: Casebook) -> int | None:
    told = (
        each.index
        for each in _beside(older, book)
        if each.index > older.index and each.index not in fallen and not each.history.is_unsaid
        if _stands_in(older, each, book)
    )
    return max(told, default=None)


def _beside(concern: Logged, book: Casebook) -> list[Logged]:
    """What the two told each other in its thread."""
    codes = concern.codes
    return book.first(thread_key(codes.txn, {concern.iss, concern.aud})) if codes is not None else []


def told_anew(logged: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """A newer concern of substance in the same thread stands in for those that were found wanting."""
    for older in _beside(logged, book):
        if older.index < logged.index and _wanting(older) and _stands_in(older, logged, book):
            yield Refreshed(older.index, older.hash, logged.index)
            yield from _resumed(older, hearing, book)


def _stands_in(older: Logged, newer: Logged, book: Casebook) -> bool:
    """Whether a newer concern has substance, and is its author's to the same inbox about the same child."""
    codes, theirs = newer.codes, older.codes
    if not isinstance(codes, ConcernCodes) or not isinstance(theirs, ConcernCodes):
        return False
    there = (older.iss, older.aud, theirs.inbox) == (newer.iss, newer.aud, codes.inbox)
    if not there or not older.passes or not rules.has_substance(codes.checks, newer.rules):
        return False
    return kinship.is_one_child(codes, theirs, older, book)


def _wanting(concern: Logged) -> bool:
    opened = concern.route.opened if concern.route else None
    thin = opened not in (None, "sound") or any(rule in concern.rules for rule in rules.SUBSTANCE)
    return thin or concern.history.taken_back_by is not None
