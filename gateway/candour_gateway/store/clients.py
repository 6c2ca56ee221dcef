"""Programs that people run against this gateway, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from candour_protocol import strict_json
from candour_protocol.keys import VerifyKey
from candour_protocol.tokens import Assertion
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.instants import to_ms
from candour_gateway.tables import assertions, clients


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client; ``scopes`` are the most that it can get."""

    id: str
    key: VerifyKey
    scopes: frozenset[str]


async def add(connection: AsyncConnection, client: Client) -> None:
    """Register a client, in place of one with the same id."""
    await connection.execute(delete(clients).where(clients.c.id == client.id))
    row = {
        "id": client.id,
        "jwk": strict_json.dumps(client.key.jwk),
        "scopes": " ".join(sorted(client.scopes)),
    }
    await connection.execute(insert(clients), row)


async def find(connection: AsyncConnection, client_id: str) -> Client | None:
    """The client of this id."""
    row = (await connection.execute(select(clients).where(clients.c.id == client_id))).first()
    if row is None:
        return None
    key = VerifyKey.from_jwk(strict_json.load_object(row.jwk))
    return Client(row.id, key, frozenset(row.scopes.split()))


async def everybody(connection: AsyncConnection) -> list[Client]:
    """All clients by id."""
    ids = await connection.scalars(select(clients.c.id).order_by(clients.c.id))
    found = [await find(connection, client_id) for client_id in ids.all()]
    return [client for client in found if client]


async def use_assertion(connection: AsyncConnection, assertion: Assertion, now: datetime) -> bool:
    """Whether this assertion is used for the first time; from now on it is used."""
    await connection.execute(delete(assertions).where(assertions.c.expires_at < to_ms(now)))
    row = {
        "client": assertion.client_id,
        "jti": assertion.jti[:128],
        "expires_at": to_ms(assertion.expires_at),
    }
    try:
        async with connection.begin_nested():
            await connection.execute(insert(assertions), row)
    except IntegrityError:
        return False
    return True
