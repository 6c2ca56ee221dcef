"""The sandbox's databases on a PostgreSQL server: one for the gateway, one for each node."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]

from candour_sandbox.engine import EngineError

_PATIENCE = 20  # seconds for one connection


class Databases:
    """``tag`` tells the databases of several sandboxes on one server apart."""

    def __init__(self, url: str, tag: str) -> None:
        self._parts = urlsplit(url)
        self._tag = tag

    def url(self, service: str) -> str:
        """Where this service finds its database, for SQLAlchemy."""
        return urlunsplit(self._parts._replace(scheme="postgresql+asyncpg", path=f"/{self._name(service)}"))

    async def make(self, services: Iterable[str]) -> None:
        """Make those that are missing.

        Raises:
            EngineError: the server does not answer, or refuses.
        """
        wanted = [self._name(service) for service in services]
        server = await self._connect()
        try:
            found = {row["datname"] for row in await server.fetch("SELECT datname FROM pg_database")}
            for name in wanted:
                if name not in found:
                    await server.execute(f'CREATE DATABASE "{name}"')
        except asyncpg.InsufficientPrivilegeError:
            raise EngineError(
                "PostgreSQL does not let this user create databases. Let it (ALTER ROLE … CREATEDB), or make"
                f" these yourself and start again: {' '.join(name for name in wanted if name not in found)}."
            ) from None
        finally:
            await server.close()

    async def remove(self, services: Iterable[str]) -> None:
        """Throw them away with everything in them."""
        server = await self._connect()
        try:
            for service in services:
                await server.execute(f'DROP DATABASE IF EXISTS "{self._name(service)}" WITH (FORCE)')
        finally:
            await server.close()

    async def _connect(self) -> asyncpg.Connection:
        parts = self._parts._replace(scheme="postgresql", path=self._parts.path or f"/{quote('postgres')}")
        try:
            return await asyncpg.connect(urlunsplit(parts), timeout=_PATIENCE)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            why = str(error) if isinstance(error, asyncpg.PostgresError) else type(error).__name__
            raise EngineError(f"PostgreSQL at {parts.hostname} does not let the sandbox in: {why}.") from None

    def _name(self, service: str) -> str:
        return f"candour_{self._tag}_{service.replace('-', '_')}"
