"""What a batch names is looked for in an index, however many names there are."""

from __future__ import annotations

import json

import pytest
from candour_gateway.store import cases
from candour_gateway.tables import metadata
from sqlalchemy import Select, create_engine
from sqlalchemy.dialects import postgresql, sqlite

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
