"""What did not authenticate, by digest; never the bytes, never text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.instants import from_ms, to_ms
from candour_gateway.tables import incidents

MOST = 10_000  # kept of one broker user, who could else fill the disk that the log is on

_RECORD = text(
    "INSERT INTO incidents (digest, code, broker_user, first_at, last_at, times)"
    " VALUES (:digest, :code, :user, :at, :at, 1)"
    " ON CONFLICT (digest, code, broker_user)"
    " DO UPDATE SET last_at = excluded.last_at, times = incidents.times + 1"
)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that was no exchange. ``user`` is whom the broker had authenticated."""

    digest: str
    code: str
    user: str
    first_at: datetime
    last_at: datetime
    count: int


async def record(connection: AsyncConnection, found: Sequence[tuple[str, str, str]], at: datetime) -> None:
    """Count incidents, given as digest, code and broker user."""
    rows = [{"digest": digest, "code": code, "user": user, "at": to_ms(at)} for digest, code, user in found]
    if rows:
        await connection.execute(_RECORD, rows)


async def latest(
    connection: AsyncConnection, user: str | None, limit: int, after: tuple[int, str] | None
) -> list[Incident]:
    """The latest first, behind a place given as milliseconds and digest; of one broker user, or of all."""
    query = select(incidents).order_by(incidents.c.last_at.desc(), incidents.c.digest.desc()).limit(limit)
    if user is not None:
        query = query.where(incidents.c.broker_user == user)
    if after is not None:
        query = query.where(tuple_(incidents.c.last_at, incidents.c.digest) < tuple_(*after))
    return [
        Incident(
            row.digest, row.code, row.broker_user, from_ms(row.first_at), from_ms(row.last_at), row.times
        )
        for row in await connection.execute(query)
    ]


async def forget_oldest(connection: AsyncConnection, at_a_time: int) -> int:
    """Delete what is beyond the `MOST` of its broker user, the oldest first; how many, at most so many."""
    one = incidents.c.digest, incidents.c.code, incidents.c.broker_user
    newest = incidents.c.last_at.desc(), incidents.c.digest.desc()
    place = func.row_number().over(partition_by=incidents.c.broker_user, order_by=newest)
    ranked = select(*one, place.label("place")).subquery()
    beyond = select(*ranked.c[:3]).where(ranked.c.place > MOST)
    query = delete(incidents).where(tuple_(*one).in_(beyond.limit(at_a_time)))
    return (await connection.execute(query)).rowcount


async def total(connection: AsyncConnection, user: str | None) -> int:
    """How many there are, repeats not counted; of one broker user, or of all."""
    query = select(func.count()).select_from(incidents)
    if user is not None:
        query = query.where(incidents.c.broker_user == user)
    return await connection.scalar(query) or 0
