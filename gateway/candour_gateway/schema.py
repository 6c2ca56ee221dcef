"""Bring the database to the schema of this version, or refuse it.

One step is one transaction, under a lock: any number of processes may start at the same moment, and a kill
leaves whole steps behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from candour_gateway import postgresql
from candour_gateway.absence import DatabaseAwayError, told_as_away
from candour_gateway.database import prepare_sqlite
from candour_gateway.patience import Patience

_SCRIPTS = Path(__file__).parent / "migrations"
_OURS = "log_head"  # a table that every revision has, and no other program
_LOCK = "SELECT pg_advisory_xact_lock(4918003177)"  # any number, the same for every process
_PATIENCE = Patience(idle=timedelta(minutes=1), lock=timedelta(minutes=2), statement=timedelta(minutes=30))


class UnknownSchemaError(Exception):
    """The database was written by another version of this program, or by another program."""


def migrate(url: URL, *, to: str | None = None) -> None:
    """Run what is missing, or go back to ``to``, without giving way to other tasks.

    Alembic keeps its state in module globals, so two migrations that take turns in one event loop would
    write into each other's database. asyncpg needs a loop: it gets one in a thread, which is waited for.

    Raises:
        UnknownSchemaError: the database says a revision that this version does not know.
        ForgetfulServerError: it would lose what it confirms.
        DatabaseAwayError: it cannot be reached.
    """
    with told_as_away():
        if url.get_backend_name() == "sqlite":
            _migrate_sqlite(url, to)
        else:
            _in_a_thread(lambda: asyncio.run(_migrate_postgresql(url, to)))


def _migrate_sqlite(url: URL, to: str | None) -> None:
    engine = create_engine(url.set(drivername="sqlite"), poolclass=NullPool)
    # left to itself, sqlite3 commits each CREATE alone: a kill would leave half a schema behind
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            missing = _missing(connection, to)
        while missing:
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                missing = _step(connection, to)
    finally:
        engine.dispose()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


async def _migrate_postgresql(url: URL, to: str | None) -> None:
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        connect_args=postgresql.connect_args(_PATIENCE, {}),
    )
    try:
        async with engine.connect() as connection:
            # of one moment: between two looks of their own another worker may have made what is looked for
            await connection.execution_options(isolation_level="REPEATABLE READ")
            await postgresql.refuse_forgetful(connection)
            missing = await connection.run_sync(_missing, to)
        while missing:
            async with engine.begin() as connection:
                await connection.exec_driver_sql(_LOCK)
                missing = await connection.run_sync(_step, to)
    finally:
        await engine.dispose()


def _in_a_thread(work: Callable[[], None]) -> None:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="migrate")
    thread.start()
    thread.join()
    if raised and isinstance(raised[0], OSError):
        raise DatabaseAwayError(type(raised[0]).__name__) from raised[0]
    if raised:
        raise raised[0]


def _missing(connection: Connection, to: str | None) -> bool:
    """Whether there is something to do, found out without waiting for whoever writes.

    Raises:
        UnknownSchemaError: nobody here can say.
    """
    scripts = ScriptDirectory(str(_SCRIPTS))
    context = MigrationContext.configure(connection)
    _refuse_unknown(connection, context, scripts)
    return bool(_next(scripts, context.get_current_heads(), to))


def _step(connection: Connection, to: str | None) -> bool:
    """Take the next step, if nobody else has taken it meanwhile; whether more remain."""
    scripts = ScriptDirectory(str(_SCRIPTS))

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return _next(scripts, revision, to)[:1]

    context = MigrationContext.configure(connection, opts={"fn": steps})
    _refuse_unknown(connection, context, scripts)
    with Operations.context(context):
        context.run_migrations()
    return bool(_next(scripts, context.get_current_heads(), to))


def _next(scripts: ScriptDirectory, revision: Any, to: str | None) -> list[Any]:
    """The steps from here, in order."""
    return scripts._upgrade_revs("head", revision) if to is None else scripts._downgrade_revs(to, revision)


def _refuse_unknown(connection: Connection, context: MigrationContext, scripts: ScriptDirectory) -> None:
    known, heads = {script.revision for script in scripts.walk_revisions()}, context.get_current_heads()
    for revision in heads:
        if revision not in known:
            raise UnknownSchemaError(f"this version does not know the schema {revision}")
    others = set(inspect(connection).get_table_names()) - {"alembic_version"}
    # a node counts its revisions alike, so the number alone does not say whose database this is
    if (_OURS not in others) if heads else others:
        raise UnknownSchemaError(
            "the database holds another program's tables; give the gateway one of its own"
        )
