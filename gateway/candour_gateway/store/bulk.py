"""Everything that a batch writes, with as little as each engine can do it with.

A batch writes to eight tables. Under load each trip to SQLite's thread waits its turn twice, so eight of them
cost more than what they do; collected here, they are one. PostgreSQL takes the rows of a plain ``INSERT`` as
one array for each column: one statement, where as many as there are rows cost it twice as much. Both are
spoken to by their drivers, because SQLAlchemy handles every value of every row once more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Insert, LargeBinary, String, Table
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
        """Carry out everything, within the connection's transaction, which has begun."""
        raw = (await connection.get_raw_connection()).driver_connection
        if isinstance(raw, QuickConnection):
            await raw.in_thread(_run_all, [_compiled(connection, *job) for job in self._jobs])
        else:
            await self._run_on_postgresql(connection, raw)

    async def _run_on_postgresql(self, connection: AsyncConnection, raw: Any) -> None:
        if not raw.is_in_transaction():
            raise RuntimeError(
                "nothing has been asked of this connection yet, so its transaction has not begun"
            )
        for statement, rows in self._jobs:
            if isinstance(statement, Insert):
                keys = tuple(rows[0])
                arrays = ([row[key] for row in rows] for key in keys)
                await raw.execute(_insert_of_arrays(statement.table, keys), *arrays)
            else:
                await raw.executemany(*_compiled(connection, statement, rows))


def _insert_of_arrays(table: Any, keys: Sequence[str]) -> str:
    """One row for each place in the arrays; a text that is too long for its column is refused, not cut."""
    arrays = ", ".join(f"${place}::{_array(table, key)}" for place, key in enumerate(keys, start=1))
    return f"INSERT INTO {table.name} ({', '.join(keys)}) SELECT * FROM unnest({arrays})"  # noqa: S608


def _array(table: Table, key: str) -> str:
    kind = table.c[key].type
    if isinstance(kind, String):
        return "text[]"
    return "bytea[]" if isinstance(kind, LargeBinary) else f"{kind}[]"


# by engine, statement and columns; the statement stands in it so that its id stays its own
_compilations: dict[tuple[str, int, tuple[str, ...]], tuple[Executable, str, tuple[str, ...]]] = {}


def _compiled(connection: AsyncConnection, statement: Executable, rows: Rows) -> Job:
    """As SQL with positions; every statement is a module's constant, so its compilation is kept."""
    keys = tuple(rows[0])
    place = connection.dialect.name, id(statement), keys
    known = _compilations.get(place)
    if known is None:
        made = statement.compile(dialect=connection.dialect, column_keys=list(keys))  # type: ignore[attr-defined]
        assert isinstance(made, SQLCompiler)  # noqa: S101 - what compiling SQL gives
        known = statement, str(made), tuple(made.positiontup or ())
        _compilations[place] = known
    _, sql, order = known
    return sql, [tuple(row[name] for name in order) for row in rows]


def _run_all(raw: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    for sql, rows in jobs:
        raw.executemany(sql, rows)
