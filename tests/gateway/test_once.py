"""One effect each: replays, other bytes under one id, and reissues. Source: protocol section 3."""

from __future__ import annotations

from datetime import timedelta

from candour_protocol.statement import Issued
from candour_protocol.transport.port import Ack
from candour_protocol.wire import Delivered

from tests.gateway.partnership import CSC, GP, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

pytestmark = ON_BOTH


async def _size(world: World) -> int:
    size = (await world.get("/v1/stats", ops=True)).json()["entries"]
    assert isinstance(size, int)
    return size


async def test_the_same_bytes_again_give_a_receipt_for_the_same_entry_and_no_second_effect(
    world: World,
) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    first, size = world.receipt(concern), await _size(world)

    await world.submit(concern, concern)

    assert world.receipt(concern).index == first.index
    assert world.receipt(concern).entry == first.entry
    assert await _size(world) == size
    assert len(world.copies(concern)) == 1


async def test_the_same_bytes_twice_in_one_batch_have_one_entry_and_one_answer(world: World) -> None:
    concern = world.partnership.concern()
    size = await _size(world)

    settlements = await world.submit(concern, concern)

    assert settlements == [Ack(), Ack()]
    assert await _size(world) == size + 1
    assert len(world.answers(GP)) == 1
    assert len(world.copies(concern)) == 1


async def test_a_replay_is_answered_with_the_delivery_too_where_it_is_logged(world: World) -> None:
    concern = world.partnership.concern()
    delivery = world.partnership.delivery(concern)
    await world.submit(concern)
    await world.submit(delivery)

    await world.submit(concern)

    assert [each.body for each in world.copies(delivery)] == [delivery.body, delivery.body]


async def test_a_replay_long_after_its_time_gets_its_verdict_of_then(world: World) -> None:
    first = world.partnership.concern()
    await world.submit(first)
    request = world.partnership.request([first.statement.hash])
    await world.submit(request)
    world.clock.advance(timedelta(days=30))

    verdict = await world.judge(request)

    assert verdict == ("passed", ())


async def test_a_refused_statement_is_answered_again_with_its_reasons(world: World) -> None:
    request = world.partnership.request([])
    await world.submit(request)

    await world.submit(request)

    answers = world.answers(GP)
    assert [[rule for rule, _ in each.violations] for each in answers] == [["R01"], ["R01"]]


async def test_other_bytes_under_the_same_id_are_refused_with_one_entry_for_each(world: World) -> None:
    concern = world.partnership.concern()
    jti = concern.statement.claims.jti
    second, third = (world.partnership.concern(draft_jti=jti) for _ in range(2))
    await world.submit(concern)

    verdicts = [await world.judge(each) for each in (second, third, second)]

    assert verdicts == [("refused", ("equivocation",))] * 3
    assert await world.judge(concern) == ("passed", ())
    assert not world.copies(second)
    assert list((await world.entries()).values()).count(("refused", ("equivocation",))) == 2


async def test_nobody_takes_an_id_that_another_agency_used(world: World) -> None:
    concern = world.partnership.concern(GP, SCHOOL)
    await world.submit(concern)

    other = world.partnership.concern(CSC, SCHOOL, draft_jti=concern.statement.claims.jti)

    assert await world.judge(other) == ("refused", ("equivocation",))


async def test_equivocation_within_one_batch_is_seen(world: World) -> None:
    concern = world.partnership.concern()
    other = world.partnership.concern(draft_jti=concern.statement.claims.jti)

    await world.submit(concern, other)

    assert world.verdict(concern) == ("passed", ())
    assert world.verdict(other) == ("refused", ("equivocation",))


def _again(world: World, earlier: Issued) -> Issued:
    return world.partnership.concern(draft_reissues=earlier.statement.hash)


async def test_a_reissue_bars_what_it_replaces_for_ever(world: World) -> None:
    never_answered = world.partnership.concern()
    again = _again(world, never_answered)
    await world.submit(again)

    verdict = await world.judge(never_answered)

    assert verdict == ("refused", ("barred",))
    assert world.verdict(again) == ("passed", ())
    assert not world.copies(never_answered)


async def test_a_reissue_of_what_was_opened_gets_that_ones_verdict_instead(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    again, size = _again(world, concern), await _size(world)

    settlements = await world.submit(again)

    assert settlements == [Ack()]
    assert await _size(world) == size
    assert not world.copies(again)
    told = world.answered(again.statement.claims.jti, GP)
    assert told.receipt == world.answers(GP)[-1].receipt


async def test_a_reissue_takes_the_place_of_what_is_still_on_its_way(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    again = _again(world, concern)
    await world.submit(again)
    world.clock.advance(timedelta(minutes=10))

    await world.gateway.drive()

    assert len(world.copies(concern)) == 1
    assert len(world.copies(again)) == 2
    assert not await world.is_owed("decision", concern)
    assert await world.is_owed("decision", again)


async def test_a_reissue_cures_what_could_not_be_read(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern, opened="unreadable")

    verdict = await world.judge(_again(world, concern))

    assert verdict == ("passed", ())


async def test_nobody_bars_anothers_statement(world: World) -> None:
    victim = world.partnership.concern(GP, SCHOOL)
    attack = world.partnership.concern(CSC, SCHOOL, draft_reissues=victim.statement.hash)
    await world.submit(attack)

    verdict = await world.judge(victim)

    assert verdict == ("passed", ())


async def test_a_logged_statement_of_another_agency_cannot_be_reissued(world: World) -> None:
    victim = world.partnership.concern(GP, SCHOOL)
    await world.submit(victim)
    attack = world.partnership.concern(CSC, SCHOOL, draft_reissues=victim.statement.hash)

    verdict = await world.judge(attack)

    assert verdict == ("refused", ("not-a-party",))
    assert len(world.copies(victim)) == 1


async def test_a_later_delivery_changes_only_unreadable(world: World) -> None:
    unreadable, sound = world.partnership.concern(), world.partnership.concern()
    await world.arrive(unreadable, opened="unreadable")
    await world.arrive(sound)

    await world.submit(world.partnership.delivery(unreadable), world.partnership.delivery(sound, "thin"))

    for concern in (unreadable, sound):
        request = world.partnership.request([concern.statement.hash])
        assert await world.judge(request) == ("passed", ())


async def test_a_node_restored_from_a_backup_fetches_what_it_was_sent(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)

    found = (await world.get("/v1/deliveries?after=-1", SCHOOL)).json()["items"]

    assert [each["body"]["sealed"] for each in found] == [concern.body.sealed]
    assert not (await world.get("/v1/deliveries?after=-1", CSC)).json()["items"]
    assert isinstance(world.copies(concern)[0], Delivered)
