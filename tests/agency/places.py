"""Where the nodes of a test keep their databases."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from tests.agency.server import Server

ON_BOTH = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)


class Places(Protocol):
    """A database for each name."""

    def address(self, name: str) -> str:
        """The same for the same name."""
        ...

    def lose(self, name: str) -> None:
        """As after a disk has failed: the database is empty again."""
        ...


class Files:
    """SQLite."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def address(self, name: str) -> str:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return str(folder / "node.db")

    def lose(self, name: str) -> None:
        for file in (self._folder / name).glob("node.db*"):
            file.unlink()


class Schemas:
    """PostgreSQL."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._schemas: dict[str, str] = {}

    def address(self, name: str) -> str:
        schema = self._schemas.setdefault(name, self._server.fresh())
        return self._server.address(schema)

    def lose(self, name: str) -> None:
        self._server.ask(f"DROP SCHEMA {self._schemas[name]} CASCADE")
