"""Rows that a piece of work writes, kept back until something has to see them.

With PostgreSQL each trip to the server costs both sides more than most statements do there. So what is
written goes there before the next query, or at the end: everything for tables, or rows, of their own is one
statement, of parts that each take an array for every value. Where that is all that is written it is the
transaction, too, and nothing has to begin or end one. SQLite, where a trip costs nothing, is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import Connection, String, Table, TextClause, text
from sqlalchemy.dialects import postgresql

_SHEET: Final = "sheet"
_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


class Verb(Enum):
    """What is done to a table for each row that is given."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Write:
    """A statement for many rows.

    Attributes:
        columns: what is given for each; where rows are changed or removed, the first says which one is meant.
        end: what follows an addition: ``ON CONFLICT …``.
    """

    verb: Verb
    table: Table
    columns: tuple[str, ...]
    end: str = ""

    @property
    def key(self) -> str:
        """The column that says which row is meant."""
        return self.columns[0]


def put(connection: Connection, write: Write, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows so that every later query of the transaction sees them; of no rows nothing comes.

    Raises:
        ValueError: a row has other members than what is written.
    """
    given = list(rows)
    if any(row.keys() != set(write.columns) for row in given):
        raise ValueError(f"{write.table.name}: rows of {', '.join(write.columns)} are written here")
    sheet: Sheet | None = connection.info.get(_SHEET)
    if given and sheet is None:
        connection.execute(_single(write), given)
    elif given and sheet is not None:
        sheet.put(write, given)


@dataclass(frozen=True, slots=True)
class _Job:
    write: Write
    rows: list[Mapping[str, Any]]

    def named(self, column: str) -> set[Any] | None:
        """Which rows are meant, by this column; ``None`` where that cannot be told."""
        told = self.write.verb is Verb.ADD or column == self.write.key
        return {row[column] for row in self.rows} if told else None

    def clashes(self, other: _Job) -> bool:
        """Whether one of them has to see what the other did: parts of one statement do not."""
        if self.write.table is not other.write.table:
            return False
        if self.write.verb is other.write.verb is Verb.ADD:
            return True  # which of them numbers its rows first is not said
        column = (other if self.write.verb is Verb.ADD else self).write.key
        mine, theirs = self.named(column), other.named(column)
        return mine is None or theirs is None or not mine.isdisjoint(theirs)


@dataclass(slots=True)
class Sheet:
    """What is not written yet in a session of its own, and whether its transaction has begun."""

    _jobs: list[_Job] = field(default_factory=list)
    _begun: bool = False

    def lay(self, info: dict[Any, Any]) -> None:
        """Collect what is put to the session with this ``info``."""
        info[_SHEET] = self

    def put(self, write: Write, rows: list[Mapping[str, Any]]) -> None:
        """Keep rows back; those that are added go beside others of their table, if nothing lies between."""
        new = _Job(write, rows)
        beside = next((job for job in reversed(self._jobs) if job.write == write or new.clashes(job)), None)
        if beside is not None and beside.write == write and write.verb is Verb.ADD and not write.end:
            beside.rows.extend(rows)
        else:
            self._jobs.append(new)

    def begin(self, connection: Connection) -> None:
        """Begin the transaction, if it has not begun."""
        if not self._begun:
            connection.exec_driver_sql("BEGIN")
            self._begun = True

    def show(self, connection: Connection) -> None:
        """Let what follows in the transaction see everything."""
        if self._jobs:
            self.begin(connection)
            self._send(connection, _groups(self._jobs))

    def commit(self, connection: Connection) -> None:
        """Write the rest, and put everything on disk."""
        groups = list(_groups(self._jobs))
        if len(groups) > 1:
            self.begin(connection)
        self._send(connection, groups)
        if self._begun:
            connection.exec_driver_sql("COMMIT")
            self._begun = False

    def forget(self) -> None:
        """Leave out what was kept back."""
        self._jobs = []

    def roll_back(self, connection: Connection) -> None:
        """Leave nothing of it, here or there."""
        self.forget()
        if self._begun:
            self._begun = False
            connection.exec_driver_sql("ROLLBACK")

    def _send(self, connection: Connection, groups: Iterable[list[_Job]]) -> None:
        for group in groups:
            values = [[row[name] for row in job.rows] for job in group for name in job.write.columns]
            connection.exec_driver_sql(_joined(tuple(job.write for job in group)), tuple(values))
        self.forget()


def before_execute(connection: Connection, statement: Any, *_: Any) -> None:
    """What SQLAlchemy is about to run sees what was put before it, and is undone with it."""
    sheet: Sheet | None = connection.info.get(_SHEET)
    if sheet is not None:
        sheet.show(connection)
        if not statement.is_select:
            sheet.begin(connection)


def _groups(jobs: Iterable[_Job]) -> Iterator[list[_Job]]:
    """Neighbours of which none has to see what another did."""
    group: list[_Job] = []
    for job in jobs:
        if any(map(job.clashes, group)):
            yield group
            group = []
        group.append(job)
    if group:
        yield group


@lru_cache(maxsize=256)
def _joined(writes: tuple[Write, ...]) -> str:
    """One statement of all these, for PostgreSQL; its values are an array for each column."""
    parts, first = [], 1
    for write in writes:
        parts.append(_of_arrays(write, first))
        first += len(write.columns)
    *before, last = parts
    named = ", ".join(f"part_{place} AS ({part})" for place, part in enumerate(before))
    return f"WITH {named} {last}" if named else last


def _of_arrays(write: Write, first: int) -> str:
    """For all rows at once; ``first`` is the number of its first array."""
    kinds = enumerate((_kind(write.table, name) for name in write.columns), start=first)
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in kinds)
    table, names = write.table.name, ", ".join(write.columns)
    given = f"unnest({arrays}) AS given ({names})"
    meant = f"{table}.{write.key} = given.{write.key}"
    if write.verb is Verb.ADD:
        return _sql("INSERT INTO", table, f"({names}) SELECT * FROM", given, write.end)
    if write.verb is Verb.REMOVE:
        return _sql("DELETE FROM", table, "USING", given, "WHERE", meant)
    changes = ", ".join(f"{name} = given.{name}" for name in write.columns[1:])
    return _sql("UPDATE", table, "SET", changes, "FROM", given, "WHERE", meant)


@cache
def _single(write: Write) -> TextClause:
    """For one row at a time, on either engine."""
    table, meant = write.table.name, f"{write.key} = :{write.key}"
    if write.verb is Verb.ADD:
        names, values = ", ".join(write.columns), ", ".join(f":{name}" for name in write.columns)
        return text(_sql("INSERT INTO", table, f"({names}) VALUES ({values})", write.end))
    if write.verb is Verb.REMOVE:
        return text(_sql("DELETE FROM", table, "WHERE", meant))
    changes = ", ".join(f"{name} = :{name}" for name in write.columns[1:])
    return text(_sql("UPDATE", table, "SET", changes, "WHERE", meant))


def _sql(*parts: str) -> str:
    """Of names that stand in this program; what is written is always given beside it."""
    return " ".join(parts)


def _kind(table: Table, name: str) -> str:
    """A column's type; a text's without its length, to which a cast would silently cut it."""
    of = table.columns[name].type
    return "text" if isinstance(of, String) else str(of.compile(dialect=_DIALECT))
