"""One database, two engines: whoever writes takes a turn, whoever reads sees one moment and waits for nobody.

SQLite takes the write lock with BEGIN IMMEDIATE (trap 11). PostgreSQL writes with READ COMMITTED, where each
statement sees what was committed before it: whoever holds the log's row sees everything that is logged.

What a caller gets is a result, an error of its own making, or `DatabaseAwayError`. Being cancelled never
leaves a transaction open (trap 13): opening, commit and rollback are carried to their end, whoever waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from candour_gateway import postgresql
from candour_gateway.absence import DatabaseAwayError, told_as_away
from candour_gateway.patience import Patience
from candour_gateway.sqlite_driver import connecting_to
from candour_gateway.unhurried import to_the_end

__all__ = ["Database", "DatabaseAwayError", "prepare_sqlite"]

_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
SQLITE_READERS = 2


class Database:
    """The gateway's store.

    ``write`` is one transaction, alone among this process's; ``read`` one consistent view. Both raise
    `DatabaseAwayError` where the database cannot be used now.

    Args:
        connections: the most that this process holds, of which one writes; SQLite needs no more than three.
    """

    def __init__(self, url: str | URL, *, connections: int = 5, patience: Patience | None = None) -> None:
        self.url = make_url(url)
        self.patience = patience or Patience()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        readers = SQLITE_READERS if self.is_sqlite else max(1, connections - 1)
        self._writer = self._engine("BEGIN IMMEDIATE", 1, writes=True)
        self._reader = self._engine("BEGIN", readers, writes=False)
        self._turn = asyncio.Semaphore(1)
        self._seats = asyncio.Semaphore(readers)

    @property
    def takes_turns(self) -> bool:
        """Whether processes get to write in the order in which they asked: SQLite's look again and again."""
        return not self.is_sqlite

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Commit what the block did, all of it or nothing."""
        return self._session(self._writer, self._turn)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A view that does not change while the block runs."""
        return self._session(self._reader, self._seats)

    async def close(self) -> None:
        """Give every connection back."""
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine, seats: asyncio.Semaphore) -> AsyncIterator[AsyncConnection]:
        async with self._seat(seats):
            connection = engine.connect()
            try:
                with told_as_away():
                    await to_the_end(_open(connection))
                    yield connection
                    await to_the_end(connection.commit())
            except asyncio.CancelledError:
                await to_the_end(_let_go(connection))
                raise
            finally:
                await to_the_end(_close(connection))

    @asynccontextmanager
    async def _seat(self, seats: asyncio.Semaphore) -> AsyncIterator[None]:
        """A turn at the connections: waiting here, not in the pool, can be cancelled at any moment."""
        try:
            async with asyncio.timeout(self.patience.for_a_seat.total_seconds()):
                await seats.acquire()
        except TimeoutError:
            raise DatabaseAwayError("every connection is in use") from None
        try:
            yield
        finally:
            seats.release()

    def _engine(self, begin: str, size: int, *, writes: bool) -> AsyncEngine:
        if self.is_sqlite:
            return _sqlite(self.url, begin, size)
        return postgresql.engine(self.url, size, self.patience, writes=writes)


async def _open(connection: AsyncConnection) -> None:
    try:
        await connection.start()
        await connection.begin()
    except OSError as error:  # of many kinds: refused, no route, a name that nobody knows
        raise DatabaseAwayError(type(error).__name__) from error


async def _let_go(connection: AsyncConnection) -> None:
    """Cut off in the middle of a statement, nobody knows what the session is at: it is ended."""
    if connection.sync_connection is not None and not connection.closed:
        await connection.invalidate()


async def _close(connection: AsyncConnection) -> None:
    """Roll back what is not committed, and give the connection back."""
    if connection.sync_connection is not None:
        with told_as_away():
            await connection.close()


def _sqlite(url: URL, begin: str, size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        async_creator=connecting_to(url.database or ""),
        pool_size=size,
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
