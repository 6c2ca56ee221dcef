"""Hash tiles, and proofs read from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from candour_protocol.merkle import Coords, HashReader, inclusion_proof
from candour_protocol.receipt import Receipt, render
from candour_protocol.tiles import TileId, TileReader, needed_for_inclusion
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway.tables import log_head, tiles


async def read(connection: AsyncConnection, wanted: Iterable[TileId]) -> dict[TileId, bytes]:
    """These tiles, as far as they have grown; what is not there is left out."""
    pairs = [(tile.level, tile.n) for tile in wanted]
    if not pairs:
        return {}
    query = select(tiles.c.level, tiles.c.n, tiles.c.data).where(tuple_(tiles.c.level, tiles.c.n).in_(pairs))
    return {TileId(level, n): data for level, n, data in await connection.execute(query)}


async def checkpoint(connection: AsyncConnection) -> tuple[int, str] | None:
    """The log's size and signed checkpoint; None before the first entry."""
    row = (await connection.execute(select(log_head.c.size, log_head.c.checkpoint))).first()
    return None if row is None or row.size == 0 else (row.size, row.checkpoint)


async def facts_at(connection: AsyncConnection) -> int:
    """The newest registry fact's index, below zero before the first."""
    return await connection.scalar(select(log_head.c.facts_at)) or 0


class _Remembering:
    """A reader for many proofs: neighbours share nodes, and one inside a tile is made of many hashes."""

    def __init__(self, read: HashReader) -> None:
        self._read = read
        self._known: dict[Coords, bytes] = {}

    def __call__(self, coords: Sequence[Coords], /) -> list[bytes]:
        missing = [each for each in coords if each not in self._known]
        self._known.update(zip(missing, self._read(missing), strict=True))
        return [self._known[each] for each in coords]


async def receipts(connection: AsyncConnection, entries: Sequence[tuple[int, bytes]]) -> dict[int, str]:
    """Receipts against the current checkpoint for entries given by index and bytes."""
    head = await checkpoint(connection)
    if head is None or not entries:
        return {}
    size, note = head
    found = await read(connection, needed_for_inclusion([index for index, _ in entries], size))
    reader = _Remembering(TileReader(found))
    return {
        index: render(Receipt(index, inclusion_proof(index, size, reader), note, raw))
        for index, raw in entries
    }
