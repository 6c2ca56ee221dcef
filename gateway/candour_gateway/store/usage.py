"""How agencies used the exchange in a month: counts from the log, and nothing about anybody. Domain R06."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.instants import to_ms
from candour_gateway.tables import entries, log_head

_CONCERN, _REQUEST = "concern", "request"
_SCOPE = frozenset({"R05", "R06"})  # asked for more than the concern carries, or too often


@dataclass(frozen=True, slots=True)
class Usage:
    """One agency's month.

    Attributes:
        concerns: told and let through, those that were passed on included.
        requests: of every verdict; ``returned`` and ``held`` are those that were not let through at once.
        wide: requests that asked wider than their concern carries, or once too often (R05, R06).
    """

    agency: str
    concerns: int
    requests: int
    returned: int
    held: int
    wide: int


async def between(connection: AsyncConnection, since: datetime, until: datetime) -> list[Usage]:
    """Every agency that told or asked from ``since`` on and before ``until``."""
    size = await connection.scalar(select(log_head.c.size)) or 0
    first, last = [await _first_at(connection, to_ms(at), size) for at in (since, until)]
    query = (
        select(entries.c.iss, entries.c.kind, entries.c.verdict, entries.c.rules, func.count())
        .where(entries.c.idx >= first, entries.c.idx < last, entries.c.kind.in_((_CONCERN, _REQUEST)))
        .group_by(entries.c.iss, entries.c.kind, entries.c.verdict, entries.c.rules)
    )
    found: dict[str, Counter[str]] = {}
    for iss, kind, verdict, rules, count in await connection.execute(query):
        counted = found.setdefault(iss, Counter())
        for name in _counted_as(kind, verdict, rules.split()):
            counted[name] += count
    return [_usage(agency, counted) for agency, counted in sorted(found.items())]


def _counted_as(kind: str, verdict: str, rules: Sequence[str]) -> list[str]:
    if kind == _CONCERN:
        return [] if verdict == "refused" else ["concerns"]
    as_verdict = {"refused": ["returned"], "held": ["held"]}.get(verdict, [])
    return ["requests", *as_verdict, *(["wide"] if _SCOPE & set(rules) else [])]


def _usage(agency: str, counted: Counter[str]) -> Usage:
    return Usage(
        agency,
        counted["concerns"],
        counted["requests"],
        counted["returned"],
        counted["held"],
        counted["wide"],
    )


async def _first_at(connection: AsyncConnection, t_ms: int, size: int) -> int:
    """The first entry at a time or later: found by halving, for the log's time never goes back."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        found = await connection.scalar(select(entries.c.t_ms).where(entries.c.idx == middle))
        low, high = (middle + 1, high) if found is not None and found < t_ms else (low, middle)
    return low
