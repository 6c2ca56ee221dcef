"""Which tokens a named person has joined to a child's. The machine joins nothing. Source: protocol 3.1.

A link counts where it is known: between two agencies it went from one to the other, and what a third says to
itself or to others is not even read. Of what those two have joined only so much is followed, in the order in
which it is met, oldest first; the rest is not joined by the machine, and the operator is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from candour_protocol.children import connected, of_one_child, same_child
from candour_protocol.ids import AgencyId, ChildToken
from candour_protocol.kinds import ConcernCodes, LinkCodes, RequestCodes

from candour_gateway.casebook import Casebook, Logged
from candour_gateway.naming import joined_key, thread_key

MOST_LINKS = 32  # of one child; no honest one has as many
MOST_ITEMS = 128  # tokens and threads at which links are looked for

_TOKEN = ("v1.", "r1.")


def joined(
    tokens: Collection[ChildToken], threads: Collection[str], known_to: Collection[AgencyId], book: Casebook
) -> frozenset[ChildToken]:
    """Tokens that links join to these.

    Args:
        threads: in which to look for links too; a thread leads on only to the one child that it is about.
        known_to: one agency, whose links count; or two, between whom a link has to have gone.
    """
    walk = _walk(tokens, threads, known_to, book)
    if walk.cut_short:
        book.crowded.add(frozenset(known_to))
    said = [
        {each for item in _joins(link) for each in tokens_of(item, known_to, book)}
        for link in walk.links.values()
    ]
    return frozenset(ChildToken(token) for token in connected(tokens, said))


def is_one_child(
    codes: ConcernCodes | RequestCodes, other: ConcernCodes | RequestCodes, parties: Logged, book: Casebook
) -> bool:
    """Whether a statement is about the child that another is about, as the two parties of one know."""
    known_to = frozenset({parties.iss, parties.aud})
    return same_child(codes.child, other.child) or same_child(
        codes.child, joined(other.child, (other.txn,), known_to, book)
    )


def is_token(item: str) -> bool:
    """Whether it is a child's token, and not a thread."""
    return item.startswith(_TOKEN)


def reachable(
    tokens: Collection[ChildToken], threads: Collection[str], known_to: Collection[AgencyId], book: Casebook
) -> Iterator[str]:
    """Every token and thread of which `joined` has to know what is joined to it, and what it is about."""
    walk = _walk(tokens, threads, known_to, book)
    yield from walk.items[:MOST_ITEMS]
    for link in walk.links.values():
        yield from _joins(link)


@dataclass(slots=True)
class _Walk:
    """Items in the order in which they are met, and the links found at the first `MOST_ITEMS` of them."""

    items: list[str]
    links: dict[str, Logged] = field(default_factory=dict)
    cut_short: bool = False

    def meet(self, items: Iterable[str]) -> None:
        known = set(self.items)
        self.items += [each for each in dict.fromkeys(items) if each not in known]


def _walk(
    tokens: Collection[ChildToken], threads: Collection[str], known_to: Collection[AgencyId], book: Casebook
) -> _Walk:
    """The same way for everybody who knows what is kept under the keys of what lies on it."""
    walk, place = _Walk([*sorted(tokens), *sorted(threads)]), 0
    while place < len(walk.items):
        if place == MOST_ITEMS:
            walk.cut_short = True
            return walk
        for link in book.first(joined_key(walk.items[place], known_to)):
            if link.hash in walk.links or not _counts(link):
                continue
            if len(walk.links) == MOST_LINKS:
                walk.cut_short = True
                return walk
            walk.links[link.hash] = link
            walk.meet(each for item in _joins(link) for each in (item, *tokens_of(item, known_to, book)))
        place += 1
    return walk


def _joins(link: Logged) -> tuple[str, ...]:
    return link.codes.joins or () if isinstance(link.codes, LinkCodes) else ()


def _counts(link: Logged) -> bool:
    return link.passes and link.history.withdrawn_by is None


def tokens_of(item: str, known_to: Collection[AgencyId], book: Casebook) -> Iterator[str]:
    """A token itself; of a thread those of the one child that it is about, as far as these agencies know."""
    if is_token(item):
        yield item
        return
    told = {each.index: each for one in known_to for each in book.first(thread_key(item, {one}))}
    children = [each.codes.child for _, each in sorted(told.items()) if isinstance(each.codes, ConcernCodes)]
    yield from sorted(of_one_child(children))
