"""Bringing a database to this version's tables, and refusing one that another version made."""

from __future__ import annotations

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

HEAD: Final = "0001"


class UnknownSchemaError(Exception):
    """The database holds tables that this version does not know; nothing was changed."""


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables.

    Raises:
        UnknownSchemaError: made by a newer version, or by something else.
    """
    if current(engine) != HEAD:
        _upgrade(engine)


def check(engine: Engine) -> None:
    """Refuse to go on with tables that are not exactly this version's.

    Raises:
        UnknownSchemaError: run ``candour-agency migrate``, or a newer version of this program.
    """
    if current(engine) != HEAD:
        raise UnknownSchemaError("the database is not at this version; run: candour-agency migrate")


def current(engine: Engine) -> str | None:
    """The revision that the database stands at; ``None`` for an empty one.

    Raises:
        UnknownSchemaError: there are tables, and no revision, or one from elsewhere.
    """
    with engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is None and inspect(connection).get_table_names():
            raise UnknownSchemaError("the database holds tables that this program did not make")
    if revision not in (None, HEAD):
        raise UnknownSchemaError("the database was made by another version of this program")
    return revision


def _upgrade(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", "candour_agency:migrations")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
