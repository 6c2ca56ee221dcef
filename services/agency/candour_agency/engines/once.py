"""One transaction on a database that is not being served here: for migrations and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from candour_agency.engines import postgresql, sqlite
from candour_agency.engines.address import is_postgresql
from candour_agency.engines.work import T, Work

_UNHURRIED: Final[Mapping[str, str]] = {"statement_timeout": "0", "lock_timeout": "60s"}


def once(url: URL, work: Work[T]) -> T:
    """Run ``work`` in a transaction of its own, and return once it is on disk. Not on a running event loop.

    Raises:
        Exception: whatever ``work`` raised, and what connecting raises; then nothing was kept.
    """
    return _run(url, work, writes=True)


def look(url: URL, work: Work[T]) -> T:
    """Run ``work``, whose every query sees the same moment, whatever others commit meanwhile.

    Raises:
        Exception: as for `once`.
    """
    return _run(url, work, writes=False)


def _run(url: URL, work: Work[T], *, writes: bool) -> T:
    if is_postgresql(url):
        return asyncio.run(_on_server(url, work, "READ COMMITTED" if writes else "REPEATABLE READ"))
    engine = sqlite.open_sync(url)
    try:
        with engine.connect().execution_options(writes=writes) as connection, connection.begin():
            return work(connection)
    finally:
        engine.dispose()


async def _on_server(url: URL, work: Work[T], isolation: str) -> T:
    engine = postgresql.open_async(url, session=_UNHURRIED, give_up=None, poolclass=NullPool)
    try:
        async with engine.execution_options(isolation_level=isolation).begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()
