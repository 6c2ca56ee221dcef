"""What was said is deleted when its time is over; that it was said stays proven. Protocol section 6."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from candour_gateway import keyring
from candour_gateway.database import Database
from candour_gateway.tables import codes, entries, sealed, traces
from candour_protocol import erasures
from candour_protocol.ids import GATEWAY, AgencyId, StatementHash
from candour_protocol.kinds.lists import Kind
from candour_protocol.receipt import verify
from candour_protocol.statement import Issued, parse
from sqlalchemy import func, select

from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import Verdict, World

KEEP = timedelta(days=730)
PASSED: Verdict = ("passed", ())


async def _done(world: World, **codes: object) -> Issued:
    """A concern with which everybody is done."""
    concern = world.partnership.concern(GP, SCHOOL, **codes)  # type: ignore[arg-type]
    await world.arrive(concern)
    decision = world.partnership.answering(Kind.DECISION, concern, decision="ADVICE_NFA", final=True)
    await world.arrive(decision)
    return concern


async def _registrar(world: World, *of: Issued) -> tuple[StatementHash, Verdict]:
    """The registrar hands in an erasure; its name and its verdict."""
    names = [each.statement.hash for each in of]
    jwt = erasures.erase(world.partnership.voice, names, world.clock())
    entry = verify(await world.gateway.admit_registry(jwt), world.verifier).entry
    world.erased = True
    return parse(jwt).hash, (entry.verdict, entry.rules)


async def _kept(world: World, issued: Issued) -> dict[str, int]:
    """How many rows of each table are left of what a statement said."""
    database = Database(world.partnership.settings().database_url)
    try:
        async with database.read() as connection:
            index = await connection.scalar(
                select(entries.c.idx).where(entries.c.hash == issued.statement.hash)
            )
            count = select(func.count())
            return {
                table.name: await connection.scalar(count.select_from(table).where(table.c.idx == index)) or 0
                for table in (entries, codes, sealed, traces)
            }
    finally:
        await database.close()


GONE = {"entries": 1, "codes": 0, "sealed": 0, "traces": 0}


@ON_BOTH
async def test_after_its_time_its_author_has_it_erased_and_the_log_still_proves_it(world: World) -> None:
    concern = await _done(world)
    before = await _kept(world, concern)
    world.clock.advance(KEEP)
    world.erased = True

    verdict = await world.judge(world.partnership.erasure(concern))

    assert verdict == PASSED
    assert before["codes"] == before["sealed"] == 1
    assert await _kept(world, concern) == GONE
    assert world.told(GP, concern) == world.told(SCHOOL, concern) == ["erased"]
    assert (await world.entries())[concern.statement.hash] == PASSED
    replayed = await world.replay()
    assert (replayed.differences, replayed.taken) == ([], 1)


@ON_BOTH
async def test_what_rested_on_it_is_judged_again_as_it_was_logged(world: World) -> None:
    """INV-6, for those whose own codes are still there."""
    partnership = world.partnership
    concern = await _done(world, onward_to=[CSC])
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
    concern = await _done(world)
    world.clock.advance(KEEP)
    reply = world.partnership.say(
        Kind.REPLY, SCHOOL, GP, {"txn": world.txn(concern)}, irt=concern.statement.hash
    )
    await world.arrive(reply)

    _, verdict = await _registrar(world, concern)
    name, _ = await _registrar(world, reply)
    for party in (GP, SCHOOL):
        await world.submit(world.partnership.agreement(name, party))

    assert verdict == ("held", ("t1-keep",))
    assert (await _kept(world, reply))["codes"] == 0
    assert (await world.replay()).differences == []


async def test_its_time_begins_with_the_last_that_was_said_in_the_thread(world: World) -> None:
    concern = await _done(world)
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
    assert (await _kept(world, concern))["codes"] == 1


async def test_what_somebody_else_has_open_in_the_same_thread_counts(world: World) -> None:
    concern = await _done(world, onward_to=[CSC])
    relay = world.partnership.concern(
        SCHOOL, CSC, relays=concern.statement.hash, onward_to=[CSC], txn=world.txn(concern)
    )
    await world.arrive(relay)
    world.clock.advance(KEEP)

    assert await world.judge(world.partnership.erasure(concern)) == ("refused", ("thread-open",))


async def test_what_is_under_a_legal_hold_is_not_erased(world: World) -> None:
    concern = await _done(world, marks=["LEGAL_HOLD"])
    world.clock.advance(KEEP)

    assert await world.judge(world.partnership.erasure(concern)) == ("refused", ("legal-hold",))


async def test_all_that_stands_against_it_is_said_with_the_places(world: World) -> None:
    done = await _done(world)
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
    concern = await _done(world)
    world.clock.advance(KEEP)

    assert await world.judge(world.partnership.erasure(concern, frm=frm)) == ("refused", ("not-a-party",))


async def test_what_is_not_in_the_log_and_what_says_nothing_cannot_be_erased(world: World) -> None:
    partnership = world.partnership
    concern = await _done(world)
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
    concern = await _done(world)

    name, verdict = await _registrar(world, concern)
    world.clock.advance(timedelta(seconds=2))
    await world.gateway.drive()
    asked = world.told(GP, concern), world.told(SCHOOL, concern)
    first = await world.judge(world.partnership.agreement(name, GP))
    kept = await _kept(world, concern)
    last = await world.judge(world.partnership.agreement(name, SCHOOL))

    assert verdict == ("held", ("t1-keep",))
    assert asked == (["erasure"], ["erasure"])
    assert (first, last) == (("held", ()), PASSED)
    assert kept["codes"] == 1
    assert await _kept(world, concern) == GONE
    assert world.told(SCHOOL, concern) == ["erasure", "erased"]


async def test_a_notice_of_it_brings_the_erasure_with_its_receipt(world: World) -> None:
    concern = await _done(world)
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
    name, verdict = await _registrar(world, concern)
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
    concern = await _done(world)
    name, _ = await _registrar(world, concern)

    assert await world.judge(world.partnership.agreement(name, frm)) == ("refused", ("not-a-party",))


async def test_a_word_counts_once_and_by_a_named_person_as_a_party(world: World) -> None:
    partnership = world.partnership
    concern = await _done(world)
    name, _ = await _registrar(world, concern)
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
    assert (await _kept(world, concern))["codes"] == 1


def _actor(issued: Issued, world: World) -> str:
    return str(world.codes(issued.body)["actor"])


async def test_a_word_that_comes_too_late_does_nothing(world: World) -> None:
    concern = await _done(world)
    name, _ = await _registrar(world, concern)
    await world.submit(world.partnership.agreement(name, GP))
    world.clock.advance(timedelta(days=8))

    assert await world.judge(world.partnership.agreement(name, SCHOOL)) == ("refused", ("late",))
    assert (await _kept(world, concern))["codes"] == 1


async def test_as_a_party_nobody_releases_a_request(world: World) -> None:
    partnership = world.partnership
    concern = partnership.concern(GP, SCHOOL, categories=["UNSURE"])
    await world.arrive(concern)
    asked = [{"line": 1, "role": "SUBJECT_CHILD", "category": "HEALTH_SEXUAL", "months": 6}]
    request = partnership.request([concern.statement.hash], asked=asked)  # type: ignore[arg-type]
    assert (await world.judge(request))[0] == "held"

    verdict = await world.judge(partnership.approval(request, **{"as": "party"}))

    assert verdict == ("refused", ("not-a-party",))


# -- what comes after it ----------------------------------------------------------------------------


async def _erased(world: World, *more: Issued) -> Issued:
    concern = await _done(world, onward_to=[CSC])
    world.clock.advance(KEEP)
    world.erased = True
    assert await world.judge(world.partnership.erasure(concern)) == PASSED
    return concern


async def test_a_request_that_cites_it_is_returned_as_one_without_a_concern(world: World) -> None:
    concern = await _erased(world)

    outcome, rules = await world.judge(world.partnership.request([concern.statement.hash]))

    assert outcome == "refused"
    assert "R01" in rules


async def test_what_needs_its_words_is_returned_and_says_so(world: World) -> None:
    partnership = world.partnership
    concern = await _erased(world)

    relay = partnership.concern(SCHOOL, CSC, relays=concern.statement.hash, onward_to=[CSC])

    assert await world.judge(relay) == ("refused", ("erased",))


async def test_an_erased_request_is_not_answered(world: World) -> None:
    partnership = world.partnership
    concern = partnership.concern()
    request = partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    name, _ = await _registrar(world, request)
    for party in (GP, SCHOOL):
        await world.submit(partnership.agreement(name, party))

    assert await world.judge(partnership.answer(request)) == ("refused", ("erased",))


async def test_a_new_concern_in_its_thread_and_a_correction_of_it_still_pass(world: World) -> None:
    partnership = world.partnership
    concern = await _erased(world)
    correction: dict[str, object] = {"correction_kind": "FACT_WRONG", "corrects": concern.statement.hash}

    told = await world.judge(partnership.concern(txn=world.txn(concern)))
    corrected = await world.judge(
        partnership.say(Kind.CORRECTION, GP, SCHOOL, correction)  # type: ignore[arg-type]
    )

    assert (told, corrected) == (PASSED, PASSED)


async def test_who_submits_it_again_gets_its_old_receipt_and_nothing_comes_back(world: World) -> None:
    concern = await _erased(world)

    again = await world.judge(concern)

    assert again == PASSED
    assert await _kept(world, concern) == GONE


async def test_a_restored_node_is_not_sent_what_is_erased(world: World) -> None:
    concern = await _erased(world)

    items: Sequence[dict[str, dict[str, str]]] = (await world.get("/v1/deliveries?limit=100", SCHOOL)).json()[
        "items"
    ]

    assert not any(each["body"]["statement"].startswith(concern.statement.jwt) for each in items)


async def test_the_key_that_opens_codes_opens_none_of_them_any_more(world: World) -> None:
    """Nothing that the gateway holds, its key included, brings back what was said."""
    concern = await _erased(world)
    box = keyring.read(world.partnership.settings().keys).box
    database = Database(world.partnership.settings().database_url)
    async with database.read() as connection:
        rows = (
            await connection.execute(select(codes.c.idx, codes.c.box, entries.c.hash).join(entries))
        ).all()
    await database.close()

    opened = [box.open(StatementHash(row.hash), row.box) for row in rows]

    assert concern.body.disclosures[0] not in opened
    assert opened
