"""One SQLite file: one writer that commits many callers' work together, and readers beside it.

SQLite allows one writer, and a commit waits for the disk; so whatever was asked for while one commit was
under way goes into the next, each piece under its own savepoint. Work is a plain function of a connection. It
runs on
the loop, where a statement costs microseconds: in a thread each would wait for the interpreter. Only the
commit, which waits for the disk, runs in a thread. Once ``write`` returns, its effect is on disk.
Source: protocol section 9.1.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

T = TypeVar("T")
Work = Callable[[Connection], T]

MAX_GROUP: Final = 64  # pieces of work in one commit
READERS: Final = 2
_BUSY_SECONDS: Final = 30


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Work[T]
    then: Callable[[T], None] | None
    done: asyncio.Future[T]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


def open_engine(url: URL) -> Engine:
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


class Database:
    """Where a node keeps everything. Create it on the loop that uses it; ``close`` lets running work end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.connect().execution_options(writes=True)
        self._threads = ThreadPoolExecutor(1 + READERS, thread_name_prefix="database")
        self._jobs: deque[_Job[Any]] = deque()
        self._draining: asyncio.Task[None] | None = None

    async def write(self, work: Work[T], then: Callable[[T], None] | None = None) -> T:
        """Run ``work`` in a transaction and return once it is on disk.

        Args:
            then: called on the loop right after the commit, also when the caller has gone away meanwhile.

        Raises:
            Whatever ``work`` raised; then nothing of it was kept.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.append(_Job(work, then, done))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await done

    def glance(self, work: Work[T]) -> T:
        """Run ``work`` on the loop, on a consistent view: for a few rows by their key, nothing longer."""
        with self._engine.connect() as connection:
            return work(connection)

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` in a thread, on a consistent view; nothing that it writes is kept."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.glance, work)

    async def close(self) -> None:
        """Wait for work under way, then let the file go."""
        if self._draining is not None:
            await self._draining
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._threads.shutdown()
        self._writer.close()
        self._engine.dispose()

    async def _drain(self) -> None:
        while self._jobs:
            group = [self._jobs.popleft() for _ in range(min(MAX_GROUP, len(self._jobs)))]
            try:
                results = await self._commit(group)
            except Exception as error:  # the transaction itself failed: nobody's work was kept
                results = [_Failed(error)] * len(group)
            for job, result in zip(group, results, strict=True):
                _settle(job, result)

    async def _commit(self, group: list[_Job[Any]]) -> list[Any]:
        """Other tasks get their turn between two pieces; what they ask for goes into the next transaction."""
        transaction = self._writer.begin()
        try:
            if len(group) == 1:
                results = [group[0].work(self._writer)]  # alone it needs no savepoint
            else:
                results = [await _in_turn(self._writer, job.work) for job in group]
            await asyncio.get_running_loop().run_in_executor(self._threads, transaction.commit)
        except BaseException:
            transaction.rollback()
            raise
        return results


async def _in_turn(connection: Connection, work: Work[Any]) -> Any:
    await asyncio.sleep(0)
    return _attempt(connection, work)


def _attempt(connection: Connection, work: Work[Any]) -> Any:
    connection.exec_driver_sql("SAVEPOINT piece")
    try:
        result = work(connection)
    except Exception as error:
        connection.exec_driver_sql("ROLLBACK TO piece")
        result = _Failed(error)
    connection.exec_driver_sql("RELEASE piece")
    return result


def _settle(job: _Job[Any], result: Any) -> None:
    if isinstance(result, _Failed):
        if not job.done.cancelled():
            job.done.set_exception(result.error)
        return
    if job.then is not None:
        job.then(result)
    if not job.done.cancelled():
        job.done.set_result(result)
