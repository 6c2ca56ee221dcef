"""Whether two statements are about one child: by a token in common, or because a person has joined theirs.

A link counts where both agencies know it. The gateway reckons the same. Source: protocol section 3.1.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from candour_protocol.children import connected, of_one_child, same_child, tokens_in
from candour_protocol.ids import ChildToken
from candour_protocol.kinds import Kind
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.messages import Message

MOST_LINKS: Final = 32  # of one child, and no more items than this, as the gateway follows them
MOST_ITEMS: Final = 128


def is_one_child(connection: Connection, tokens: Collection[ChildToken], other: Message) -> bool:
    """Whether these are of the child that a concern or request is about, as its two agencies know."""
    theirs = tokens_in(other.codes)
    return same_child(tokens, theirs) or same_child(tokens, _joined(connection, theirs, other))


def _joined(connection: Connection, tokens: Collection[ChildToken], other: Message) -> Collection[ChildToken]:
    """The tokens that links join to these, or to the thread that these are in."""
    bonds: dict[str, set[str]] = {}
    items = [*sorted(tokens), other.txn]
    for item in items:  # grows while it is read
        for name, joins in store.joins.between(connection, item, other.counterparty):
            if name not in bonds and len(bonds) < MOST_LINKS:
                bonds[name] = {token for each in joins for token in _tokens_of(connection, each)}
                met = [each for each in (*joins, *sorted(bonds[name])) if each not in items]
                items += met[: MOST_ITEMS - len(items)]
    return [ChildToken(each) for each in connected(tokens, bonds.values())]


def _tokens_of(connection: Connection, item: str) -> set[str]:
    """A token itself; of a thread those of the one child that it is about."""
    if "." in item:
        return {item}
    thread = [one for one in store.messages.thread(connection, item) if one.kind is Kind.CONCERN]
    return of_one_child([tokens_in(one.codes) for one in thread if one.codes is not None])
