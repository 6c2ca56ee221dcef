"""A PostgreSQL that is set to lose what it confirms is refused, by the gateway and by every node."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from candour_agency.engines.postgresql import Postgresql
from candour_gateway.postgresql import ForgetfulServerError
from candour_gateway.schema import migrate
from sqlalchemy.engine import URL, make_url

from tests.services.database import Database
from tests.transport.waiting import until

PATIENCE = 60  # seconds


@pytest.fixture
def server() -> Iterator[URL]:
    """A PostgreSQL of the test's own."""
    with tempfile.TemporaryDirectory(prefix="candour-forgetful-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL runs as a user of its own, whose folder lies below
        made = Database(Path(folder) / "postgresql")
        made.start()
        yield make_url(made.url)
        made.stop()


async def ask(server: URL, sql: str) -> Any:
    """From a connection of one's own."""
    connection = await asyncpg.connect(server.set(drivername="postgresql").render_as_string(False))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def turn(server: URL, setting: str, to: str) -> None:
    """Change a setting of the whole server, and wait until it is so."""
    await ask(server, f"ALTER SYSTEM SET {setting} = {to}")
    await ask(server, "SELECT pg_reload_conf()")

    async def turned() -> bool:
        return bool(await ask(server, f"SHOW {setting}") == to)

    await until(turned, PATIENCE)


async def test_neither_gateway_nor_node_begins_on_a_server_that_forgets(server: URL) -> None:
    for setting in ("fsync", "full_page_writes"):
        await turn(server, setting, "off")
        with pytest.raises(ForgetfulServerError, match=f"{setting} is off"):
            await asyncio.to_thread(migrate, server)
        with pytest.raises(RuntimeError, match=f"{setting} is off"):
            await Postgresql(server).open()
        await turn(server, setting, "on")

    tables = await ask(server, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await asyncio.to_thread(migrate, server)

    assert tables == 0
