"""What a request is judged by: earlier requests, links, who else was told, what has ended since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from candour_protocol.claims import Claims
from candour_protocol.codes import InfoCategory
from candour_protocol.ids import AgencyId, ChildToken, StatementHash, parse_address
from candour_protocol.kinds import ConcernCodes, RequestCodes
from candour_protocol.kinds.lists import Kind
from candour_protocol.opening import UNREADABLE
from candour_protocol.rules import Earlier, is_emergency

from candour_gateway import kinship
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.clocks import Duty
from candour_gateway.matters import is_challenged
from candour_gateway.naming import asked_key, thread_key


def earlier(
    child: Collection[ChildToken], issuer: AgencyId, itself: StatementHash | None, book: Casebook
) -> Iterator[Earlier]:
    """What an agency has asked about a child and was let through, emergencies apart (R06).

    Args:
        child: its tokens, with those that a link joins to them: two names make no second round.
    """
    found = {each.hash: each for token in child for each in book.traced(asked_key(issuer, token))}
    for each in let_through(found.values(), itself):
        asked = each.codes
        assert isinstance(asked, RequestCodes)  # noqa: S101 - narrows the type
        looked_for = tuple(
            line.role for line in asked.asked if line.role and line.category == InfoCategory.KNOWN_YN
        )
        yield Earlier(
            holder=each.aud,
            txn=asked.txn,
            purpose=asked.purpose,
            lines=len(asked.asked),
            at=each.at,
            index=each.index,
            looked_for=looked_for,
            concerns=frozenset(asked.concern_refs),
            outcome_due=book.due(each.index, Duty.OUTCOME),
        )


def let_through(found: Iterable[Logged], itself: StatementHash | None) -> Iterator[Logged]:
    """Of these requests those that went through and count, emergencies apart, in log order."""
    for each in sorted(found, key=lambda one: one.index):
        gone = each.hash == itself or not each.passes or _never_asked(each)
        if not gone and isinstance(each.codes, RequestCodes) and not is_emergency(each.codes):
            yield each


def _never_asked(request: Logged) -> bool:
    """Whether it was withdrawn, or its holder could not read it, before any line was answered.

    An answer is not unlearned. What could not be read is said again by the asker's node, with nobody there
    who would sign a second time what was asked once.
    """
    history, opened = request.history, request.route.opened if request.route else None
    unread = opened == UNREADABLE or history.unsound_by is not None
    return (history.withdrawn_by is not None or unread) and not history.lines.answered


def kin(
    codes: RequestCodes, cited: Sequence[Logged], between: frozenset[AgencyId], book: Casebook
) -> frozenset[ChildToken]:
    """What a named person has joined to the child, as both asker and holder know."""
    threads = {codes.txn, *(each.codes.txn for each in cited if each.codes)}
    return kinship.joined(codes.child, sorted(threads), between, book)


def is_live(concern: Logged, book: Casebook) -> bool:
    """Not withdrawn, and not closed; a closure that is challenged has not ended anything yet."""
    history = concern.history
    if history.withdrawn_by is not None:
        return False
    return history.closed_by is None or is_challenged(Kind.CLOSURE, concern, book)


def lodgees(
    concern: Logged, codes: ConcernCodes, parties: Claims | Logged, book: Casebook
) -> frozenset[AgencyId]:
    """Who was told a concern whole that its holder must not see: neither asker nor holder (R10)."""
    if codes.withheld is None or codes.withheld.lodged_with is None:
        return frozenset()
    lodgee = parse_address(codes.withheld.lodged_with).agency
    if lodgee in (parties.iss, parties.aud):
        return frozenset()
    copies = [concern, *book.first(thread_key(codes.txn, {concern.iss, lodgee}))]
    whole = any(_is_copy(each, concern, codes, lodgee, book) for each in copies)
    return frozenset({lodgee}) if whole else frozenset()


def _is_copy(each: Logged, concern: Logged, codes: ConcernCodes, lodgee: AgencyId, book: Casebook) -> bool:
    """Whether it is the same teller's word of the same child to the lodgee, as that one knows."""
    theirs = each.codes
    if not isinstance(theirs, ConcernCodes) or (each.iss, each.aud) != (concern.iss, lodgee):
        return False
    return each.passes and kinship.is_one_child(theirs, codes, each, book)
