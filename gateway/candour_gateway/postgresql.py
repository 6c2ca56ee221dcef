"""PostgreSQL's side of the database: sessions with limits, and connections that are known to be alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from candour_gateway.patience import Patience

_ALWAYS = {
    "application_name": "candour-gateway",
    "synchronous_commit": "on",  # protocol section 9, whatever this server's own default is
    "jit": "off",  # every statement here is short; compiling one takes longer than it
    "timezone": "UTC",
}
# Whoever writes looks up rows by keys and in small ranges, always through an index: planned once, not each
# time (the search with its five joins took 1.6 ms to plan and 0.06 ms to run), and never as if a table stayed
# as small as it was that once.
_WRITES = {
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_READS = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}


def engine(url: URL, size: int, patience: Patience, *, writes: bool) -> AsyncEngine:
    """At most ``size`` sessions, none beyond."""
    made = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        pool_size=size,
        max_overflow=0,
        pool_timeout=patience.for_a_seat.total_seconds(),
        connect_args=connect_args(patience, _WRITES if writes else _READS),
    )
    event.listen(made.sync_engine, "checkout", _refuse_closed)
    return made


def connect_args(patience: Patience, settings: Mapping[str, str]) -> dict[str, Any]:
    """What asyncpg is told. The server's limits end first, so that it is the server that explains."""
    limits = {
        "statement_timeout": _ms(patience.statement.total_seconds()),
        "lock_timeout": _ms(patience.lock.total_seconds()),
        "idle_in_transaction_session_timeout": _ms(patience.idle.total_seconds()),
        "tcp_user_timeout": _ms(patience.lock.total_seconds()),  # a worker whose machine is gone
    }
    return {
        "timeout": patience.connect.total_seconds(),
        "command_timeout": patience.statement.total_seconds() + 5,
        "server_settings": {**_ALWAYS, **limits, **settings},
    }


class ForgetfulServerError(Exception):
    """The server is set to lose what it confirms, or keeps text in an encoding that cannot hold all of it."""


async def refuse_forgetful(connection: AsyncConnection) -> None:
    """Refuse a server whose commit is no promise: receipts would outlive the log that they prove.

    Raises:
        ForgetfulServerError: with the setting at fault.
    """
    for setting in ("fsync", "full_page_writes"):
        if await connection.scalar(text(f"SHOW {setting}")) == "off":
            raise ForgetfulServerError(f"this PostgreSQL does not keep what it confirms: {setting} is off")
    if (encoding := await connection.scalar(text("SHOW server_encoding"))) != "UTF8":
        raise ForgetfulServerError(f"this PostgreSQL keeps text as {encoding}; UTF8 is needed")


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))


def _refuse_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """After a restart every pooled connection is closed, and that is known without asking the server."""
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError
