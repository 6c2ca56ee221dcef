"""Under which keys a verdict, and what follows from it, looks for others. Grows with what is already found.

Whatever ``verdict`` and ``consequences`` look up under a key must be named here: replaying finds everything,
the store only this. Source: protocol section 4 (INV-6).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from candour_protocol.children import same_child
from candour_protocol.ids import AgencyId, ChildToken, StatementHash, parse_address
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
    TransferCodes,
    WithdrawalCodes,
)

from candour_gateway import covering, kinship
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.matters import copies_of, told_keys
from candour_gateway.naming import (
    adult_asked_key,
    adult_key,
    adults_of,
    asked_key,
    child_key,
    joined_key,
    matter_key,
    parent_of,
    thread_key,
)


@dataclass(frozen=True, slots=True)
class Parties:
    """Between whom a statement is, what it answers, what it erases, and what it takes the place of."""

    iss: AgencyId
    aud: AgencyId
    irt: StatementHash | None
    erases: tuple[StatementHash, ...] = ()
    reissues: StatementHash | None = None


def keys_wanted(
    name: StatementHash, parties: Parties, codes: Codes | None, book: Casebook, readers: Collection[AgencyId]
) -> Iterator[str]:
    """All keys for one statement, as far as they are known by now.

    Args:
        readers: who sees patterns; nobody, where they are not shown.
    """
    match codes:
        case ConcernCodes():
            yield name
            yield from _of_a_concern(codes, parties, book, readers)
        case RequestCodes():
            yield name
            yield from _of_a_request(codes, parties.iss, parties.aud, book)
            yield from _borrowed(book.find(parties.reissues), book)
        case ApprovalCodes():
            yield codes.approves
            held = book.find(codes.approves)
            if held is not None and isinstance(held.codes, RequestCodes):
                yield from _of_a_request(held.codes, held.iss, held.aud, book)
        case WithdrawalCodes() | CorrectionCodes() | ClosureCodes() | ReplyCodes():
            yield name
            yield from _around(book.find(parent_of(parties.irt, codes)), book)
        case DeliveryCodes():
            yield from _lent(book.find(parties.irt), book)
        case LinkCodes():
            yield name
            # in one batch with a request it leads on to links that lie between the same two
            yield from _joined_to(codes.joins or (), (), {parties.iss, parties.aud}, book)
            if parties.iss in readers:
                yield from _of_a_link(codes, {parties.iss}, book)
        case None:
            found = (book.find(each) for each in parties.erases)
            yield from (matter_key(each.codes.txn) for each in found if each and each.codes)
        case _:
            yield from _of_a_step(name, codes, book.find(parties.irt))


def _of_a_step(name: StatementHash, codes: Codes, parent: Logged | None) -> Iterator[str]:
    """A person's word can have been corrected or taken back before it came.

    Of a transfer also whether the new holder was told, and whether its matter is over.
    """
    if codes.actor is not None:
        yield name
    if isinstance(codes, TransferCodes) and parent is not None:
        yield parent.hash
        yield from told_keys(parent, parse_address(codes.to).agency)


def _of_a_concern(
    codes: ConcernCodes, parties: Parties, book: Casebook, readers: Collection[AgencyId]
) -> Iterator[str]:
    between = thread_key(codes.txn, {parties.iss, parties.aud})
    yield between
    for told in covering.told_by(codes, parties.iss):
        yield told
        yield from _covered(codes, parties, book.first(told), book)
    for older in book.first(between):
        if older.history.taken_back_by is not None and older.iss == parties.iss:
            yield older.hash
        theirs = older.codes
        if isinstance(theirs, ConcernCodes) and not same_child(theirs.child, codes.child):
            yield from _joined_to(theirs.child, (theirs.txn,), {parties.iss, parties.aud}, book)
    for reader in readers if codes.relays is None else ():
        yield from map(child_key, codes.child)
        yield from _of_children(codes.child, (), {reader}, book)
        yield from _of_adults(codes, [adult_key(token) for token in adults_of(codes)], {reader}, book)


def _covered(codes: ConcernCodes, parties: Parties, told: Iterable[Logged], book: Casebook) -> Iterator[str]:
    """What joins it to what its teller told others, of whom either may cover for the other."""
    for other in told:
        theirs = other.codes
        if isinstance(theirs, ConcernCodes) and not same_child(theirs.child, codes.child):
            yield from _joined_to(theirs.child, (theirs.txn,), {parties.iss, parties.aud}, book)
            yield from _joined_to(codes.child, (codes.txn,), {other.iss, other.aud}, book)


def _of_adults(
    codes: ConcernCodes | RequestCodes, keys: Collection[str], known_to: Collection[AgencyId], book: Casebook
) -> Iterator[str]:
    """What else is said of them, or asked about them, and what the children of all that are joined to."""
    yield from keys
    said = [codes, *(each.codes for key in keys for each in book.latest(key))] if keys else []
    for each in said:
        if isinstance(each, ConcernCodes | RequestCodes):
            yield from _joined_to(each.child, (each.txn,), known_to, book)


def _of_a_link(codes: LinkCodes, reader: Collection[AgencyId], book: Casebook) -> Iterator[str]:
    items = codes.joins or ()
    tokens = [ChildToken(token) for item in items for token in kinship.tokens_of(item, reader, book)]
    yield from _of_children(tokens, items, reader, book)


def _of_children(
    tokens: Collection[ChildToken], threads: Collection[str], reader: Collection[AgencyId], book: Casebook
) -> Iterator[str]:
    """What is known of each child, or in each thread, and what they are joined to."""
    yield from _joined_to(tokens, threads, reader, book)
    items = [*tokens, *threads, *kinship.reachable(tokens, threads, reader, book)]
    yield from (child_key(item) for item in items if kinship.is_token(item))
    # of a thread that is joined every token of its child is looked at, however far it leads
    yield from map(child_key, kinship.joined(tokens, threads, reader, book))


def _joined_to(
    tokens: Iterable[str], threads: Iterable[str], known_to: Collection[AgencyId], book: Casebook
) -> Iterator[str]:
    """What says what these are joined to, and of which child the threads are among it."""
    start = [ChildToken(each) for each in tokens]
    for item in dict.fromkeys((*start, *threads, *kinship.reachable(start, [*threads], known_to, book))):
        yield joined_key(item, known_to)
        if not kinship.is_token(item):
            yield from (thread_key(item, {one}) for one in known_to)


def _of_a_request(codes: RequestCodes, asker: AgencyId, holder: AgencyId, book: Casebook) -> Iterator[str]:
    yield from (asked_key(asker, token) for token in codes.child)
    about = [adult_asked_key(asker, token) for token in adults_of(codes)]
    yield from _of_adults(codes, about, {asker, holder}, book)
    cited = [logged for name in codes.concern_refs if (logged := book.find(name))]
    for each in cited:
        yield from _lodged(each, book)
    threads = sorted({codes.txn, *(each.codes.txn for each in cited if each.codes)})
    yield from _joined_to(codes.child, threads, {asker, holder}, book)
    kin = kinship.joined(codes.child, threads, {asker, holder}, book)
    yield from (asked_key(asker, token) for token in sorted(kin))


def _lodged(concern: Logged, book: Casebook) -> Iterator[str]:
    """Whether somebody else holds it whole."""
    codes = concern.codes
    if isinstance(codes, ConcernCodes) and codes.withheld and codes.withheld.lodged_with:
        known_to = {concern.iss, parse_address(codes.withheld.lodged_with).agency}
        yield (told := thread_key(codes.txn, known_to))
        if _is_of_another(codes, book.first(told)):
            yield from _joined_to(codes.child, (codes.txn,), known_to, book)


def _is_of_another(codes: ConcernCodes, told: Iterable[Logged]) -> bool:
    """Whether any of these concerns has none of its tokens, so that only a link can join them."""
    theirs = (each.codes for each in told)
    return any(isinstance(one, ConcernCodes) and not same_child(one.child, codes.child) for one in theirs)


def _borrowed(request: Logged | None, book: Casebook) -> Iterator[str]:
    """What is joined to the child of a request that owes a concern."""
    if request is not None and isinstance(request.codes, RequestCodes):
        asked = request.codes
        yield from _joined_to(asked.child, (asked.txn,), {request.iss, request.aud}, book)


def _lent(concern: Logged | None, book: Casebook) -> Iterator[str]:
    """What else may pay back what a concern pays back, and what is joined to the child of that."""
    if concern is None or not isinstance(concern.codes, ConcernCodes) or concern.codes.pays_back is None:
        return
    yield concern.codes.pays_back
    yield from _borrowed(book.find(concern.codes.pays_back), book)


def _around(parent: Logged | None, book: Casebook) -> Iterator[str]:
    """What rests on a statement, and on its copies."""
    if parent is not None:
        yield parent.hash
        yield from _lent(parent, book)
        copies = [*copies_of(parent, book)]
        yield from (copy.hash for copy in copies)
        for each in (parent, *copies):
            yield from _told_instead(each, book)


def _told_instead(concern: Logged, book: Casebook) -> Iterator[str]:
    """What can stand in for what in its thread, once it does not, and what rests on that."""
    codes, known_to = concern.codes, {concern.iss, concern.aud}
    if not isinstance(codes, ConcernCodes):
        return
    between = thread_key(codes.txn, known_to)
    yield between
    for other in book.first(between):
        if other.history.taken_back_by is not None:
            yield other.hash
        if isinstance(other.codes, ConcernCodes):
            yield from _joined_to(other.codes.child, (codes.txn,), known_to, book)
