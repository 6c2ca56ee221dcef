"""The largest checkpoint that this log has ever shown, kept beside its key and not in its database.

A database restored from a backup would sign another history under the same key; this file is what notices.
It is written after each commit and before anything leaves, in place and without waiting for the disk: losing
the last write costs nothing, for what the file says is a lower bound. Source: protocol section 6.

The workers of one machine share the file. A lock keeps them from writing over each other, and nobody waits
for it longer than a write takes: one that is frozen while it has it must not stop the others.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from candour_protocol.checkpoint import Checkpoint, open_checkpoint
from candour_protocol.note import Verifier

_ROOM = 1024  # bytes; a checkpoint of ours has some 200, and one page is written whole or not at all
_TRIES = 200  # of a lock that is held for some ten microseconds


class HighWater:
    """What is known to have been shown.

    Raises:
        ProofError: the file holds something that the log's key did not sign.
    """

    def __init__(self, path: Path, verifier: Verifier) -> None:
        self._path = path
        self._verifier = verifier
        self._text = ""
        self._checkpoint: Checkpoint | None = None
        self.latest()

    def latest(self) -> Checkpoint | None:
        """The largest, whichever worker has shown it; None before the first.

        Raises:
            ProofError: see above.
        """
        if self._path.exists():
            with self._open(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
                if descriptor is not None:
                    self._take(_read(descriptor))
        return self._checkpoint

    def raise_to(self, checkpoint: Checkpoint, text: str) -> None:
        """Remember a checkpoint of our own signing, unless a larger one is known."""
        with self._open(os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX) as descriptor:
            if descriptor is not None:
                self._take(_read(descriptor))
            if self._checkpoint is not None and checkpoint.size < self._checkpoint.size:
                return
            self._text, self._checkpoint = text, checkpoint
            if descriptor is not None:
                os.pwrite(descriptor, text.encode("utf-8").ljust(_ROOM), 0)

    def _take(self, text: str) -> None:
        """What the file says, unless we know better; a signature is checked once."""
        if not text or text == self._text:
            return
        found = open_checkpoint(text, self._verifier)
        if self._checkpoint is None or found.size >= self._checkpoint.size:
            self._text, self._checkpoint = text, found

    @contextmanager
    def _open(self, flags: int, lock: int) -> Iterator[int | None]:
        """The file, locked; None if another holds the lock and keeps it."""
        descriptor = os.open(self._path, flags, 0o600)
        try:
            yield descriptor if _locked(descriptor, lock) else None
        finally:
            os.close(descriptor)


def _locked(descriptor: int, lock: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, lock | fcntl.LOCK_NB)
        except BlockingIOError:
            os.sched_yield()
        else:
            return True
    return False


def _read(descriptor: int) -> str:
    return os.pread(descriptor, _ROOM, 0).decode("utf-8").rstrip(" ")
