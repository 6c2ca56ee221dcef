"""What is told in place of a concern counts for as long as it stands itself. Protocol section 4; R14."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from candour_protocol.statement import Issued

from tests.gateway.partnership import GP
from tests.gateway.postgres import ON_BOTH
from tests.gateway.taken_back import a_correction, a_withdrawal, applies, ask
from tests.gateway.world import World

Fall = Callable[[World, Issued], Issued]
FALLS = pytest.mark.parametrize("fall", [a_withdrawal, a_correction])


async def _taken_back_and_told_anew(world: World) -> tuple[Issued, Issued]:
    """A concern whose author has corrected it away, and what they told in its place."""
    concern = world.partnership.concern()
    correction = a_correction(world, concern)
    newer = world.partnership.concern(txn=world.txn(concern))
    await world.arrive(concern, correction)
    await world.submit(applies(world, correction))
    await world.arrive(newer)
    return concern, newer


@ON_BOTH
@FALLS
async def test_nobody_asks_on_what_was_taken_back_once_what_stood_in_for_it_falls(
    world: World, fall: Fall
) -> None:
    concern, newer = await _taken_back_and_told_anew(world)
    before = await world.judge(world.partnership.request([concern.statement.hash]))

    await world.submit(fall(world, newer))
    after = await world.judge(world.partnership.request([concern.statement.hash]))

    assert before == ("passed", ())
    assert after == ("refused", ("R04", "R14"))


@FALLS
async def test_a_thin_concern_counts_no_more_once_what_added_to_it_falls(world: World, fall: Fall) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    await world.submit(world.partnership.delivery(concern, "thin"))
    newer = world.partnership.concern(txn=world.txn(concern))
    await world.arrive(newer)
    before = await world.judge(world.partnership.request([concern.statement.hash]))

    await world.submit(fall(world, newer))
    verdict, found = await world.judge(world.partnership.request([concern.statement.hash]))

    assert before == ("passed", ())
    assert verdict == "refused"
    assert "R02" in found


@ON_BOTH
@FALLS
async def test_what_waited_for_it_waits_again(world: World, fall: Fall) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)
    await world.submit(a_correction(world, concern))
    newer = world.partnership.concern(txn=world.txn(concern))
    await world.arrive(newer)

    await world.submit(fall(world, newer))

    assert not await world.is_owed("answer", request)
    assert world.told(GP, request) == ["suspended", "resumed", "suspended"]


@ON_BOTH
@FALLS
async def test_of_several_that_stand_in_for_it_one_is_enough(world: World, fall: Fall) -> None:
    concern = world.partnership.concern()
    request = await ask(world, concern)
    await world.submit(a_correction(world, concern))
    first, second = (world.partnership.concern(txn=world.txn(concern)) for _ in range(2))
    await world.arrive(first, second)

    await world.submit(fall(world, second))
    went_on = await world.is_owed("answer", request)
    await world.submit(fall(world, first))

    assert went_on
    assert not await world.is_owed("answer", request)
