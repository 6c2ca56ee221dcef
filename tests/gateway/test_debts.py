"""Borrow now, pay back: an emergency request goes before its concern, which is then owed. Domain R09."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CHILD, CSC, GP, OTHER_CHILD, SCHOOL, an_actor, attested
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World


async def _borrowed(world: World) -> Issued:
    request = world.partnership.emergency()
    assert await world.judge(request) == ("flagged", ("R09",))
    assert world.copies(request)
    assert await world.is_owed("debt", request)
    return request


def _payment(world: World, request: Issued, **codes: JsonValue) -> Issued:
    return world.partnership.concern(GP, SCHOOL, pays_back=request.statement.hash, **codes)


async def test_a_sound_concern_of_substance_to_the_same_holder_pays(world: World) -> None:
    request = await _borrowed(world)
    payment = _payment(world, request)

    verdict = await world.judge(payment)
    owed_before_delivery = await world.is_owed("debt", request)
    await world.submit(world.partnership.delivery(payment))

    assert verdict == ("passed", ())
    assert owed_before_delivery
    assert not await world.is_owed("debt", request)


@pytest.mark.parametrize("opened", ["thin", "mismatch", "unreadable"])
async def test_what_was_not_found_sound_pays_nothing(world: World, opened: str) -> None:
    request = await _borrowed(world)

    await world.arrive(_payment(world, request), opened=opened)

    assert await world.is_owed("debt", request)


@pytest.mark.parametrize(
    "codes",
    [
        {"child": OTHER_CHILD},
        {"checks": attested("R02", "R03", "R13", failing=("R02",))},
        {"checks": attested("R02", "R03", "R13", failing=("R03",))},
        {"checks": None},
    ],
)
async def test_another_child_or_no_substance_pays_nothing(world: World, codes: dict[str, JsonValue]) -> None:
    request = await _borrowed(world)
    payment = _payment(world, request, **codes)

    await world.arrive(payment)

    assert world.copies(payment)
    assert await world.is_owed("debt", request)


async def test_a_concern_to_another_holder_passes_and_pays_nothing(world: World) -> None:
    request = await _borrowed(world)
    elsewhere = world.partnership.concern(to=CSC, pays_back=request.statement.hash)

    await world.arrive(elsewhere)

    assert world.verdict(elsewhere) == ("passed", ())
    assert await world.is_owed("debt", request)


async def test_an_overdue_debt_flags_the_next_emergency_and_never_blocks_it(world: World) -> None:
    await _borrowed(world)
    world.clock.advance(timedelta(hours=5))

    verdict = await world.judge(world.partnership.emergency())

    assert verdict == ("flagged", ("R09",))


async def test_an_emergency_request_is_answered_without_any_concern(world: World) -> None:
    request = await _borrowed(world)
    await world.submit(world.partnership.delivery(request))

    verdict = await world.judge(world.partnership.answer(request))

    assert verdict == ("passed", ())


async def test_an_emergency_request_travels_urgently(world: World) -> None:
    await _borrowed(world)

    assert [each.routing_key for each in world.courier.sent if each.routing_key.startswith(SCHOOL)] == [
        f"{SCHOOL}.urgent"
    ]


async def _paid(world: World, **codes: JsonValue) -> tuple[Issued, Issued]:
    """An emergency request, and the concern that followed it."""
    request = await _borrowed(world)
    payment = _payment(world, request, **codes)
    await world.arrive(payment)
    assert not await world.is_owed("debt", request)
    return request, payment


def _taking_back(world: World, payment: Issued, how: str) -> Issued:
    name, partnership = payment.statement.hash, world.partnership
    if how == "withdrawn":
        return partnership.say(Kind.WITHDRAWAL, GP, SCHOOL, {"reason": "SENT_IN_ERROR"}, irt=name)
    if how in ("WRONG_CHILD", "FACT_WRONG", "UPDATE"):
        return partnership.say(Kind.CORRECTION, GP, SCHOOL, {"correction_kind": how, "corrects": name})
    return partnership.delivery(payment, how)


@ON_BOTH
@pytest.mark.parametrize("how", ["withdrawn", "WRONG_CHILD", "FACT_WRONG", "thin", "mismatch", "unreadable"])
async def test_what_is_taken_back_or_not_sound_after_all_is_owed_again(world: World, how: str) -> None:
    request, payment = await _paid(world)
    world.clock.advance(timedelta(hours=10))

    await world.submit(_taking_back(world, payment, how))

    owed = (await world.obligations())["debt", request.statement.hash]
    assert owed["since"] == world.clock().isoformat()
    assert datetime.fromisoformat(owed["due_at"]) == world.clock() + timedelta(hours=4)
    assert (owed["owed_by"], owed["owed_to"]) == (GP, SCHOOL)


@pytest.mark.parametrize("how", ["UPDATE", "sound"])
async def test_what_still_stands_still_pays(world: World, how: str) -> None:
    request, payment = await _paid(world)

    await world.submit(_taking_back(world, payment, how))

    assert not await world.is_owed("debt", request)


@ON_BOTH
async def test_while_another_concern_pays_nothing_is_owed_again(world: World) -> None:
    request, payment = await _paid(world)
    second = _payment(world, request)
    await world.arrive(second)

    await world.submit(_taking_back(world, payment, "withdrawn"))
    owed_with_one_left = await world.is_owed("debt", request)
    await world.submit(_taking_back(world, second, "thin"))

    assert not owed_with_one_left
    assert await world.is_owed("debt", request)


@ON_BOTH
async def test_what_is_owed_again_is_spoken_of_flags_the_next_and_is_paid_by_another(world: World) -> None:
    request, payment = await _paid(world)
    await world.submit(_taking_back(world, payment, "withdrawn"))
    before = world.told(GP, request)
    assert "debt" not in before
    world.clock.advance(timedelta(hours=4, seconds=1))
    await world.gateway.remind()
    after = world.told(GP, request)
    flagged = world.partnership.emergency()
    await world.submit(flagged)

    await world.arrive(_payment(world, request))

    assert after.count("debt") == 1
    assert world.told(GP, flagged) == ["debt"]
    assert not await world.is_owed("debt", request)


async def test_taken_back_before_it_arrived_it_pays_nothing(world: World) -> None:
    request = await _borrowed(world)
    payment = _payment(world, request)
    await world.submit(payment)
    await world.submit(_taking_back(world, payment, "withdrawn"))

    await world.submit(world.partnership.delivery(payment))

    assert await world.is_owed("debt", request)


async def test_a_request_that_is_no_emergency_does_not_take_a_debt_away_by_replacing_it(world: World) -> None:
    request = world.partnership.emergency()
    concern = world.partnership.concern(child=OTHER_CHILD)
    refs = [concern.statement.hash]
    other = world.partnership.request(refs, child=OTHER_CHILD, draft_reissues=request.statement.hash)

    await world.submit(concern, request, other)

    assert world.verdict(other) == ("passed", ())
    assert await world.is_owed("debt", request)


async def test_a_refused_replacement_stops_and_settles_nothing(world: World) -> None:
    request = await _borrowed(world)

    refused = world.partnership.request([], draft_reissues=request.statement.hash)

    assert (await world.judge(refused))[0] == "refused"
    assert await world.is_owed("debt", request)
    assert await world.is_owed("delivery", request)


@pytest.mark.parametrize(("child", "stays"), [(CHILD, False), (OTHER_CHILD, True)])
async def test_an_emergency_that_is_sent_anew_owes_the_concern_in_place_of_the_first(
    world: World, child: JsonValue, stays: bool
) -> None:
    request = await _borrowed(world)

    anew = world.partnership.emergency(child=child, draft_reissues=request.statement.hash)
    await world.submit(anew)

    assert await world.is_owed("debt", anew)
    assert await world.is_owed("debt", request) is stays


def _link(world: World, *joins: str, undoes: str | None = None) -> Issued:
    codes: dict[str, JsonValue] = {"actor": an_actor(), "joins": [*joins] or None, "undoes": undoes}
    return world.partnership.say(Kind.LINK, GP, SCHOOL, codes)


@ON_BOTH
async def test_a_concern_on_a_token_that_a_person_has_joined_to_the_child_pays(world: World) -> None:
    request = await _borrowed(world)
    link = _link(world, str(CHILD[0]), str(OTHER_CHILD[0]))  # type: ignore[index]
    await world.submit(link)

    await world.arrive(_payment(world, request, child=OTHER_CHILD))

    assert not await world.is_owed("debt", request)


async def test_what_is_joined_no_longer_pays_nothing(world: World) -> None:
    request = await _borrowed(world)
    link = _link(world, str(CHILD[0]), str(OTHER_CHILD[0]))  # type: ignore[index]
    await world.submit(link, _link(world, undoes=link.statement.hash))

    await world.arrive(_payment(world, request, child=OTHER_CHILD))

    assert await world.is_owed("debt", request)


async def test_what_paid_by_a_link_and_is_withdrawn_is_owed_again(world: World) -> None:
    request = await _borrowed(world)
    await world.submit(_link(world, str(CHILD[0]), str(OTHER_CHILD[0])))  # type: ignore[index]
    payment = _payment(world, request, child=OTHER_CHILD)
    await world.arrive(payment)

    await world.submit(_taking_back(world, payment, "withdrawn"))

    assert await world.is_owed("debt", request)


@ON_BOTH
@pytest.mark.parametrize("stands", [True, False])
async def test_an_emergency_sent_anew_on_a_token_that_is_joined_to_the_child_owes_in_place_of_the_first(
    world: World, stands: bool
) -> None:
    request = await _borrowed(world)
    link = _link(world, str(CHILD[0]), str(OTHER_CHILD[0]))  # type: ignore[index]
    await world.submit(link, *(() if stands else [_link(world, undoes=link.statement.hash)]))

    await world.submit(world.partnership.emergency(child=OTHER_CHILD, draft_reissues=request.statement.hash))

    assert await world.is_owed("debt", request) is not stands
    assert (await world.replay()).differences == []
