"""Where a node keeps everything: one writer that commits many callers' work together, and readers beside it.

A commit waits for the disk; so whatever was asked for while one was under way goes into the next, each piece
under its own savepoint. What is urgent goes before everything else, in a commit of its own: it waits for the
one that is under way, never for what else an agency has waiting. Work is a plain function of a connection.
Once ``write`` returns, its effect is on disk. Source: protocol section 9.1.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic

from sqlalchemy.engine import URL

from candour_agency.engines import postgresql, sqlite
from candour_agency.engines.address import is_postgresql
from candour_agency.engines.postgresql import Postgresql
from candour_agency.engines.sqlite import Sqlite
from candour_agency.engines.work import AwayError, Engine, Failed, T, Work

MAX_GROUP: Final = 16  # pieces of work in one commit, which what is urgent may have to wait for


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Work[T]
    then: Callable[[T], None] | None
    done: asyncio.Future[T]


def engine_for(url: URL) -> Engine:
    """The engine of an address; nothing is connected yet."""
    return Postgresql(url) if is_postgresql(url) else Sqlite(url)


def why_away(url: URL, error: BaseException) -> str:
    """See `Engine.why_away`."""
    return postgresql.why_away(error) if is_postgresql(url) else sqlite.why_away(error)


class Database:
    """Use it on the loop that made it; ``close`` lets running work end.

    Attributes:
        doubted: called on the loop after a transaction failed: it may, all the same, have been kept.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._urgent: deque[_Job[Any]] = deque()
        self._jobs: deque[_Job[Any]] = deque()
        self._draining: asyncio.Task[None] | None = None
        self.doubted: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Become the one who writes.

        Raises:
            AwayError: it cannot be reached, or another process has it.
        """
        try:
            await self._engine.open()
        except Exception as error:
            raise self._as_meant(error) from error

    async def write(
        self, work: Work[T], then: Callable[[T], None] | None = None, *, urgent: bool = False
    ) -> T:
        """Run ``work`` in a transaction and return once it is on disk.

        Args:
            then: called on the loop right after the commit, also when the caller has gone away meanwhile.
            urgent: before all that waits and is not.

        Raises:
            AwayError: nobody knows whether it was kept.
            Exception: whatever ``work`` raised; then nothing of it was kept.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._jobs).append(_Job(work, then, done))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await done

    async def glance(self, work: Work[T]) -> T:
        """Run ``work`` on a consistent view: for a few rows by their key, nothing longer.

        Raises:
            AwayError: the database cannot be reached.
        """
        try:
            return await self._engine.glance(work)
        except Exception as error:
            raise self._as_meant(error) from error

    async def read(self, work: Work[T], *, single: bool = False) -> T:
        """Run ``work`` on a consistent view; nothing that it writes is kept.

        Args:
            single: its queries need no view in common, so that no transaction is begun and ended for them.

        Raises:
            AwayError: the database cannot be reached.
        """
        try:
            return await self._engine.read(work, single=single)
        except Exception as error:
            raise self._as_meant(error) from error

    async def close(self) -> None:
        """Wait for work under way, then let it go."""
        if self._draining is not None:
            await self._draining
        await self._engine.close()

    async def _drain(self) -> None:
        while waiting := self._urgent or self._jobs:
            group = [waiting.popleft() for _ in range(min(MAX_GROUP, len(waiting)))]
            try:
                results = await self._engine.commit([job.work for job in group])
            except Exception as error:  # the transaction itself failed: nobody's work is known to be kept
                results = [Failed(error)] * len(group)
                if self._engine.why_away(error):
                    self.doubted()
            for job, result in zip(group, results, strict=True):
                self._settle(job, result)

    def _settle(self, job: _Job[Any], result: Any) -> None:
        if isinstance(result, Failed):
            if not job.done.cancelled():
                job.done.set_exception(self._as_meant(result.error))
            return
        if job.then is not None:
            job.then(result)
        if not job.done.cancelled():
            job.done.set_result(result)

    def _as_meant(self, error: Exception) -> Exception:
        """The error as callers know it."""
        reason = "" if isinstance(error, AwayError) else self._engine.why_away(error)
        return AwayError(reason) if reason else error
