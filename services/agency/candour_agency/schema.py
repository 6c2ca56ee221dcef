"""Bringing a database to this version's tables, and refusing one that another version made."""

from __future__ import annotations

import threading
import zlib
from functools import cache, partial
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from candour_agency.engines.address import is_postgresql, schema_of
from candour_agency.engines.once import look, once

NEWEST: Final = "head"
NOTHING: Final = "base"
_OURS: Final = "outbox"  # a table that every revision has, and no other program
_MIGRATING: Final = 0x434D  # the first half of the lock under which PostgreSQL's tables are changed
_ALONE: Final = threading.Lock()  # alembic keeps what it works on in module globals


class UnknownSchemaError(Exception):
    """The database holds tables that this version does not know; nothing was changed."""


@cache
def revisions() -> tuple[str, ...]:
    """Every revision that this version knows, the oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(script.revision for script in reversed(list(scripts.walk_revisions())))


def migrate(url: URL, to: str = NEWEST) -> str | None:
    """Create, upgrade or take back tables, in one transaction; the revision that is reached.

    Several processes may ask at once: one does it, and the others find it done. Not on a running event loop.

    Raises:
        UnknownSchemaError: made by a newer version, or by something else; or ``to`` is no revision.
    """
    target = _revision(to)
    with _ALONE:
        if look(url, current) != target:
            once(url, partial(_move, url=url, target=target))
    return target


def check(url: URL) -> None:
    """Refuse to go on with tables that are not exactly this version's.

    Raises:
        UnknownSchemaError: run ``candour-agency migrate``, or a newer version of this program.
    """
    if look(url, current) != revisions()[-1]:
        raise UnknownSchemaError("the database is not at this version; run: candour-agency migrate")


def current(connection: Connection) -> str | None:
    """The revision that the database stands at; ``None`` for an empty one.

    Raises:
        UnknownSchemaError: there are tables, and no revision, or one from elsewhere.
    """
    revision = MigrationContext.configure(connection).get_current_revision()
    others = set(inspect(connection).get_table_names()) - {"alembic_version"}
    if revision not in (None, *revisions()):
        raise UnknownSchemaError("the database was made by another version of this program")
    # the gateway counts its revisions alike, so the number alone does not say whose database this is
    if others if revision is None else _OURS not in others:
        raise UnknownSchemaError("the database holds tables that this program did not make")
    return revision


def _revision(to: str) -> str | None:
    if to == NEWEST:
        return revisions()[-1]
    if to == NOTHING:
        return None
    if to in revisions():
        return to
    raise UnknownSchemaError(f"there is no revision of that name; there are: {', '.join(revisions())}")


def _move(connection: Connection, url: URL, target: str | None) -> None:
    if is_postgresql(url):
        _keep_others_out(connection, schema_of(url))
    stands = current(connection)  # looked at again: another process may have been quicker
    if stands == target:
        return
    config = _config()
    config.attributes["connection"] = connection
    if target is None or (stands in revisions() and _place(stands) > _place(target)):
        command.downgrade(config, target or NOTHING)
    else:
        command.upgrade(config, target)


def _place(revision: str | None) -> int:
    return -1 if revision is None else revisions().index(revision)


def _keep_others_out(connection: Connection, schema: str | None) -> None:
    name = zlib.crc32((schema or "").encode()) & 0x7FFFFFFF
    connection.execute(text("SELECT pg_advisory_xact_lock(:what, :name)"), {"what": _MIGRATING, "name": name})
    if schema is not None:
        quoted = connection.dialect.identifier_preparer.quote(schema)
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted}"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "candour_agency:migrations")
    return config
