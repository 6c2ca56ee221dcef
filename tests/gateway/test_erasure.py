"""What was said is deleted when its time is over; that it was said stays proven. Protocol section 6."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.kinds.lists import Kind
from candour_protocol.receipt import verify
from candour_protocol.statement import Issued

from tests.gateway.erased import GONE, KEEP, PASSED, a_finished_concern, by_registrar, rows_left
from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World


@ON_BOTH
async def test_after_its_time_its_author_has_it_erased_and_the_log_still_proves_it(world: World) -> None:
    concern = await a_finished_concern(world)
    before = await rows_left(world, concern)
    world.clock.advance(KEEP)
    world.erased = True

    verdict = await world.judge(world.partnership.erasure(concern))

    assert verdict == PASSED
    assert before["codes"] == before["sealed"] == 1
    assert await rows_left(world, concern) == GONE
    assert world.told(GP, concern) == world.told(SCHOOL, concern) == ["erased"]
    assert (await world.entries())[concern.statement.hash] == PASSED
    replayed = await world.replay()
    assert (replayed.differences, replayed.taken) == ([], 1)


@ON_BOTH
async def test_what_rested_on_it_is_judged_again_as_it_was_logged(world: World) -> None:
    """INV-6, for those whose own codes are still there."""
    partnership = world.partnership
    concern = await a_finished_concern(world, onward_to=[CSC])
    relay = partnership.concern(SCHOOL, CSC, relays=concern.statement.hash, onward_to=[CSC])
    request = partnership.request([concern.statement.hash], draft_exp=int(world.clock().timestamp()) + 60)
    withdrawal = partnership.say(Kind.WITHDRAWAL, GP, SCHOOL, {"reason": None}, irt=request.statement.hash)
    decided = partnership.answering(Kind.DECISION, relay, decision="ADVICE_NFA", final=True)
    await world.arrive(relay, request, decided, withdrawal)
    world.clock.advance(KEEP)
    world.erased = True

    assert await world.judge(partnership.erasure(concern)) == PASSED

    replayed = await world.replay()
    assert replayed.differences == []
    assert replayed.taken == 2  # its own, and that of the request, which rested on its words


async def test_an_erasure_that_waited_for_what_was_erased_since_is_judged_again_as_it_was_logged(
    world: World,
) -> None:
    """What it rested on cannot be found by its thread any more, whose name went with the codes."""
    concern = await a_finished_concern(world)
    world.clock.advance(KEEP)
    reply = world.partnership.say(
        Kind.REPLY, SCHOOL, GP, {"txn": world.txn(concern)}, irt=concern.statement.hash
    )
    await world.arrive(reply)

    _, verdict = await by_registrar(world, concern)
    name, _ = await by_registrar(world, reply)
    for party in (GP, SCHOOL):
        await world.submit(world.partnership.agreement(name, party))

    assert verdict == ("held", ("t1-keep",))
    assert (await rows_left(world, reply))["codes"] == 0
    assert (await world.replay()).differences == []


async def test_its_time_begins_with_the_last_that_was_said_in_the_thread(world: World) -> None:
    concern = await a_finished_concern(world)
    world.clock.advance(timedelta(days=100))
    await world.arrive(
        world.partnership.say(Kind.REPLY, SCHOOL, GP, {"txn": world.txn(concern)}, irt=concern.statement.hash)
    )

    world.clock.advance(KEEP - timedelta(seconds=1))
    early = await world.judge(world.partnership.erasure(concern))
    world.clock.advance(timedelta(seconds=1))
    world.erased = True
    in_time = await world.judge(world.partnership.erasure(concern))

    assert early == ("refused", ("t1-keep",))
    assert in_time == PASSED


async def test_while_something_is_open_in_the_thread_nothing_of_it_is_erased(world: World) -> None:
    concern = world.partnership.concern(GP, SCHOOL)
    await world.arrive(concern)
    world.clock.advance(KEEP)
    erasure = world.partnership.erasure(concern)

    verdict = await world.judge(erasure)

    assert verdict == ("refused", ("thread-open",))
    assert world.answered(erasure.statement.claims.jti, GP).violations == (("thread-open", "/erases/0"),)
    assert (await rows_left(world, concern))["codes"] == 1


async def test_what_somebody_else_has_open_in_the_same_thread_counts(world: World) -> None:
    concern = await a_finished_concern(world, onward_to=[CSC])
    relay = world.partnership.concern(
        SCHOOL, CSC, relays=concern.statement.hash, onward_to=[CSC], txn=world.txn(concern)
    )
    await world.arrive(relay)
    world.clock.advance(KEEP)

    assert await world.judge(world.partnership.erasure(concern)) == ("refused", ("thread-open",))


async def test_what_is_under_a_legal_hold_is_not_erased(world: World) -> None:
    concern = await a_finished_concern(world, marks=["LEGAL_HOLD"])
    world.clock.advance(KEEP)

    assert await world.judge(world.partnership.erasure(concern)) == ("refused", ("legal-hold",))


async def test_all_that_stands_against_it_is_said_with_the_places(world: World) -> None:
    done = await a_finished_concern(world)
    concern = world.partnership.concern(GP, SCHOOL, marks=["LEGAL_HOLD"])
    await world.arrive(concern)
    erasure = world.partnership.erasure(done, concern)

    await world.submit(erasure)

    assert set(world.answered(erasure.statement.claims.jti, GP).violations) == {
        ("t1-keep", "/erases/0"),
        ("t1-keep", "/erases/1"),
        ("thread-open", "/erases/1"),
        ("legal-hold", "/erases/1"),
    }


@pytest.mark.parametrize("frm", [SCHOOL, POLICE])
async def test_nobody_erases_what_others_said(world: World, frm: AgencyId) -> None:
    concern = await a_finished_concern(world)
    world.clock.advance(KEEP)

    assert await world.judge(world.partnership.erasure(concern, frm=frm)) == ("refused", ("not-a-party",))


async def test_what_is_not_in_the_log_and_what_says_nothing_cannot_be_erased(world: World) -> None:
    partnership = world.partnership
    concern = await a_finished_concern(world)
    world.clock.advance(KEEP)
    erasure = partnership.erasure(concern)
    world.erased = True

    assert await world.judge(partnership.erasure(partnership.concern())) == ("refused", ("not-a-party",))
    assert await world.judge(erasure) == PASSED
    assert await world.judge(partnership.erasure(erasure)) == ("refused", ("not-a-party",))
    assert await world.judge(partnership.erasure(concern)) == PASSED  # gone already: nothing happens


# -- earlier than that ------------------------------------------------------------------------------


@ON_BOTH
async def test_before_its_time_the_registrar_waits_for_everybody_who_has_it(world: World) -> None:
    concern = await a_finished_concern(world)

    name, verdict = await by_registrar(world, concern)
    world.clock.advance(timedelta(seconds=2))
    await world.gateway.drive()
    asked = world.told(GP, concern), world.told(SCHOOL, concern)
    first = await world.judge(world.partnership.agreement(name, GP))
    kept = await rows_left(world, concern)
    last = await world.judge(world.partnership.agreement(name, SCHOOL))

    assert verdict == ("held", ("t1-keep",))
    assert asked == (["erasure"], ["erasure"])
    assert (first, last) == (("held", ()), PASSED)
    assert kept["codes"] == 1
    assert await rows_left(world, concern) == GONE
    assert world.told(SCHOOL, concern) == ["erasure", "erased"]


async def test_a_notice_of_it_brings_the_erasure_with_its_receipt(world: World) -> None:
    concern = await a_finished_concern(world)
    world.clock.advance(KEEP)
    world.erased = True
    erasure = world.partnership.erasure(concern)
    await world.submit(erasure)

    (delivered,) = [each for each in world.deliveries(SCHOOL) if each.approval is not None]

    assert delivered.approval is not None
    assert delivered.approval.body.jwt == erasure.statement.jwt
    assert verify(delivered.approval.receipt, world.verifier).entry.verdict == "passed"
    assert world.codes(delivered.body)["about"] == concern.statement.hash


async def test_an_early_erasure_ends_what_was_still_owed_and_on_its_way(world: World) -> None:
    concern = world.partnership.concern(GP, SCHOOL)
    await world.submit(concern)
    name, verdict = await by_registrar(world, concern)
    for party in (GP, SCHOOL):
        await world.submit(world.partnership.agreement(name, party))
    copies = len(world.copies(concern))
    world.clock.advance(timedelta(minutes=5))
    await world.gateway.drive()

    assert verdict == ("held", ("t1-keep", "thread-open"))
    assert len(world.copies(concern)) == copies
    assert not any(about == concern.statement.hash for _, about in await world.obligations())


@pytest.mark.parametrize("frm", [POLICE, CSC])
async def test_whoever_has_it_not_has_no_word_in_it(world: World, frm: AgencyId) -> None:
    concern = await a_finished_concern(world)
    name, _ = await by_registrar(world, concern)

    assert await world.judge(world.partnership.agreement(name, frm)) == ("refused", ("not-a-party",))


async def test_a_word_counts_once_and_by_a_named_person_as_a_party(world: World) -> None:
    partnership = world.partnership
    concern = await a_finished_concern(world)
    name, _ = await by_registrar(world, concern)
    nobody = partnership.say(Kind.APPROVAL, GP, GATEWAY, {"approves": name, "as": "party", "actor": None})
    as_second = partnership.say(
        Kind.APPROVAL,
        GP,
        GATEWAY,
        {"approves": name, "as": "second", "actor": _actor(partnership.agreement(name, GP), world)},
    )

    assert await world.judge(nobody) == ("refused", ("not-a-party",))
    assert await world.judge(as_second) == ("refused", ("not-a-party",))
    for _ in range(2):
        assert await world.judge(partnership.agreement(name, GP)) == ("held", ())
    assert (await rows_left(world, concern))["codes"] == 1


def _actor(issued: Issued, world: World) -> str:
    return str(world.codes(issued.body)["actor"])


async def test_a_word_that_comes_too_late_does_nothing(world: World) -> None:
    concern = await a_finished_concern(world)
    name, _ = await by_registrar(world, concern)
    await world.submit(world.partnership.agreement(name, GP))
    world.clock.advance(timedelta(days=8))

    assert await world.judge(world.partnership.agreement(name, SCHOOL)) == ("refused", ("late",))
    assert (await rows_left(world, concern))["codes"] == 1


async def test_as_a_party_nobody_releases_a_request(world: World) -> None:
    partnership = world.partnership
    concern = partnership.concern(GP, SCHOOL, categories=["UNSURE"])
    await world.arrive(concern)
    asked = [{"line": 1, "role": "SUBJECT_CHILD", "category": "HEALTH_SEXUAL", "months": 6}]
    request = partnership.request([concern.statement.hash], asked=asked)  # type: ignore[arg-type]
    assert (await world.judge(request))[0] == "held"

    verdict = await world.judge(partnership.approval(request, **{"as": "party"}))

    assert verdict == ("refused", ("not-a-party",))
