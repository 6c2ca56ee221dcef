"""A log that has grown for years, written in minutes: entries, the tree over them, and what they left behind.

Every second entry is a concern that was delivered, opened and answered long ago, the next one its
``delivery``; both have the rows that such statements have in every table, but no sealed part, for that is
deleted. Entries are shorter than real ones, so that a million of them fit: what grows is the number of rows.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from candour_gateway import keyring
from candour_gateway.database import Database
from candour_gateway.store import tiles as tile_store
from candour_gateway.tables import codes, entries, log_head, obligations, routes, tiles, traces
from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.growth import Growth
from candour_protocol.ids import sha256_text
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.tiles import TileId, TileReader, needed_for_frontier
from sqlalchemy import Table, select

from tests.gateway import postgres
from tests.gateway.partnership import GP, SCHOOL, Partnership

AT_ONCE = 16_384  # entries
BOX = secrets.token_bytes(600)  # T1, which nobody will open
STATEMENT = "s" * 300

Rows = Mapping[Table, Sequence[tuple[Any, ...]]]


async def grow(partnership: Partnership, size: int) -> None:
    """Let the log of a gateway that does not run have this many entries."""
    frontier, grown, t_ms = await _tip(partnership)
    for first in range(frontier.size, size, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, size))
        raws = [_raw(number, t_ms) for number in numbers]
        growth = Growth(frontier, [leaf_hash(raw) for raw in raws])
        for tile, hashes in growth.tile_hashes().items():
            grown[tile] = grown.get(tile, b"") + hashes
        frontier = growth.frontier
        await _store(partnership, _rows(numbers, raws, t_ms))
    signer = keyring.read(partnership.settings().keys).log
    checkpoint = sign_checkpoint(Checkpoint(signer.name, size, frontier.root()), signer)
    head = (1, size, frontier.root(), t_ms, checkpoint, await _facts_at(partnership))
    tree = [(tile.level, tile.n, data) for tile, data in grown.items()]
    await _store(partnership, {tiles: tree, log_head: [head]}, anew=True)


async def _tip(partnership: Partnership) -> tuple[Frontier, dict[TileId, bytes], int]:
    database = Database(partnership.settings().database_url)
    async with database.read() as connection:
        head = (await connection.execute(select(log_head))).one()
        edge = await tile_store.read(connection, needed_for_frontier(head.size))
    await database.close()
    return Frontier.from_hashes(head.size, TileReader(edge)), dict(edge), head.t_ms


async def _facts_at(partnership: Partnership) -> int:
    database = Database(partnership.settings().database_url)
    async with database.read() as connection:
        found = await tile_store.facts_at(connection)
    await database.close()
    return found


def _raw(number: int, t_ms: int) -> bytes:
    return f'{{"v":1,"t":{t_ms},"d":"passed","r":[],"p":"","s":"{number}.{STATEMENT}"}}'.encode()


def _rows(numbers: range, raws: Sequence[bytes], t_ms: int) -> Rows:
    """Columns in their tables' order."""
    names = {number: sha256_text(str(number).encode()) for number in range(numbers[0] - 1, numbers[-1] + 1)}
    told = [number for number in numbers if number % 2 == 0]
    return {
        entries: [_entry(n, names, t_ms, raw) for n, raw in zip(numbers, raws, strict=True)],
        codes: [(number, BOX) for number in numbers],
        traces: [(sha256_text(f"thread {number}".encode()), number) for number in told],
        routes: [
            (n, SCHOOL, "ordinary", False, None, 1, t_ms, None, min(n + 1, numbers[-1]), None) for n in told
        ],
        obligations: [row for number in told for row in _settled(number, names[number], t_ms)],
    }


def _entry(number: int, names: Mapping[int, str], t_ms: int, raw: bytes) -> tuple[Any, ...]:
    concern = number % 2 == 0
    kind, parties = ("concern", (GP, SCHOOL)) if concern else ("delivery", (SCHOOL, GP))
    jti, irt = f"{number:08x}-0000-7000-8000-000000000000", None if concern else names[number - 1]
    seconds = t_ms // 1000
    return (
        number,
        t_ms,
        kind,
        "passed",
        "",
        *parties,
        jti,
        names[number],
        irt,
        seconds,
        seconds + 86_400,
        raw,
    )


def _settled(number: int, name: str, t_ms: int) -> Iterator[tuple[Any, ...]]:
    jti = f"{number:08x}-0000-7000-8000-000000000000"
    for kind in ("delivery", "acknowledgement", "decision"):
        yield (number, kind, SCHOOL, GP, jti, name, False, t_ms, t_ms, number, t_ms, str(t_ms))


async def _store(partnership: Partnership, rows: Rows, *, anew: bool = False) -> None:
    """By the engine's fastest way; ``anew`` puts the rows in the place of all that the table has."""
    if partnership.database:
        await _copy(partnership.database, rows, anew=anew)
    else:
        _insert(str(partnership.folder / "gateway.db"), rows, anew=anew)


async def _copy(url: str, rows: Rows, *, anew: bool) -> None:
    async with postgres.asking(url) as connection, connection.transaction():
        for table, records in rows.items():
            if anew:
                await connection.execute(f"TRUNCATE {table.name}")
            await connection.copy_records_to_table(table.name, records=records)


def _insert(path: str, rows: Rows, *, anew: bool) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for table, records in rows.items():
            if anew:
                connection.execute(f"DELETE FROM {table.name}")  # noqa: S608 - a name of our own
            places = ", ".join("?" * len(table.columns))
            connection.executemany(f"INSERT INTO {table.name} VALUES ({places})", records)  # noqa: S608
    connection.close()
