"""Everything that a batch writes, with as little as each engine can do it with.

A batch writes to eight tables. Under load each trip to SQLite's thread waits its turn twice, so eight of them
cost more than what they do; collected here, they are one. PostgreSQL takes few rows as one array for each
value, and all that goes to different tables as one statement, so that a quiet hour's statement costs one trip
and not a dozen; of many rows it copies those of a plain ``INSERT`` to their table. Both are spoken to by
their drivers, because SQLAlchemy handles every value of every row once more.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from sqlalchemy import Executable, Insert, String, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from candour_gateway.sqlite_driver import QuickConnection

Rows = Sequence[Mapping[str, Any]]
Job = tuple[str, list[tuple[Any, ...]]]

FEW: Final = 64  # rows, up to which everything goes in one statement

_VALUE = re.compile(r":(\w+)")
_TABLE = re.compile(r"(?:INSERT INTO|UPDATE) (\w+)")
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, eq=False)  # each is itself alone: compilations are kept by it
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
    def table(self) -> str:
        """The one table that it writes to."""
        found = _TABLE.match(self.begin)
        assert found is not None  # noqa: S101 - every statement of this program names its table there
        return found[1]

    def arrays(self, first: int = 1) -> str:
        """For all of them, on PostgreSQL; ``first`` is the number of its first array."""
        kinds = enumerate(self.kinds.values(), start=first)
        arrays = ", ".join(f"${place}::{kind}[]" for place, kind in kinds)
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
        for group in _groups(self._jobs):
            if _table_of(group[0][0]) is not None and sum(len(rows) for _, rows in group) <= FEW:
                await _at_once(raw, group)
            else:
                for statement, rows in group:
                    await _one(connection, raw, statement, rows)


def _groups(jobs: Sequence[tuple[Executable | Listed, Rows]]) -> Iterator[list[tuple[Any, Rows]]]:
    """Neighbours that write to different tables, so that none has to see what another wrote."""
    group: list[tuple[Any, Rows]] = []
    tables: set[str] = set()
    for statement, rows in jobs:
        table = _table_of(statement)
        if group and (table is None or table in tables or _table_of(group[0][0]) is None):
            yield group
            group, tables = [], set()
        group.append((statement, rows))
        tables.add(table or "")
    if group:
        yield group


def _table_of(statement: Executable | Listed) -> str | None:
    """``None`` of what is only understood as it stands."""
    if isinstance(statement, Listed):
        return statement.table
    return statement.table.name if isinstance(statement, Insert) else None


async def _at_once(raw: Any, group: Sequence[tuple[Any, Rows]]) -> None:
    listed = tuple(_listed(statement, tuple(rows[0])) for statement, rows in group)
    values = [
        [row[key] for row in rows] for one, (_, rows) in zip(listed, group, strict=True) for key in one.kinds
    ]
    await raw.execute(_joined(listed), *values)


async def _one(connection: AsyncConnection, raw: Any, statement: Any, rows: Rows) -> None:
    if isinstance(statement, Insert):
        keys = tuple(rows[0])
        records = [tuple([row[key] for key in keys]) for row in rows]
        await raw.copy_records_to_table(statement.table.name, records=records, columns=keys)
    elif isinstance(statement, Listed):
        await raw.execute(statement.arrays(), *([row[key] for row in rows] for key in statement.kinds))
    else:
        await raw.executemany(*_compiled(connection, statement, rows))


@lru_cache(maxsize=256)
def _joined(listed: tuple[Listed, ...]) -> str:
    """One statement that carries out all of these, each on a table of its own."""
    parts, first = [], 1
    for one in listed:
        parts.append(one.arrays(first))
        first += len(one.kinds)
    *before, last = parts
    named = ", ".join(f"part_{place} AS ({part})" for place, part in enumerate(before))
    return f"WITH {named} {last}" if named else last


def _listed(statement: Insert | Listed, keys: tuple[str, ...]) -> Listed:
    return statement if isinstance(statement, Listed) else _of_insert(statement, keys)


@lru_cache(maxsize=64)
def _of_insert(statement: Insert, keys: tuple[str, ...]) -> Listed:
    """A plain ``INSERT`` of these columns."""
    kinds = {key: _kind(statement.table.columns[key].type) for key in keys}
    return Listed(f"INSERT INTO {statement.table.name} ({', '.join(keys)})", "", kinds)


def _kind(of: Any) -> str:
    """A column's type; a text's without its length, to which a cast would silently cut it."""
    return "text" if isinstance(of, String) else str(of.compile(dialect=_DIALECT))


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
