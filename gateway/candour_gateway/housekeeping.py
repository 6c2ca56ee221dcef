"""What is kept for a time only, and deleted after it. Source: protocol section 5."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select

from candour_gateway.database import Database
from candour_gateway.instants import to_ms
from candour_gateway.store import incidents
from candour_gateway.tables import sealed

AT_A_TIME = 1000  # rows; a transaction is kept short

log = structlog.get_logger("candour.gateway")


async def tidy(database: Database, now: datetime) -> int:
    """Delete the sealed parts whose time has passed; how many there were."""
    deleted = 0
    while some := await _tidy_some(database, now):
        deleted += some
    return deleted


async def _tidy_some(database: Database, now: datetime) -> int:
    """What another worker is deleting, or is just being settled, is left to it."""
    over = select(sealed.c.idx).where(sealed.c.delete_after < to_ms(now)).limit(AT_A_TIME)
    chosen = over.with_for_update(skip_locked=True).cte("chosen")
    async with database.write() as connection:
        over_now = delete(sealed).where(sealed.c.idx.in_(select(chosen.c.idx))).returning(sealed.c.idx)
        return len((await connection.execute(over_now)).all())


async def forget_incidents(database: Database) -> int:
    """Of what was no exchange each broker user's newest are kept; how many were deleted.

    Of several workers that do so at once one finds nothing left.
    """
    deleted = 0
    while True:
        async with database.write() as connection:
            some = await incidents.forget_oldest(connection, AT_A_TIME)
        deleted += some
        if some < AT_A_TIME:
            return deleted


async def keep_tidy(
    database: Database, clock: Callable[[], datetime], every: timedelta, stopping: asyncio.Event
) -> None:
    """Now and then, until ``stopping``."""
    while not stopping.is_set():
        try:
            if deleted := await tidy(database, clock()):
                log.info("tidied", sealed=deleted)
            if forgotten := await forget_incidents(database):
                log.info("incidents-forgotten", count=forgotten)
        except Exception as error:
            log.exception("tidying-failed", error=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), every.total_seconds())
