"""A PostgreSQL database for one test run, and what tests see and do behind a node's back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]  # it carries no types
from sqlalchemy.engine import URL, make_url

T = TypeVar("T")
_SESSIONS = """
SELECT pid, state, pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory') AS writes
FROM pg_stat_activity WHERE datname = $1 AND application_name = 'candour-agency'
"""
_END = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1"


class Server:
    """One database on a server that others use too; each node of a test gets a schema of its own."""

    def __init__(self, url: str) -> None:
        self._server = make_url(url)
        self.name = f"agency_{secrets.token_hex(6)}"

    def make(self) -> None:
        """Make the database."""
        self._on(self._server, f"CREATE DATABASE {self.name}")

    def remove(self) -> None:
        """Remove it, whoever is still connected."""
        self._on(self._server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def copy(self, other: Server) -> None:
        """Make it as another one is, which nobody uses meanwhile."""
        self._on(self._server, f"CREATE DATABASE {self.name} TEMPLATE {other.name}")

    @property
    def url(self) -> URL:
        """The database."""
        return self._server.set(database=self.name)

    def fresh(self) -> str:
        """The name of a schema that nobody uses yet."""
        return f"node_{secrets.token_hex(6)}"

    def address(self, schema: str) -> str:
        """A schema in it, as a node's settings name it."""
        url = self.url.update_query_dict({"schema": schema})
        return url.render_as_string(hide_password=False)

    def ask(self, sql: str, *values: object) -> list[Any]:
        """Rows, from a connection of one's own."""
        return self._on(self.url, sql, *values)

    def sessions(self) -> list[Any]:
        """The sessions of nodes: ``pid``, ``state``, and whether it ``writes``."""
        return self._on(self._server, _SESSIONS, self.name)

    def end_sessions(self) -> None:
        """End all sessions of nodes, as a restart of the server does."""
        self._on(self._server, _END, self.name)

    def close_doors(self) -> None:
        """Let nobody in, and end every session."""
        self._on(self._server, f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        self.end_sessions()

    def open_doors(self) -> None:
        """Let everybody in again."""
        self._on(self._server, f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")

    def _on(self, url: URL, sql: str, *values: object) -> list[Any]:
        return _run(_ask(url, sql, values))


async def _ask(url: URL, sql: str, values: Sequence[object]) -> list[Any]:
    connection = await asyncpg.connect(
        host=url.host, port=url.port, user=url.username, password=url.password, database=url.database
    )
    try:
        found: list[Any] = await connection.fetch(sql, *values)
        return found
    finally:
        await connection.close()


def _run(asking: Coroutine[Any, Any, T]) -> T:
    """On a loop of its own: a test's may be running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asking).result()
