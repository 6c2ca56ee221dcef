"""Backups of a node's database, taken and put back while the node does not run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from tests.agency.server import Server


class Backup(Protocol):
    """One database. ``address`` is where a node finds it."""

    address: str

    def take(self) -> None:
        """Keep it as it is now."""
        ...

    def put_back(self) -> None:
        """Have it again as it was."""
        ...


class FileBackup:
    """SQLite."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.address = str(folder / "node.db")
        self._live, self._kept = folder, folder.with_name("kept")

    def take(self) -> None:
        shutil.copytree(self._live, self._kept)

    def put_back(self) -> None:
        shutil.rmtree(self._live)
        shutil.copytree(self._kept, self._live)


class ServerBackup:
    """PostgreSQL: two databases beside each other."""

    def __init__(self, url: str) -> None:
        self._live, self._kept = Server(url), Server(url)
        self._live.make()
        self.address = self._live.url.render_as_string(hide_password=False)

    def take(self) -> None:
        self._kept.copy(self._live)

    def put_back(self) -> None:
        self._live.remove()
        self._live.copy(self._kept)

    def remove(self) -> None:
        """Leave nothing on the server."""
        self._live.remove()
        self._kept.remove()
