"""Write what a batch changed: one statement for each table that it touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.consequences import Barred, Effect, Opened, Owed, Refreshed, Routed, Settled
from candour_gateway.instants import to_ms
from candour_gateway.tables import codes, obligations, routes, sealed

FIRST_AGAIN = timedelta(seconds=1)

_CODES = insert(codes)
_SEALED = insert(sealed)
_ROUTES = insert(routes)
_OWE = text(
    "INSERT INTO obligations (idx, kind, owed_by, owed_to, jti, about, urgent, since, due_at)"
    " VALUES (:idx, :kind, :owed_by, :owed_to, :jti, :about, :urgent, :since, :due_at)"
    " ON CONFLICT (idx, kind) DO NOTHING"
)
_SETTLE = (
    update(obligations)
    .where(obligations.c.idx == bindparam("at_idx"), obligations.c.kind == bindparam("at_kind"))
    .where(obligations.c.settled_by.is_(None))
    .values(settled_by=bindparam("by"))
)
_OPEN = (
    update(routes).where(routes.c.idx == bindparam("at_idx")).values(settled_by=bindparam("by"), next_at=None)
)
_KEEP = update(sealed).where(sealed.c.idx == bindparam("at_idx")).values(delete_after=bindparam("delete_at"))
_REFRESH = update(routes).where(routes.c.idx == bindparam("at_idx")).values(refreshed_by=bindparam("by"))
_STOP = update(routes).where(routes.c.idx == bindparam("at_idx")).values(next_at=None)
_BAR = text("INSERT INTO barred (hash, iss, by_idx) VALUES (:hash, :iss, :by) ON CONFLICT (hash) DO NOTHING")
_RELEASE = update(sealed).where(sealed.c.idx == bindparam("at_idx")).values(delete_after=None)

Rows = list[Mapping[str, Any]]


async def keep_parts(
    connection: AsyncConnection,
    boxes: Sequence[tuple[int, bytes]],
    jwes: Sequence[tuple[int, str, datetime | None]],
) -> None:
    """Keep T1 boxes, and sealed parts with the time after which an undelivered one may go, by index."""
    await _many(connection, _CODES, [{"idx": idx, "box": box} for idx, box in boxes])
    rows = [
        {"idx": idx, "jwe": jwe, "delete_after": None if until is None else to_ms(until)}
        for idx, jwe, until in jwes
    ]
    await _many(connection, _SEALED, rows)


async def write(connection: AsyncConnection, effects: Sequence[Effect], at: datetime) -> None:
    """Carry out effects, in the transaction that logs what they follow from."""
    await _write_routes(connection, [each for each in effects if isinstance(each, Routed)], at)
    await _many(connection, _OWE, [_owed_row(each) for each in effects if isinstance(each, Owed)])
    await _write_opened(connection, [each for each in effects if isinstance(each, Opened)])
    settled = [
        {"at_idx": each.index, "at_kind": each.duty.value, "by": each.by}
        for each in effects
        if isinstance(each, Settled)
    ]
    await _many(connection, _SETTLE, settled)
    refreshed = [{"at_idx": each.index, "by": each.by} for each in effects if isinstance(each, Refreshed)]
    await _many(connection, _REFRESH, refreshed)
    await _write_bars(connection, [each for each in effects if isinstance(each, Barred)])


async def _write_routes(connection: AsyncConnection, routed: Iterable[Routed], at: datetime) -> None:
    again = to_ms(at + FIRST_AGAIN)
    rows: Rows = [
        {
            "idx": each.index,
            "recipient": each.route.recipient,
            "lane": each.route.lane.value,
            "urgent": each.route.urgent,
            "approval": each.route.approval,
            "attempts": 1,
            "sent_at": to_ms(at),
            "next_at": again,
        }
        for each in routed
    ]
    await _many(connection, _ROUTES, rows)
    released = [{"at_idx": row["idx"]} for row in rows if row["approval"] is not None]
    await _many(connection, _RELEASE, released)


async def _write_opened(connection: AsyncConnection, opened: Sequence[Opened]) -> None:
    await _many(connection, _OPEN, [{"at_idx": each.index, "by": each.by} for each in opened])
    kept = [
        {"at_idx": each.index, "delete_at": to_ms(each.keep_sealed_until)}
        for each in opened
        if each.keep_sealed_until is not None
    ]
    await _many(connection, _KEEP, kept)


async def _write_bars(connection: AsyncConnection, bars: Sequence[Barred]) -> None:
    await _many(connection, _BAR, [{"hash": each.name, "iss": each.iss, "by": each.by} for each in bars])
    await _many(connection, _STOP, [{"at_idx": each.index} for each in bars if each.index is not None])


def _owed_row(owed: Owed) -> Mapping[str, Any]:
    return {
        "idx": owed.index,
        "kind": owed.duty.value,
        "owed_by": owed.owed_by,
        "owed_to": owed.owed_to,
        "jti": owed.jti,
        "about": owed.about,
        "urgent": owed.urgent,
        "since": to_ms(owed.since),
        "due_at": to_ms(owed.due_at),
    }


async def _many(connection: AsyncConnection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await connection.execute(statement, rows)
