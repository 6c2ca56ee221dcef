"""Corrections reach every copy and everything that rests on them. Domain R14, 4.1, 4.2."""

from __future__ import annotations

import pytest
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.gateway.taken_back import a_correction, a_withdrawal, applies, ask
from tests.gateway.world import World

# ---- corrections -------------------------------------------------------------------------------------


async def test_a_correction_is_owed_an_answer_until_it_is_applied(world: World) -> None:
    concern = world.partnership.concern()
    correction = a_correction(world, concern, "UPDATE")
    await world.arrive(concern, correction)
    owed_before = await world.is_owed("correction", correction)

    verdict = await world.judge(applies(world, correction))

    assert owed_before
    assert verdict == ("passed", ())
    assert not await world.is_owed("correction", correction)


async def test_a_correction_that_cannot_be_applied_is_answered_too(world: World) -> None:
    concern = world.partnership.concern()
    correction = a_correction(world, concern)
    await world.arrive(concern, correction)

    await world.submit(applies(world, correction, "cannot"))

    assert not await world.is_owed("correction", correction)


@pytest.mark.parametrize(
    ("kind", "due"),
    [
        ("FACT_WRONG", "2026-11-25T00:00"),  # two working days from a Friday
        ("UPDATE", "2026-11-25T00:00"),
        ("WRONG_CHILD", "2026-11-20T14:00"),  # four hours
    ],
)
async def test_a_wrong_child_is_put_right_faster(world: World, kind: str, due: str) -> None:
    concern = world.partnership.concern()
    correction = a_correction(world, concern, kind)
    await world.submit(concern, correction)

    owed = (await world.obligations())[("correction", correction.statement.hash)]

    assert (owed["owed_by"], owed["owed_to"]) == (SCHOOL, GP)
    assert owed["due_at"].startswith(due)


@pytest.mark.parametrize(
    ("kind", "owed"), [("WRONG_CHILD", False), ("DUPLICATE", False), ("FACT_WRONG", True), ("UPDATE", True)]
)
async def test_a_concern_is_decided_on_unless_it_should_never_have_been_told(
    world: World, kind: str, owed: bool
) -> None:
    concern = world.partnership.concern()
    correction = a_correction(world, concern, kind)
    await world.arrive(concern)

    await world.submit(correction)

    due = [await world.is_owed(duty, concern) for duty in ("acknowledgement", "decision")]
    assert due == [owed, owed]
    assert await world.is_owed("correction", correction)


@pytest.mark.parametrize(
    ("kind", "owed"), [("WRONG_CHILD", False), ("DUPLICATE", False), ("FACT_WRONG", False), ("UPDATE", True)]
)
async def test_a_request_is_over_once_its_author_does_not_stand_by_it(
    world: World, kind: str, owed: bool
) -> None:
    request = await ask(world, world.partnership.concern())

    await world.submit(a_correction(world, request, kind))

    due = [await world.is_owed(duty, request) for duty in ("acknowledgement", "answer")]
    assert due == [owed, owed]


async def test_a_correction_of_no_known_kind_goes_out_marked(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    correction = a_correction(world, concern, "OOPS")

    assert await world.judge(correction) == ("flagged", ("R14",))
    assert world.copies(correction)


async def test_a_request_on_what_was_taken_back_waits_and_both_ends_are_told(world: World) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)

    await world.submit(a_correction(world, concern))
    answer = await world.judge(world.partnership.answer(request))

    assert not await world.is_owed("answer", request)
    assert answer == ("refused", ("suspended",))
    assert world.told(GP, request) == world.told(SCHOOL, request) == ["suspended"]


async def test_what_only_adds_to_a_concern_suspends_nothing(world: World) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)

    await world.submit(a_correction(world, concern, "OUTCOME_UNSUBSTANTIATED"))

    assert await world.is_owed("answer", request)
    assert await world.judge(world.partnership.answer(request)) == ("passed", ())


async def test_that_a_concern_is_too_thin_can_be_said_of_a_suspended_request_too(world: World) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)
    await world.submit(a_correction(world, concern))
    thin: JsonValue = [{"line": 1, "outcome": "NEED_MORE", "reason": None}]

    assert await world.judge(world.partnership.answer(request, outcomes=thin)) == ("passed", ())


@pytest.mark.parametrize("outcome", ["DISCLOSED_FULL", "DISCLOSED_PART", "NO_INFO_HELD"])
async def test_nothing_is_told_under_a_suspended_request_by_calling_its_concern_too_thin(
    world: World, outcome: str
) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)
    await world.submit(a_correction(world, concern))
    told: JsonValue = [{"line": 1, "outcome": outcome, "reason": "CONCERN_TOO_THIN"}]

    answer = await world.judge(world.partnership.answer(request, outcomes=told))

    assert answer == ("refused", ("suspended",))


async def test_while_a_request_is_suspended_nobodys_words_begin_its_answers_time(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    request = await ask(world, concern)
    await world.submit(a_correction(world, concern))
    thin: list[JsonValue] = [{"line": 1, "outcome": "NEED_MORE", "reason": None}]

    await world.submit(world.partnership.answer(request, outcomes=thin))
    after_thin = await world.is_owed("answer", request)
    await world.submit(world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=request.statement.hash))
    after_more = await world.is_owed("answer", request)
    await world.submit(world.partnership.concern(txn=world.txn(concern)))

    assert (after_thin, after_more) == (False, False)
    assert await world.is_owed("answer", request)


async def test_a_suspended_request_does_not_go_on_for_words_beside_what_was_wrong(world: World) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)
    await world.submit(a_correction(world, concern))

    await world.submit(world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=concern.statement.hash))

    assert not await world.is_owed("answer", request)
    assert world.told(SCHOOL, request) == ["suspended"]
    assert await world.judge(world.partnership.answer(request)) == ("refused", ("suspended",))


async def test_a_newer_concern_in_the_same_thread_stands_in_for_it(world: World) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)
    await world.submit(a_correction(world, concern))

    await world.submit(world.partnership.concern(txn=world.txn(concern)))

    assert await world.is_owed("answer", request)
    assert world.told(GP, request) == ["suspended", "resumed"]


async def test_a_request_that_rests_on_another_concern_too_goes_on(world: World) -> None:
    first, second = world.partnership.concern(), world.partnership.concern()
    request = world.partnership.request([first.statement.hash, second.statement.hash])
    await world.arrive(first, second, request)

    await world.submit(a_correction(world, first))

    assert await world.is_owed("answer", request)
    assert world.told(GP, request) == []


async def test_of_what_was_disclosed_already_both_ends_are_told(world: World) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)
    await world.submit(world.partnership.answer(request))

    await world.submit(a_correction(world, concern))

    assert world.told(GP, request) == world.told(SCHOOL, request) == ["correction"]


async def test_nobody_asks_on_the_strength_of_what_was_taken_back(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    await world.submit(a_correction(world, concern))

    verdict = await world.judge(world.partnership.request([concern.statement.hash]))

    assert verdict == ("refused", ("R04", "R14"))


async def test_who_was_corrected_asks_again_only_once_it_is_applied(world: World) -> None:
    told = world.partnership.concern(SCHOOL, GP)
    correction = a_correction(world, told, "UPDATE")
    await world.arrive(told, correction)

    before = await world.judge(world.partnership.request([told.statement.hash]))
    await world.submit(applies(world, correction))
    after = await world.judge(world.partnership.request([told.statement.hash]))

    assert before == ("refused", ("R14",))
    assert after == ("passed", ())


# ---- copies ------------------------------------------------------------------------------------------


async def _passed_on(world: World) -> tuple[Issued, Issued, Issued]:
    """The school told the surgery, that told social care, that told the police."""
    original = world.partnership.concern(SCHOOL, GP)
    copy = world.partnership.concern(GP, CSC, relays=original.statement.hash, txn=world.txn(original))
    again = world.partnership.concern(CSC, POLICE, relays=copy.statement.hash, txn=world.txn(original))
    await world.arrive(original, copy, again)
    assert [world.verdict(each)[0] for each in (original, copy, again)] == ["passed"] * 3
    return original, copy, again


async def test_everybody_through_whose_hands_it_went_hears_that_it_went_further(world: World) -> None:
    original, copy, _ = await _passed_on(world)

    assert world.told(SCHOOL, original) == ["relay", "relay"]
    assert world.told(GP, copy) == ["relay"]


async def test_a_correction_reaches_every_copy_and_is_passed_on(world: World) -> None:
    original, copy, again = await _passed_on(world)

    await world.submit(a_correction(world, original))
    chased = [await world.is_owed("correction", each) for each in (copy, again)]
    await world.submit(a_correction(world, copy))

    assert chased == [True, False]
    assert world.told(CSC, copy)[0] == world.told(POLICE, again)[0] == "correction"
    assert not await world.is_owed("correction", copy)
    assert await world.is_owed("correction", again)


async def test_a_withdrawal_is_told_to_whoever_has_a_copy_and_is_passed_on(world: World) -> None:
    original, copy, again = await _passed_on(world)

    await world.submit(a_withdrawal(world, original))
    chased = [await world.is_owed("correction", each) for each in (copy, again)]
    told = [world.told(CSC, copy).count("correction"), world.told(POLICE, again).count("correction")]
    await world.submit(a_withdrawal(world, copy))

    assert (chased, told) == ([True, False], [1, 1])
    assert [await world.is_owed("correction", each) for each in (copy, again)] == [False, True]


async def test_of_a_copy_that_was_taken_back_before_nobody_owes_anything_more(world: World) -> None:
    original, copy, _ = await _passed_on(world)
    await world.submit(a_withdrawal(world, copy))

    await world.submit(a_withdrawal(world, original))

    assert not await world.is_owed("correction", copy)


async def test_a_request_on_a_copy_of_a_copy_waits_as_well(world: World) -> None:
    original, _, again = await _passed_on(world)
    request = world.partnership.request([again.statement.hash], CSC, POLICE)
    await world.arrive(request)

    await world.submit(a_correction(world, original))

    assert not await world.is_owed("answer", request)
    assert "suspended" in world.told(POLICE, request)


@pytest.mark.parametrize("how", [a_correction, a_withdrawal])
async def test_what_its_author_took_back_is_passed_on_no_more(world: World, how: object) -> None:
    original = world.partnership.concern(SCHOOL, GP)
    await world.arrive(original)
    await world.submit(how(world, original))  # type: ignore[operator]

    relay = world.partnership.concern(GP, CSC, relays=original.statement.hash, txn=world.txn(original))

    assert await world.judge(relay) == ("refused", ("R14",))


async def test_a_copy_of_a_copy_is_read_as_its_originators(world: World) -> None:
    original = world.partnership.concern(SCHOOL, GP, onward_to=[CSC])
    copy = world.partnership.concern(
        GP, CSC, relays=original.statement.hash, onward_to=[CSC], txn=world.txn(original)
    )
    await world.arrive(original, copy)

    again = world.partnership.concern(
        CSC, POLICE, relays=copy.statement.hash, onward_to=[CSC], txn=world.txn(original)
    )

    assert world.verdict(copy) == ("passed", ())
    assert await world.judge(again) == ("refused", ("R15",))
