"""The log: sequencing, tree, tiles and signed checkpoint, all within the caller's transaction.

Group commit: everything that one transaction appends shares one checkpoint, and each entry gets its receipt
against it. What is returned may leave the process only once the commit is known. Source: protocol section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.growth import Growth
from candour_protocol.ids import AgencyId, Jti, StatementHash
from candour_protocol.kinds.lists import Kind
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.note import Signer
from candour_protocol.receipt import Receipt, render
from candour_protocol.tiles import TILE_WIDTH, TileId, TileReader, needed_for_frontier
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway import tables
from candour_gateway.highwater import HighWater
from candour_gateway.store import tiles as tile_store
from candour_gateway.store.bulk import Bulk, Listed

_HEAD = select(tables.log_head).where(tables.log_head.c.id == 1).with_for_update()
_HEAD_MOVES = Listed(
    "UPDATE log_head SET size = :size, root = :root, t_ms = :t_ms, checkpoint = :checkpoint,"
    " facts_at = :facts_at",
    "WHERE id = 1",
    {"size": "bigint", "root": "bytea", "t_ms": "bigint", "checkpoint": "text", "facts_at": "bigint"},
)
_ENTRIES = insert(tables.entries)
_GROW = Listed(
    "INSERT INTO tiles (level, n, data)",
    "ON CONFLICT (level, n) DO UPDATE SET data = excluded.data",
    {"level": "integer", "n": "bigint", "data": "bytea"},
)


class LogIncidentError(Exception):
    """The log cannot go on without contradicting what it has shown; an operator must look first."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One line to append, with what is looked up later; ``raw`` is the leaf."""

    raw: bytes
    t_ms: int
    kind: Kind
    verdict: str
    rules: tuple[str, ...]
    iss: AgencyId
    aud: AgencyId
    jti: Jti
    hash: StatementHash
    irt: StatementHash | None
    iat: int
    exp: int


@dataclass(frozen=True, slots=True)
class Tip:
    """The log as the last transaction left it.

    Attributes:
        edges: the last tile of each level, where partial.
        facts_at: index of the newest registry fact, below zero before the first.
    """

    size: int
    root: bytes
    t_ms: int
    checkpoint: str
    frontier: Frontier
    edges: dict[TileId, bytes]
    facts_at: int = -1


@dataclass(frozen=True, slots=True)
class Appended:
    """What a transaction added; valid once it is committed. ``receipts`` stand in the entries' order."""

    tip: Tip
    first: int
    receipts: tuple[str, ...]


class Ledger:
    """The writing end of the log.

    A tip kept in memory saves reading the right edge again; it is believed only while it agrees with the row
    that the transaction has locked, so several workers may take turns.
    """

    def __init__(self, signer: Signer, shown: HighWater) -> None:
        self._signer = signer
        self._shown = shown
        self._tip: Tip | None = None
        self.incident = ""

    async def lock(self, connection: AsyncConnection) -> Tip:
        """Take the log's row lock, and the tip that it guards.

        Raises:
            LogIncidentError: the database is behind a checkpoint that was shown, or contradicts itself.
        """
        try:
            tip = await self._true_tip(connection)
            self._refuse_behind(tip)
        except LogIncidentError as error:
            self.incident = str(error)
            raise
        self.incident = ""
        return tip

    async def _true_tip(self, connection: AsyncConnection) -> Tip:
        row = (await connection.execute(_HEAD)).one()
        tip = self._tip
        if tip is None or (tip.size, tip.root) != (row.size, row.root):
            tip = await _read_tip(connection, row)
        return tip

    def _refuse_behind(self, tip: Tip) -> None:
        shown = self._shown.latest()
        if shown is None or (shown.size < tip.size):
            return
        if (shown.size, shown.root) != (tip.size, tip.root):
            raise LogIncidentError(
                f"a checkpoint of {shown.size} entries was shown, and the database has {tip.size}"
            )

    def append(self, tip: Tip, entries: Sequence[NewEntry], bulk: Bulk) -> Appended:
        """Append in this order and sign the checkpoint; ``tip`` is what ``lock`` gave in this transaction."""
        growth = Growth(tip.frontier, [leaf_hash(entry.raw) for entry in entries])
        checkpoint = sign_checkpoint(Checkpoint(self._signer.name, growth.size, growth.root), self._signer)
        grown = {tile: tip.edges.get(tile, b"") + data for tile, data in growth.tile_hashes().items()}
        bulk.add(_ENTRIES, _entry_rows(tip.size, entries))
        bulk.add(_GROW, [{"level": t.level, "n": t.n, "data": d} for t, d in grown.items()])
        t_ms = max(tip.t_ms, entries[-1].t_ms)
        after = Tip(
            growth.size,
            growth.root,
            t_ms,
            checkpoint,
            growth.frontier,
            _edges(tip.edges, grown, growth.size),
            _facts_at(tip, entries),
        )
        bulk.add(_HEAD_MOVES, [_head_row(after)])
        return Appended(after, tip.size, _receipts(tip.size, entries, growth, checkpoint))

    def adopt(self, appended: Appended) -> None:
        """The commit is known: from now on this checkpoint counts as shown."""
        self._tip = appended.tip
        tip = appended.tip
        self._shown.raise_to(Checkpoint(self._signer.name, tip.size, tip.root), tip.checkpoint)


async def _read_tip(connection: AsyncConnection, row: Any) -> Tip:
    """The right edge from the tiles, which must make up the root that the row says."""
    tiles = await tile_store.read(connection, needed_for_frontier(row.size))
    frontier = Frontier.from_hashes(row.size, TileReader(tiles))
    if frontier.root() != row.root:
        raise LogIncidentError("the tiles do not make up the root of the log")
    edges = {tile: data for tile in _partial(row.size) if (data := tiles.get(tile))}
    return Tip(row.size, row.root, row.t_ms, row.checkpoint, frontier, edges, row.facts_at)


def _facts_at(tip: Tip, entries: Sequence[NewEntry]) -> int:
    facts = [place for place, entry in enumerate(entries) if entry.kind is Kind.REGISTRY]
    return tip.size + facts[-1] if facts else tip.facts_at


def _partial(size: int) -> list[TileId]:
    """The tiles that the next entries may still grow: the last of each level."""
    levels = range((max(size, 1).bit_length() + 7) // 8)
    partial = [TileId(level, (size >> 8 * level) // TILE_WIDTH) for level in levels]
    return [tile for tile in partial if 0 < tile.width(size) < TILE_WIDTH]


def _edges(before: dict[TileId, bytes], grown: dict[TileId, bytes], size: int) -> dict[TileId, bytes]:
    return {tile: grown.get(tile) or before[tile] for tile in _partial(size)}


def _entry_rows(first: int, entries: Sequence[NewEntry]) -> list[dict[str, object]]:
    return [
        {
            "idx": first + place,
            "t_ms": entry.t_ms,
            "kind": entry.kind.value,
            "verdict": entry.verdict,
            "rules": " ".join(entry.rules),
            "iss": entry.iss,
            "aud": entry.aud,
            "jti": entry.jti,
            "hash": entry.hash,
            "irt": entry.irt,
            "iat": entry.iat,
            "exp": entry.exp,
            "bytes": entry.raw,
        }
        for place, entry in enumerate(entries)
    ]


def _head_row(tip: Tip) -> dict[str, object]:
    return {
        "size": tip.size,
        "root": tip.root,
        "t_ms": tip.t_ms,
        "checkpoint": tip.checkpoint,
        "facts_at": tip.facts_at,
    }


def _receipts(first: int, entries: Sequence[NewEntry], growth: Growth, checkpoint: str) -> tuple[str, ...]:
    proofs = growth.proofs()
    return tuple(
        render(Receipt(first + place, proof, checkpoint, entry.raw))
        for place, (entry, proof) in enumerate(zip(entries, proofs, strict=True))
    )
