"""Which threads and tokens a named person has joined. Nobody commits in here."""

from __future__ import annotations

from collections.abc import Iterable

from candour_protocol.ids import StatementHash
from sqlalchemy import Connection, bindparam, select

from candour_agency.tables import joins, messages

_BETWEEN = (
    select(joins.c.hash, joins.c.joined)
    .join(messages, messages.c.hash == joins.c.hash)
    .where(joins.c.hash.in_(select(joins.c.hash).where(joins.c.joined == bindparam("item"))))
    .where(messages.c.counterparty == bindparam("other"))
    .where(messages.c.withdrawn_at.is_(None), messages.c.verdict.in_(("passed", "flagged")))
    .order_by(messages.c.log_index, joins.c.joined)
)


def add(connection: Connection, link: str, joined: Iterable[str]) -> None:
    """Keep what a link joins; kept before, it stays as it is."""
    here = set(connection.scalars(select(joins.c.joined).where(joins.c.hash == link)))
    rows = [{"hash": link, "joined": one} for one in dict.fromkeys(joined) if one not in here]
    if rows:
        connection.execute(joins.insert(), rows)


def joined_to(connection: Connection, thread: str) -> list[tuple[StatementHash, str]]:
    """The threads that links which stand join to a thread, itself left out; each with the link that does."""
    standing = messages.c.withdrawn_at.is_(None)
    named = select(joins.c.hash).join(messages, messages.c.hash == joins.c.hash)
    links = named.where(joins.c.joined == thread, standing)
    query = select(joins.c.hash, joins.c.joined).where(joins.c.hash.in_(links), joins.c.joined != thread)
    found = connection.execute(query).all()
    return [
        (StatementHash(row.hash), row.joined) for row in found if "." not in row.joined
    ]  # tokens have a dot


def between(connection: Connection, item: str, other: str) -> list[tuple[StatementHash, list[str]]]:
    """The links between here and another agency that join an item and stand, with all that each joins."""
    found: dict[StatementHash, list[str]] = {}
    for row in connection.execute(_BETWEEN, {"item": item, "other": other}):
        found.setdefault(StatementHash(row.hash), []).append(row.joined)
    return list(found.items())
