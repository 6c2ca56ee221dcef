"""What a piece of work puts is there for whoever looks, all of it or nothing, in whichever way it went."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from candour_agency import store
from candour_agency.database import Database
from candour_agency.engines.postgresql import Postgresql
from candour_agency.engines.sheet import Verb, Write, put
from candour_agency.store import forgotten, outbox
from candour_agency.tables import idempotency, progress
from sqlalchemy import Connection, Select, event, select, text
from sqlalchemy.dialects import postgresql

from tests.agency.rows import NOW, incident_codes, keep_an_incident

ADD = Write(Verb.ADD, progress, ("name", "size", "note"))
RAISE = Write(Verb.ADD, progress, ("name", "size", "note"), "ON CONFLICT (name) DO UPDATE SET size = 99")
CHANGE = Write(Verb.CHANGE, progress, ("name", "size"))
BY_NOTE = Write(Verb.CHANGE, progress, ("note", "size"))
REMOVE = Write(Verb.REMOVE, progress, ("name",))
REMEMBER = Write(Verb.ADD, idempotency, ("client", "key", "fingerprint", "reply", "made_at"))
_NAMES = select(progress.c.name, progress.c.size).order_by(progress.c.name)

both = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def a_mark(name: str, size: int = 1, note: str = "") -> dict[str, Any]:
    return {"name": name, "size": size, "note": note}


def a_reply(key: str) -> dict[str, Any]:
    return {"client": "c", "key": key, "fingerprint": "f", "reply": "r", "made_at": 1}


def marks(connection: Connection) -> dict[str, int]:
    return {row.name: row.size for row in connection.execute(_NAMES)}


def doing(*steps: tuple[Write, list[dict[str, Any]]]) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        for write, rows in steps:
            put(connection, write, rows)

    return work


@both
async def test_what_was_put_is_seen_by_the_next_query_and_by_everybody_afterwards(database: Database) -> None:
    def work(connection: Connection) -> list[dict[str, int]]:
        put(connection, ADD, [a_mark("a"), a_mark("b")])
        first = marks(connection)
        put(connection, CHANGE, [{"name": "a", "size": 2}])
        connection.execute(text("UPDATE progress SET size = size + 10"))
        put(connection, REMOVE, [{"name": "b"}])
        return [first, marks(connection)]

    assert await database.write(work) == [{"a": 1, "b": 1}, {"a": 12}]
    assert await database.read(marks) == {"a": 12}


@both
@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ([(CHANGE, [{"name": "old", "size": 2}]), (CHANGE, [{"name": "old", "size": 3}])], {"old": 3}),
        ([(ADD, [a_mark("new")]), (CHANGE, [{"name": "new", "size": 5}])], {"old": 1, "new": 5}),
        ([(ADD, [a_mark("new")]), (REMOVE, [{"name": "new"}])], {"old": 1}),
        ([(REMOVE, [{"name": "old"}]), (ADD, [a_mark("old", 7)])], {"old": 7}),
        ([(CHANGE, [{"name": "old", "size": 2}]), (ADD, [a_mark("new")])], {"old": 2, "new": 1}),
        ([(ADD, [a_mark("new")]), (RAISE, [a_mark("new")])], {"old": 1, "new": 99}),
        ([(CHANGE, [{"name": "old", "size": 2}]), (BY_NOTE, [{"note": "", "size": 4}])], {"old": 4}),
        ([(ADD, [a_mark("new")]), (BY_NOTE, [{"note": "", "size": 4}])], {"old": 4, "new": 4}),
        ([(REMOVE, [{"name": "old"}]), (CHANGE, [{"name": "old", "size": 2}])], {}),
        ([(ADD, []), (REMOVE, [])], {"old": 1}),
    ],
)
async def test_each_write_finds_what_the_one_before_it_left(
    database: Database, steps: list[tuple[Write, list[dict[str, Any]]]], left: dict[str, int]
) -> None:
    await database.write(doing((ADD, [a_mark("old")])))

    await database.write(doing(*steps))

    assert await database.read(marks) == left


@both
async def test_own_and_received_statements_are_numbered_in_the_order_in_which_they_were_put(
    database: Database,
) -> None:
    def work(connection: Connection) -> None:
        store.messages.add(connection, [a_message("received")])
        store.messages.note_deliveries(connection, [{"hash": "another", "opened": "sound"}])
        store.messages.add(connection, [a_message("own"), a_message("later")])

    await database.write(work)

    found = await database.read(lambda connection: store.messages.thread(connection, "t"))
    assert [one.hash for one in found] == ["received", "own", "later"]


def a_message(name: str) -> dict[str, Any]:
    texts = dict.fromkeys(("counterparty", "inbox", "urgency", "jwt"), "")
    numbers = {"issued_at": NOW // 1000, "made_at": NOW}
    kind = {"kind": "concern", "direction": "in", "restricted": False}
    return {"jti": name, "hash": name, "txn": "t", **kind, **texts, **numbers}


# -- all or nothing ------------------------------------------------------------------------------------------


def _failing(*steps: tuple[Write, list[dict[str, Any]]], after: bool) -> Callable[[Connection], None]:
    """Fails of its own accord, or where it puts what is there already; before or after it was shown."""

    def work(connection: Connection) -> None:
        doing(*steps)(connection)
        if after:
            marks(connection)
        raise RuntimeError("this piece fails")

    return work


@both
@pytest.mark.parametrize("after", [False, True])
async def test_of_a_piece_that_fails_nothing_is_kept_alone_or_among_others(
    database: Database, after: bool
) -> None:
    failing = _failing((ADD, [a_mark("lost")]), after=after)
    with pytest.raises(RuntimeError, match="this piece fails"):
        await database.write(failing)

    good = doing((ADD, [a_mark("kept")])), doing((REMEMBER, [a_reply("k")]), (ADD, [a_mark("kept too")]))
    results = await asyncio.gather(
        database.write(good[0]), database.write(failing), database.write(good[1]), return_exceptions=True
    )

    assert [type(one) for one in results] == [type(None), RuntimeError, type(None)]
    assert await database.read(marks) == {"kept": 1, "kept too": 1}


@both
async def test_what_the_database_refuses_harms_its_own_piece_alone(database: Database) -> None:
    await database.write(doing((ADD, [a_mark("there")])))
    twice = doing((REMEMBER, [a_reply("k")]), (ADD, [a_mark("there", 2)]))

    with pytest.raises(Exception, match=r"(?i)unique"):
        await database.write(twice)
    results = await asyncio.gather(
        database.write(twice), database.write(keep_an_incident), return_exceptions=True
    )

    assert results[1] is None
    assert isinstance(results[0], Exception)
    assert await database.read(marks) == {"there": 1}
    assert await database.read(incident_codes) == ["kept"]
    await database.write(doing((REMEMBER, [a_reply("k")])))  # the reply was not kept either


@both
async def test_rows_that_are_not_what_is_written_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="rows of name, size, note"):
        await database.write(doing((ADD, [{"name": "a", "size": 1}])))


# -- trips ---------------------------------------------------------------------------------------------------


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """The first words of each statement that goes to the server from whoever writes."""
    engine = database._engine
    assert isinstance(engine, Postgresql)
    words: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        words.append(" ".join(statement.split()[:2]))

    event.listen(engine._writing.sync_engine, "before_cursor_execute", note)
    yield words
    event.remove(engine._writing.sync_engine, "before_cursor_execute", note)


@on_postgresql
async def test_what_is_looked_up_first_and_written_last_takes_one_trip_to_write(database: Database) -> None:
    def work(connection: Connection) -> None:
        marks(connection)
        doing((ADD, [a_mark("a")]), (REMEMBER, [a_reply("k")]), (CHANGE, [{"name": "b", "size": 2}]))(
            connection
        )
        put(connection, ADD, [a_mark("c")])

    with asked(database) as words:
        await database.write(work)
        assert words == ["SELECT progress.name,", "WITH part_0"]

    assert await database.read(marks) == {"a": 1, "c": 1}


@on_postgresql
async def test_what_only_reads_begins_nothing_and_what_writes_by_itself_is_in_a_transaction(
    database: Database,
) -> None:
    with asked(database) as words:
        await database.write(marks)
        await database.write(keep_an_incident)

    assert words == ["SELECT progress.name,", "BEGIN", "INSERT INTO", "COMMIT"]


@on_postgresql
@pytest.mark.parametrize(
    "query",
    [
        store.messages._AROUND,
        store.messages._LOOK_UP,
        store.messages._THREAD,
        store.messages._FIND,
        outbox._WAITING,
        forgotten._AMONG,
    ],
    ids=["around", "look-up", "thread", "find", "waiting", "forgotten"],
)
async def test_the_plan_that_a_writer_keeps_reads_no_table_from_end_to_end(
    query: Select[Any], database: Database
) -> None:
    """It was made while the tables were empty, and is kept while they grow."""
    sql = str(query.compile(dialect=postgresql.asyncpg.dialect()))  # type: ignore[no-untyped-call]
    nothing = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))

    def explain(connection: Connection) -> str:
        connection.exec_driver_sql(f"PREPARE kept AS {sql}")
        return "\n".join(connection.exec_driver_sql(f"EXPLAIN EXECUTE kept({nothing})").scalars())

    plan = await database.write(explain)
    assert len(re.findall(r"(?:Index|Index Only) Scan", plan)) == plan.count("Index Cond:") > 0
    assert "Seq Scan" not in plan
    assert "hashed" not in plan  # what stands beside a row is looked up for it alone
