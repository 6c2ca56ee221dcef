"""Bring the database to the schema of this version, or refuse it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool

from candour_gateway.database import prepare_sqlite

_SCRIPTS = Path(__file__).parent / "migrations"


class UnknownSchemaError(Exception):
    """The database was written by another version of this program, or by another program."""


def migrate(url: URL, *, to: str | None = None) -> None:
    """Run what is missing, or go back to ``to``, in one go and without giving way to other tasks.

    Alembic keeps its state in module globals, so two migrations that take turns in one event loop would
    write into each other's database; a synchronous connection takes no turns.

    Raises:
        UnknownSchemaError: the database says a revision that this version does not know.
    """
    engine = create_engine(url.set(drivername=url.get_backend_name()), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        # left to itself, sqlite3 commits each CREATE alone: a kill would leave half a schema behind
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", _begin)
    try:
        if to is None and _is_current(engine):
            return
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            _run(connection, to)
    finally:
        engine.dispose()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_current(engine: Engine) -> bool:
    """Whether there is nothing to do, found out without waiting for whoever writes."""
    with engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    return set(heads) == set(ScriptDirectory(str(_SCRIPTS)).get_heads())


def _run(connection: Connection, to: str | None) -> None:
    scripts = ScriptDirectory(str(_SCRIPTS))

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return (
            scripts._upgrade_revs("head", revision) if to is None else scripts._downgrade_revs(to, revision)
        )

    context = MigrationContext.configure(connection, opts={"fn": steps})
    _refuse_unknown(context, scripts)
    with Operations.context(context):
        context.run_migrations()


def _refuse_unknown(context: MigrationContext, scripts: ScriptDirectory) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    for revision in context.get_current_heads():
        if revision not in known:
            raise UnknownSchemaError(f"this version does not know the schema {revision}")
