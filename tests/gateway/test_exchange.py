"""Concerns, requests and answers that go the ordinary way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol.ids import GATEWAY
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import parse

from tests.gateway.partnership import CSC, GP, SCHOOL, an_actor
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

pytestmark = ON_BOTH


async def test_a_concern_is_logged_and_reaches_its_recipient_with_its_receipt(world: World) -> None:
    concern = world.partnership.concern()

    verdict = await world.judge(concern)

    assert verdict == ("passed", ())
    (copy,) = world.copies(concern)
    assert copy.body == concern.body
    assert copy.receipt == world.answered(concern.statement.claims.jti, GP).receipt


async def test_a_concern_and_the_request_that_cites_it_may_come_in_one_batch(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])

    await world.submit(concern, request)

    assert world.verdict(request) == ("passed", ())
    assert world.copies(request)


async def test_a_request_is_answered_once_it_and_its_concern_were_opened(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    answer = world.partnership.answer(request)

    verdict = await world.judge(answer)

    assert verdict == ("passed", ())
    assert world.copies(answer)
    assert await world.is_owed("outcome", request)


async def test_what_is_answered_is_owed_no_more(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    owed_before = [await world.is_owed(duty, request) for duty in ("delivery", "acknowledgement", "answer")]

    await world.submit(world.partnership.answer(request))

    assert owed_before == [False, True, True]
    assert not await world.is_owed("answer", request)
    assert not await world.is_owed("acknowledgement", request)


async def test_an_acknowledgement_and_a_final_decision_settle_what_a_concern_is_owed(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)

    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, concern))
    acknowledged = await world.is_owed("acknowledgement", concern)
    interim = world.partnership.answering(Kind.DECISION, concern, decision="MASH_CHECKS", final=False)
    await world.submit(interim)
    strange = world.partnership.answering(Kind.DECISION, concern, decision="NOTHING_TO_SEE", final=True)
    await world.arrive(strange)
    still_owed = await world.is_owed("decision", concern)
    final = world.partnership.answering(Kind.DECISION, concern, decision="ASSESS_S17", final=True)
    await world.submit(final)

    assert not acknowledged
    assert still_owed
    assert not await world.is_owed("decision", concern)


@pytest.mark.parametrize("shown", [True, False])
async def test_a_decision_that_is_not_final_shows_who_has_it_if_a_person_signs_it(
    world: World, shown: bool
) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    actor = an_actor() if shown else None
    interim = world.partnership.answering(
        Kind.DECISION, concern, decision="MASH_CHECKS", final=False, actor=actor
    )

    await world.submit(interim)

    assert await world.is_owed("acknowledgement", concern) is not shown
    assert await world.is_owed("decision", concern)


async def test_an_outcome_settles_what_the_asker_owed(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    answer = world.partnership.answer(request)
    await world.submit(answer)

    verdict = await world.judge(world.partnership.answering(Kind.OUTCOME, answer, outcome="PLAN_MADE"))

    assert verdict == ("passed", ())
    assert not await world.is_owed("outcome", request)


async def test_a_concern_to_the_restricted_inbox_travels_in_its_lane(world: World) -> None:
    concern = world.partnership.concern(inbox="restricted")

    await world.submit(concern)

    keys = [each.routing_key for each in world.courier.sent if each.routing_key.startswith(SCHOOL)]
    assert keys == [f"{SCHOOL}.restricted"]


async def test_an_urgent_concern_and_the_replies_to_it_travel_in_the_urgent_lane(world: World) -> None:
    concern = world.partnership.concern(GP, CSC, urgency="RED")
    await world.submit(concern)
    acknowledgement = world.partnership.answering(Kind.ACKNOWLEDGEMENT, concern)

    await world.submit(acknowledgement)

    keys = {each.routing_key for each in world.courier.sent if each.routing_key.startswith((GP, CSC))}
    assert keys == {f"{GP}.urgent", f"{CSC}.urgent"}


async def test_a_relayed_concern_is_told_to_its_originator_by_a_notice(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC, onward_to=[GP])
    await world.arrive(concern)
    relay = world.partnership.concern(CSC, GP, onward_to=[GP], relays=concern.statement.hash)

    verdict = await world.judge(relay)

    assert verdict == ("passed", ())
    (notice,) = [each for each in world.deliveries(SCHOOL) if _issuer(each.body.jwt) == GATEWAY]
    assert notice.receipt


def _issuer(jwt: str) -> str:
    return parse(jwt).claims.iss


async def test_a_relay_that_loses_a_mark_is_refused(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC, marks=["NOT_FAMILY"])
    await world.arrive(concern)
    relay = world.partnership.concern(CSC, GP, relays=concern.statement.hash)

    verdict = await world.judge(relay)

    assert verdict == ("refused", ("R15",))
    assert not world.copies(relay)


@pytest.mark.parametrize(
    ("days", "changed", "verdict"),
    [
        (28, None, "passed"),
        (29, None, "refused"),
        (29, True, "passed"),
        (90, True, "passed"),
        (91, True, "refused"),
    ],
)
async def test_to_pass_an_old_concern_on_makes_nothing_new(
    world: World, days: int, changed: bool | None, verdict: str
) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    await world.arrive(concern)
    world.clock.advance(timedelta(days=days))
    relay = world.partnership.concern(CSC, GP, relays=concern.statement.hash)
    request = world.partnership.request([relay.statement.hash], CSC, GP, still_current=changed)

    await world.submit(relay, request)

    assert world.verdict(relay) == ("passed", ())
    assert world.verdict(request) == (verdict, () if verdict == "passed" else ("R04",))
