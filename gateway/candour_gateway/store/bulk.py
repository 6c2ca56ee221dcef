"""Everything that a batch writes, in one trip to the database where the driver can do that.

A batch writes to eight tables. Under load each trip to SQLite's thread waits its turn twice, so eight of them
cost more than what they do; collected here, they are one. Other drivers get one statement after the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from candour_gateway.sqlite_driver import QuickConnection

Rows = Sequence[Mapping[str, Any]]
Job = tuple[str, list[tuple[Any, ...]]]


class Bulk:
    """Statements with their rows, in the order in which they are carried out."""

    def __init__(self) -> None:
        self._jobs: list[tuple[Executable, Rows]] = []

    def add(self, statement: Executable, rows: Rows) -> None:
        """Carry out ``statement`` once for each row; nothing, if there is none."""
        if rows:
            self._jobs.append((statement, rows))

    async def run(self, connection: AsyncConnection) -> None:
        """Carry out everything, within the connection's transaction."""
        raw = (await connection.get_raw_connection()).driver_connection
        if isinstance(raw, QuickConnection):
            await raw.in_thread(_run_all, [_compiled(connection, *job) for job in self._jobs])
            return
        for statement, rows in self._jobs:
            await connection.execute(statement, rows)


_compilations: dict[tuple[int, tuple[str, ...]], tuple[Executable, str, tuple[str, ...]]] = {}


def _compiled(connection: AsyncConnection, statement: Executable, rows: Rows) -> Job:
    """As SQL with positions; every statement is a module's constant, so its compilation is kept."""
    keys = tuple(rows[0])
    known = _compilations.get((id(statement), keys))
    if known is None:
        made = statement.compile(dialect=connection.dialect, column_keys=list(keys))  # type: ignore[attr-defined]
        assert isinstance(made, SQLCompiler)  # noqa: S101 - what compiling SQL gives
        known = statement, str(made), tuple(made.positiontup or ())
        _compilations[id(statement), keys] = known
    _, sql, order = known
    return sql, [tuple(row[name] for name in order) for row in rows]


def _run_all(raw: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    for sql, rows in jobs:
        raw.executemany(sql, rows)
