"""INV-6 on a whole database: verdicts and obligations follow from the log and T1 alone."""

from __future__ import annotations

import time
from datetime import timedelta

from candour_gateway import keyring
from candour_gateway.database import Database
from candour_gateway.patience import Patience
from candour_gateway.replay import replay
from candour_gateway.tables import codes, obligations
from candour_protocol.kinds.lists import Kind
from sqlalchemy import delete, select

from tests.gateway.partnership import CSC, GP, NET, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

pytestmark = ON_BOTH


async def _story(world: World) -> None:
    """A bit of everything."""
    partnership = world.partnership
    concern = partnership.concern(GP, SCHOOL, onward_to=[CSC])
    request = partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    answer = partnership.answer(request)
    await world.arrive(answer)
    emergency = partnership.emergency()
    await world.arrive(emergency)
    await world.arrive(partnership.concern(pays_back=emergency.statement.hash))
    await world.submit(partnership.concern(SCHOOL, CSC, relays=concern.statement.hash, onward_to=[CSC]))
    await world.submit(partnership.request([]), partnership.answering(Kind.ACKNOWLEDGEMENT, concern))
    await world.submit(partnership.concern(child=["not a token"]))


async def test_the_obligations_are_those_of_the_database(world: World) -> None:
    await _story(world)
    database = Database(world.partnership.settings().database_url)
    async with database.read() as connection:
        rows = (await connection.execute(select(obligations))).all()
    await database.close()

    replayed = await world.replay()

    owed = {key: (each.owed_by, each.owed_to, each.about) for key, each in replayed.owed.items()}
    assert owed == {(row.idx, row.kind): (row.owed_by, row.owed_to, row.about) for row in rows}
    assert replayed.settled == {
        (row.idx, row.kind): row.settled_by for row in rows if row.settled_by is not None
    }


async def test_judging_may_take_longer_than_the_database_lets_a_transaction_be_idle(world: World) -> None:
    await _story(world)
    idle = timedelta(milliseconds=50)
    settings = world.partnership.settings()
    database = Database(settings.database_url, patience=Patience(idle=idle))

    def slowly(judged: int) -> None:
        if judged % 10 == 0:
            time.sleep(3 * idle.total_seconds())

    box, registrar = keyring.read(settings.keys).box, world.partnership.registrar.public
    replayed = await replay(database, box, registrar, NET, slowly)
    await database.close()

    assert replayed.entries == len(await world.entries())


async def test_what_could_not_be_read_is_taken_over(world: World) -> None:
    await _story(world)

    replayed = await world.replay()

    assert replayed.differences == []
    assert (replayed.taken, replayed.entries) == (1, len(await world.entries()))


async def test_after_erasure_the_log_still_verifies_and_verdicts_are_taken_over(world: World) -> None:
    await _story(world)
    database = Database(world.partnership.settings().database_url)
    async with database.write() as connection:
        await connection.execute(delete(codes))
    world.erased = True
    await database.close()

    replayed = await world.replay()
    report = await world.audit()

    assert replayed.differences == []
    assert replayed.taken == replayed.entries - 26
    assert report.statements is not None
    assert report.statements.authenticated
