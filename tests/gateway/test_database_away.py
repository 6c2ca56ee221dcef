"""While the database is away nothing is routed and nothing acknowledged; then it goes on by itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from candour_gateway.absence import is_away
from candour_gateway.database import Database, DatabaseAwayError
from candour_protocol.statement import Issued
from candour_protocol.transport.port import Ack, Retry
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from tests.gateway import postgres
from tests.gateway.partnership import GP
from tests.gateway.world import World

CALLS = 500
PATIENCE = 60.0  # seconds
_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = $1 AND application_name = 'candour-gateway'"
)


@pytest.fixture
def engine() -> str:
    return "postgresql"


async def _end_sessions(url: str) -> None:
    """As a restart does: every session is ended, and new ones are welcome."""
    async with postgres.asking(url) as connection:
        await connection.execute(_END_SESSIONS, make_url(url).database)


async def _brought(world: World, issued: Issued) -> None:
    """As the courier does it: again, where the end of a session has not been heard of yet."""
    async with asyncio.timeout(PATIENCE):
        while await world.submit(issued) != [Ack()]:
            pass


@asynccontextmanager
async def _away(url: str) -> AsyncIterator[None]:
    """Sessions are ended, and no new ones let in."""
    name = make_url(url).database
    async with postgres.asking(postgres.beside(url)) as outside:
        await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await outside.execute(_END_SESSIONS, name)
        try:
            yield
        finally:
            await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def test_nothing_is_acknowledged_or_sent_and_then_it_goes_on(world: World) -> None:
    concern, url = world.partnership.concern(), world.partnership.database

    async with _away(url):
        (settled,) = await world.submit(concern)
        sent_meanwhile = list(world.inbox(GP))
    await _brought(world, concern)

    assert isinstance(settled, Retry)
    assert sent_meanwhile == []
    assert world.verdict(concern) == ("passed", ())


async def test_callers_are_told_to_come_again_and_readiness_says_why(world: World) -> None:
    async with _away(world.partnership.database):
        answers = [
            await world.get(path, ops=True) for path in ("/v1/stats", "/v1/entries", "/log/checkpoint")
        ]
        ready, lives = await world.get("/readyz"), await world.get("/livez")
    ready_again = await world.get("/readyz")

    assert [each.status_code for each in answers] == [503] * 3
    assert {each.json()["code"] for each in answers} == {"database-away"}
    assert all(int(each.headers["Retry-After"]) > 0 for each in answers)
    assert (ready.status_code, lives.status_code) == (503, 200)
    assert ready.json()["checks"]["database"]["status"] == "failed"
    assert ready_again.json()["checks"]["database"]["status"] == "ok"


async def test_a_restart_between_two_calls_is_noticed_by_nobody(world: World) -> None:
    concern = world.partnership.concern()
    await world.get("/v1/stats", ops=True)
    await _end_sessions(world.partnership.database)

    await _brought(world, concern)
    async with asyncio.timeout(PATIENCE):
        while (stats := await world.get("/v1/stats", ops=True)).status_code == 503:
            pass  # as any caller does

    assert stats.status_code == 200
    assert len(world.copies(concern)) == 1


async def test_a_session_that_is_ended_within_a_batch_loses_and_doubles_nothing(world: World) -> None:
    url = world.partnership.database
    concerns = [world.partnership.concern() for _ in range(30)]

    async def disturb() -> None:
        for _ in range(6):
            await _end_sessions(url)

    disturbing = asyncio.create_task(disturb())
    async with asyncio.timeout(PATIENCE):
        for index in range(len(concerns)):
            await _brought(world, concerns[index])
    await disturbing

    indexes = [world.receipt(each).index for each in concerns]
    assert sorted(indexes) == list(range(indexes[0], indexes[0] + 30))


async def test_sending_again_goes_on_by_itself(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    world.clock.advance(timedelta(minutes=1))

    async with _away(world.partnership.database):
        with pytest.raises(DatabaseAwayError):
            await world.gateway.drive()
    world.clock.advance(timedelta(minutes=1))  # a claim may have been committed before the session was ended
    await world.gateway.drive()

    assert len(world.copies(concern)) >= 2  # the running task may have sent it between the two minutes


async def _cancelled_somewhere(world: World, number: int, chance: random.Random) -> None:
    """A call, or a submission, that is cancelled after some steps of the event loop."""
    paths = ("/v1/stats", "/v1/entries", "/v1/obligations", "/log/checkpoint")
    if number % 5:
        call: asyncio.Task[object] = asyncio.create_task(world.get(paths[number % 4], ops=True))
    else:
        call = asyncio.create_task(world.submit(world.partnership.concern()))
    await asyncio.sleep(chance.random() * 0.02)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


@pytest.mark.parametrize("at_a_time", [25])
async def test_cancelled_calls_leave_no_session_behind_and_no_transaction_open(
    world: World, at_a_time: int
) -> None:
    chance, url = random.Random(4), world.partnership.database  # noqa: S311
    for first in range(0, CALLS, at_a_time):
        numbers = range(first, first + at_a_time)
        await asyncio.gather(*(_cancelled_somewhere(world, number, chance) for number in numbers))

    after = await postgres.sessions(url)
    concern = world.partnership.concern()
    assert await world.judge(concern) == ("passed", ())
    assert len(after) <= world.partnership.settings().database_connections
    assert {state for _, state in after} <= {"idle"}


async def test_a_transaction_that_is_cancelled_changes_nothing(world: World) -> None:
    database = Database(world.partnership.database)
    entered = asyncio.Event()

    async def change() -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE log_head SET t_ms = 0"))
            entered.set()
            await connection.execute(text("SELECT pg_sleep(60)"))

    changing = asyncio.create_task(change())
    await entered.wait()
    changing.cancel()
    await asyncio.gather(changing, return_exceptions=True)

    async with database.read() as connection:
        assert await connection.scalar(text("SELECT t_ms FROM log_head")) != 0
    await database.close()


class _SaidError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "away"),
    [
        ("53100", True),  # disk full
        ("53300", True),  # too many connections
        ("55P03", True),  # another keeps the lock
        ("57P01", True),  # it is being shut down
        ("57P03", True),  # it is starting
        ("08006", True),  # the connection broke
        ("25P03", True),  # we were idle for too long
        ("40P01", True),  # a deadlock
        ("23505", False),  # this is there already
        ("42P01", False),  # there is no such table
        ("22021", False),  # no text
    ],
)
def test_what_may_work_later_is_told_from_what_never_will(sqlstate: str, away: bool) -> None:
    error = DBAPIError("", {}, _SaidError(sqlstate))

    assert is_away(error) is away
