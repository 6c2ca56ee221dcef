"""The database: brought up to date, refused when it is not ours, durable, and shared fairly."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from candour_agency import schema, store
from candour_agency.database import Database
from candour_agency.engines.address import whole
from candour_agency.engines.once import look, once
from candour_agency.tables import metadata
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from tests.agency.places import ON_BOTH
from tests.agency.rows import incident_codes, keep_an_incident

pytestmark = ON_BOTH


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(address: URL) -> None:
    schema.migrate(address)
    schema.migrate(address)

    assert once(address, _differences) == []
    schema.check(address)


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_the_migrations_go_back_step_by_step_and_forward_again(address: URL) -> None:
    schema.migrate(address)

    for revision in reversed(schema.revisions()[:-1]):
        assert schema.migrate(address, revision) == once(address, schema.current) == revision
    schema.migrate(address, schema.NOTHING)

    assert once(address, _tables) in ([], ["alembic_version"])
    schema.migrate(address)
    assert once(address, _differences) == []


def _tables(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


def test_processes_that_migrate_at_once_do_it_once(address: URL) -> None:
    migrate = "from candour_agency import schema; from candour_agency.engines.address import parse_address"
    code = f"{migrate}; import sys; print(schema.migrate(parse_address(sys.argv[1])))"
    command = [sys.executable, "-c", code, whole(address)]

    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]  # noqa: S603 -- our own text

    assert [one.communicate()[0].decode().strip() for one in running] == [schema.revisions()[-1]] * 3
    assert once(address, _differences) == []


@pytest.mark.parametrize(
    "made",
    [
        ["CREATE TABLE cats (name TEXT)"],
        [
            "CREATE TABLE alembic_version (version_num TEXT)",
            "INSERT INTO alembic_version VALUES ('9999')",
        ],
    ],
)
def test_a_database_that_is_not_ours_is_refused_and_left_alone(address: URL, made: list[str]) -> None:
    schema.migrate(address)
    schema.migrate(address, schema.NOTHING)
    once(address, _executing("DROP TABLE IF EXISTS alembic_version"))
    for statement in made:
        once(address, _executing(statement))
    tables = once(address, _tables)

    with pytest.raises(schema.UnknownSchemaError):
        schema.migrate(address)

    assert once(address, _tables) == tables


def test_a_look_sees_one_moment_whoever_migrates_meanwhile(address: URL) -> None:
    """What another process makes between two queries would else look like another program's tables."""

    def tables_twice(connection: Connection) -> list[list[str]]:
        before = _tables(connection)
        with ThreadPoolExecutor(1) as another:
            another.submit(schema.migrate, address).result()
        return [before, _tables(connection)]

    assert look(address, tables_twice) == [[], []]


def _executing(statement: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(text(statement))


def test_an_empty_database_is_not_served(address: URL) -> None:
    with pytest.raises(schema.UnknownSchemaError, match="candour-agency migrate"):
        schema.check(address)


async def test_many_writes_share_commits_and_one_that_fails_harms_no_other(database: Database) -> None:
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
    assert await database.read(incident_codes) == ["kept"] * 20


async def test_what_is_urgent_is_kept_before_all_that_waits(database: Database) -> None:
    kept: list[str] = []

    await asyncio.gather(
        *(database.write(lambda _: "ordinary", kept.append) for _ in range(40)),
        database.write(lambda _: "urgent", kept.append, urgent=True),
    )

    assert kept == ["urgent", *["ordinary"] * 40]


async def test_what_follows_a_commit_happens_although_the_caller_has_gone(database: Database) -> None:
    happened = asyncio.Event()
    writing = asyncio.create_task(
        database.write(
            lambda connection: store.registry.note_incident(connection, "kept", "d", 1),
            lambda _: happened.set(),
        )
    )
    await asyncio.sleep(0)

    writing.cancel()

    async with asyncio.timeout(60):
        await happened.wait()
    assert await database.read(incident_codes) == ["kept"]


async def test_a_write_that_fails_alone_leaves_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        store.registry.note_incident(connection, "lost", "d", 1)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)

    assert await database.read(incident_codes) == []
    await database.write(keep_an_incident)
    assert await database.glance(incident_codes) == ["kept"]
