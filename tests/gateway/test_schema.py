"""The schema, step by step, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from candour_gateway.database import DatabaseAwayError
from candour_gateway.schema import UnknownSchemaError, migrate
from candour_gateway.tables import metadata
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tests.gateway import postgres
from tests.gateway.postgres import ON_BOTH

T = TypeVar("T")


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """An empty database."""
    if engine == "sqlite":
        yield make_url(f"sqlite+aiosqlite:///{tmp_path}/g.db")
        return
    server = request.getfixturevalue("server")
    made = asyncio.run(postgres.create(server))
    yield make_url(made)
    asyncio.run(postgres.drop(server, made))


def _on(url: URL, work: Callable[[Connection], T]) -> T:
    async def run() -> T:
        engine = create_async_engine(url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


@ON_BOTH
def test_the_migrations_make_exactly_the_tables_that_the_code_uses(url: URL) -> None:
    migrate(url)

    assert _on(url, lambda it: compare_metadata(MigrationContext.configure(it), metadata)) == []


@ON_BOTH
def test_a_worker_looks_at_one_moment_whoever_migrates_meanwhile(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another one makes after the revision was read would else look like another program's tables."""
    revision = MigrationContext.get_current_heads
    overtaken: list[tuple[str, ...]] = []

    def read_and_overtaken(context: MigrationContext) -> tuple[str, ...]:
        overtaken.append(revision(context))
        monkeypatch.undo()
        migrate(url)
        return overtaken[0]

    monkeypatch.setattr(MigrationContext, "get_current_heads", read_and_overtaken)
    migrate(url)

    assert overtaken == [()]  # it had seen an empty database when the other began
    assert _on(url, lambda it: compare_metadata(MigrationContext.configure(it), metadata)) == []


@ON_BOTH
def test_migrating_twice_changes_nothing_and_down_removes_everything(url: URL) -> None:
    migrate(url)

    migrate(url)
    migrate(url, to="base")

    assert _on(url, lambda it: inspect(it).get_table_names()) == ["alembic_version"]


@ON_BOTH
def test_a_log_that_was_begun_keeps_its_head_through_every_step(url: URL) -> None:
    migrate(url, to=None)
    migrate(url, to="0001")
    begun = "INSERT INTO log_head (id, size, root, t_ms, checkpoint) VALUES (1, 3, :root, 5, 'signed')"
    _on(url, lambda it: it.execute(text(begun), {"root": bytes(32)}))

    migrate(url)

    head = _on(url, lambda it: it.execute(text("SELECT size, checkpoint, facts_at FROM log_head")).one())
    assert tuple(head) == (3, "signed", -1)


@ON_BOTH
def test_a_schema_of_another_version_is_refused(url: URL) -> None:
    migrate(url)
    _on(url, lambda it: it.execute(text("UPDATE alembic_version SET version_num = '9999'")))

    with pytest.raises(UnknownSchemaError):
        migrate(url)


@ON_BOTH
@pytest.mark.parametrize("numbered", [True, False])
def test_another_programs_tables_are_refused_and_left_alone(url: URL, numbered: bool) -> None:
    """Also where it counts its schemas as the gateway does."""
    if numbered:
        migrate(url)
        migrate(url, to="base")
        _on(url, lambda it: it.execute(text("INSERT INTO alembic_version VALUES ('0001')")))
    _on(url, lambda it: it.execute(text("CREATE TABLE somebodys (id INTEGER)")))
    tables = _on(url, lambda it: inspect(it).get_table_names())

    with pytest.raises(UnknownSchemaError, match="another program's tables"):
        migrate(url)

    assert _on(url, lambda it: inspect(it).get_table_names()) == tables


def test_a_database_that_does_not_answer_is_said_to_be_away() -> None:
    with pytest.raises(DatabaseAwayError):
        migrate(make_url("postgresql+asyncpg://nobody:x@127.0.0.1:1/nothing"))
