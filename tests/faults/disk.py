"""A small disk of a trial's own, which can be filled up and freed: a tmpfs, which only root may mount."""

from __future__ import annotations

import errno
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WHY_NOT = (
    "Left out, as nobody may mount a small disk here: no room for the broker, the database, the sandbox."
)
_BLOCK = 64 * 1024  # bytes


def may_mount() -> bool:
    """Whether trials can have such a disk: as root, and not in a container that forbids it.

    Raises:
        RuntimeError: not as root, though a run that is to be relied on (``CI=true``) may not leave it out.
    """
    if os.geteuid() == 0 and _mounts():
        return True
    if os.geteuid() != 0 and os.environ.get("CI") == "true":
        raise RuntimeError("Run these trials as root: they fill up disks that they mount.")
    print(WHY_NOT)  # noqa: T201 - pytest shows it with the trial
    return False


def _mounts() -> bool:
    try:
        with tempfile.TemporaryDirectory() as folder, Disk(Path(folder) / "disk", 1).mounted():
            return True
    except subprocess.CalledProcessError:
        return False


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder with so much room, in MiB."""

    folder: Path
    room: int

    @contextmanager
    def mounted(self, owner: str = "root") -> Iterator[None]:
        """Over what the folder holds, which must not be in use yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = f"size={self.room}m,mode=0700,uid={pwd.getpwnam(owner).pw_uid}"
        _run("mount", "-t", "tmpfs", "-o", options, "candour-faults", str(self.folder))
        try:
            yield
        finally:
            _run("umount", "--lazy", str(self.folder))

    @contextmanager
    def full(self) -> Iterator[None]:
        """To the last byte."""
        ballast = self.folder / "ballast"
        try:
            with ballast.open("ab", buffering=0) as file:
                for size in (_BLOCK, 1):
                    _write_until_full(file.fileno(), size)
            yield
        finally:
            ballast.unlink()


def _write_until_full(descriptor: int, size: int) -> None:
    try:
        while True:
            os.write(descriptor, bytes(size))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
