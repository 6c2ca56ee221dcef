"""One database, two engines: whoever writes starts with the write lock, whoever reads never waits for it.

Source: traps 11 and 13 (read-then-write fails at once on SQLite; cancellation must not leak connections).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from candour_gateway.sqlite_driver import connecting_to

_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


class Database:
    """The gateway's store.

    ``write`` is one transaction, with the write lock from its first moment; ``read`` one consistent view.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        self._writer = _engine(self.url, "BEGIN IMMEDIATE", pool_size=1)
        self._reader = _engine(self.url, "BEGIN", pool_size=2)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Commit what the block did, all of it or nothing."""
        async with self._turn, self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A view that does not change while the block runs."""
        async with self._reader.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Give every connection back."""
        await self._reader.dispose()
        await self._writer.dispose()


def _engine(url: URL, begin: str, *, pool_size: int) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, pool_size=pool_size, pool_timeout=10, pool_pre_ping=True)
    engine = create_async_engine(
        url,
        async_creator=connecting_to(url.database or ""),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_reset_on_return=None,  # every use ends its transaction; a second rollback is one more trip
    )
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def prepare_sqlite(connection: Any, _record: object) -> None:
    """Make durability what protocol section 9 promises, and refuse to go on if SQLite did not take it."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA page_size = 8192")  # a sealed part takes few pages; new files only
    cursor.execute("PRAGMA temp_store = MEMORY")  # a statement's journal would be a file in /tmp
    for pragma, wanted in _PRAGMAS.items():
        cursor.execute(f"PRAGMA {pragma} = {wanted}")
        cursor.execute(f"PRAGMA {pragma}")
        found = cursor.fetchone()[0]
        if found != wanted:
            raise RuntimeError(f"SQLite keeps {pragma} at {found}, and {wanted} is needed")
    cursor.close()
