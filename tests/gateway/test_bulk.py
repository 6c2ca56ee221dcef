"""What a batch writes is there afterwards, in whichever way it went: in one statement, or each by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from candour_gateway.database import Database
from candour_gateway.schema import migrate
from candour_gateway.store.bulk import FEW, Bulk, Listed
from candour_gateway.tables import codes, entries, routes
from sqlalchemy import insert, select, text

from tests.gateway import postgres

_OPEN = Listed(
    "UPDATE routes SET settled_by = :by", "WHERE idx = :at_idx", {"by": "bigint", "at_idx": "bigint"}
)
_STOP = text("UPDATE routes SET next_at = NULL WHERE idx = :at_idx")


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one on each engine."""
    if request.param == "sqlite":
        opened = Database(f"sqlite+aiosqlite:///{tmp_path}/bulk.db")
        migrate(opened.url)
        yield opened
        await opened.close()
        return
    server = request.getfixturevalue("server")
    url = await postgres.create(server)
    opened = Database(url)
    migrate(opened.url)
    yield opened
    await opened.close()
    await postgres.drop(server, url)


def an_entry(idx: int) -> dict[str, Any]:
    words = {name: f"{name}-{idx}" for name in ("iss", "aud", "jti", "hash")}
    numbers = dict.fromkeys(("t_ms", "iat", "exp"), idx)
    return {
        "idx": idx,
        "kind": "concern",
        "verdict": "passed",
        "rules": "R02 " * 90,
        "irt": None,
        "bytes": b"\0",
        **words,
        **numbers,
    }


def a_route(idx: int) -> dict[str, Any]:
    words = {"recipient": "anytown-csc", "lane": "ordinary"}
    return {"idx": idx, "urgent": True, "attempts": 1, "sent_at": idx, "next_at": idx, **words}


async def carry_out(database: Database, bulk: Bulk) -> None:
    """In a transaction that has looked at something before, as every batch has."""
    async with database.write() as connection:
        await connection.execute(select(entries.c.idx))
        await bulk.run(connection)


@pytest.mark.parametrize("count", [1, FEW // 3, FEW, 5 * FEW])
async def test_all_rows_are_there_and_each_statement_sees_those_before_it(
    database: Database, count: int
) -> None:
    bulk = Bulk()
    bulk.add(insert(entries), [an_entry(idx) for idx in range(count)])
    bulk.add(insert(codes), [{"idx": idx, "box": bytes([idx % 256])} for idx in range(count)])
    bulk.add(insert(routes), [a_route(idx) for idx in range(count)])
    bulk.add(_OPEN, [{"by": 7 + idx, "at_idx": idx} for idx in range(count)])
    bulk.add(_STOP, [{"at_idx": 0}])

    await carry_out(database, bulk)

    async with database.read() as connection:
        kept = (await connection.execute(select(entries).order_by(entries.c.idx))).mappings().all()
        boxes = (await connection.execute(select(codes).order_by(codes.c.idx))).all()
        sent = (await connection.execute(select(routes).order_by(routes.c.idx))).all()
    assert [dict(row) for row in kept] == [an_entry(idx) for idx in range(count)]
    assert [tuple(row) for row in boxes] == [(idx, bytes([idx % 256])) for idx in range(count)]
    assert [(row.settled_by, row.next_at) for row in sent] == [(7, None)] + [
        (7 + idx, idx) for idx in range(1, count)
    ]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("count", [1, FEW + 1])
async def test_a_text_that_is_too_long_is_refused_and_not_cut(database: Database, count: int) -> None:
    bulk = Bulk()
    bulk.add(insert(entries), [an_entry(idx) | {"verdict": "passed, flagged"} for idx in range(count)])

    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await carry_out(database, bulk)
