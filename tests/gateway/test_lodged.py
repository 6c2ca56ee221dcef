"""A protected concern is lodged whole with somebody else, and the holder is told that much. R10."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from candour_protocol.ids import AgencyId
from candour_protocol.kinds.lists import Kind
from candour_protocol.receipt import verify
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.lodged import kept_from_school, lodged
from tests.gateway.partnership import CHILD, CSC, GP, OTHER_CHILD, POLICE, SCHOOL, START, an_actor
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World


def _approval(world: World, of: Issued, frm: str = CSC, actor: str | None = None) -> Issued:
    codes: dict[str, JsonValue] = {
        "actor": actor or an_actor(),
        "approves": of.statement.hash,
        "as": "lodgee",
    }
    return world.partnership.say(Kind.APPROVAL, frm, of.statement.claims.aud, codes)  # type: ignore[arg-type]


async def _held(world: World) -> Issued:
    concern = lodged(world)
    request = world.partnership.request([concern.statement.hash], GP, SCHOOL)
    await world.arrive(concern)
    assert await world.judge(request) == ("held", ("R10",))
    return request


async def test_a_lodged_concern_is_delivered_to_its_lodgee_at_once(world: World) -> None:
    concern = lodged(world)

    assert await world.judge(concern) == ("passed", ())
    assert world.copies(concern)


@pytest.mark.parametrize(
    ("categories", "classes"),
    [
        (["NEGLECT"], ["neglect"]),
        (["DOMESTIC_ABUSE", "PHYSICAL_ADULT", "PHYSICAL_CHILD"], ["physical", "domestic"]),
        (["STAFF_ALLEGATION", "SEXUAL_ADULT"], ["sexual", "staff_allegation"]),
        (["STAFF_ALLEGATION"], ["staff_allegation"]),  # the holder is told no more than the class
        (["NO_SUCH_CODE"], ["unsure"]),
        ([], ["unsure"]),
    ],
)
async def test_the_holder_is_told_in_its_restricted_inbox_that_something_is_lodged(
    world: World, categories: list[JsonValue], classes: list[str]
) -> None:
    concern = world.partnership.concern(
        GP, CSC, withheld=kept_from_school(), actor=an_actor(), categories=categories
    )

    await world.submit(concern)

    assert world.told(SCHOOL, concern) == ["lodged"]
    [stub] = [world.codes(each.body)["about"] for each in world.deliveries(SCHOOL)]
    codes = world.codes(concern.body)
    assert stub == {
        "statement": concern.statement.hash,
        "classes": classes,
        "urgency": codes["urgency"],
        "need_level": codes["need_level"],
        "lodged_with": CSC,
    }
    sent = [each.routing_key for each in world.courier.sent if each.routing_key.startswith(SCHOOL)]
    assert sent == [f"{SCHOOL}.restricted"]


async def test_whoever_reads_an_inbox_that_must_not_see_an_allegation_is_not_told_that_there_is_one(
    world: World,
) -> None:
    withheld = kept_from_school(**{"from": f"{SCHOOL}/restricted"})
    concern = world.partnership.concern(
        GP, CSC, withheld=withheld, actor=an_actor(), categories=["STAFF_ALLEGATION"]
    )

    await world.submit(concern)

    [stub] = [world.codes(each.body)["about"] for each in world.deliveries(SCHOOL)]
    assert isinstance(stub, dict)
    assert stub["classes"] == []


async def test_nobody_is_told_that_it_is_lodged_with_somebody_who_did_not_get_it(world: World) -> None:
    elsewhere = world.partnership.concern(GP, POLICE, withheld=kept_from_school(), actor=an_actor())
    lodged = world.partnership.concern(
        GP, CSC, withheld=kept_from_school(), actor=an_actor(), txn=world.txn(elsewhere)
    )

    first = await world.judge(elsewhere)
    told = world.told(SCHOOL, elsewhere)
    await world.submit(lodged)

    assert (first, told) == (("passed", ()), [])
    assert world.told(SCHOOL, lodged) == ["lodged"]


@pytest.mark.parametrize("lodgee", [None, GP])
async def test_that_nobody_else_can_judge_it_is_told_as_well(world: World, lodgee: str | None) -> None:
    concern = world.partnership.concern(
        GP, POLICE, withheld=kept_from_school(lodged_with=lodgee), actor=an_actor()
    )

    await world.submit(concern)

    assert world.told(SCHOOL, concern) == ["lodged"]


async def test_a_request_on_it_waits_for_the_lodgee_who_is_told(world: World) -> None:
    request = await _held(world)

    assert not world.copies(request)
    assert world.told(CSC, request) == ["lodged"]
    owed = (await world.obligations())[("approval", request.statement.hash)]
    assert (owed["owed_by"], owed["owed_to"]) == (CSC, GP)


async def test_the_lodgees_word_lets_it_through_and_the_asker_is_told(world: World) -> None:
    request = await _held(world)

    verdict = await world.judge(_approval(world, request))

    assert verdict == ("passed", ())
    assert world.copies(request)
    assert world.told(GP, request) == ["released"]
    assert not await world.is_owed("approval", request)


@pytest.mark.parametrize("who", [POLICE, SCHOOL, GP])
async def test_nobody_else_vouches_for_it(world: World, who: str) -> None:
    request = await _held(world)

    assert await world.judge(_approval(world, request, who)) == ("refused", ("not-a-party",))


async def test_a_second_person_of_the_asker_does_not_stand_in_for_the_lodgee(world: World) -> None:
    request = await _held(world)

    assert await world.judge(world.partnership.approval(request)) == ("held", ("R10",))
    assert not world.copies(request)


async def test_a_second_person_and_the_lodgee_let_it_through_together(world: World) -> None:
    concern = world.partnership.concern(
        GP, CSC, withheld=kept_from_school(), actor=an_actor(), categories=["SEXUAL_ADULT"]
    )
    line: JsonValue = [{"line": 1, "role": "PARENT_PR", "category": "HEALTH_SEXUAL", "months": 12}]
    request = world.partnership.request([concern.statement.hash], GP, SCHOOL, asked=line)
    await world.arrive(concern)

    held = await world.judge(request)
    one = await world.judge(world.partnership.approval(request))
    last = _approval(world, request)
    both = await world.judge(last)

    assert held == ("held", ("R05", "R10"))
    assert one == ("held", ("R10",))
    assert both == ("passed", ())
    (copy,) = world.copies(request)
    assert copy.approval is not None
    assert copy.approval.body == last.body  # whose verdict says that the other was there
    assert verify(copy.approval.receipt, world.verifier).entry.verdict == "passed"


@pytest.mark.parametrize(
    "changes",
    [
        {"lodged_with": None},
        {"lodged_with": GP},
        {"lodged_with": SCHOOL},
        {"second": None},
        {"reason": None},
        {"reason": "CONFIDENTIAL"},
        {"review_on": None},
        {"review_on": (START + timedelta(days=8)).date().isoformat()},
    ],
)
async def test_a_concern_that_is_only_hidden_is_delivered_and_marked(world: World, changes: Any) -> None:
    concern = lodged(world, **changes)

    verdict, rules = await world.judge(concern)

    assert (verdict, "R10" in rules) == ("flagged", True)
    assert world.copies(concern)


@pytest.mark.parametrize(
    ("reason", "days", "verdict"),
    [
        ("STAFF_ALLEGATION", 7, "passed"),
        ("STAFF_ALLEGATION", 8, "flagged"),
        ("POLICE_PREJUDICE", 3, "passed"),
        ("POLICE_PREJUDICE", 4, "flagged"),
    ],
)
async def test_its_review_is_at_most_so_far_away(world: World, reason: str, days: int, verdict: str) -> None:
    concern = lodged(world, reason=reason, review_on=(START + timedelta(days=days)).date().isoformat())

    assert (await world.judge(concern))[0] == verdict


async def test_a_request_on_a_concern_lodged_with_nobody_is_returned(world: World) -> None:
    concern = lodged(world, lodged_with=None, second=None)
    await world.arrive(concern)

    verdict = await world.judge(world.partnership.request([concern.statement.hash], GP, SCHOOL))

    assert verdict == ("refused", ("R10",))


@ON_BOTH
@pytest.mark.parametrize(
    ("link_to", "verdict"),
    [(CSC, ("held", ("R10",))), (SCHOOL, ("refused", ("R10",))), (None, ("refused", ("R10",)))],
)
async def test_what_was_lodged_whole_may_be_of_another_token_that_its_lodgee_knows_to_be_the_childs(
    world: World, link_to: AgencyId | None, verdict: tuple[str, tuple[str, ...]]
) -> None:
    concern = lodged(world, POLICE)
    whole = world.partnership.concern(GP, CSC, child=OTHER_CHILD, txn=world.txn(concern))
    await world.arrive(concern, whole)
    joins: JsonValue = [str(each[0]) for each in (CHILD, OTHER_CHILD)]  # type: ignore[index]
    if link_to is not None:
        codes: dict[str, JsonValue] = {"actor": an_actor(), "joins": joins, "undoes": None}
        await world.submit(world.partnership.say(Kind.LINK, GP, link_to, codes))

    judged = await world.judge(world.partnership.request([concern.statement.hash], GP, SCHOOL))

    assert judged == verdict
    assert (await world.replay()).differences == []


@pytest.mark.parametrize(
    ("reason", "days", "verdict"),
    [
        ("STAFF_ALLEGATION", 7, "held"),
        ("STAFF_ALLEGATION", 8, "refused"),
        ("POLICE_PREJUDICE", 3, "held"),
        ("POLICE_PREJUDICE", 4, "refused"),
    ],
)
async def test_a_concern_whose_review_is_put_off_too_far_carries_no_request(
    world: World, reason: str, days: int, verdict: str
) -> None:
    concern = lodged(world, reason=reason, review_on=(START + timedelta(days=days)).date().isoformat())
    await world.arrive(concern)

    asked = await world.judge(world.partnership.request([concern.statement.hash], GP, SCHOOL))

    assert asked == (verdict, ("R10",))


async def test_after_its_review_day_it_carries_no_request(world: World) -> None:
    concern = lodged(world, review_on=START.date().isoformat())
    await world.arrive(concern)
    world.clock.advance(timedelta(days=1))

    verdict = await world.judge(world.partnership.request([concern.statement.hash], GP, SCHOOL))

    assert verdict == ("refused", ("R10",))


async def test_its_lodgee_cannot_pass_it_on_to_the_inbox_that_it_is_kept_from(world: World) -> None:
    concern = lodged(world)
    await world.arrive(concern)
    withheld = world.codes(concern.body)["withheld"]

    relay = world.partnership.concern(
        CSC, SCHOOL, relays=concern.statement.hash, txn=world.txn(concern), withheld=withheld
    )

    assert await world.judge(relay) == ("refused", ("R15",))


async def test_a_copy_says_from_whom_it_is_kept(world: World) -> None:
    concern = lodged(world)
    await world.arrive(concern)

    silent = world.partnership.concern(CSC, POLICE, relays=concern.statement.hash, txn=world.txn(concern))

    assert await world.judge(silent) == ("refused", ("R15",))


async def test_an_allegation_against_staff_in_an_ordinary_inbox_is_delivered_and_marked(world: World) -> None:
    openly = world.partnership.concern(categories=["STAFF_ALLEGATION"])
    protected = world.partnership.concern(categories=["STAFF_ALLEGATION"], inbox="restricted")

    assert await world.judge(openly) == ("flagged", ("R10",))
    assert await world.judge(protected) == ("passed", ())


async def test_after_its_review_day_no_word_lets_through_what_waited(world: World) -> None:
    concern = lodged(world, review_on=START.date().isoformat())
    request = world.partnership.request([concern.statement.hash], GP, SCHOOL)
    await world.arrive(concern)
    assert await world.judge(request) == ("held", ("R10",))
    world.clock.advance(timedelta(hours=15))

    verdict = await world.judge(_approval(world, request))

    assert verdict == ("refused", ("R10",))
    assert not world.copies(request)
