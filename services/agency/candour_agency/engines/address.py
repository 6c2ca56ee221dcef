"""Where a node's database is: a file, or a PostgreSQL server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
SCHEMA: Final = "schema"  # the part of a PostgreSQL address that names a schema of one's own
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")


def parse_address(given: str | Path | URL) -> URL:
    """A path of a SQLite file, or ``postgresql+asyncpg://user:password@host/database``.

    With ``?schema=name`` a node keeps to one schema, so that several share a PostgreSQL database.

    Raises:
        ValueError: neither of them; the message does not repeat what was given, which may hold a password.
    """
    if isinstance(given, Path) or (isinstance(given, str) and "://" not in given):
        return URL.create(SQLITE, database=str(given))
    try:
        url = make_url(given)
    except ArgumentError:
        raise ValueError("give the path of a file, or postgresql+asyncpg://…") from None
    if url.get_backend_name() == SQLITE and url.database:
        return URL.create(SQLITE, database=url.database)
    if url.get_backend_name() == POSTGRESQL and _NAME.match(schema_of(url) or "public"):
        return url.set(drivername="postgresql+asyncpg")
    raise ValueError("give the path of a file, or postgresql+asyncpg://…")


def schema_of(url: URL) -> str | None:
    """The schema that an address names."""
    name = url.query.get(SCHEMA)
    return name if name is None or isinstance(name, str) else ",".join(name)


def is_postgresql(url: URL) -> bool:
    """Whether the database is on a PostgreSQL server."""
    return url.get_backend_name() == POSTGRESQL


def whole(url: URL) -> str:
    """The address with its password, for a process that is given it; ``str`` hides that."""
    return url.render_as_string(hide_password=False)
