"""One sandbox at a time on one data folder; the kernel lets go of the lock however the process ends.

The sandbox's services inherit it: it is held until the last of them has gone, which is a moment after the
sandbox itself when that was killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LINGER = 15.0  # seconds that processes of a sandbox which has gone may take to go
_PAUSE = 0.05


class BusyError(Exception):
    """Another process works on this folder."""


@contextmanager
def hold(path: Path) -> Iterator[int]:
    """Hold the lock; its descriptor, for processes that are to hold it too.

    Raises:
        BusyError: somebody else does.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    deadline = time.monotonic() + _LINGER
    while not _is_taken(descriptor):
        if _holder_lives(descriptor) or time.monotonic() > deadline:
            raise BusyError
        time.sleep(_PAUSE)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder_lives(descriptor: int) -> bool:
    """Whether the sandbox that took the lock still runs. Before it has said who it is, it does."""
    said = os.pread(descriptor, 20, 0)
    return not said.isdigit() or Path(f"/proc/{int(said)}").exists() or not Path("/proc").exists()
