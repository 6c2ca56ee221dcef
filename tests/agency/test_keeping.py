"""The database: brought up to date, refused when it is not ours, durable, and shared fairly."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from candour_agency import schema, store
from candour_agency.database import Database, open_engine
from candour_agency.engines.address import parse_address
from candour_agency.tables import metadata
from sqlalchemy import Connection, text


def _codes(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT code FROM incidents ORDER BY seq")))


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    engine = open_engine(parse_address(tmp_path / "node.db"))

    schema.migrate(engine)
    schema.migrate(engine)

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    schema.check(engine)
    engine.dispose()


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE cats (name TEXT)",
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')",
    ],
)
def test_a_database_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path, made: str) -> None:
    with sqlite3.connect(tmp_path / "node.db") as other:
        other.executescript(made)
    other.close()
    engine = open_engine(parse_address(tmp_path / "node.db"))

    with pytest.raises(schema.UnknownSchemaError):
        schema.migrate(engine)
    engine.dispose()


def test_an_empty_database_is_not_served(tmp_path: Path) -> None:
    engine = open_engine(parse_address(tmp_path / "node.db"))

    with pytest.raises(schema.UnknownSchemaError, match="candour-agency migrate"):
        schema.check(engine)
    engine.dispose()


async def test_many_writes_share_commits_and_one_that_fails_harms_no_other(tmp_path: Path) -> None:
    engine = open_engine(parse_address(tmp_path / "node.db"))
    schema.migrate(engine)
    database = Database(engine)

    def fail(connection: Connection) -> None:
        store.registry.note_incident(connection, "lost", "d", 1)
        raise LookupError

    work = [lambda connection: store.registry.note_incident(connection, "kept", "d", 1)] * 20
    results = await asyncio.gather(
        *(database.write(one) for one in work[:10]),
        database.write(fail),
        *(database.write(one) for one in work[10:]),
        return_exceptions=True,
    )

    assert [type(result) for result in results if result is not None] == [LookupError]
    assert await database.read(_codes) == ["kept"] * 20
    await database.close()


async def test_what_follows_a_commit_happens_although_the_caller_has_gone(tmp_path: Path) -> None:
    engine = open_engine(parse_address(tmp_path / "node.db"))
    schema.migrate(engine)
    database = Database(engine)
    happened = asyncio.Event()
    writing = asyncio.create_task(
        database.write(
            lambda connection: store.registry.note_incident(connection, "kept", "d", 1),
            lambda _: happened.set(),
        )
    )
    await asyncio.sleep(0)

    writing.cancel()

    async with asyncio.timeout(10):
        await happened.wait()
    assert await database.read(_codes) == ["kept"]
    await database.close()


async def test_a_write_that_fails_alone_leaves_nothing(tmp_path: Path) -> None:
    engine = open_engine(parse_address(tmp_path / "node.db"))
    schema.migrate(engine)
    database = Database(engine)

    def fail(connection: Connection) -> None:
        store.registry.note_incident(connection, "lost", "d", 1)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)

    assert await database.read(_codes) == []
    await database.write(lambda connection: store.registry.note_incident(connection, "kept", "d", 1))
    assert database.glance(_codes) == ["kept"]
    await database.close()


async def test_every_connection_waits_for_the_disk(tmp_path: Path) -> None:
    engine = open_engine(parse_address(tmp_path / "node.db"))
    database = Database(engine)

    found = await database.read(lambda connection: connection.scalar(text("PRAGMA synchronous")))

    assert found == 2
    await database.close()
