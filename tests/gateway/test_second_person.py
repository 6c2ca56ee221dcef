"""What is held waits for a second person; then both go out together. Source: protocol section 4."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from candour_gateway.database import Database
from candour_gateway.housekeeping import tidy
from candour_protocol import disclosures
from candour_protocol.policy import load_policy
from candour_protocol.receipt import verify
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import GP, POLICY, SCHOOL, attested
from tests.gateway.world import World, found, open_world

_NEEDS_A_SECOND: JsonValue = [{"line": 1, "role": "PARENT_PR", "category": "HEALTH_SEXUAL", "months": 12}]


async def _held(world: World) -> Issued:
    """A request on a sexual abuse concern whose line needs a second sign-off."""
    concern = world.partnership.concern(categories=["SEXUAL_ADULT"])
    await world.submit(concern)
    request = world.partnership.request([concern.statement.hash], asked=_NEEDS_A_SECOND)
    verdict, rules = await world.judge(request)
    assert (verdict, rules) == ("held", ("R05",))
    return request


async def test_a_held_request_is_logged_and_not_routed(world: World) -> None:
    request = await _held(world)

    world.clock.advance(timedelta(minutes=10))
    await world.gateway.drive()

    assert not world.copies(request)
    assert not await world.is_owed("answer", request)


async def test_an_approval_releases_it_and_both_go_out_with_their_receipts(world: World) -> None:
    request = await _held(world)
    approval = world.partnership.approval(request)

    verdict = await world.judge(approval)

    assert verdict == ("passed", ())
    (copy,) = world.copies(request)
    assert copy.body == request.body
    assert verify(copy.receipt, world.verifier).entry.verdict == "held"
    assert copy.approval is not None
    assert copy.approval.body == approval.body
    assert verify(copy.approval.receipt, world.verifier).entry.verdict == "passed"
    assert await world.is_owed("answer", request)


@pytest.mark.parametrize(
    ("rule", "verdicts"),
    [
        ("R07", ["held", "passed"]),  # a declared interest
        *((rule, ["refused", "refused"]) for rule in ("R02", "R03", "R05", "R09", "R12", "R13")),
    ],
)
async def test_a_second_person_signs_for_an_interest_and_makes_no_fact_of_what_lacks_one(
    world: World, rule: str, verdicts: list[str]
) -> None:
    concern = world.partnership.concern()
    checks = attested("R02", "R03", "R05", "R07", "R09", "R12", "R13") | {rule: "hold"}
    request = world.partnership.request([concern.statement.hash], checks=checks)
    await world.submit(concern)

    asked = await world.judge(request)
    approved = await world.judge(world.partnership.approval(request))

    assert [verdict for verdict, _ in (asked, approved)] == verdicts
    assert asked[1] == (rule,)


async def test_a_released_request_is_sent_again_with_its_approval(world: World) -> None:
    request = await _held(world)
    await world.submit(world.partnership.approval(request))
    world.clock.advance(timedelta(seconds=5))

    await world.gateway.drive()

    assert [copy.approval is not None for copy in world.copies(request)] == [True, True]


async def test_an_approvals_sealed_part_is_kept_until_both_were_delivered(world: World) -> None:
    request = await _held(world)
    await world.submit(world.partnership.approval(request))
    database = Database(world.partnership.settings().database_url)

    undelivered = await tidy(database, world.clock() + timedelta(days=300))
    await world.submit(world.partnership.delivery(request))
    delivered = await tidy(database, world.clock() + timedelta(days=15))

    await database.close()
    assert (undelivered, delivered) == (0, 2)


async def test_nobody_approves_what_they_asked_themselves(world: World) -> None:
    request = await _held(world)
    author = await _actor(world, request)

    verdict = await world.judge(world.partnership.approval(request, author))

    assert verdict == ("refused", ("not-a-party",))
    assert not world.copies(request)


async def _actor(world: World, issued: Issued) -> str:
    value = disclosures.read(issued.body.disclosures[0]).value
    assert isinstance(value, dict)
    return str(value["actor"])


async def test_another_agency_approves_nothing(world: World) -> None:
    request = await _held(world)
    approval = world.partnership.approval(request)
    foreign = world.partnership.say(
        approval.statement.claims.kind,
        SCHOOL,
        GP,
        {"approves": request.statement.hash, "as": "second"},
    )

    verdict = await world.judge(foreign)

    assert verdict == ("refused", ("not-a-party",))


async def test_beside_an_author_whom_nobody_named_nobody_is_a_second_person(world: World) -> None:
    concern = world.partnership.concern(categories=["SEXUAL_ADULT"])
    await world.submit(concern)
    request = world.partnership.request([concern.statement.hash], asked=_NEEDS_A_SECOND, actor=None)

    verdict = await world.judge(request)

    assert verdict == ("held", ("R05",))
    assert await world.judge(world.partnership.approval(request)) == ("refused", ("not-a-party",))


async def test_what_is_held_lapses_at_its_end(world: World) -> None:
    request = await _held(world)
    world.clock.advance(timedelta(days=1, seconds=1))

    verdict = await world.judge(world.partnership.approval(request))

    assert verdict == ("refused", ("late",))
    assert not world.copies(request)


async def test_what_is_held_lapses_sooner_where_the_clock_runs_faster(tmp_path: Path) -> None:
    """A day is a minute and a half: what people were told has lapsed is not approved any more."""
    fast = POLICY.replace(b"clock_speed = 1", b"clock_speed = 960")
    async with open_world(await found(tmp_path, policy=fast)) as world:
        first, second = await _two_held(world, load_policy(fast).id)

        world.clock.advance(timedelta(seconds=89))
        in_time = await world.judge(world.partnership.approval(first))
        world.clock.advance(timedelta(seconds=2))
        await world.gateway.remind()

        assert in_time == ("passed", ())
        assert world.told(GP, second) == ["lapse"]
        assert await world.judge(world.partnership.approval(second)) == ("refused", ("late",))


async def _two_held(world: World, ruleset: str) -> list[Issued]:
    passing = attested("R02", "R03", "R05", "R07", "R09", "R12", "R13", ruleset=ruleset)
    concern = world.partnership.concern(categories=["SEXUAL_ADULT"], checks=passing)
    names = [concern.statement.hash]
    two = [world.partnership.request(names, asked=_NEEDS_A_SECOND, checks=passing) for _ in range(2)]
    await world.submit(concern, *two)
    assert [world.verdict(each) for each in two] == [("held", ("R05",))] * 2
    return two


async def test_an_approval_is_judged_by_how_things_stand_when_it_comes(world: World) -> None:
    concern = world.partnership.concern(categories=["SEXUAL_ADULT"])
    await world.submit(concern)
    request = world.partnership.request([concern.statement.hash], asked=_NEEDS_A_SECOND)
    await world.submit(request)
    await world.submit(world.partnership.delivery(concern, "thin"))

    verdict = await world.judge(world.partnership.approval(request))

    assert verdict == ("refused", ("R02",))
    assert not world.copies(request)


async def test_a_second_approval_has_nothing_to_release(world: World) -> None:
    request = await _held(world)
    await world.submit(world.partnership.approval(request))

    verdict = await world.judge(world.partnership.approval(request))

    assert verdict == ("refused", ("not-a-party",))
    assert len(world.copies(request)) == 1


async def test_a_passed_request_needs_no_approval(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.submit(concern, request)

    verdict = await world.judge(world.partnership.approval(request))

    assert verdict == ("refused", ("not-a-party",))
