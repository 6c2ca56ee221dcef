"""Everything that a batch writes, with as little as each engine can do it with.

A batch writes to eight tables. Under load each trip to SQLite's thread waits its turn twice, so eight of them
cost more than what they do; collected here, they are one. PostgreSQL copies the rows of a plain ``INSERT`` to
their table, and takes those of a `Listed` statement as one array for each value: one statement, where as many
as there are rows cost it twice as much. Both are spoken to by their drivers, because SQLAlchemy handles every
value of every row once more.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Executable, Insert, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from candour_gateway.sqlite_driver import QuickConnection

Rows = Sequence[Mapping[str, Any]]
Job = tuple[str, list[tuple[Any, ...]]]

_VALUE = re.compile(r":(\w+)")


@dataclass(frozen=True)
class Listed:
    """A statement that many rows are given for, of which no two change one row of the table.

    Attributes:
        begin: up to where what is given comes in: ``INSERT INTO … (…)``, or ``UPDATE … SET …``.
        end: what stands behind it: ``ON CONFLICT …``, or ``WHERE …``. Values are named with a colon.
        kinds: the values in their order, each with its PostgreSQL type.
    """

    begin: str
    end: str
    kinds: Mapping[str, str]

    @cached_property
    def single(self) -> TextClause:
        """For one row at a time."""
        values = ", ".join(f":{name}" for name in self.kinds)
        return text(f"{self.begin} {f'VALUES ({values})' if self._inserts else ''} {self.end}")

    @cached_property
    def arrays(self) -> str:
        """For all of them, on PostgreSQL."""
        arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(self.kinds.values(), start=1))
        given = f"FROM unnest({arrays}) AS given ({', '.join(self.kinds)})"
        begin, end = (_VALUE.sub(r"given.\1", part) for part in (self.begin, self.end))
        return f"{begin} {'SELECT * ' if self._inserts else ''}{given} {end}"

    @property
    def _inserts(self) -> bool:
        return self.begin.startswith("INSERT")


class Bulk:
    """Statements with their rows, in the order in which they are carried out."""

    def __init__(self) -> None:
        self._jobs: list[tuple[Executable | Listed, Rows]] = []

    def add(self, statement: Executable | Listed, rows: Rows) -> None:
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
                records = [tuple([row[key] for key in keys]) for row in rows]
                await raw.copy_records_to_table(statement.table.name, records=records, columns=keys)
            elif isinstance(statement, Listed):
                await raw.execute(statement.arrays, *([row[key] for row in rows] for key in statement.kinds))
            else:
                await raw.executemany(*_compiled(connection, statement, rows))


# by engine, statement and columns; the statement stands in it so that its id stays its own
_compilations: dict[tuple[str, int, tuple[str, ...]], tuple[Executable, str, tuple[str, ...]]] = {}


def _compiled(connection: AsyncConnection, statement: Executable | Listed, rows: Rows) -> Job:
    """As SQL with positions; every statement is a module's constant, so its compilation is kept."""
    executable = statement.single if isinstance(statement, Listed) else statement
    keys = tuple(rows[0])
    place = connection.dialect.name, id(executable), keys
    known = _compilations.get(place)
    if known is None:
        made = executable.compile(dialect=connection.dialect, column_keys=list(keys))  # type: ignore[attr-defined]
        assert isinstance(made, SQLCompiler)  # noqa: S101 - what compiling SQL gives
        known = executable, str(made), tuple(made.positiontup or ())
        _compilations[place] = known
    _, sql, order = known
    return sql, [tuple(row[name] for name in order) for row in rows]


def _run_all(raw: sqlite3.Connection, jobs: Sequence[Job]) -> None:
    for sql, rows in jobs:
        raw.executemany(sql, rows)
