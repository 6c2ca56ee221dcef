"""What others join costs nobody anything, and what two agencies join costs no more than so much. INV-6."""

from __future__ import annotations

import pytest
from candour_gateway import keyring
from candour_gateway.casebook import Casebook
from candour_gateway.clocks import Duty
from candour_gateway.database import Database
from candour_gateway.kinship import MOST_LINKS
from candour_gateway.naming import joined_key, thread_key
from candour_gateway.screening import matched
from candour_gateway.store import cases
from candour_protocol.ids import AgencyId, sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from sqlalchemy import bindparam, text
from sqlalchemy.exc import DBAPIError

from tests.gateway.partnership import CHILD, GP, POLICE, SCHOOL, a_txn, an_actor
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

ONE = "v1." + sha256_text(b"one child")


def _token(number: int) -> str:
    return "v1." + sha256_text(f"child {number}".encode())


def _link(world: World, frm: AgencyId, to: AgencyId, *joins: str) -> Issued:
    return world.partnership.say(Kind.LINK, frm, to, {"actor": an_actor(), "joins": [*joins]})


@ON_BOTH
async def test_what_a_third_agency_joins_and_tells_itself_is_not_even_read(world: World) -> None:
    thread = a_txn()
    concern = world.partnership.concern(txn=thread)
    own = [_link(world, POLICE, POLICE, ONE, _token(number)) for number in range(5)]
    told = [world.partnership.concern(POLICE, POLICE, txn=thread) for _ in range(5)]
    await world.submit(concern, *own, *told)
    request = world.partnership.request([concern.statement.hash], txn=thread)

    settings = world.partnership.settings()
    database = Database(settings.database_url)
    async with database.read() as connection:
        submission = matched(request.statement, request.body)
        book = await cases.load(connection, [submission], keyring.read(settings.keys).box)
    await database.close()

    assert book.find(concern.statement.hash)
    assert not [each for each in (*own, *told) if book.find(each.statement.hash)]
    assert book.first(joined_key(ONE, {POLICE})) == book.first(thread_key(thread, {POLICE})) == []
    assert await world.judge(request) == ("passed", ())


async def test_what_an_agency_joins_for_itself_is_not_joined_for_whom_it_asks(world: World) -> None:
    concern = world.partnership.concern(child=[_token(1)])
    await world.arrive(concern, _link(world, GP, GP, ONE, _token(1)))

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("refused", ("R04",))


@ON_BOTH
async def test_beyond_so_many_links_the_machine_joins_nothing_and_the_operator_sees_it(world: World) -> None:
    links = [_link(world, GP, SCHOOL, ONE, _token(number)) for number in range(MOST_LINKS + 1)]
    first = world.partnership.concern(child=[_token(0)])
    beyond = world.partnership.concern(child=[_token(MOST_LINKS)])
    await world.submit(*links, first, beyond)

    within = await world.judge(world.partnership.request([first.statement.hash], child=CHILD))
    outside = await world.judge(world.partnership.request([beyond.statement.hash], child=CHILD))

    assert (within, outside) == (("passed", ()), ("refused", ("R04",)))
    incidents = (await world.get("/v1/incidents", ops=True)).json()["items"]
    assert {(each["code"], each["broker_user"]) for each in incidents} == {("links", GP), ("links", SCHOOL)}


@ON_BOTH
async def test_more_names_than_a_database_takes_at_once_are_looked_for_in_parts(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    settings = world.partnership.settings()
    names = [*(sha256_text(str(number).encode()) for number in range(40_000)), concern.statement.hash]

    database = Database(settings.database_url)
    async with database.read() as connection:
        box = keyring.read(settings.keys).box
        found = await cases._find(connection, cases._FURTHER, {"names": names}, box)
    await database.close()

    assert [each.hash for each in found] == [concern.statement.hash]


class Crowded(Casebook):
    """What a batch of requests finds where each is about a child of whom much was asked."""

    def indexes_known(self) -> list[int]:
        return list(range(40_000))


@ON_BOTH
async def test_what_is_due_about_more_than_a_database_takes_at_once_is_looked_up_in_parts(
    world: World,
) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    index = world.receipt(concern).index
    database, book = Database(world.partnership.settings().database_url), Crowded()

    async with database.read() as connection:
        await cases._load_duties(connection, book)
    await database.close()

    assert book.due(index, Duty.DECISION) is not None
    assert book.is_due(index)


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_a_query_that_can_never_be_asked_is_not_taken_for_a_database_that_is_away(world: World) -> None:
    query = text("SELECT 1 WHERE 1 IN :names").bindparams(bindparam("names", expanding=True))
    database = Database(world.partnership.settings().database_url)

    with pytest.raises(DBAPIError):
        async with database.read() as connection:
            await connection.execute(query, {"names": list(range(40_000))})

    await database.close()
