"""aiosqlite with one trip to its thread for each statement, where it has four.

SQLAlchemy opens a cursor, executes, fetches and closes for each statement, and aiosqlite sends each of these
to the thread and back: 38 trips for one batch of the gateway's. Here a statement is executed and its
rows fetched in one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self

import aiosqlite

Connect = Callable[..., "QuickConnection"]


class QuickCursor:
    """What SQLAlchemy needs of a cursor; after ``execute`` everything is there."""

    def __init__(self, connection: QuickConnection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute, and fetch all rows."""
        await self._connection.in_thread(self._run, sql, parameters, False)
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> Self:
        """Execute once for each row of parameters."""
        await self._connection.in_thread(self._run, sql, parameters, True)
        return self

    def _run(self, raw: sqlite3.Connection, sql: str, parameters: Sequence[Any], many: bool) -> None:
        cursor = raw.executemany(sql, parameters) if many else raw.execute(sql, parameters)
        self.description, self.rowcount = cursor.description, cursor.rowcount
        self.lastrowid = cursor.lastrowid
        self._rows = cursor.fetchall() if cursor.description else ()
        cursor.close()

    async def fetchall(self) -> Sequence[Any]:
        """The rows, once."""
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Nothing is open any more."""


class QuickConnection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors are quick."""

    def cursor(self) -> Any:
        """A cursor that asks nothing of the thread until it executes."""
        return QuickCursor(self)

    async def in_thread(self, work: Callable[..., None], *arguments: Any) -> None:
        """Run ``work`` with the raw connection in the connection's own thread."""
        await self._execute(work, self._conn, *arguments)  # type: ignore[no-untyped-call]


def connecting_to(database: str) -> Callable[[], QuickConnection]:
    """What ``create_async_engine`` takes as ``async_creator``; awaiting its result connects."""

    def connect() -> QuickConnection:
        connection = QuickConnection(lambda: sqlite3.connect(database), 64)
        connection._thread.daemon = True  # as SQLAlchemy's own dialect does: it must not keep a process alive
        return connection

    return connect
