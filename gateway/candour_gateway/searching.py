"""Under which keys a verdict, and what follows from it, looks for others. Grows with what is already found.

Whatever ``verdict`` and ``consequences`` look up under a key must be named here: replaying finds everything,
the store only this. Source: protocol section 4 (INV-6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from candour_protocol.ids import AgencyId, ChildToken, StatementHash
from candour_protocol.kinds import (
    ApprovalCodes,
    ClosureCodes,
    Codes,
    ConcernCodes,
    CorrectionCodes,
    DeliveryCodes,
    LinkCodes,
    ReplyCodes,
    RequestCodes,
    WithdrawalCodes,
)

from candour_gateway import kinship
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.matters import copies_of
from candour_gateway.naming import asked_key, child_key, joined_key, matter_key, parent_of, thread_key


@dataclass(frozen=True, slots=True)
class Parties:
    """Between whom a statement is, what it answers, and what it erases."""

    iss: AgencyId
    aud: AgencyId
    irt: StatementHash | None
    erases: tuple[StatementHash, ...] = ()


def keys_wanted(
    name: StatementHash, parties: Parties, codes: Codes | None, book: Casebook, *, patterns: bool
) -> Iterator[str]:
    """All keys for one statement, as far as they are known by now."""
    match codes:
        case ConcernCodes():
            yield name
            yield from _of_a_concern(codes, parties, book, patterns=patterns)
        case RequestCodes():
            yield name
            yield from _of_a_request(codes, parties.iss, parties.aud, book)
        case ApprovalCodes():
            yield codes.approves
            held = book.find(codes.approves)
            if held is not None and isinstance(held.codes, RequestCodes):
                yield from _of_a_request(held.codes, held.iss, held.aud, book)
        case WithdrawalCodes() | CorrectionCodes() | ClosureCodes() | ReplyCodes():
            yield name
            yield from _around(book.find(parent_of(parties.irt, codes)), book)
        case DeliveryCodes():
            yield from _lent(book.find(parties.irt))
        case LinkCodes():
            yield name
            if patterns:
                yield from _of_a_link(codes, book)
        case None:
            found = (book.find(each) for each in parties.erases)
            yield from (matter_key(each.codes.txn) for each in found if each and each.codes)
        case _:
            yield from _ahead(name, codes)


def _ahead(name: StatementHash, codes: Codes) -> Iterator[str]:
    """A person's word can have been corrected or taken back before it came."""
    if codes.actor is not None:
        yield name


def _of_a_concern(codes: ConcernCodes, parties: Parties, book: Casebook, *, patterns: bool) -> Iterator[str]:
    yield thread_key(codes.txn)
    for older in book.traced(thread_key(codes.txn)):
        if older.history.taken_back_by is not None and older.iss == parties.iss:
            yield older.hash
    if patterns and codes.relays is None:
        yield from _of_children([*codes.child, *kinship.reachable(codes.child, (), book)])


def _of_a_link(codes: LinkCodes, book: Casebook) -> Iterator[str]:
    items = codes.joins or ()
    tokens = [ChildToken(token) for item in items for token in kinship.tokens_of(item, None, book)]
    yield from _of_children([*items, *tokens, *kinship.reachable(tokens, items, book)])


def _of_children(items: Iterable[str]) -> Iterator[str]:
    """What is known of each child, or in each thread, and what they are joined to."""
    for item in items:
        yield child_key(item) if kinship.is_token(item) else thread_key(item)
        yield joined_key(item)


def _of_a_request(codes: RequestCodes, asker: AgencyId, holder: AgencyId, book: Casebook) -> Iterator[str]:
    yield from (asked_key(asker, token) for token in codes.child)
    cited = [logged for name in codes.concern_refs if (logged := book.find(name))]
    threads = {codes.txn, *(each.codes.txn for each in cited if each.codes)}
    for item in (*codes.child, *threads, *kinship.reachable(codes.child, sorted(threads), book)):
        yield joined_key(item)
        if not kinship.is_token(item):
            yield thread_key(item)


def _lent(concern: Logged | None) -> Iterator[str]:
    """What else may pay back what a concern pays back."""
    if concern is not None and isinstance(concern.codes, ConcernCodes) and concern.codes.pays_back:
        yield concern.codes.pays_back


def _around(parent: Logged | None, book: Casebook) -> Iterator[str]:
    """What rests on a statement, and on its copies."""
    if parent is not None:
        yield parent.hash
        yield from _lent(parent)
        yield from (copy.hash for copy in copies_of(parent, book))
