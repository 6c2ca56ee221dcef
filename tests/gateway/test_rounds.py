"""No fishing, and an objection below protection level: what waits for a second person. Domain R06, R08."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol.ids import AgencyId
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CHILD, CSC, GP, OTHER_CHILD, POLICE, SCHOOL, an_actor, attested
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import Verdict, World


async def _asked_three_times(world: World) -> Issued:
    concern = world.partnership.concern()
    await world.arrive(concern)
    for _ in range(3):
        assert await world.judge(world.partnership.request([concern.statement.hash])) == ("passed", ())
    return concern


async def test_a_fourth_request_on_one_concern_waits_for_a_second_person(world: World) -> None:
    concern = await _asked_three_times(world)
    fourth = world.partnership.request([concern.statement.hash])

    held = await world.judge(fourth)
    released = await world.judge(world.partnership.approval(fourth))

    assert (held, released) == (("held", ("R06",)), ("passed", ()))
    assert world.copies(fourth)


@ON_BOTH
async def test_under_another_name_that_a_link_joins_it_is_the_same_child_that_was_asked_about(
    world: World,
) -> None:
    concern = await _asked_three_times(world)
    joins: JsonValue = [str(each[0]) for each in (CHILD, OTHER_CHILD)]  # type: ignore[index]
    link = world.partnership.say(Kind.LINK, GP, SCHOOL, {"actor": an_actor(), "joins": joins})
    await world.submit(link)

    fourth = await world.judge(world.partnership.request([concern.statement.hash], child=OTHER_CHILD))

    assert fourth == ("held", ("R06",))


@ON_BOTH
async def test_what_was_answered_counts_although_it_was_taken_back(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)

    asked = [await _taken_back(world, concern, answered=True) for _ in range(4)]

    assert asked == [("passed", ())] * 3 + [("held", ("R06",))]


async def test_what_was_taken_back_unanswered_counts_no_more(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)

    asked = [await _taken_back(world, concern, answered=False) for _ in range(4)]

    assert asked == [("passed", ())] * 4


async def _taken_back(world: World, concern: Issued, *, answered: bool) -> Verdict:
    """What came of a request that its author withdrew in the end."""
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(request)
    verdict = world.verdict(request)
    if answered:
        await world.submit(world.partnership.answer(request))
    await world.submit(_withdrawal(world, request))
    return verdict


@ON_BOTH
async def test_what_its_holder_could_not_read_is_said_again_without_a_second_person(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    for _ in range(2):
        await world.submit(world.partnership.request([concern.statement.hash]))
    third = world.partnership.request([concern.statement.hash])
    await world.arrive(third, opened="unreadable")

    again = world.partnership.request([concern.statement.hash], draft_reissues=third.statement.hash)
    said_again = await world.judge(again)
    fourth = await world.judge(world.partnership.request([concern.statement.hash]))

    assert (said_again, fourth) == (("passed", ()), ("held", ("R06",)))


async def test_what_its_holder_lost_with_its_disk_is_said_again_without_a_second_person(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    asked = [world.partnership.request([concern.statement.hash]) for _ in range(3)]
    await world.arrive(*asked)
    await world.submit(world.partnership.delivery(asked[0], "unreadable"))

    said_again = await world.judge(world.partnership.request([concern.statement.hash]))
    fourth = await world.judge(world.partnership.request([concern.statement.hash]))

    assert (said_again, fourth) == (("passed", ()), ("held", ("R06",)))


@pytest.mark.parametrize("first", ["sound", "unreadable"])
async def test_what_its_holder_answered_was_asked_whatever_it_says_of_reading_it(
    world: World, first: str
) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    asked = [world.partnership.request([concern.statement.hash]) for _ in range(3)]
    await world.arrive(*asked, opened=first)
    await world.submit(*map(world.partnership.answer, asked))
    await world.submit(*[world.partnership.delivery(each, "unreadable") for each in asked])

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("held", ("R06",))


def _withdrawal(world: World, of: Issued) -> Issued:
    return world.partnership.say(Kind.WITHDRAWAL, GP, SCHOOL, {"reason": None}, irt=of.statement.hash)


async def test_a_new_fact_opens_a_new_round(world: World) -> None:
    concern = await _asked_three_times(world)

    newer = world.partnership.concern(txn=world.txn(concern))
    await world.submit(newer)

    names = [concern.statement.hash, newer.statement.hash]
    assert await world.judge(world.partnership.request(names)) == ("passed", ())


THIN: JsonValue = attested("R02", "R03", "R13", failing=("R02",))
_NOTHING_NEW: dict[str, tuple[AgencyId, dict[str, JsonValue]]] = {
    "thin": (SCHOOL, {"checks": THIN}),
    "about another child": (SCHOOL, {"child": OTHER_CHILD}),
    "told to somebody else": (CSC, {}),
}


@pytest.mark.parametrize(("to", "codes"), _NOTHING_NEW.values(), ids=_NOTHING_NEW)
async def test_what_is_nothing_new_to_this_holder_about_this_child_opens_none(
    world: World, to: AgencyId, codes: dict[str, JsonValue]
) -> None:
    concern = await _asked_three_times(world)
    newer = world.partnership.concern(GP, to, txn=world.txn(concern), **codes)
    await world.arrive(newer)

    names = [concern.statement.hash, newer.statement.hash]
    assert await world.judge(world.partnership.request(names)) == ("held", ("R06",))


async def test_what_was_taken_back_again_opens_none(world: World) -> None:
    concern = await _asked_three_times(world)
    newer = world.partnership.concern(txn=world.txn(concern))
    await world.arrive(newer)
    await world.submit(_withdrawal(world, newer))

    names = [concern.statement.hash, newer.statement.hash]
    assert await world.judge(world.partnership.request(names)) == ("held", ("R06",))


@pytest.mark.parametrize("kind", [Kind.REPLY, Kind.CHALLENGE])
async def test_words_about_a_thin_concern_open_none(world: World, kind: Kind) -> None:
    concern = await _asked_three_times(world)
    newer = world.partnership.concern(txn=world.txn(concern), checks=THIN)
    delivery = world.partnership.delivery(newer, "thin")
    await world.submit(newer, delivery)

    codes: dict[str, JsonValue] = {"challenges": delivery.statement.hash, "stage": 1}
    about = newer.statement.hash if kind is Kind.REPLY else delivery.statement.hash
    words = world.partnership.say(kind, GP, SCHOOL, codes if kind is Kind.CHALLENGE else {}, irt=about)
    assert await world.judge(words) == ("passed", ())

    names = [concern.statement.hash, newer.statement.hash]
    assert await world.judge(world.partnership.request(names)) == ("held", ("R06",))


@ON_BOTH
@pytest.mark.parametrize(("taken_back", "verdict"), [(False, ("passed", ())), (True, ("held", ("R06",)))])
async def test_what_stands_in_for_a_thin_concern_is_new_as_long_as_it_stands(
    world: World, taken_back: bool, verdict: Verdict
) -> None:
    thin = world.partnership.concern(checks=THIN)
    first = world.partnership.concern(txn=world.txn(thin))
    await world.arrive(thin)
    await world.arrive(first)
    for _ in range(3):
        assert await world.judge(world.partnership.request([thin.statement.hash])) == ("passed", ())
    second = world.partnership.concern(txn=world.txn(thin))
    await world.arrive(second)
    if taken_back:
        await world.submit(_withdrawal(world, second))

    assert await world.judge(world.partnership.request([thin.statement.hash])) == verdict


async def test_what_the_holder_tells_in_turn_opens_a_new_round(world: World) -> None:
    concern = await _asked_three_times(world)
    theirs = world.partnership.concern(SCHOOL, GP, txn=world.txn(concern))
    await world.arrive(theirs)

    names = [concern.statement.hash, theirs.statement.hash]
    assert await world.judge(world.partnership.request(names)) == ("passed", ())


async def test_words_that_nobody_but_the_holder_can_read_open_none(world: World) -> None:
    concern = await _asked_three_times(world)

    await world.submit(world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=concern.statement.hash))

    assert (await world.judge(world.partnership.request([concern.statement.hash])))[0] == "held"


@pytest.mark.parametrize(("days", "verdict"), [(28, "held"), (29, "passed")])
async def test_what_was_asked_four_weeks_ago_counts_no_more(world: World, days: int, verdict: str) -> None:
    concern = await _asked_three_times(world)
    world.clock.advance(timedelta(days=days))

    late = world.partnership.request([concern.statement.hash], purpose="CP_REVIEW")

    assert (await world.judge(late))[0] == verdict


async def test_another_holder_or_another_asker_starts_anew(world: World) -> None:
    await _asked_three_times(world)
    elsewhere, other = world.partnership.concern(GP, CSC), world.partnership.concern(POLICE, SCHOOL)
    await world.arrive(elsewhere, other)

    there = await world.judge(world.partnership.request([elsewhere.statement.hash], GP, CSC))
    theirs = await world.judge(world.partnership.request([other.statement.hash], POLICE, SCHOOL))

    assert (there, theirs) == (("passed", ()), ("passed", ()))


async def test_what_is_held_lapses_with_a_notice_and_nothing_is_waited_for(world: World) -> None:
    concern = await _asked_three_times(world)
    fourth = world.partnership.request([concern.statement.hash])
    await world.submit(fourth)

    owed = (await world.obligations())[("approval", fourth.statement.hash)]
    world.clock.advance(timedelta(days=1, seconds=1))
    await world.gateway.remind()

    assert owed["owed_by"] == GP
    assert world.told(GP, fourth) == ["lapse"]
    assert not await world.is_owed("approval", fourth)
    assert await world.judge(world.partnership.approval(fourth)) == ("refused", ("late",))


@pytest.mark.parametrize(
    ("level", "position", "purpose", "verdict"),
    [
        ("L2", "INFORMED_OBJECTED_OVERRIDDEN", "S17_ASSESS", "held"),
        ("L3", "INFORMED_OBJECTED_OVERRIDDEN", "S17_ASSESS", "passed"),
        (None, "INFORMED_OBJECTED_OVERRIDDEN", "S17_ASSESS", "held"),
        ("L2", "INFORMED_AGREED", "S17_ASSESS", "passed"),
        ("L2", "INFORMED_OBJECTED_OVERRIDDEN", "EARLY_HELP", "passed"),
    ],
)
async def test_a_family_that_objects_to_an_assessment_below_level_three(
    world: World, level: str | None, position: str, purpose: str, verdict: str
) -> None:
    concern = world.partnership.concern(need_level=level)
    await world.arrive(concern)
    openness: JsonValue = {"position": position, "reason": "STATED"}

    request = world.partnership.request([concern.statement.hash], purpose=purpose, openness=openness)

    assert (await world.judge(request))[0] == verdict


async def test_a_countersigned_request_does_not_wait(world: World) -> None:
    concern = await _asked_three_times(world)

    signed = world.partnership.request([concern.statement.hash], countersigned=an_actor())

    assert await world.judge(signed) == ("passed", ())


# ---- emergency ---------------------------------------------------------------------------------------


async def test_a_debt_is_paid_by_a_concern_that_was_there_before_its_request(world: World) -> None:
    request = world.partnership.emergency()
    await world.arrive(world.partnership.concern(pays_back=request.statement.hash))

    await world.submit(request)

    assert world.verdict(request) == ("flagged", ("R09",))
    assert not await world.is_owed("debt", request)


async def test_both_ends_hear_of_a_debt_that_is_overdue_when_the_next_is_made(world: World) -> None:
    await world.submit(world.partnership.emergency())
    world.clock.advance(timedelta(hours=5))
    again = world.partnership.emergency()

    await world.submit(again)

    assert world.verdict(again) == ("flagged", ("R09",))
    assert world.told(GP, again) == world.told(SCHOOL, again) == ["debt"]


async def test_an_answer_to_an_unpaid_ask_is_neither_cited_nor_passed_on(world: World) -> None:
    emergency = world.partnership.emergency()
    await world.arrive(emergency)
    answer = world.partnership.answer(emergency)
    await world.arrive(answer)

    cited = await world.judge(world.partnership.request([answer.statement.hash]))
    passed_on = await world.judge(world.partnership.concern(GP, CSC, relays=answer.statement.hash))

    assert (cited, passed_on) == (("refused", ("R01",)), ("refused", ("not-a-party",)))
