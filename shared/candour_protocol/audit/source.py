"""Where an audit reads a log's files from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from candour_protocol.audit.finding import AuditError
from candour_protocol.merkle import HASH_SIZE
from candour_protocol.tiles import TILE_WIDTH, TileId

Progress = Callable[[int, int], None]
"""Told how many entries of how many have been checked."""


class LogSource(Protocol):
    """A log's files by their C2SP paths below its prefix: ``checkpoint``, ``tile/0/000`` …"""

    def read(self, path: str, /) -> bytes | None:
        """The file's bytes; None if there is no such file."""
        ...


class Seen(Protocol):
    """Remembers which statements an audit has met; may keep them outside memory."""

    def __call__(self, jti: str, digest: str, index: int, /) -> tuple[int, bool] | None:
        """Remember a statement by its id and hash.

        Returns:
            None for an id met for the first time; else the first entry under it, and whether the very same
            statement was met before.
        """
        ...


class SeenInMemory:
    """For logs of which the ids fit into memory: some 200 bytes an entry."""

    def __init__(self) -> None:
        self._met: dict[str, tuple[int, set[str]]] = {}

    def __call__(self, jti: str, digest: str, index: int, /) -> tuple[int, bool] | None:
        met = self._met.get(jti)
        if met is None:
            self._met[jti] = (index, {digest})
            return None
        first, digests = met
        repeated = digest in digests
        digests.add(digest)
        return first, repeated


def read_checkpoint(source: LogSource) -> str:
    """The checkpoint's text.

    Raises:
        AuditError: there is none, or it is not UTF-8.
    """
    raw = source.read("checkpoint")
    if raw is None:
        raise AuditError("the log has no checkpoint", file="checkpoint")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise AuditError("it is not text", file="checkpoint") from None


def read_tile(source: LogSource, tile: TileId, width: int) -> tuple[bytes, str]:
    """A tile of which ``width`` places are needed, and the path of the file found.

    A log may drop a partial tile once the full one is there, so that one will do as well.

    Raises:
        AuditError: neither is there.
    """
    for path in dict.fromkeys((tile.path(width), tile.path(TILE_WIDTH))):
        data = source.read(path)
        if data is not None:
            return data, path
    raise AuditError("the file is missing", file=tile.path(width), entries=_spanned(tile, width))


def read_hash_tile(source: LogSource, tile: TileId, width: int) -> tuple[bytes, str]:
    """A hash tile's first ``width`` hashes, and the path of the file found.

    Raises:
        AuditError: it is missing or has another length than its path says.
    """
    data, path = read_tile(source, tile, width)
    stated = width if path == tile.path(width) else TILE_WIDTH
    if len(data) != stated * HASH_SIZE:
        why = f"it has {len(data)} bytes and not {stated * HASH_SIZE}"
        raise AuditError(why, file=path, entries=_spanned(tile, width))
    return data[: width * HASH_SIZE], path


def _spanned(tile: TileId, width: int) -> range:
    return range(tile.leaves(0).start, tile.leaves(width - 1).stop)
