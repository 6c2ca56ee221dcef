"""A PostgreSQL database: one session that writes, a few that read.

Work is written for a synchronous connection, and runs in a greenlet over asyncpg: the loop is free while the
server thinks. The writer's session holds an advisory lock on the node's schema, so a second process on the
same database cannot write, and whatever a lost session had not committed can no longer be committed once
another session has the lock.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it carries no types
from sqlalchemy import Connection, event, exc, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from candour_agency.engines.address import SCHEMA, schema_of
from candour_agency.engines.sheet import Sheet, before_execute
from candour_agency.engines.work import AwayError, T, TakenError, Work, attempt

READERS: Final = 4
CONNECT_SECONDS: Final = 5
PATIENCE_SECONDS: Final = 15  # for a statement, on the server
GIVE_UP_SECONDS: Final = 20  # for its answer: a frozen server says nothing at all
TAKE_OVER_SECONDS: Final = 10  # for the lock of a process that has just died
_NODE: Final = 0x434E  # the first half of the writer's lock: a node of this program
_AWAY: Final = ("08", "25P03", "28", "3D", "40", "53", "55", "57", "58")  # SQLSTATE classes and codes
_SESSION: Final[Mapping[str, str]] = {
    "application_name": "candour-agency",
    "timezone": "UTC",
    "jit": "off",  # small statements only
    "statement_timeout": f"{PATIENCE_SECONDS}s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "10",  # a machine that vanished must not keep its lock for hours
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# The writer looks up rows by keys and in small ranges, always through an index: planned once, not each time,
# and never as if a table stayed as small as it was that once.
_WRITER: Final[Mapping[str, str]] = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


def open_async(
    url: URL,
    *,
    session: Mapping[str, str] | None = None,
    give_up: int | None = GIVE_UP_SECONDS,
    **pool: Any,
) -> AsyncEngine:
    """An engine whose sessions give up in time; ``session`` changes their settings."""
    schema = schema_of(url)
    settings = {**_SESSION, **({"search_path": schema} if schema else {}), **(session or {})}
    return create_async_engine(
        url.difference_update_query([SCHEMA]),
        hide_parameters=True,
        connect_args={
            "server_settings": settings,
            "timeout": CONNECT_SECONDS,
            "command_timeout": give_up,
        },
        **pool,
    )


class Postgresql:
    """See `Engine`."""

    def __init__(self, url: URL) -> None:
        self._lock = zlib.crc32((schema_of(url) or "").encode()) & 0x7FFFFFFF
        self._writing = open_async(url, session=_WRITER, poolclass=NullPool)
        event.listen(self._writing.sync_engine, "before_execute", before_execute)
        pool = open_async(url, pool_size=READERS, max_overflow=0, pool_timeout=PATIENCE_SECONDS)
        self._reading = pool.execution_options(isolation_level="REPEATABLE READ")
        self._asking = pool.execution_options(isolation_level="AUTOCOMMIT")
        self._turns = asyncio.Semaphore(READERS)
        self._reads: set[asyncio.Task[Any]] = set()
        self._writer: _Writer | None = None

    # -- writing --------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Take the writer's lock, and wait a little for a process that has just died."""
        self._writer = await self._take_over(TAKE_OVER_SECONDS)

    async def commit(self, group: Sequence[Work[Any]]) -> list[Any]:
        """In the session that holds the lock, or, where that was lost, in one that takes it anew."""
        if self._writer is None or self._writer.ended:
            await self._lay_down()
            self._writer = await self._take_over(1)
        try:
            return await self._writer.connection.run_sync(_carry_out, self._writer.sheet, group)
        except BaseException as error:
            await self._undo(error)
            raise

    async def _undo(self, error: BaseException) -> None:
        """Roll back; a session of which nobody knows where it stands is ended."""
        writer = self._writer
        if writer is None:
            return
        if isinstance(error, Exception) and not why_away(error):
            try:
                await writer.connection.run_sync(writer.sheet.roll_back)
            except Exception:  # then it is ended
                await self._lay_down()
        else:
            await self._lay_down()

    async def _lay_down(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.end()

    async def _take_over(self, seconds: int) -> _Writer:
        connection = await self._writing.connect()
        try:
            await _check_durable(connection)
            await _lock(connection, self._lock, seconds)
            return await _Writer.of(connection)
        except BaseException as error:
            await connection.invalidate()
            await connection.close()
            if _sqlstate(error) == "55P03":
                raise TakenError from None
            raise

    # -- reading --------------------------------------------------------------------------------------

    async def glance(self, work: Work[T]) -> T:
        """As `read`: there is no quicker way."""
        return await self.read(work)

    async def read(self, work: Work[T], *, single: bool = False) -> T:
        """In one of a few sessions. Who goes away leaves the reading to its end, and no session behind.

        A transaction takes three trips to the server where a query alone takes one.
        """
        await self._turns.acquire()
        reading = asyncio.create_task(self._read(work, self._asking if single else self._reading))
        self._reads.add(reading)
        reading.add_done_callback(self._read_ended)
        return await asyncio.shield(reading)

    def _read_ended(self, reading: asyncio.Task[Any]) -> None:
        self._turns.release()
        self._reads.discard(reading)
        if not reading.cancelled():
            reading.exception()  # looked at here, in case its caller has gone

    async def _read(self, work: Work[T], engine: AsyncEngine) -> T:
        try:
            return await _view(work, engine)
        except exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await _view(work, engine)  # its session had ended while it lay in the pool

    # -- both -----------------------------------------------------------------------------------------

    def why_away(self, error: BaseException) -> str:
        """See `why_away`."""
        return why_away(error)

    async def close(self) -> None:
        """End every session."""
        await asyncio.gather(*self._reads, return_exceptions=True)
        await self._lay_down()
        await self._reading.dispose()
        await self._writing.dispose()


async def _view(work: Work[T], engine: AsyncEngine) -> T:
    async with engine.connect() as connection:
        return await connection.run_sync(work)


class _Writer:
    """The session that holds the lock."""

    def __init__(self, connection: AsyncConnection, driver: Any, sheet: Sheet) -> None:
        self.connection = connection
        self.sheet = sheet
        self._driver = driver

    @classmethod
    async def of(cls, connection: AsyncConnection) -> _Writer:
        """In this session, whose transactions begin and end by name from now on."""
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        sheet = Sheet()
        sheet.lay(connection.info)
        return cls(connection, (await connection.get_raw_connection()).driver_connection, sheet)

    @property
    def ended(self) -> bool:
        """Whether the server, or the network, is known to have ended it."""
        return bool(self._driver.is_closed())

    async def end(self) -> None:
        """At once, whatever it is doing."""
        self._driver.terminate()
        await self.connection.invalidate()
        await self.connection.close()


def _carry_out(connection: Connection, sheet: Sheet, group: Sequence[Work[Any]]) -> list[Any]:
    if len(group) == 1:
        results = [group[0](connection)]  # alone it needs no savepoint, and perhaps no transaction
    else:
        sheet.begin(connection)
        results = [attempt(connection, partial(_whole, sheet, work)) for work in group]
    sheet.commit(connection)
    return results


def _whole(sheet: Sheet, work: Work[T], connection: Connection) -> T:
    """A piece with all that it writes, or nothing of it."""
    try:
        result = work(connection)
        sheet.show(connection)
    except BaseException:
        sheet.forget()
        raise
    return result


async def _lock(connection: AsyncConnection, name: int, seconds: int) -> None:
    """Hold the lock for as long as the session lasts."""
    await connection.execute(text(f"SET LOCAL lock_timeout = '{seconds}s'"))
    await connection.execute(text("SELECT pg_advisory_lock(:node, :name)"), {"node": _NODE, "name": name})
    await connection.commit()


async def _check_durable(connection: AsyncConnection) -> None:
    """That a commit is on disk before it is confirmed, and that any text can be kept.

    Raises:
        RuntimeError: the server is set to lose what it confirms, or keeps something else than UTF-8.
    """
    for setting, wrong in (("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")):
        if await connection.scalar(text(f"SHOW {setting}")) == wrong:
            raise RuntimeError(f"this PostgreSQL does not keep what it confirms: {setting} is {wrong}")
    if (encoding := await connection.scalar(text("SHOW server_encoding"))) != "UTF8":
        raise RuntimeError(f"this PostgreSQL keeps text as {encoding}; UTF8 is needed")


def why_away(error: BaseException) -> str:
    """No connection, no answer in time, or a server that is starting, ending or full."""
    if isinstance(error, AwayError):
        return error.reason
    if isinstance(error, OSError | exc.TimeoutError | asyncpg.InterfaceError | exc.InterfaceError):
        return type(error).__name__
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return "disconnected"
    if isinstance(error, exc.PendingRollbackError):  # an earlier statement of the transaction lost it
        return "disconnected"
    state = _sqlstate(error)
    return state if state.startswith(_AWAY) else ""


def _sqlstate(error: BaseException | None) -> str:
    """The code that the server gave, wherever SQLAlchemy has put it."""
    while error is not None:
        state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        if state:
            return str(state)
        error = getattr(error, "orig", None) or error.__cause__
    return ""
