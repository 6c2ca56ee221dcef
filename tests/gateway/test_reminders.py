"""What is still owed is spoken of: to both sides, at its due time and at each stage after it, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from candour_gateway import keyring
from candour_gateway.assembly import build
from candour_gateway.database import Database
from candour_gateway.escalating import AT_ONCE, Escalation, Stage
from candour_gateway.scheduler import NotToldError, Scheduler
from candour_gateway.verdict import Submission
from candour_protocol.ids import AgencyId, Jti
from candour_protocol.kinds.lists import Kind
from candour_protocol.reminders import Reminder

from tests.gateway.courier import Courier
from tests.gateway.partnership import GP, NET, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.reminded import HOUR, about, both, later, told
from tests.gateway.world import World


async def test_both_sides_are_told_at_the_due_time_and_at_half_as_much_again_and_at_twice(
    world: World,
) -> None:
    concern = world.partnership.concern()  # AMBER: to be opened by a person within four hours
    await world.arrive(concern)

    before = await later(world, 4 * HOUR - timedelta(milliseconds=1))
    at_the_time = await later(world, timedelta(milliseconds=1))
    nothing_new = await world.gateway.remind()
    half_again = await later(world, 2 * HOUR)
    twice = await later(world, 2 * HOUR)
    no_more = await later(world, 8 * HOUR)

    assert [before, at_the_time, nothing_new, half_again, twice, no_more] == [0, 1, 0, 1, 1, 0]
    assert about(world, concern, "acknowledgement") == [
        *both("clock", 1, SCHOOL, GP),
        *both("escalation", 2, SCHOOL, GP),
        *both("escalation", 3, SCHOOL, GP),
    ]


async def test_what_has_been_done_is_not_spoken_of(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    await later(world, 4 * HOUR)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, concern))

    assert await later(world, 10 * HOUR) == 0
    assert len(about(world, concern, "acknowledgement")) == 2


async def test_a_debt_is_spoken_of_after_four_eight_and_twenty_four_hours(world: World) -> None:
    request = world.partnership.emergency()
    await world.arrive(request)

    for hours in (4, 4, 16):
        world.clock.advance(hours * HOUR - timedelta(milliseconds=1))
        sooner = about(world, request, "debt")
        await world.gateway.remind()
        assert about(world, request, "debt") == sooner
        await later(world, timedelta(milliseconds=1))

    assert about(world, request, "debt") == [
        *both("debt", 1, GP, SCHOOL),
        *both("escalation", 2, GP, SCHOOL),
        *both("incident", 3, GP, SCHOOL),
    ]


async def test_a_notice_takes_the_lane_of_what_it_is_about(world: World) -> None:
    urgent = world.partnership.concern(urgency="RED")
    restricted = world.partnership.concern(inbox="restricted")
    await world.arrive(urgent, restricted)

    await later(world, 4 * HOUR)

    lanes = {(each.reminder.about, each.to): each.lane for each in told(world)}
    assert lanes[urgent.statement.hash, SCHOOL] == lanes[urgent.statement.hash, GP] == "urgent"
    assert lanes[restricted.statement.hash, SCHOOL] == "restricted"


async def test_that_a_system_is_away_is_nobodys_duty(world: World) -> None:
    """Else every notice that cannot arrive would bring the next."""
    await world.submit(world.partnership.concern())
    await later(world, 40 * HOUR)
    spoken = len(told(world))

    assert await later(world, timedelta(days=9)) > 0  # the decision
    assert {each.reminder.duty for each in told(world)} == {"acknowledgement", "decision"}
    assert await later(world, timedelta(days=60)) == 0
    assert spoken > 0


# -- restarts, outages, several workers ------------------------------------------------------------------


async def test_a_restart_forgets_nothing_and_repeats_nothing(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    await later(world, 4 * HOUR)

    await world.restart()
    repeated = await world.gateway.remind()
    world.clock.advance(2 * HOUR)
    await world.restart()
    await world.gateway.remind()

    assert repeated == 0
    assert [stage for _, _, stage in about(world, concern, "acknowledgement")] == [1, 1, 2, 2]


async def test_what_an_outage_held_up_is_told_afterwards_in_order(world: World) -> None:
    first, second = world.partnership.concern(), world.partnership.concern(urgency="RED")
    await world.arrive(first, second)

    await later(world, timedelta(days=1))

    caught_up = [
        (each.reminder.about, each.stage) for each in told(world) if each.reminder.duty == "acknowledgement"
    ]
    one, two = first.statement.hash, second.statement.hash
    in_time = [(two, 1), (two, 2), (two, 3), (one, 1), (one, 2), (one, 3)]  # 1, 1.5, 2, 4, 6 and 8 hours
    assert caught_up == [(name, ("acknowledgement", stage)) for name, stage in in_time for _ in range(2)]


async def test_more_than_a_batch_is_caught_up_in_order_too(world: World) -> None:
    began: dict[str, int] = {}
    for minutes in range(0, 200, 50):
        concerns = [world.partnership.concern() for _ in range(AT_ONCE // 3)]
        await world.submit(*concerns)
        began |= dict.fromkeys([each.statement.hash for each in concerns], minutes)
        world.clock.advance(timedelta(minutes=50))

    stages = await later(world, timedelta(hours=12))

    spoken = [each for each in told(world) if each.reminder.duty == "acknowledgement"]
    times = [began[each.reminder.about] + 120 * (each.reminder.stage + 1) for each in spoken]
    assert stages == len(began) * 3
    assert len(spoken) == stages * 2
    assert times == sorted(times)


async def test_a_courier_that_is_away_loses_no_notice_and_doubles_none(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    world.courier.away = True

    stages = await later(world, 4 * HOUR)
    world.courier.away = False
    before = about(world, concern, "acknowledgement")
    world.clock.advance(timedelta(seconds=2))
    await world.gateway.drive()

    assert (stages, before) == (1, [])
    assert about(world, concern, "acknowledgement") == both("clock", 1, SCHOOL, GP)


_ABORT = "BEGIN SELECT RAISE(ABORT, 'full'); END"


async def test_a_batch_that_fails_leaves_its_reminders_to_be_told(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    entries = len(await world.entries())
    await _sql(world, f"CREATE TRIGGER full BEFORE UPDATE OF remind_at ON obligations {_ABORT}")

    with pytest.raises(Exception, match="full"):
        await later(world, 4 * HOUR)
    after_failure = len(await world.entries())
    await _sql(world, "DROP TRIGGER full")

    assert after_failure == entries
    assert await world.gateway.remind() == 1
    assert about(world, concern, "acknowledgement") == both("clock", 1, SCHOOL, GP)


async def _sql(world: World, statement: str) -> None:
    database = Database(world.partnership.settings().database_url)
    async with database.write() as connection:
        await connection.exec_driver_sql(statement)
    await database.close()


async def test_two_workers_that_look_at_the_same_moment_tell_each_stage_once(world: World) -> None:
    concerns = [world.partnership.concern() for _ in range(5)]
    await world.arrive(*concerns)
    entries = len(await world.entries())
    world.clock.advance(4 * HOUR)
    courier = Courier()
    other = await build(world.partnership.settings(), courier, world.clock)
    try:
        counts = await asyncio.gather(world.gateway.remind(), other.remind())
    finally:
        await other.stop()

    verdicts = list((await world.entries()).values())
    assert sum(counts) == 5
    assert len(verdicts) == entries + 10
    assert {verdict for verdict, _ in verdicts} == {"passed"}


# ---- nobody is silenced ------------------------------------------------------------------------------


@ON_BOTH
async def test_who_uses_the_ids_of_its_reminders_in_advance_silences_none_of_them(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    name, start = concern.statement.hash, world.clock()
    ids = [
        Reminder(name, "acknowledgement", stage, to).jti(start + late)
        for stage, hours in enumerate((4, 6, 8), start=1)
        for to in (SCHOOL, GP)
        for late in (hours * HOUR, hours * HOUR + timedelta(milliseconds=1))
    ]
    squatting = [world.partnership.say(Kind.REPLY, SCHOOL, SCHOOL, {}, jti=jti) for jti in ids]
    await world.submit(*squatting)

    spoken = [await later(world, by * HOUR) for by in (4, 2, 2)]

    assert {world.verdict(each)[0] for each in squatting} == {"passed"}
    assert spoken == [1, 1, 1]
    assert about(world, concern, "acknowledgement") == [
        *both("clock", 1, SCHOOL, GP),
        *both("escalation", 2, SCHOOL, GP),
        *both("escalation", 3, SCHOOL, GP),
    ]


class _ToNobody(Escalation):
    """Addresses every notice to somebody who is no agency."""

    def _notice(self, stage: Stage, reminder: Reminder, jti: Jti, at: datetime) -> Submission:
        return super()._notice(stage, replace(reminder, to=AgencyId("nobody-here")), jti, at)


@ON_BOTH
async def test_what_a_refused_notice_was_to_say_is_an_incident_and_is_still_said(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    world.clock.advance(4 * HOUR)
    keys = keyring.read(world.partnership.settings().keys)
    door = world.gateway._door
    mute = Scheduler(
        door._admission,
        door._database,
        door._publisher,
        lambda: _ToNobody(NET, keys.sign, keys.box),
        lambda _: None,
        world.clock,
        HOUR,
    )

    with pytest.raises(NotToldError):
        await mute.look()
    incidents = (await world.get("/v1/incidents", ops=True)).json()["items"]
    spoken = await world.gateway.remind()

    assert {each["code"] for each in incidents} == {"own-notice-refused"}
    assert spoken == 1
    assert about(world, concern, "acknowledgement") == both("clock", 1, SCHOOL, GP)
