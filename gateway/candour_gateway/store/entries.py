"""Reading the log's entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.tables import entries

_REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries there are of one kind with one verdict and the same rules."""

    kind: str
    verdict: str
    rules: tuple[str, ...]
    count: int


async def taken(connection: AsyncConnection, jtis: Sequence[str]) -> set[str]:
    """Which of these ids stand in the log."""
    return set(await connection.scalars(select(entries.c.jti).where(entries.c.jti.in_(jtis))))


async def leaves(connection: AsyncConnection, indexes: Sequence[int]) -> list[tuple[int, bytes]]:
    """Index and bytes of these entries."""
    query = select(entries.c.idx, entries.c.bytes).where(entries.c.idx.in_(indexes))
    return [(row.idx, row.bytes) for row in await connection.execute(query)]


async def behind(
    connection: AsyncConnection, after: int, limit: int, party: str | None
) -> list[tuple[int, bytes]]:
    """Entries behind this index in log order: a party's own and every registry fact; without a party, all."""
    ordered = _behind(after, limit) if party is None else _own_behind(after, limit, party)
    return [(row.idx, row.bytes) for row in await connection.execute(ordered)]


def _behind(after: int, limit: int) -> Select[tuple[int, bytes]]:
    return (
        select(entries.c.idx, entries.c.bytes)
        .where(entries.c.idx > after)
        .order_by(entries.c.idx)
        .limit(limit)
    )


def _own_behind(after: int, limit: int, party: str) -> Select[tuple[int, bytes]]:
    """Each condition has its own index, so each is cut to ``limit`` before they are put together."""
    conditions = (entries.c.iss == party, entries.c.aud == party, entries.c.kind == _REGISTRY)
    parts = [
        select(entries.c.idx)
        .where(condition, entries.c.idx > after)
        .order_by(entries.c.idx)
        .limit(limit)
        .subquery()
        for condition in conditions
    ]
    wanted = or_(*(entries.c.idx.in_(select(part.c.idx)) for part in parts))
    return select(entries.c.idx, entries.c.bytes).where(wanted).order_by(entries.c.idx).limit(limit)


async def bundle(connection: AsyncConnection, first: int, count: int) -> list[bytes]:
    """The bytes of ``count`` entries from ``first`` on."""
    query = (
        select(entries.c.bytes)
        .where(entries.c.idx >= first, entries.c.idx < first + count)
        .order_by(entries.c.idx)
    )
    return list((await connection.scalars(query)).all())


async def registry_facts(connection: AsyncConnection) -> list[tuple[int, bytes]]:
    """Every registry entry that was admitted, in log order."""
    query = (
        select(entries.c.idx, entries.c.bytes)
        .where(entries.c.kind == _REGISTRY, entries.c.verdict != "refused")
        .order_by(entries.c.idx)
    )
    return [(row.idx, row.bytes) for row in await connection.execute(query)]


_TALLY = select(entries.c.kind, entries.c.verdict, entries.c.rules, func.count()).group_by(
    entries.c.kind, entries.c.verdict, entries.c.rules
)


class Counts:
    """Counts of the whole log, kept in memory: only what was appended since the last time is counted anew."""

    def __init__(self) -> None:
        self._counted = -1
        self._counts: Counter[tuple[str, str, str]] = Counter()

    async def up_to_now(self, connection: AsyncConnection) -> list[Tally]:
        """Everything that this connection can see."""
        counted = self._counted
        last = await connection.scalar(select(func.max(entries.c.idx)))
        if last is not None and last > counted:
            rows = await connection.execute(_TALLY.where(entries.c.idx > counted, entries.c.idx <= last))
            if self._counted == counted:  # nobody else has counted them meanwhile
                self._counted = last
                self._counts.update({(kind, verdict, rules): count for kind, verdict, rules, count in rows})
        return [Tally(*key[:2], tuple(key[2].split()), count) for key, count in self._counts.items()]


async def own(connection: AsyncConnection, party: str) -> list[Tally]:
    """Counts of the entries that an agency is party to."""
    rows = await connection.execute(_TALLY.where(or_(entries.c.iss == party, entries.c.aud == party)))
    return [Tally(kind, verdict, tuple(rules.split()), count) for kind, verdict, rules, count in rows]
