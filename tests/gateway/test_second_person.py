"""What is held waits for a second person; then both go out together. Source: protocol section 4."""

from __future__ import annotations

from datetime import timedelta

from candour_gateway.database import Database
from candour_gateway.housekeeping import tidy
from candour_protocol import disclosures
from candour_protocol.receipt import verify
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import GP, SCHOOL
from tests.gateway.world import World

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


async def test_what_is_held_lapses_at_its_end(world: World) -> None:
    request = await _held(world)
    world.clock.advance(timedelta(days=1, seconds=1))

    verdict = await world.judge(world.partnership.approval(request))

    assert verdict == ("refused", ("late",))
    assert not world.copies(request)


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
