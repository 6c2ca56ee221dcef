"""Clients of this node, and the assertions that they have used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from candour_protocol.keys import VerifyKey
from sqlalchemy import Connection, Row, delete, select

from candour_agency.store.upserting import insert
from candour_agency.tables import assertions, clients


@dataclass(frozen=True, slots=True)
class Client:
    """A system that may ask for tokens. ``may_assert``: it names the person who acts in each call."""

    client: str
    key: VerifyKey
    scopes: frozenset[str]
    may_assert: bool


def add(connection: Connection, client: Client, now_ms: int) -> None:
    """Register a client, or replace what it was registered with."""
    row = {
        "client": client.client,
        "jwk": json.dumps(client.key.jwk),
        "scopes": " ".join(sorted(client.scopes)),
        "may_assert": client.may_assert,
        "added_at": now_ms,
    }
    statement = insert(connection, clients).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=["client"], set_=row))


def find(connection: Connection, client: str) -> Client | None:
    """The client of this id."""
    row = connection.execute(select(clients).where(clients.c.client == client)).first()
    return None if row is None else _client(row)


def every(connection: Connection) -> list[Client]:
    """All of them, by id."""
    return [_client(row) for row in connection.execute(select(clients).order_by(clients.c.client))]


def _client(row: Row[Any]) -> Client:
    key = VerifyKey.from_jwk(json.loads(row.jwk))
    return Client(row.client, key, frozenset(row.scopes.split()), row.may_assert)


def use_assertion(connection: Connection, client: str, jti: str, expires_ms: int, now_ms: int) -> bool:
    """Note an assertion; ``False`` when it was used before (RFC 7523 section 3)."""
    connection.execute(delete(assertions).where(assertions.c.expires_at < now_ms))
    row = {"client": client, "jti": jti, "expires_at": expires_ms}
    return (
        connection.execute(insert(connection, assertions).values(**row).on_conflict_do_nothing()).rowcount
        == 1
    )
