"""What is routed is sent until its delivery is logged, through crashes and a courier that is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_gateway.database import Database
from candour_gateway.housekeeping import tidy
from candour_gateway.tables import codes, sealed
from candour_protocol.errors import TransportError
from candour_protocol.receipt import verify
from sqlalchemy import func, select

from tests.gateway.partnership import GP, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

pytestmark = ON_BOTH


async def test_it_is_sent_again_until_its_delivery_is_logged(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)

    for _ in range(3):
        world.clock.advance(timedelta(minutes=6))
        await world.gateway.drive()
    await world.submit(world.partnership.delivery(concern))
    world.clock.advance(timedelta(minutes=6))
    await world.gateway.drive()

    copies = world.copies(concern)
    assert len(copies) == 4
    assert all(copy.body == concern.body for copy in copies)
    assert all(verify(copy.receipt, world.verifier).index == 26 for copy in copies)


async def test_a_crash_between_commit_and_publish_loses_nothing(world: World) -> None:
    """The submission was not acknowledged, so it comes again; its effect has happened, and once."""
    concern = world.partnership.concern()
    world.courier.away = True
    with pytest.raises(TransportError):
        await world.submit(concern)

    world.courier.away = False
    await world.restart()
    await world.submit(concern)
    world.clock.advance(timedelta(seconds=1))
    await world.gateway.drive()

    assert world.verdict(concern) == ("passed", ())
    assert world.copies(concern)
    assert list((await world.entries()).values()).count(("passed", ())) == 27


async def test_everything_outstanding_is_sent_at_the_start(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    for _ in range(6):
        world.clock.advance(timedelta(minutes=6))
        await world.gateway.drive()
    before = len(world.copies(concern))

    world.clock.advance(timedelta(seconds=10))
    await world.restart()
    await world.gateway.drive()

    assert len(world.copies(concern)) == before + 1


async def test_a_courier_that_is_away_is_tried_again(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    world.courier.away = True
    world.clock.advance(timedelta(seconds=2))
    await world.gateway.drive()

    world.courier.away = False
    world.clock.advance(timedelta(seconds=10))
    await world.gateway.drive()

    assert len(world.copies(concern)) == 2


async def test_soon_after_an_outage_of_hours_everything_is_sent(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    world.courier.unreachable = True
    for _ in range(60):
        world.clock.advance(timedelta(minutes=6))
        await world.gateway.drive()
    while_it_was_away = len(world.copies(concern))

    world.courier.unreachable = False
    world.clock.advance(timedelta(seconds=11))
    await world.gateway.drive()

    assert while_it_was_away == 1
    assert len(world.copies(concern)) == 2


async def test_a_copy_that_still_waits_in_its_queue_is_not_doubled(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    world.clock.advance(timedelta(minutes=20))
    world.courier.oldest[f"inbox.{SCHOOL}.ordinary"] = timedelta(minutes=20)
    await world.gateway.drive()
    while_it_waits = len(world.copies(concern))

    world.courier.oldest[f"inbox.{SCHOOL}.ordinary"] = timedelta(minutes=1)
    world.clock.advance(timedelta(minutes=6))
    await world.gateway.drive()

    assert while_it_waits == 1
    assert len(world.copies(concern)) == 2


async def test_who_is_off_for_ten_days_finds_a_statement_a_few_times_and_not_thousands(world: World) -> None:
    """A broker says that nobody takes from a queue, and not how old its messages are."""
    concern = world.partnership.concern()
    await world.submit(concern)
    world.courier.untouched.add(f"inbox.{SCHOOL}.ordinary")
    for _ in range(10 * 24):
        world.clock.advance(timedelta(hours=1))
        await world.gateway.drive()
    while_it_was_off = len(world.copies(concern))

    world.courier.untouched.clear()
    world.clock.advance(timedelta(minutes=6))
    await world.gateway.drive()

    assert 10 <= while_it_was_off <= 20
    assert len(world.copies(concern)) == while_it_was_off + 1


async def test_while_our_own_queue_lags_a_delivery_may_be_in_it_but_not_for_ever(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    world.courier.oldest["gateway.submit.urgent"] = timedelta(seconds=3)
    world.clock.advance(timedelta(seconds=30))
    await world.gateway.drive()
    at_first = len(world.copies(concern))

    world.clock.advance(timedelta(seconds=31))
    await world.gateway.drive()

    assert at_first == 1
    assert len(world.copies(concern)) == 2


async def test_a_notice_to_nobody_is_not_routed(world: World) -> None:
    """Deliveries answer what was sent; nothing answers them, and they are not sent again by themselves."""
    concern = world.partnership.concern()
    await world.arrive(concern)
    delivery_copies = len(world.deliveries(GP))
    world.clock.advance(timedelta(hours=1))

    await world.gateway.drive()

    assert len(world.deliveries(GP)) == delivery_copies == 1


async def test_sealed_parts_are_deleted_after_their_time_and_codes_stay(world: World) -> None:
    delivered, unreadable, outstanding = (world.partnership.concern() for _ in range(3))
    await world.arrive(delivered)
    await world.arrive(unreadable, opened="unreadable")
    await world.submit(outstanding)
    database = Database(world.partnership.settings().database_url)

    early = await tidy(database, world.clock() + timedelta(days=13))
    late = await tidy(database, world.clock() + timedelta(days=15))

    async with database.read() as connection:
        kept = await connection.scalar(select(func.count()).select_from(sealed))
        known = await connection.scalar(select(func.count()).select_from(codes))
    await database.close()
    assert (early, late, kept) == (0, 1, 2)
    assert known == 5


async def test_a_refused_statements_sealed_part_is_not_kept(world: World) -> None:
    request = world.partnership.request([])

    await world.submit(request)

    database = Database(world.partnership.settings().database_url)
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(sealed)) == 0
    await database.close()
