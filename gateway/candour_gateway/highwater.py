"""The largest checkpoint that this log has ever shown, kept beside its key and not in its database.

A database restored from a backup would sign another history under the same key; this file is what notices.
It is written after each commit and before anything leaves, in place and without waiting for the disk: losing
the last write costs nothing, for what the file says is a lower bound. Source: protocol section 6.
"""

from __future__ import annotations

import os
from pathlib import Path

from candour_protocol.checkpoint import Checkpoint, open_checkpoint
from candour_protocol.note import Verifier

_ROOM = 1024  # bytes; a checkpoint of ours has some 200, and one page is written whole or not at all


class HighWater:
    """``checkpoint`` is the largest one known to have been shown, or None before the first.

    Raises:
        ProofError: the file holds something that the log's key did not sign.
    """

    def __init__(self, path: Path, verifier: Verifier) -> None:
        self._path = path
        text = path.read_text("utf-8").rstrip(" ") if path.exists() else ""
        self.checkpoint: Checkpoint | None = open_checkpoint(text, verifier) if text else None

    def raise_to(self, checkpoint: Checkpoint, text: str) -> None:
        """Remember a checkpoint of our own signing, unless a larger one is known."""
        if self.checkpoint is None or checkpoint.size >= self.checkpoint.size:
            self.checkpoint = checkpoint
            self._write(text.encode("utf-8").ljust(_ROOM))

    def _write(self, raw: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, raw, 0)
        finally:
            os.close(descriptor)
