"""An answer may come in parts, and a line may want more first. Source: domain 2.12 and 4.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from candour_protocol import profiles
from candour_protocol.calendars import end_of, opening
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import Clock, Unit
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import GP, SCHOOL, an_actor
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

_RED = timedelta(hours=4)
_TWO_LINES: JsonValue = [
    {"line": line, "role": "SUBJECT_CHILD", "category": "EDU_ATTEND", "months": 6} for line in (1, 2)
]


async def _two_lines(world: World, urgency: str = "AMBER") -> Issued:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash], asked=_TWO_LINES, urgency=urgency)
    await world.arrive(concern, request)
    return request


def _about(line: int, outcome: str = "DISCLOSED_FULL") -> list[JsonValue]:
    return [{"line": line, "outcome": outcome, "reason": None}]


async def test_an_answer_is_owed_until_every_line_has_its_outcome(world: World) -> None:
    request = await _two_lines(world)

    first = await world.judge(world.partnership.answer(request, outcomes=_about(1)))
    owed = await world.is_owed("answer", request)
    second = await world.judge(world.partnership.answer(request, outcomes=_about(2)))

    assert (first, owed, second) == (("passed", ()), True, ("passed", ()))
    assert not await world.is_owed("answer", request)


async def _due(world: World, request: Issued) -> timedelta:
    """How long from now its holder still has to answer."""
    duty = (await world.obligations())["answer", request.statement.hash]
    return datetime.fromisoformat(duty["due_at"]) - world.clock()


async def test_an_outcome_is_owed_once_something_was_answered_and_not_for_too_thin(world: World) -> None:
    request = await _two_lines(world)

    await world.submit(world.partnership.answer(request, outcomes=_about(1, "NEED_MORE")))
    for_more = await world.is_owed("outcome", request)
    await world.submit(world.partnership.answer(request, outcomes=_about(2)))

    assert not for_more
    assert await world.is_owed("outcome", request)


async def test_what_is_told_in_part_is_an_answer_though_the_concern_was_too_thin_for_the_rest(
    world: World,
) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    part: JsonValue = [{"line": 1, "outcome": "DISCLOSED_PART", "reason": "CONCERN_TOO_THIN"}]

    verdict = await world.judge(world.partnership.answer(request, outcomes=part))

    assert verdict == ("passed", ())
    assert not await world.is_owed("answer", request)
    assert await world.is_owed("outcome", request)


async def _want_more(world: World, request: Issued, *lines: int) -> None:
    outcomes: list[JsonValue] = [{"line": line, "outcome": "NEED_MORE", "reason": None} for line in lines]
    await world.submit(world.partnership.answer(request, outcomes=outcomes))


async def _say_more(world: World, request: Issued) -> None:
    await world.submit(world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=request.statement.hash))


@ON_BOTH
async def test_a_line_that_wants_more_stops_the_clock_until_the_asker_has_said_it(world: World) -> None:
    request = await _two_lines(world)
    whole = await _due(world, request)
    await world.submit(world.partnership.answer(request, outcomes=_about(1)))
    world.clock.advance(timedelta(hours=2))

    await _want_more(world, request, 2)
    paused = await _due(world, request)
    world.clock.advance(timedelta(hours=3))
    await _say_more(world, request)
    again = await _due(world, request)
    await world.submit(world.partnership.answer(request, outcomes=_about(2)))

    assert paused > whole
    assert again == whole
    assert not await world.is_owed("answer", request)


async def test_without_a_word_the_clock_goes_on_after_one_working_day(world: World) -> None:
    request = await _two_lines(world)
    profile = profiles.parse(world.partnership.parties[GP].profile)
    ends = end_of(Clock(amount=1, unit=Unit.WORKING_DAYS), world.clock(), opening(profile, "general"))

    await _want_more(world, request, 1, 2)

    duty = (await world.obligations())["answer", request.statement.hash]
    assert datetime.fromisoformat(duty["since"]) == ends
    assert datetime.fromisoformat(duty["due_at"]) > ends


@pytest.mark.parametrize(("early", "anew"), [(timedelta(seconds=1), True), (timedelta(0), False)])
async def test_a_word_that_comes_after_that_day_gives_the_holder_no_more_time(
    world: World, early: timedelta, anew: bool
) -> None:
    request = await _two_lines(world)
    await _want_more(world, request, 1, 2)
    before = (await world.obligations())["answer", request.statement.hash]
    world.clock.now = datetime.fromisoformat(before["since"]) - early

    await _say_more(world, request)

    after = (await world.obligations())["answer", request.statement.hash]
    assert (after["since"] == world.clock().isoformat()) is (anew or early == timedelta(0))
    assert (after["due_at"] == before["due_at"]) is not anew


@ON_BOTH
async def test_the_same_line_stops_the_clock_only_once(world: World) -> None:
    request = await _two_lines(world)
    await _want_more(world, request, 1, 2)
    await _say_more(world, request)
    before = await _due(world, request)

    await _want_more(world, request, 1, 2)

    assert await _due(world, request) == before


async def test_another_line_may_stop_it_after_the_first(world: World) -> None:
    request = await _two_lines(world)
    await _want_more(world, request, 1)
    await _say_more(world, request)
    before = await _due(world, request)
    await world.submit(world.partnership.answer(request, outcomes=_about(1)))

    await _want_more(world, request, 2)

    assert await _due(world, request) > before


@ON_BOTH
async def test_a_line_that_wants_more_leaves_the_time_of_the_others_as_it_was(world: World) -> None:
    request = await _two_lines(world, "RED")
    whole = await _due(world, request)

    await _want_more(world, request, 1)
    wanting = await _due(world, request)
    await world.submit(world.partnership.answer(request, outcomes=_about(2)))
    left = await _due(world, request)

    assert wanting == whole
    assert left == whole + _RED


async def test_lines_that_are_sent_back_one_by_one_are_due_with_the_first_of_them(world: World) -> None:
    request = await _two_lines(world, "RED")
    begins = world.clock()

    await _want_more(world, request, 1)
    world.clock.advance(timedelta(hours=2))
    await _want_more(world, request, 2)

    assert world.clock() + await _due(world, request) == begins + 2 * _RED


async def test_a_line_whose_pause_is_over_runs_on_whatever_is_sent_back_later(world: World) -> None:
    request = await _two_lines(world)
    await _want_more(world, request, 1)
    await _say_more(world, request)
    before = await _due(world, request)

    await _want_more(world, request, 2)

    assert await _due(world, request) == before


@pytest.mark.parametrize(("urgency", "hours"), [("RED", 4), ("EMERGENCY", 1)])
async def test_what_is_urgent_waits_for_the_asker_over_no_weekend(
    world: World, urgency: str, hours: int
) -> None:
    world.clock.now = datetime(2026, 11, 27, 17, tzinfo=UTC)  # a Friday
    request = await _two_lines(world, urgency)

    await _want_more(world, request, 1, 2)

    assert await _due(world, request) == 2 * timedelta(hours=hours)


async def test_what_waits_for_its_concern_is_not_owed_again_because_more_is_wanted(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash], asked=_TWO_LINES)
    await world.arrive(concern, request)
    await world.submit(world.partnership.say(Kind.WITHDRAWAL, GP, SCHOOL, {}, irt=concern.statement.hash))

    await _want_more(world, request, 1, 2)
    await _say_more(world, request)

    assert not await world.is_owed("answer", request)


async def test_another_line_is_answered_by_the_same_person_meanwhile(world: World) -> None:
    request, decider = await _two_lines(world), an_actor()
    declined: JsonValue = [{"line": 1, "outcome": "REFUSED", "reason": "GDPR"}]
    await world.submit(world.partnership.answer(request, outcomes=declined, actor=decider))

    second = await world.judge(world.partnership.answer(request, outcomes=_about(2), actor=decider))

    assert second == ("passed", ())
