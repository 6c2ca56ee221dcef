"""Tiles: how a log's tree and entries are cut into files of 256. Source: C2SP tlog-tiles.

Storage contract. The data kept for the hash tile ``(level, n)`` is the concatenation of its hashes so far: a
prefix that only ever grows, up to 8,192 bytes. Writing is appending what ``growth.Growth`` returns; the
partial tile ``.p/W`` is the first ``W * 32`` bytes, whatever has been appended since. The hash at place
*i* of tile ``(level, n)`` commits to the ``256 ** level`` leaves from ``(n * 256 + i) * 256 ** level`` on.
An entry bundle is likewise a growing run of entries, each behind its length in two bytes, big-endian.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from candour_protocol import merkle
from candour_protocol.errors import ProofError
from candour_protocol.merkle import HASH_SIZE, Coords

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
ENTRIES = -1
MAX_ENTRY = 0xFFFF
MAX_RESOURCE = TILE_WIDTH * (MAX_ENTRY + 2)

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z")
_MAX_LEVEL = 63


class TileId(NamedTuple):
    """A tile's place: ``level`` 0 to 63, or ``ENTRIES`` for an entry bundle; ``n`` within the level."""

    level: int
    n: int

    def path(self, width: int = TILE_WIDTH) -> str:
        """Where it stands below the log's prefix; with ``.p/<width>`` if it is partial."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = f".p/{width}" if width < TILE_WIDTH else ""
        return f"tile/{level}/{_number_path(self.n)}{partial}"

    def width(self, size: int) -> int:
        """How many hashes or entries it has in a tree of ``size`` leaves: 0 to 256."""
        there = (size >> TILE_HEIGHT * max(self.level, 0)) - self.n * TILE_WIDTH
        return max(0, min(TILE_WIDTH, there))

    def leaves(self, place: int) -> range:
        """The indices of the entries that the hash at ``place`` commits to."""
        span = 1 << TILE_HEIGHT * max(self.level, 0)
        start = (self.n * TILE_WIDTH + place) * span
        return range(start, start + span)


def _number_path(n: int) -> str:
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


def parse_path(path: str) -> tuple[TileId, int]:
    """Read ``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``: the tile, and how wide it is asked for.

    Raises:
        ProofError: ``tile-path``; every tile has exactly one path.
    """
    found = _PATH.match(path)
    if found:
        level = ENTRIES if found[1] == "entries" else int(found[1])
        tile = TileId(level, int(found[2].replace("x", "").replace("/", "")))
        width = int(found[3] or TILE_WIDTH)
        if level <= _MAX_LEVEL and tile.path(width) == path:
            return tile, width
    raise ProofError("tile-path", "not the path of a tile")


def tiles_of(size: int) -> Iterator[tuple[TileId, int]]:
    """Every hash tile of a tree of ``size`` leaves with its width, level by level."""
    level = 0
    while size:
        for n in range(-(-size // TILE_WIDTH)):
            yield TileId(level, n), min(TILE_WIDTH, size - n * TILE_WIDTH)
        size >>= TILE_HEIGHT
        level += 1


def _locate(coords: Coords) -> tuple[TileId, int, int]:
    """In which tile a node's hashes stand, from which place on and how many."""
    level, within = divmod(coords[0], TILE_HEIGHT)
    n, place = divmod(coords[1] << within, TILE_WIDTH)
    return TileId(level, n), place, 1 << within


def needed(coords: Iterable[Coords]) -> list[TileId]:
    """The tiles that these nodes are read from, each once."""
    return list(dict.fromkeys(_locate(each)[0] for each in coords))


def needed_for_inclusion(indices: Iterable[int], size: int) -> list[TileId]:
    """The tiles from which ``merkle.inclusion_proof`` reads, for any number of old leaves."""
    parts = [part for index in indices for part in merkle.inclusion_coords(index, size)]
    return needed(coords for part in parts for coords in part)


def needed_for_consistency(old: int, new: int) -> list[TileId]:
    """The tiles from which ``merkle.consistency_proof`` reads."""
    return needed(coords for part in merkle.consistency_coords(old, new) for coords in part)


def needed_for_frontier(size: int) -> list[TileId]:
    """The tiles from which ``Frontier.from_hashes`` reads."""
    return needed(merkle.subtrees(0, size))


class TileReader:
    """A ``HashReader`` over tiles that were fetched beforehand (see ``needed_for_…``); data may be longer."""

    __slots__ = ("_tiles",)

    def __init__(self, tiles: Mapping[TileId, bytes]) -> None:
        self._tiles = tiles

    def __call__(self, coords: Sequence[Coords], /) -> list[bytes]:
        """Read nodes.

        Raises:
            ProofError: ``tile-short``, for a tile that is not there or ends too early.
        """
        return [self._node(*_locate(each)) for each in coords]

    def _node(self, tile: TileId, place: int, count: int) -> bytes:
        data = self._tiles.get(tile, b"")[place * HASH_SIZE : (place + count) * HASH_SIZE]
        if len(data) != count * HASH_SIZE:
            raise ProofError("tile-short", f"{tile.path()} does not hold what this tree needs")
        return data if count == 1 else merkle.tree_root(split_hashes(data))


def split_hashes(data: bytes) -> list[bytes]:
    """A tile's hashes one by one."""
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def bundled(entry: bytes) -> bytes:
    """An entry as it stands in a bundle: two bytes of length, then itself.

    Raises:
        ProofError: ``entry-size``, above 65,535 bytes.
    """
    if len(entry) > MAX_ENTRY:
        raise ProofError("entry-size", "an entry has at most 65,535 bytes")
    return len(entry).to_bytes(2, "big") + entry


def bundle(entries: Iterable[bytes]) -> bytes:
    """An entry bundle of these entries."""
    return b"".join(map(bundled, entries))


def iter_bundle(data: bytes) -> Iterator[bytes]:
    """The entries of a bundle, first to last.

    Raises:
        ProofError: ``bundle``, where the data ends within an entry; those before it have been yielded.
    """
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise ProofError("bundle", "the bundle ends within an entry")
        yield data[at + 2 : end]
        at = end
