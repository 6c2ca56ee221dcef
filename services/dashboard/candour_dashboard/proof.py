"""Watching the log grow: every new checkpoint must be signed by the log and extend the one before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from candour_protocol.checkpoint import Checkpoint, open_checkpoint
from candour_protocol.errors import ProofError
from candour_protocol.merkle import consistency_proof, verify_consistency
from candour_protocol.note import Verifier
from candour_protocol.tiles import TileId, TileReader, needed_for_consistency

from candour_dashboard.readings import Proven

ReadLog = Callable[[str], Awaitable[bytes]]


class LogWatch:
    """Remembers the largest checkpoint that verified.

    A checkpoint that does not verify is never forgotten while the page runs: ``proven.problem`` stays, and
    both texts are kept beside ``checkpoint_file``, being the proof of misbehaviour (protocol section 9, 6).
    """

    def __init__(self, verifier: Verifier, read: ReadLog, kept_in: Path | None) -> None:
        self._verifier = verifier
        self._read = read
        self._kept_in = kept_in
        self._last: Checkpoint | None = None
        self._text = ""
        self.proven = Proven(size=0, at=None, since_size=0)

    def resume(self) -> None:
        """Take up the checkpoint that an earlier run verified, where one was kept."""
        if self._kept_in is None or not self._kept_in.exists():
            return
        self._text = self._kept_in.read_text("utf-8")
        try:
            self._last = open_checkpoint(self._text, self._verifier)
        except ProofError as error:
            self.proven = Proven(
                0, None, 0, f"The checkpoint kept from before does not verify: {error.detail}"
            )
            return
        self.proven = Proven(self._last.size, None, self._last.size)

    async def check(self, now: datetime) -> Proven:
        """Read the current checkpoint and prove that it extends the last one.

        Raises:
            Unreachable: the gateway gave no checkpoint or no tile; nothing is concluded from that.
        """
        if self.proven.problem:
            return self.proven
        text = (await self._read("checkpoint")).decode("utf-8", "replace")
        try:
            await self._extend(open_checkpoint(text, self._verifier), text, now)
        except ProofError as error:
            self._alarm(text, error.detail)
        return self.proven

    async def _extend(self, seen: Checkpoint, text: str, now: datetime) -> None:
        if self._last is not None:
            if seen.size < self._last.size:
                raise ProofError("consistency", f"it shows {seen.size} entries after {self._last.size}")
            await self._compare(self._last, seen)
        changed = text != self._text
        self._last, self._text = seen, text
        since = self.proven.since_size if self.proven.since_size or self.proven.at else seen.size
        self.proven = Proven(seen.size, now, since)
        if changed:
            self._keep(text)

    async def _compare(self, old: Checkpoint, new: Checkpoint) -> None:
        tiles: dict[TileId, bytes] = {}
        for tile in needed_for_consistency(old.size, new.size):
            tiles[tile] = await self._read(tile.path(tile.width(new.size)))
        path = consistency_proof(old.size, new.size, TileReader(tiles))
        verify_consistency(old.size, new.size, old.root, new.root, path)

    def _alarm(self, text: str, detail: str) -> None:
        known = self.proven
        self.proven = Proven(known.size, known.at, known.since_size, f"A checkpoint did not verify: {detail}")
        if self._kept_in is not None:
            self._kept_in.with_suffix(".alarm").write_text(f"{self._text}\n{text}", "utf-8")

    def _keep(self, text: str) -> None:
        if self._kept_in is None:
            return
        fresh = self._kept_in.with_suffix(".new")
        fresh.write_text(text, "utf-8")
        fresh.replace(self._kept_in)
