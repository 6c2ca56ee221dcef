"""One SQLite file: durable at each commit, one writer, readers beside it.

Work runs on the loop, where a statement costs microseconds: in a thread each would wait for the interpreter.
Only the commit, which waits for the disk, runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import sqlalchemy
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from candour_agency.engines.work import T, Work, attempt

READERS: Final = 2
_BUSY_SECONDS: Final = 30


def open_sync(url: URL) -> sqlalchemy.Engine:
    """An engine whose every connection is durable: WAL, fsync at each commit, foreign keys on; asserted."""
    engine = create_engine(url, pool_size=READERS + 1, max_overflow=2, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun here, by name
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA page_size = 8192")  # a message takes few pages; new files only
    connection.execute("PRAGMA temp_store = MEMORY")  # a savepoint's journal would be a file in /tmp
    connection.execute("PRAGMA secure_delete = FAST")  # what leaves the outbox stands in messages anyway
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    keys = connection.execute("PRAGMA foreign_keys").fetchone()[0]
    if (mode, level, keys) != ("wal", 2, 1):
        raise RuntimeError(
            "this SQLite does not keep what it confirms: WAL, synchronous or foreign keys refused"
        )


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


class Sqlite:
    """See `Engine`."""

    def __init__(self, url: URL) -> None:
        self._engine = open_sync(url)
        self._writer = self._engine.connect().execution_options(writes=True)
        self._threads = ThreadPoolExecutor(1 + READERS, thread_name_prefix="database")

    async def open(self) -> None:
        """A file is there or not; whoever writes to it at the same time waits."""

    async def commit(self, group: Sequence[Work[Any]]) -> list[Any]:
        """Other tasks get their turn between two pieces; what they ask for goes into the next transaction."""
        transaction = self._writer.begin()
        try:
            if len(group) == 1:
                results = [group[0](self._writer)]  # alone it needs no savepoint
            else:
                results = [await self._in_turn(work) for work in group]
            await asyncio.get_running_loop().run_in_executor(self._threads, transaction.commit)
        except BaseException:
            transaction.rollback()
            raise
        return results

    async def _in_turn(self, work: Work[Any]) -> Any:
        await asyncio.sleep(0)
        return attempt(self._writer, work)

    async def glance(self, work: Work[T]) -> T:
        """On the loop, on a consistent view: nothing that takes longer."""
        return self._view(work)

    async def read(self, work: Work[T], *, single: bool = False) -> T:
        """In a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._view, work)

    def _view(self, work: Work[T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)

    def why_away(self, error: BaseException) -> str:
        """See `why_away`."""
        return why_away(error)

    async def close(self) -> None:
        """Let the file go."""
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._threads.shutdown()
        self._writer.close()
        self._engine.dispose()


def why_away(error: BaseException) -> str:
    """A full disk, a file that cannot be read or written, somebody who keeps it locked."""
    if not isinstance(error, OperationalError):
        return ""
    return str(getattr(error.orig, "sqlite_errorname", "") or "OperationalError")
