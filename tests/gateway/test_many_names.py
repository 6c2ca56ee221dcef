"""What a batch names is looked for in an index, however many names there are."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from candour_gateway.database import Database
from candour_gateway.schema import migrate
from candour_gateway.store import cases
from candour_gateway.tables import metadata
from sqlalchemy import Select, create_engine
from sqlalchemy.dialects import postgresql, sqlite

from tests.gateway import postgres

QUERIES = {
    "named": cases._NAMED,
    "further": cases._FURTHER,
    "traced": cases._TRACED,
    "first": cases._FIRST,
    "at": cases._AT,
    "due": cases._DUE,
    "bars": cases._BARS,
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_sqlite_reads_no_table_from_end_to_end(query: Select[tuple[object, ...]]) -> None:
    """A list that is compared as a truth value would make it."""
    compiled = query.compile(dialect=sqlite.dialect())
    values = {"names": json.dumps(["a", "b"]), "jtis": json.dumps(["c"]), "n_1": 256}
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        given = tuple(values[name] for name in compiled.positiontup or ())
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given).all()
    engine.dispose()

    scanned = {row.detail.split()[1] for row in plan if row.detail.startswith("SCAN")}
    assert scanned.isdisjoint(metadata.tables)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_postgresql_gets_one_value_however_many_names_there_are(query: Select[tuple[object, ...]]) -> None:
    """So that its statement is the same for every batch, and is kept."""
    sql = str(query.compile(dialect=postgresql.asyncpg.dialect()))  # type: ignore[no-untyped-call]

    assert "= ANY ($" in sql
    assert "POSTCOMPILE" not in sql


@pytest_asyncio.fixture
async def database(server: str) -> AsyncIterator[Database]:
    """An empty one: a plan that is made on it is kept while its tables grow."""
    url = await postgres.create(server)
    opened = Database(url)
    migrate(opened.url)
    yield opened
    await opened.close()
    await postgres.drop(server, url)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_the_plan_that_a_writer_keeps_reads_no_table_from_end_to_end(
    query: Select[tuple[object, ...]], database: Database
) -> None:
    sql = str(query.compile(dialect=postgresql.asyncpg.dialect()))  # type: ignore[no-untyped-call]
    nothing = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))
    async with database.write() as connection:
        await connection.exec_driver_sql(f"PREPARE kept AS {sql}")
        plan = (await connection.exec_driver_sql(f"EXPLAIN EXECUTE kept({nothing})")).scalars().all()

    lines = "\n".join(plan)
    assert len(re.findall(r"(?:Index|Index Only) Scan", lines)) == lines.count("Index Cond:") > 0
    assert "Seq Scan" not in lines
