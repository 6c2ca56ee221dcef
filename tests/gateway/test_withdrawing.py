"""What its author withdraws, and what is taken back before it comes. Domain R14, 4.1, 4.2."""

from __future__ import annotations

from candour_protocol.kinds.lists import Kind
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CSC, GP, SCHOOL, an_actor
from tests.gateway.taken_back import a_correction, a_withdrawal, applies, ask
from tests.gateway.world import World


async def test_a_withdrawn_concern_is_owed_nothing_and_carries_no_request(world: World) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)

    await world.submit(a_withdrawal(world, concern))

    assert not await world.is_owed("decision", concern)
    assert not await world.is_owed("answer", request)
    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("refused", ("R04",))


async def test_a_withdrawn_request_is_not_answered(world: World) -> None:
    request = await ask(world, world.partnership.concern())

    await world.submit(a_withdrawal(world, request))

    assert not await world.is_owed("answer", request)
    assert await world.judge(world.partnership.answer(request)) == ("refused", ("withdrawn",))


async def test_nobody_takes_back_what_another_said(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    foreign = world.partnership.say(Kind.WITHDRAWAL, SCHOOL, GP, {}, irt=concern.statement.hash)

    assert await world.judge(foreign) == ("refused", ("not-a-party",))


async def test_a_withdrawal_that_comes_before_its_concern_holds(world: World) -> None:
    concern = world.partnership.concern()

    early = await world.judge(a_withdrawal(world, concern))
    await world.arrive(concern)

    assert early == ("passed", ())
    assert world.copies(concern)
    assert not await world.is_owed("decision", concern)
    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("refused", ("R04",))


async def test_a_correction_that_comes_before_its_concern_holds(world: World) -> None:
    concern = world.partnership.concern()

    await world.submit(a_correction(world, concern), concern)

    verdict = await world.judge(world.partnership.request([concern.statement.hash]))
    assert verdict == ("refused", ("R04", "R14"))


async def test_a_correction_that_was_applied_before_its_concern_came_waits_for_nobody(world: World) -> None:
    told = world.partnership.concern(SCHOOL, GP)
    correction = a_correction(world, told, "UPDATE")
    await world.submit(correction, applies(world, correction), told)

    assert await world.judge(world.partnership.request([told.statement.hash])) == ("passed", ())


async def test_a_request_that_was_withdrawn_before_it_came_is_not_sent(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern)
    await world.submit(a_withdrawal(world, request))

    assert await world.judge(request) == ("refused", ("withdrawn",))
    assert not world.copies(request)


async def test_a_withdrawal_by_another_says_nothing_about_what_is_to_come(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern)
    await world.submit(world.partnership.say(Kind.WITHDRAWAL, CSC, SCHOOL, {}, irt=request.statement.hash))

    assert await world.judge(request) == ("passed", ())


async def test_a_link_that_undoes_what_turns_out_to_be_a_request_does_nothing_to_it(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    codes: dict[str, JsonValue] = {"actor": an_actor(), "joins": None, "undoes": request.statement.hash}
    await world.submit(world.partnership.say(Kind.LINK, GP, SCHOOL, codes))

    await world.arrive(concern, request)

    assert await world.is_owed("answer", request)
    assert await world.judge(world.partnership.answer(request)) == ("passed", ())


async def test_nobody_approves_a_request_that_was_about_the_wrong_child_before_it_was_held(
    world: World,
) -> None:
    asked: JsonValue = [{"line": 1, "role": "PARENT_PR", "category": "HEALTH_SEXUAL", "months": 12}]
    concern = world.partnership.concern(categories=["SEXUAL_ADULT"])
    request = world.partnership.request([concern.statement.hash], asked=asked)
    await world.submit(concern, a_correction(world, request, "WRONG_CHILD"), request)

    approved = await world.judge(world.partnership.approval(request))

    assert world.verdict(request) == ("held", ("R05",))
    assert approved == ("refused", ("not-a-party",))
    assert not world.copies(request)
    assert not await world.is_owed("approval", request)
