"""Which tokens a named person has joined to a child's. The machine joins nothing. Source: protocol 3.1."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from candour_protocol.ids import AgencyId, ChildToken
from candour_protocol.kinds import ConcernCodes, LinkCodes

from candour_gateway.casebook import Casebook, Logged
from candour_gateway.naming import joined_key, thread_key

_TOKEN = ("v1.", "r1.")


def joined(
    tokens: Collection[ChildToken], threads: Collection[str], known_to: Collection[AgencyId], book: Casebook
) -> frozenset[ChildToken]:
    """Tokens that links join to these, each link said by one of these agencies.

    Args:
        threads: in which to look for links too; a thread leads on only to the one child that it is about.
        known_to: between two agencies, both have to know of a link: it goes from one to the other.
    """
    bonds: list[set[str]] = [set(tokens)]
    for link in _links(tokens, threads, known_to, book):
        codes = link.codes
        if isinstance(codes, LinkCodes) and codes.joins:
            bonds.append({each for item in codes.joins for each in tokens_of(item, known_to, book)})
    return frozenset(ChildToken(token) for token in _component(set(tokens), bonds))


def is_token(item: str) -> bool:
    """Whether it is a child's token, and not a thread."""
    return item.startswith(_TOKEN)


def reachable(tokens: Collection[ChildToken], threads: Collection[str], book: Casebook) -> Iterator[str]:
    """Every token and thread to which links known so far lead, whoever said them."""
    for link in _links(tokens, threads, None, book):
        if isinstance(link.codes, LinkCodes):
            for item in link.codes.joins or ():
                yield item
                yield from tokens_of(item, None, book)


def _links(
    tokens: Collection[ChildToken],
    threads: Collection[str],
    known_to: Collection[AgencyId] | None,
    book: Casebook,
) -> list[Logged]:
    """All that can be reached, however many links lie between."""
    waiting: list[str] = [*tokens, *threads]
    seen: set[str] = set()
    found: dict[str, Logged] = {}
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        for link in book.traced(joined_key(item)):
            if _counts(link, known_to) and isinstance(link.codes, LinkCodes):
                found[link.hash] = link
                waiting += [
                    each
                    for other in link.codes.joins or ()
                    for each in (other, *tokens_of(other, known_to, book))
                ]
    return sorted(found.values(), key=lambda link: link.index)


def _counts(link: Logged, known_to: Collection[AgencyId] | None) -> bool:
    if known_to is None:
        return True
    between = {link.iss, link.aud} <= set(known_to) if len(known_to) > 1 else link.iss in known_to
    return link.passes and link.history.withdrawn_by is None and between


def tokens_of(item: str, known_to: Collection[AgencyId] | None, book: Casebook) -> Iterator[str]:
    """A token itself; of a thread those of the one child that it is about, as far as these agencies know."""
    if is_token(item):
        yield item
        return
    told = [
        each
        for each in book.traced(thread_key(item))
        if known_to is None or {each.iss, each.aud} & set(known_to)
    ]
    children: list[set[str]] = [
        set(each.codes.child) for each in told if isinstance(each.codes, ConcernCodes)
    ]
    together = _component(children[0], children) if children else set()
    if all(child <= together for child in children):
        yield from sorted(together)


def _component(start: set[str], bonds: list[set[str]]) -> set[str]:
    """Everything that hangs together with the start."""
    reached: set[str] = set(start)
    grown = True
    while grown:
        grown = False
        for bond in bonds:
            if reached & bond and not bond <= reached:
                reached |= bond
                grown = True
    return reached
