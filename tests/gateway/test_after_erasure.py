"""What comes after an erasure: what rests on it, and who has it still. Protocol section 6."""

from __future__ import annotations

from collections.abc import Sequence

from candour_gateway import keyring
from candour_gateway.database import Database
from candour_gateway.tables import codes, entries
from candour_protocol.ids import StatementHash
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from sqlalchemy import select

from tests.gateway.erased import GONE, KEEP, PASSED, a_finished_concern, by_registrar, rows_left
from tests.gateway.partnership import CSC, GP, SCHOOL
from tests.gateway.world import World


async def _erased(world: World, *more: Issued) -> Issued:
    concern = await a_finished_concern(world, onward_to=[CSC])
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
    name, _ = await by_registrar(world, request)
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
    assert await rows_left(world, concern) == GONE


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
