"""When is it the database that cannot, and not we that asked for nonsense?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionError

_RAISED_BY_DATABASES = (
    DBAPIError,
    PendingRollbackError,
    NoConnectionError,
    sqlite3.OperationalError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
)
# classes of SQLSTATE: connection, transaction state, authorisation, rollback for the sake of others, no such
# database, resources (a full disk among them), locks and limits, operator's intervention, system error
_AWAY = frozenset({"08", "25", "28", "40", "3D", "53", "55", "57", "58"})


class DatabaseAwayError(Exception):
    """The database cannot be used now; the same call may work later. Nothing is known to be committed."""


@contextmanager
def told_as_away() -> Iterator[None]:
    """Raise `DatabaseAwayError` in place of whatever a driver says about a database that cannot."""
    try:
        yield
    except _RAISED_BY_DATABASES as error:
        if not is_away(error):
            raise
        raise DatabaseAwayError(f"{type(error).__name__} {_sqlstate(error)}".strip()) from error


def is_away(error: Exception) -> bool:
    """Whether trying again later may help. A driver's text is never looked at: it may quote values."""
    cause = getattr(error, "orig", None) or error
    if isinstance(getattr(cause, "__cause__", None) or cause, ValueError):
        return False  # asyncpg could not encode what it was given
    state = _sqlstate(error)
    if state:
        return state[:2] in _AWAY
    if isinstance(error, DBAPIError):
        # an interface's complaint may be about what it was given: only a closed connection is an absence
        return isinstance(error, OperationalError) or error.connection_invalidated
    return True


def _sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters; empty where there are none."""
    cause = getattr(error, "orig", None) or error
    return str(getattr(cause, "sqlstate", None) or "")
