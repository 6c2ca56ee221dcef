"""Whoever is late in telling what came of an answer asks nothing there that can wait. Domain 4.2, R06."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued

from tests.gateway.partnership import GP, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import Verdict, World

HELD: Verdict = ("held", ("R06",))
PASSED: Verdict = ("passed", ())
SECOND = timedelta(seconds=1)


async def _answered(world: World) -> tuple[Issued, Issued]:
    """A concern, and the answer to a request on it, of which nobody has told what came."""
    concern = world.partnership.concern()
    await world.arrive(concern)
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(request)
    answer = world.partnership.answer(request)
    await world.arrive(answer)
    return concern, answer


async def _late(world: World, by: timedelta = SECOND) -> None:
    """Until the outcome falls due, and a little longer."""
    obligations = await world.obligations()
    (due,) = (item["due_at"] for (kind, _), item in obligations.items() if kind == "outcome")
    world.clock.advance(datetime.fromisoformat(due) + by - world.clock())


async def _ask(world: World, concern: Issued, urgency: str = "GREEN", holder: str = SCHOOL) -> Verdict:
    asked = world.partnership.request([concern.statement.hash], GP, holder, urgency=urgency)  # type: ignore[arg-type]
    return await world.judge(asked)


@ON_BOTH
@pytest.mark.parametrize("urgency", ["GREEN", "BLUE"])
async def test_what_can_wait_waits_until_the_outcome_is_told(world: World, urgency: str) -> None:
    concern, answer = await _answered(world)
    await _late(world)

    held = await _ask(world, concern, urgency)
    await world.submit(world.partnership.answering(Kind.OUTCOME, answer, outcome="PLAN_MADE"))

    assert held == HELD
    assert await _ask(world, concern, urgency) == PASSED


async def test_its_place_says_which_concern(world: World) -> None:
    concern, _ = await _answered(world)
    other = world.partnership.concern(txn=world.txn(concern))
    await world.arrive(other)
    await _late(world)
    names = [other.statement.hash, concern.statement.hash]
    request = world.partnership.request(names, urgency="GREEN")

    await world.submit(request)

    answered = world.answered(request.statement.claims.jti, GP)
    assert answered.violations == (("R06", "/concern_ids/1"),)


@pytest.mark.parametrize("by", [timedelta(0), -SECOND])
async def test_up_to_its_time_nothing_waits(world: World, by: timedelta) -> None:
    concern, _ = await _answered(world)
    await _late(world, by)

    assert await _ask(world, concern) == PASSED


@pytest.mark.parametrize("urgency", ["AMBER", "RED"])
async def test_what_is_urgent_never_waits_for_it(world: World, urgency: str) -> None:
    concern, _ = await _answered(world)
    await _late(world)

    assert await _ask(world, concern, urgency) == PASSED


async def test_a_second_person_lets_it_go_on(world: World) -> None:
    concern, _ = await _answered(world)
    await _late(world)
    request = world.partnership.request([concern.statement.hash], urgency="GREEN")

    held = await world.judge(request)
    released = await world.judge(world.partnership.approval(request))

    assert (held, released) == (HELD, PASSED)
    assert world.copies(request)


async def test_another_concern_is_another_matter(world: World) -> None:
    await _answered(world)
    other = world.partnership.concern()
    await world.arrive(other)
    await _late(world)

    assert await _ask(world, other) == PASSED


async def test_a_request_that_was_taken_back_leaves_nothing_to_tell(world: World) -> None:
    concern, answer = await _answered(world)
    await _late(world)
    request = answer.statement.claims.irt

    await world.submit(world.partnership.say(Kind.WITHDRAWAL, GP, SCHOOL, {"reason": None}, irt=request))

    assert await _ask(world, concern) == PASSED
