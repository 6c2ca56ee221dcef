"""What is sent to a recipient, put together again from the log, the T1 store and the sealed parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from candour_protocol.entry import parse_entry
from candour_protocol.ids import AgencyId, StatementHash
from candour_protocol.kinds.lists import T2, Kind
from candour_protocol.statement import Body
from candour_protocol.transport.topology import Lane
from candour_protocol.wire import ApprovalPart, Delivered
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.instants import from_ms, to_ms
from candour_gateway.store import tiles
from candour_gateway.t1box import T1Box
from candour_gateway.tables import codes, entries, routes, sealed

_UNSEALED = tuple(kind.value for kind in Kind if not T2[kind])


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A statement whose ``delivery`` is not logged yet; how often it was sent, and when last."""

    index: int
    recipient: AgencyId
    lane: Lane
    approval: int | None
    attempts: int
    sent_at: datetime


async def bodies(
    connection: AsyncConnection, indexes: Iterable[int], box: T1Box
) -> dict[int, tuple[Body, bytes]]:
    """Body and entry bytes by index; what was erased or deleted since is missing from the body."""
    query = (
        select(entries.c.idx, entries.c.hash, entries.c.bytes, codes.c.box, sealed.c.jwe)
        .outerjoin(codes, codes.c.idx == entries.c.idx)
        .outerjoin(sealed, sealed.c.idx == entries.c.idx)
        .where(entries.c.idx.in_(list(indexes)))
    )
    return {row.idx: (_body(row, box), row.bytes) for row in await connection.execute(query)}


def _body(row: Any, box: T1Box) -> Body:
    name = StatementHash(row.hash)
    shown = () if row.box is None else (box.open(name, row.box),)
    return Body(parse_entry(row.bytes).jwt, shown, row.jwe or "")


async def deliveries(
    connection: AsyncConnection, wanted: Sequence[tuple[int, int | None]], box: T1Box
) -> dict[int, Delivered]:
    """What recipients get, by index; ``wanted`` pairs each with the approval that released it, if any."""
    indexes = {index for pair in wanted for index in pair if index is not None}
    found = await bodies(connection, indexes, box)
    receipts = await tiles.receipts(connection, [(index, raw) for index, (_, raw) in found.items()])
    return {
        index: _delivered(index, approval, found, receipts) for index, approval in wanted if index in found
    }


def _delivered(
    index: int,
    approval: int | None,
    found: Mapping[int, tuple[Body, bytes]],
    receipts: Mapping[int, str],
) -> Delivered:
    part = None if approval is None else ApprovalPart(found[approval][0], receipts[approval])
    return Delivered(found[index][0], receipts[index], part)


async def claim(connection: AsyncConnection, now: datetime, until: datetime, limit: int) -> list[Outstanding]:
    """Those whose time to be sent again has come, urgent ones first; until then no other worker gets them."""
    due = (
        select(routes.c.idx)
        .where(routes.c.next_at <= to_ms(now))
        .order_by(routes.c.urgent.desc(), routes.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    mine = update(routes).where(routes.c.idx.in_(select(due.c.idx))).values(next_at=to_ms(until))
    rows = (await connection.execute(mine.returning(*routes.c))).all()
    return [_outstanding(row) for row in sorted(rows, key=lambda row: (not row.urgent, row.idx))]


async def still_out(connection: AsyncConnection, indexes: Sequence[int]) -> set[int]:
    """Which of these are outstanding, and held by nobody else; held by this transaction from now on."""
    query = select(routes.c.idx).where(routes.c.idx.in_(indexes), routes.c.next_at.is_not(None))
    return set((await connection.scalars(query.with_for_update(skip_locked=True))).all())


async def resume(connection: AsyncConnection, now: datetime, later: datetime, before: datetime) -> None:
    """Make due now what is not due before ``later``, and was last sent before ``before``."""
    waiting = (
        select(routes.c.idx)
        .where(routes.c.next_at > to_ms(later), routes.c.sent_at < to_ms(before))
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    chosen = update(routes).where(routes.c.idx.in_(select(waiting.c.idx)))
    await connection.execute(chosen.values(next_at=to_ms(now)))


def _outstanding(row: Any) -> Outstanding:
    lane, sent_at = Lane(row.lane), from_ms(row.sent_at)
    return Outstanding(row.idx, AgencyId(row.recipient), lane, row.approval, row.attempts, sent_at)


async def behind(
    connection: AsyncConnection, agency: str, after: int, limit: int, box: T1Box
) -> list[tuple[int, Delivered]]:
    """What was routed to an agency behind this index and can still be opened, in log order."""
    query = (
        select(routes.c.idx, routes.c.approval)
        .join(entries, entries.c.idx == routes.c.idx)
        .join(codes, codes.c.idx == routes.c.idx)
        .outerjoin(sealed, sealed.c.idx == routes.c.idx)
        .where(routes.c.recipient == agency, routes.c.idx > after)
        .where(or_(sealed.c.idx.is_not(None), entries.c.kind.in_(_UNSEALED)))
        .order_by(routes.c.idx)
        .limit(limit)
    )
    pairs = [(row.idx, row.approval) for row in await connection.execute(query)]
    found = await deliveries(connection, pairs, box)
    return [(index, found[index]) for index, _ in pairs]
