"""The tree, audited: every hash tile is computed again from the entries. Source: C2SP tlog-tiles.

Goes through the log once, one bundle of 256 entries after the other, and keeps no more than the right edge
and one tile of each level.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from candour_protocol import merkle, tiles
from candour_protocol.audit.finding import AuditError
from candour_protocol.audit.source import LogSource, read_hash_tile, read_tile
from candour_protocol.checkpoint import Checkpoint
from candour_protocol.errors import ProofError
from candour_protocol.growth import Growth
from candour_protocol.merkle import HASH_SIZE, Frontier, leaf_hash
from candour_protocol.tiles import ENTRIES, TILE_WIDTH, TileId, TileReader


class TreeAudit:
    """One pass over a log's entries and tiles. ``checked`` tiles have been found right so far."""

    def __init__(self, source: LogSource, checkpoint: Checkpoint) -> None:
        self._source = source
        self._checkpoint = checkpoint
        self._frontier = Frontier()
        self._held: dict[int, tuple[TileId, bytes, str]] = {}
        self.checked = 0

    def bundles(self) -> Iterator[list[bytes]]:
        """The entries, bundle by bundle, each after it was found in the tree; at the end comes the root.

        Raises:
            AuditError: the first entry, tile or root that does not fit.
        """
        for n in range(-(-self._checkpoint.size // TILE_WIDTH)):
            entries = self._bundle(TileId(ENTRIES, n))
            growth = Growth(self._frontier, list(map(leaf_hash, entries)))
            for tile, data in growth.tile_hashes().items():
                self._compare(tile, data)
            self._frontier = growth.frontier
            yield entries
        if self._frontier.root() != self._checkpoint.root:
            raise AuditError("the root it signs is not that of the entries and tiles", file="checkpoint")

    def _bundle(self, bundle: TileId) -> list[bytes]:
        """A bundle's entries, each of them compared with its hash in the tile of level 0."""
        width = bundle.width(self._checkpoint.size)
        data, path = read_tile(self._source, bundle, width)
        unread = tiles.iter_bundle(data)
        shown, _ = self._tile(TileId(0, bundle.n))
        entries: list[bytes] = []
        for place in range(width):
            entry = _next_entry(unread, path, bundle.leaves(place))
            if leaf_hash(entry) != shown[place * HASH_SIZE : (place + 1) * HASH_SIZE]:
                raise self._blame(bundle.leaves(place).start, data)
            entries.append(entry)
        if path == bundle.path(width) and len(data) != sum(map(len, entries)) + 2 * width:
            last = bundle.leaves(width - 1)
            raise AuditError("it goes on behind its last entry", file=path, entries=last)
        return entries

    def _tile(self, tile: TileId) -> tuple[bytes, str]:
        """A hash tile as the log shows it; the last one of each level is held."""
        held = self._held.get(tile.level)
        if held is None or held[0] != tile:
            held = (tile, *read_hash_tile(self._source, tile, tile.width(self._checkpoint.size)))
            self._held[tile.level] = held
            self.checked += 1
        return held[1], held[2]

    def _compare(self, tile: TileId, computed: bytes) -> None:
        """Compare hashes computed from entries with those that stand at their places in the log's tile."""
        shown, path = self._tile(tile)
        start = self._place(tile)
        for at in range(0, len(computed), HASH_SIZE):
            place = start + at // HASH_SIZE
            if shown[place * HASH_SIZE : (place + 1) * HASH_SIZE] != computed[at : at + HASH_SIZE]:
                why = f"hash {place} is not that of the entries below it"
                raise AuditError(why, file=path, entries=tile.leaves(place))

    def _place(self, tile: TileId) -> int:
        """Where in a tile the next computed hash belongs."""
        return (self._frontier.size >> tiles.TILE_HEIGHT * tile.level) % TILE_WIDTH

    def _blame(self, index: int, bundle: bytes) -> AuditError:
        """Which of two is wrong, an entry or its hash in the tile: the signed root decides."""
        tile, place = TileId(0, index // TILE_WIDTH), index % TILE_WIDTH
        shown, path = self._tile(tile)
        concerned = range(index, index + 1)
        if self._in_tree(index, b"".join(_leaves(bundle))):
            why = f"hash {place} is not that of the entry, which is right"
            return AuditError(why, file=path, entries=concerned)
        if self._in_tree(index, shown):
            return AuditError("its bytes are not those that were logged", entries=concerned)
        why = f"its bytes and hash {place} of {path} disagree, and neither leads to the signed root"
        return AuditError(why, entries=concerned)

    def _in_tree(self, index: int, hashes: bytes) -> bool:
        """Whether an entry's hash leads to the signed root if its tile of level 0 holds ``hashes``."""
        size, root = self._checkpoint.size, self._checkpoint.root
        own = TileId(0, index // TILE_WIDTH)
        others = [tile for tile in tiles.needed_for_inclusion([index], size) if tile != own]
        at = index % TILE_WIDTH * HASH_SIZE
        try:
            held = {tile: read_hash_tile(self._source, tile, tile.width(size))[0] for tile in others}
            proof = merkle.inclusion_proof(index, size, TileReader(held | {own: hashes}))
            merkle.verify_inclusion(hashes[at : at + HASH_SIZE], index, size, proof, root)
        except ProofError:
            return False
        return True


def _leaves(bundle: bytes) -> Iterator[bytes]:
    """The hashes of a bundle's entries, as far as it can be read."""
    with contextlib.suppress(ProofError):
        yield from map(leaf_hash, tiles.iter_bundle(bundle))


def _next_entry(unread: Iterator[bytes], path: str, entries: range) -> bytes:
    try:
        return next(unread)
    except (StopIteration, ProofError):
        raise AuditError("it ends before this entry does", file=path, entries=entries) from None
