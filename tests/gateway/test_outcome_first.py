"""Whoever is late in telling what came of an answer asks nothing there that can wait. Domain 4.2, R06."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from candour_protocol.ids import StatementHash
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import GP, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import Verdict, World

HELD: Verdict = ("held", ("R06",))
PASSED: Verdict = ("passed", ())
SECOND = timedelta(seconds=1)
ENDINGS: list[tuple[Kind, dict[str, JsonValue]]] = [
    (Kind.WITHDRAWAL, {"reason": None}),
    (Kind.CLOSURE, {"reason": "CHECKS_NOT_NEEDED"}),
    (Kind.CORRECTION, {"correction_kind": "WRONG_CHILD"}),
]


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


async def _end(world: World, request: StatementHash | None, kind: Kind, codes: dict[str, JsonValue]) -> None:
    """Whoever asked wants no more of it."""
    named: dict[str, JsonValue] = {"corrects": request} if kind is Kind.CORRECTION else {}
    ending = world.partnership.say(kind, GP, SCHOOL, {**codes, **named}, irt=request)
    assert await world.judge(ending) == PASSED


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


@ON_BOTH
@pytest.mark.parametrize(("kind", "codes"), ENDINGS)
async def test_who_ends_an_answered_request_still_tells_what_came_of_it(
    world: World, kind: Kind, codes: dict[str, JsonValue]
) -> None:
    concern, answer = await _answered(world)
    await _end(world, answer.statement.claims.irt, kind, codes)
    await _late(world)

    held = await _ask(world, concern)
    told = await world.judge(world.partnership.answering(Kind.OUTCOME, answer, outcome="PLAN_MADE"))

    assert (held, told) == (HELD, PASSED)
    assert await _ask(world, concern) == PASSED


@pytest.mark.parametrize(("kind", "codes"), ENDINGS)
async def test_a_request_that_is_ended_unanswered_leaves_nothing_to_tell(
    world: World, kind: Kind, codes: dict[str, JsonValue]
) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    thin: JsonValue = [{"line": 1, "outcome": "NEED_MORE", "reason": None}]
    await world.arrive(concern, request)
    await world.submit(world.partnership.answer(request, outcomes=thin))

    await _end(world, request.statement.hash, kind, codes)

    assert not await world.is_owed("outcome", request)


async def test_a_request_that_is_closed_once_its_outcome_is_told_is_over(world: World) -> None:
    concern, answer = await _answered(world)
    await world.submit(world.partnership.answering(Kind.OUTCOME, answer, outcome="PLAN_MADE"))

    await _end(world, answer.statement.claims.irt, Kind.CLOSURE, {"reason": None})

    assert "outcome" not in {kind for kind, _ in await world.obligations()}
    assert await _ask(world, concern) == PASSED
