"""One batch of new leaves: what it adds to the tiles, the new root, and every new leaf's proof.

Group commit appends up to a few hundred entries at once, and each sender wants a receipt against the one
checkpoint signed for all. Everything that such a proof needs is at hand: a sibling to the right is a node of
this batch, one to the left is a node of this batch or of the old frontier. So nothing is read from storage,
and neighbours share the upper part of their proofs.
"""

from __future__ import annotations

from collections.abc import Sequence

from candour_protocol.merkle import EMPTY_ROOT, Frontier, node_hash
from candour_protocol.tiles import TILE_HEIGHT, TILE_WIDTH, TileId


class Growth:
    """A tree of ``old`` leaves and the tree that it becomes; never changes the frontier it was given.

    Attributes:
        old: leaves before.
        size: leaves after.
        root: the root after.
        frontier: the right edge after; adopt it once the batch is committed.
    """

    __slots__ = ("_edges", "_rows", "frontier", "old", "root", "size")

    def __init__(self, frontier: Frontier, leaves: Sequence[bytes]) -> None:
        self.old = frontier.size
        self.size = frontier.size + len(leaves)
        self._rows = _rows(frontier, leaves, self.size)
        peaks = {level: row[-1] for level, row in enumerate(self._rows) if self.size >> level & 1}
        self.frontier = Frontier(self.size, peaks)
        self._edges = _edges(self.frontier)
        self.root = self._edges[-1] or EMPTY_ROOT

    def tile_hashes(self) -> dict[TileId, bytes]:
        """The bytes to append to each hash tile; tiles that get nothing are left out."""
        appended: dict[TileId, bytes] = {}
        for bits in range(0, len(self._rows), TILE_HEIGHT):
            index, end = self.old >> bits, self.size >> bits
            skipped = self._first(bits)
            while index < end:
                stop = min(end, (index // TILE_WIDTH + 1) * TILE_WIDTH)
                tile = TileId(bits // TILE_HEIGHT, index // TILE_WIDTH)
                appended[tile] = b"".join(self._rows[bits][index - skipped : stop - skipped])
                index = stop
        return appended

    def proofs(self) -> list[tuple[bytes, ...]]:
        """The inclusion proof of each new leaf against ``root``, in their order."""
        if self.size == self.old:
            return []
        paths: list[tuple[bytes, ...]] = [()]
        first = 0
        for level in range(len(self._rows) - 1, -1, -1):
            above, first = first, self.old >> level
            last = (self.size - 1) >> level
            paths = [self._sibling(level, i) + paths[(i >> 1) - above] for i in range(first, last + 1)]
        return paths

    def _sibling(self, level: int, index: int) -> tuple[bytes, ...]:
        """What stands beside a node: a complete one, the right edge, or nothing."""
        beside, complete = index ^ 1, self.size >> level
        if beside < complete:
            return (self._rows[level][beside - self._first(level)],)
        edge = self._edges[level]
        return (edge,) if beside == complete and edge is not None else ()

    def _first(self, level: int) -> int:
        """The index of the first node in a row: even, for a row begins with an old node where it pairs up."""
        return self.old >> level & ~1


def _rows(frontier: Frontier, leaves: Sequence[bytes], size: int) -> list[list[bytes]]:
    """For each level all new complete nodes, behind the old one that the first of them pairs with."""
    rows, fresh = [], list(leaves)
    for level in range(size.bit_length()):
        row = ([frontier.peaks[level]] if frontier.size >> level & 1 else []) + fresh
        rows.append(row)
        fresh = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
    return rows


def _edges(frontier: Frontier) -> list[bytes | None]:
    """For each level the hash over the leaves behind its last complete node; the last one is the root."""
    edges: list[bytes | None] = [None]
    for level in range(frontier.size.bit_length()):
        edge = edges[-1]
        if frontier.size >> level & 1:
            peak = frontier.peaks[level]
            edge = peak if edge is None else node_hash(peak, edge)
        edges.append(edge)
    return edges
