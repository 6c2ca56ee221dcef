"""Several gateway workers on one database: one log, one entry a statement, whoever takes it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from candour_gateway.assembly import build
from candour_gateway.schema import migrate
from candour_protocol.codes import AgencyKind
from candour_protocol.ids import AgencyId
from candour_protocol.statement import Issued
from candour_protocol.transport.port import Ack
from sqlalchemy.engine import make_url

from tests.gateway import postgres
from tests.gateway.courier import Courier
from tests.gateway.frozen import IDLE
from tests.gateway.partnership import SCHOOL, Partnership, Party, TestClock
from tests.gateway.world import World, open_world
from tests.services.holding import holding

PATIENCE = 60  # seconds


@pytest.fixture
def engine() -> str:
    return "postgresql"


@pytest.fixture
async def other(world: World) -> AsyncIterator[World]:
    """A second worker, with a courier and a clock of its own: a test moves one worker alone."""
    clock = TestClock(world.clock.now)
    async with open_world(replace(world.partnership, clock=clock)) as opened:
        yield opened


def _concerns(partnership: Partnership, count: int) -> list[Issued]:
    return [partnership.concern() for _ in range(count)]


async def test_two_workers_that_log_at_once_make_one_log(world: World, other: World) -> None:
    batches = [_concerns(world.partnership, 5) for _ in range(12)]

    async def take(worker: World, mine: list[list[Issued]]) -> None:
        for batch in mine:
            await worker.submit(*batch)

    await asyncio.gather(take(world, batches[::2]), take(other, batches[1::2]))

    indexes = [world.receipt(each).index for batch in batches[::2] for each in batch]
    indexes += [other.receipt(each).index for batch in batches[1::2] for each in batch]
    assert sorted(indexes) == list(range(min(indexes), min(indexes) + 60))


async def test_two_workers_that_get_the_same_statement_log_it_once(world: World, other: World) -> None:
    concerns = _concerns(world.partnership, 10)

    for each in concerns:
        await asyncio.gather(world.submit(each), other.submit(each))

    entries = [(world.receipt(each), other.receipt(each)) for each in concerns]
    assert all(mine.index == theirs.index and mine.entry == theirs.entry for mine, theirs in entries)
    assert len({mine.index for mine, _ in entries}) == 10
    assert all(len(world.copies(each)) + len(other.copies(each)) == 1 for each in concerns)


async def test_a_worker_knows_at_once_whom_another_has_admitted(world: World, other: World) -> None:
    newcomer = Party(AgencyId("anytown-camhs"), AgencyKind.CAMHS)
    for jwt, document in world.partnership.admission(newcomer):
        await world.gateway.admit_registry(jwt, document)
    other.partnership.parties[newcomer.id] = newcomer

    verdict = await other.judge(other.partnership.concern(newcomer.id, SCHOOL))
    listed = (await other.get("/v1/agencies")).json()["items"]
    read = await other.get("/v1/entries", newcomer.id)

    assert verdict == ("passed", ())
    assert newcomer.id in [each["id"] for each in listed]
    assert read.status_code == 200


async def test_registry_facts_may_come_by_any_worker_in_turn(world: World, other: World) -> None:
    newcomer = Party(AgencyId("anytown-camhs"), AgencyKind.CAMHS)

    for place, (jwt, document) in enumerate(world.partnership.admission(newcomer)):
        await (world, other)[place % 2].gateway.admit_registry(jwt, document)

    assert all(newcomer.id in each.courier.declared for each in (world, other))


async def test_what_is_due_is_sent_again_by_one_worker_only(world: World, other: World) -> None:
    concerns = _concerns(world.partnership, 20)
    await world.submit(*concerns)
    for worker in (world, other):
        worker.clock.advance(timedelta(seconds=2))

    await asyncio.gather(world.gateway.drive(), other.gateway.drive())

    assert [len(world.copies(each)) + len(other.copies(each)) for each in concerns] == [2] * 20


async def test_what_a_worker_left_outstanding_is_sent_by_another(world: World, other: World) -> None:
    concern = world.partnership.concern()
    world.courier.away = True
    with pytest.raises(Exception, match="away"):
        await world.submit(concern)
    other.clock.advance(timedelta(minutes=1))

    await other.gateway.drive()

    assert len(other.copies(concern)) == 1


async def test_workers_started_at_the_same_moment_make_the_schema_once(server: str) -> None:
    url = await postgres.create(server)
    script = (
        "import sys; from sqlalchemy.engine import make_url; from candour_gateway.schema import migrate;"
        " migrate(make_url(sys.argv[1]))"
    )
    try:
        started = [await asyncio.create_subprocess_exec(sys.executable, "-c", script, url) for _ in range(4)]
        ended = await asyncio.wait_for(asyncio.gather(*(each.wait() for each in started)), PATIENCE)
        migrate(make_url(url), to="base")
    finally:
        await postgres.drop(server, url)

    assert ended == [0, 0, 0, 0]


async def test_a_worker_frozen_with_the_logs_lock_costs_its_time_limit_and_cannot_commit(
    world: World,
) -> None:
    concern, url = world.partnership.concern(), world.partnership.database
    with holding("tests.gateway.frozen", url, "locked") as frozen:
        frozen.send_signal(signal.SIGSTOP)
        begun = time.monotonic()

        settled = await world.submit(concern)
        waited = time.monotonic() - begun
        frozen.send_signal(signal.SIGCONT)
        said, _ = frozen.communicate("go on\n", timeout=PATIENCE)

    assert settled == [Ack()]
    assert IDLE.total_seconds() - 1 < waited < PATIENCE
    assert said == "away\n"
    assert world.verdict(concern) == ("passed", ())


async def test_each_worker_says_whose_numbers_it_shows(partnership: Partnership) -> None:
    """Whoever reads them at the address that all workers share gets now one's, now another's."""
    gateway = await build(partnership.settings(workers=2), Courier(), partnership.clock)
    reached = httpx.ASGITransport(app=gateway.app)

    async with httpx.AsyncClient(transport=reached, base_url="http://gateway.test") as client:
        text = (await client.get("/metrics")).text
    await gateway.stop()

    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert 'candour_batch_size_bucket{le="1.0",worker="' in text
    assert all(f'worker="{os.getpid()}"' in line for line in samples)


async def test_a_worker_that_ended_leaves_no_session_behind(partnership: Partnership) -> None:
    for _ in range(3):
        gateway = await build(partnership.settings(), Courier(), partnership.clock)
        await gateway.start()
        await gateway.stop()

    assert await postgres.sessions(partnership.database) == []
