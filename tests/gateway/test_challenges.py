"""A challenge, stage by stage, and what meets it. Source: domain 4.1 and 4.2."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from candour_protocol.ids import AgencyId
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CSC, GP, SCHOOL, an_actor
from tests.gateway.postgres import ON_BOTH
from tests.gateway.second_looks import a_challenge, a_decision
from tests.gateway.world import World

_MANY = 40


async def test_a_challenged_decision_is_made_again_by_somebody_else(world: World) -> None:
    concern, decider = world.partnership.concern(), an_actor()
    decision = a_decision(world, concern, decider)
    await world.arrive(concern, decision)
    challenge = a_challenge(world, decision)

    verdict = await world.judge(challenge)
    owed = await world.is_owed("challenge", challenge)
    same = await world.judge(a_decision(world, concern, decider))
    other = await world.judge(a_decision(world, concern, an_actor()))

    assert (verdict, owed) == (("passed", ()), True)
    assert same == ("refused", ("same-decider",))
    assert other == ("passed", ())
    assert not await world.is_owed("challenge", challenge)


async def test_words_do_not_meet_a_challenge_of_what_is_to_be_decided_again(world: World) -> None:
    concern, decider = world.partnership.concern(), an_actor()
    decision = a_decision(world, concern, decider)
    await world.arrive(concern, decision)
    challenge = a_challenge(world, decision)
    await world.submit(challenge)

    words = world.partnership.say(Kind.REPLY, SCHOOL, GP, {"actor": decider}, irt=challenge.statement.hash)
    said = await world.judge(words)

    assert said == ("passed", ())
    assert await world.is_owed("challenge", challenge)
    assert await world.judge(a_decision(world, concern, decider)) == ("refused", ("same-decider",))


async def test_an_answer_is_challenged_and_given_again_by_somebody_else(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    first = an_actor()
    answer = world.partnership.answer(request, actor=first)
    await world.arrive(answer)
    challenge = a_challenge(world, answer)
    await world.submit(challenge)

    same = await world.judge(world.partnership.answer(request, actor=first))
    other = await world.judge(world.partnership.answer(request, actor=an_actor()))

    assert (same, other) == (("refused", ("same-decider",)), ("passed", ()))
    assert not await world.is_owed("challenge", challenge)


@pytest.mark.parametrize(("stage", "days"), [(1, 1), (2, 1), (3, 2), (4, 5)])
async def test_each_stage_has_its_time(world: World, stage: int, days: int) -> None:
    owed = await _challenged(world, stage, urgency="AMBER")

    assert (owed["owed_by"], owed["owed_to"]) == (SCHOOL, GP)
    assert owed["due_at"] >= (world.clock() + timedelta(days=days)).isoformat()[:10]


@pytest.mark.parametrize("urgency", ["EMERGENCY", "RED"])
@pytest.mark.parametrize("stage", [1, 2, 3, 4])
async def test_each_stage_of_what_is_urgent_has_an_hour_whatever_the_time_of_day(
    world: World, stage: int, urgency: str
) -> None:
    owed = await _challenged(world, stage, urgency)

    due = datetime.fromisoformat(owed["due_at"])
    assert timedelta() < due - world.clock() <= timedelta(hours=1)


async def _challenged(world: World, stage: int, urgency: str) -> Any:
    """What is owed about a challenge of this stage."""
    concern = world.partnership.concern(urgency=urgency)
    decision = a_decision(world, concern, an_actor())
    await world.arrive(concern, decision)
    challenge = a_challenge(world, decision, stage)
    await world.submit(challenge)
    return (await world.obligations())[("challenge", challenge.statement.hash)]


async def test_a_higher_stage_takes_the_place_of_the_one_before(world: World) -> None:
    concern = world.partnership.concern()
    decision = a_decision(world, concern, an_actor())
    await world.arrive(concern, decision)
    first = a_challenge(world, decision)
    await world.submit(first)
    second = a_challenge(world, first, 2, GP)

    verdict = await world.judge(second)
    lower = await world.judge(a_challenge(world, second, 2, GP))

    assert verdict == ("passed", ())
    assert lower == ("refused", ("not-a-party",))
    assert not await world.is_owed("challenge", first)
    assert await world.is_owed("challenge", second)


async def test_whoever_decided_owes_a_new_look_even_where_they_took_it_further_themselves(
    world: World,
) -> None:
    concern = world.partnership.concern()
    decision = a_decision(world, concern, an_actor())
    await world.arrive(concern, decision)
    first = a_challenge(world, decision)
    second = a_challenge(world, first, 2)

    await world.submit(first, second)
    owed = (await world.obligations())[("challenge", second.statement.hash)]
    await world.submit(a_decision(world, concern, an_actor()))

    assert (second.statement.claims.iss, owed["owed_by"], owed["owed_to"]) == (SCHOOL, SCHOOL, GP)
    assert not await world.is_owed("challenge", second)


async def test_whoever_found_a_concern_thin_says_why_even_where_they_took_it_further(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    thin = world.partnership.delivery(concern, "thin")
    await world.submit(thin)
    first = a_challenge(world, thin)
    second = a_challenge(world, first, 2)
    await world.submit(first, second)

    def words(frm: AgencyId, to: AgencyId) -> Issued:
        return world.partnership.say(Kind.REPLY, frm, to, {"actor": an_actor()}, irt=second.statement.hash)

    owed = []
    for frm, to in ((GP, SCHOOL), (SCHOOL, GP)):
        await world.submit(words(frm, to))
        owed.append(await world.is_owed("challenge", second))

    assert owed == [True, False]
    assert (await world.replay()).differences == []


async def test_a_stranger_challenges_nothing(world: World) -> None:
    concern = world.partnership.concern()
    decision = a_decision(world, concern, an_actor())
    await world.arrive(concern, decision)

    assert await world.judge(a_challenge(world, decision, 1, CSC)) == ("refused", ("not-a-party",))


async def test_while_too_thin_is_challenged_the_concern_counts(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    thin = world.partnership.delivery(concern, "thin")
    await world.submit(thin)
    before = await world.judge(world.partnership.request([concern.statement.hash]))
    challenge = a_challenge(world, thin)

    await world.submit(challenge)
    meanwhile = await world.judge(world.partnership.request([concern.statement.hash]))
    await world.submit(
        world.partnership.say(Kind.REPLY, SCHOOL, GP, {"actor": an_actor()}, irt=challenge.statement.hash)
    )
    afterwards = await world.judge(world.partnership.request([concern.statement.hash]))

    assert (before, meanwhile, afterwards) == (("refused", ("R02",)), ("passed", ()), ("refused", ("R02",)))


async def test_a_newer_concern_of_substance_makes_up_for_a_thin_one(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern, opened="thin")

    await world.submit(world.partnership.concern(txn=world.txn(concern)))

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("passed", ())


async def test_a_reason_that_is_not_enough_is_delivered_and_opens_the_first_stage(world: World) -> None:
    concern, decider = world.partnership.concern(), an_actor()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    declined: JsonValue = [{"line": 1, "outcome": "REFUSED", "reason": "GDPR"}]
    answer = world.partnership.answer(request, outcomes=declined, actor=decider)

    verdict = await world.judge(answer)
    owed = await world.is_owed("challenge", answer)
    same = await world.judge(world.partnership.answer(request, actor=decider))
    other = await world.judge(world.partnership.answer(request, actor=an_actor()))

    assert (verdict, owed) == (("flagged", ("R11",)), True)
    assert world.copies(answer)
    assert world.told(GP, answer) == world.told(SCHOOL, answer) == ["escalation"]
    assert (same, other) == (("refused", ("same-decider",)), ("passed", ()))
    assert not await world.is_owed("challenge", answer)


async def test_two_professionals_just_want_to_talk(world: World) -> None:
    """Advice without a child: a thread of its own, no subject, and nothing can be asked on its strength."""
    advice = world.partnership.say(Kind.REPLY, GP, SCHOOL, {"actor": an_actor()})
    await world.arrive(advice)

    assert world.verdict(advice) == ("passed", ())
    assert await world.judge(world.partnership.request([advice.statement.hash])) == ("refused", ("R01",))


# -- several at once --------------------------------------------------------------------------------


async def _answered_line_by_line(world: World) -> tuple[Issued, list[Issued]]:
    """A request for two things, and an answer about each by one person."""
    concern, decider = world.partnership.concern(), an_actor()
    lines: JsonValue = [
        {"line": line, "role": "SUBJECT_CHILD", "category": "EDU_ATTEND", "months": 6} for line in (1, 2)
    ]
    request = world.partnership.request([concern.statement.hash], asked=lines)
    await world.arrive(concern, request)
    answers = [_line(world, request, line, decider) for line in (1, 2)]
    await world.arrive(*answers)
    assert [world.verdict(each) for each in (concern, request, *answers)] == [("passed", ())] * 4
    return request, answers


def _line(world: World, request: Issued, line: int, decider: str) -> Issued:
    disclosed: JsonValue = [{"line": line, "outcome": "DISCLOSED_FULL", "reason": None}]
    return world.partnership.answer(request, outcomes=disclosed, actor=decider)


@ON_BOTH
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_two_answers_are_challenged_at_once_and_each_is_given_again(
    world: World, order: tuple[int, int]
) -> None:
    request, answers = await _answered_line_by_line(world)
    challenges = [a_challenge(world, answer) for answer in answers]
    for challenge in challenges:
        await world.submit(challenge)

    owed = []
    for line in order:
        again = await world.judge(_line(world, request, line, an_actor()))
        owed.append([again, *[await world.is_owed("challenge", each) for each in challenges]])

    left = [line != order[0] for line in (1, 2)]
    assert owed == [[("passed", ()), *left], [("passed", ()), False, False]]
    assert (await world.replay()).differences == []


async def test_one_that_is_taken_back_leaves_the_others_open(world: World) -> None:
    request, answers = await _answered_line_by_line(world)
    first, second = (a_challenge(world, answer) for answer in answers)
    third = a_challenge(world, answers[0])
    await world.submit(first, second, third)

    await world.submit(
        world.partnership.say(Kind.WITHDRAWAL, GP, SCHOOL, {"reason": None}, irt=second.statement.hash)
    )
    open_then = [await world.is_owed("challenge", each) for each in (first, second, third)]
    await world.submit(_line(world, request, 1, an_actor()))

    assert open_then == [True, False, True]
    assert [await world.is_owed("challenge", each) for each in (first, second, third)] == [False] * 3


async def test_a_higher_stage_of_one_leaves_the_other_where_it_is(world: World) -> None:
    request, answers = await _answered_line_by_line(world)
    first, second = (a_challenge(world, answer) for answer in answers)
    await world.submit(first, second)
    higher = a_challenge(world, first, 2)

    await world.submit(higher)
    owed = [await world.is_owed("challenge", each) for each in (first, second, higher)]
    await world.submit(_line(world, request, 2, an_actor()))
    after = [await world.is_owed("challenge", each) for each in (second, higher)]
    await world.submit(_line(world, request, 1, an_actor()))

    assert (owed, after) == ([False, True, True], [False, True])
    assert not await world.is_owed("challenge", higher)


async def test_while_too_thin_is_challenged_another_challenge_hides_it_from_nobody(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    thin = world.partnership.delivery(concern, "thin")
    decision = a_decision(world, concern, an_actor())
    await world.submit(thin, decision)
    await world.submit(a_challenge(world, thin), a_challenge(world, decision))

    both = await world.judge(world.partnership.request([concern.statement.hash]))
    await world.submit(a_decision(world, concern, an_actor()))
    one = await world.judge(world.partnership.request([concern.statement.hash]))

    assert (both, one) == (("passed", ()), ("passed", ()))


@ON_BOTH
@pytest.mark.parametrize("ends", [False, True])
async def test_of_very_many_challenges_none_is_left_open(world: World, ends: bool) -> None:
    request, answers = await _answered_line_by_line(world)
    oldest = a_challenge(world, answers[0])
    await world.submit(oldest, *(a_challenge(world, answers[1]) for _ in range(_MANY)))
    stage = a_challenge(world, oldest, 2)
    await world.submit(stage)

    closure = world.partnership.say(Kind.CLOSURE, GP, SCHOOL, {"reason": None}, irt=request.statement.hash)
    await world.submit(*([closure] if ends else [_line(world, request, line, an_actor()) for line in (1, 2)]))

    replayed = await world.replay()
    assert [about for kind, about in await world.obligations() if kind == "challenge"] == []
    assert [duty for _, duty in replayed.open if duty == "challenge"] == []
    assert replayed.differences == []
