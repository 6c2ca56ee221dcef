"""What is kept for a time only, and deleted after it. Source: protocol section 5."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete

from candour_gateway.database import Database
from candour_gateway.instants import to_ms
from candour_gateway.tables import sealed

log = structlog.get_logger("candour.gateway")


async def tidy(database: Database, now: datetime) -> int:
    """Delete the sealed parts whose time has passed; how many there were."""
    async with database.write() as connection:
        result = await connection.execute(delete(sealed).where(sealed.c.delete_after < to_ms(now)))
    return result.rowcount


async def keep_tidy(
    database: Database, clock: Callable[[], datetime], every: timedelta, stopping: asyncio.Event
) -> None:
    """Now and then, until ``stopping``."""
    while not stopping.is_set():
        try:
            if deleted := await tidy(database, clock()):
                log.info("tidied", sealed=deleted)
        except Exception as error:
            log.exception("tidying-failed", error=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), every.total_seconds())
