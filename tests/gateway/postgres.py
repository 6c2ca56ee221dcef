"""Databases of a test's own on the PostgreSQL that all tests share."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy.engine import make_url

ON_BOTH = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])


def _plain(url: str, database: str | None = None) -> str:
    changed = make_url(url).set(drivername="postgresql")
    if database is not None:
        changed = changed.set(database=database)
    return changed.render_as_string(hide_password=False)


def beside(server: str) -> str:
    """Where nobody minds being connected while others are copied and dropped."""
    return _plain(server, "postgres")


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Any]:
    """A plain connection, to look at a database from outside."""
    connection = await asyncpg.connect(_plain(url))
    try:
        yield connection
    finally:
        await connection.close()


async def create(server: str, template: str | None = None) -> str:
    """The URL of a new database: empty, or a copy of ``template`` (a URL), which nobody may be using."""
    name = f"gateway_{secrets.token_hex(8)}"
    like = f" TEMPLATE {make_url(template).database}" if template else ""
    async with asking(beside(server)) as connection:
        await connection.execute(f"CREATE DATABASE {name}{like}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def drop(server: str, url: str) -> None:
    """Away with it, whoever is still connected."""
    async with asking(beside(server)) as connection:
        await connection.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


async def sessions(url: str) -> list[tuple[str, str]]:
    """Process id and state of every session of the gateway's on this database."""
    query = (
        "SELECT pid, state FROM pg_stat_activity WHERE datname = $1 AND application_name = 'candour-gateway'"
    )
    async with asking(url) as connection:
        rows = await connection.fetch(query, make_url(url).database)
    return [(str(row["pid"]), row["state"]) for row in rows]
