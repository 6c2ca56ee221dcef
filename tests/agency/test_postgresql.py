"""A node on PostgreSQL: alone with its database, patient when it is away, and no session left behind."""

from __future__ import annotations

import asyncio

import pytest
from candour_agency import schema
from candour_agency.database import Database, engine_for
from candour_agency.engines.address import parse_address
from candour_agency.engines.postgresql import READERS
from candour_agency.engines.work import AwayError, TakenError
from candour_protocol.errors import CandourError
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from tests.agency.partnership import PATIENCE, SCHOOL, Office, Partnership, a_concern
from tests.agency.rows import incident_codes, keep_an_incident
from tests.agency.server import Server
from tests.transport.waiting import until

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


async def _writes_again(database: Database) -> bool:
    try:
        await database.write(keep_an_incident)
    except AwayError:
        return False
    return True


# -- who has the database ------------------------------------------------------------------------------------


async def test_a_second_process_is_refused_in_words_and_may_start_once_the_first_has_died(
    database: Database, address: URL, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candour_agency.engines.postgresql.TAKE_OVER_SECONDS", 1)
    second = Database(engine_for(address))

    with pytest.raises(TakenError, match="another process serves this database"):
        await second.open()

    await asyncio.to_thread(server.end_sessions)  # what a kill of the first leaves behind
    await second.open()
    await second.write(keep_an_incident)
    with pytest.raises(AwayError, match="another process"):
        await database.write(keep_an_incident)
    assert await second.read(incident_codes) == ["kept"]
    await second.close()
    await until(lambda: _writes_again(database), PATIENCE)


async def test_nodes_share_a_database_in_schemas_of_their_own(database: Database, server: Server) -> None:
    address = server.address(server.fresh())
    neighbour = Database(engine_for(parse_address(address)))
    await neighbour.open()
    await asyncio.to_thread(schema.migrate, parse_address(address))

    await neighbour.write(keep_an_incident)

    assert (await database.read(incident_codes), await neighbour.read(incident_codes)) == ([], ["kept"])
    await neighbour.close()


# -- sessions ------------------------------------------------------------------------------------------------


async def test_no_session_waits_for_ever_or_leaves_a_transaction_open(database: Database) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")

    def settings(connection: Connection) -> list[object]:
        return [connection.scalar(text(f"SHOW {name}")) for name in names]

    assert await database.read(settings) == await database.write(settings) == ["15s", "5s", "30s", "on"]


async def test_five_hundred_calls_that_were_given_up_leave_no_session_behind(
    database: Database, server: Server
) -> None:
    def slow(connection: Connection) -> None:
        connection.execute(text("SELECT pg_sleep(0.002)"))

    calls = [asyncio.create_task((database.read, database.write)[place % 2](slow)) for place in range(500)]
    for place, call in enumerate(calls):
        if place % 25 == 0:
            await asyncio.sleep(0.001)  # so that they are given up at every stage
        call.cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)

    assert sum(isinstance(end, asyncio.CancelledError) for end in ends) > 400
    await database.write(keep_an_incident)
    assert await asyncio.gather(*(database.read(incident_codes) for _ in range(20))) == [["kept"]] * 20
    await until(lambda: _all_idle(server), PATIENCE)
    sessions = await asyncio.to_thread(server.sessions)
    assert len(sessions) <= READERS + 1
    assert sum(one["writes"] for one in sessions) == 1


async def _all_idle(server: Server) -> bool:
    return {one["state"] for one in await asyncio.to_thread(server.sessions)} == {"idle"}


async def test_five_hundred_callers_that_hang_up_leave_no_session_behind(
    school: Office, csc: Office, server: Server
) -> None:
    told = await school.tell()
    calls = [
        asyncio.create_task(school.call("GET", f"/v1/messages/{told}" if place % 2 else "/v1/inbox?limit=5"))
        for place in range(500)
    ]
    for place, call in enumerate(calls):
        if place % 50 == 0:
            await asyncio.sleep(0.005)
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)

    await school.until(told, "delivered")
    await until(lambda: _all_idle(server), PATIENCE)
    assert len(await asyncio.to_thread(server.sessions)) <= 2 * (READERS + 1)


# -- away and back -------------------------------------------------------------------------------------------


async def test_it_goes_on_after_every_session_was_ended(database: Database, server: Server) -> None:
    await database.write(keep_an_incident)
    await database.read(incident_codes)

    await asyncio.to_thread(server.end_sessions)

    assert await database.read(incident_codes) == ["kept"]
    await until(lambda: _writes_again(database), PATIENCE)


async def test_a_database_that_is_away_is_a_503_and_everything_goes_on_by_itself_afterwards(
    school: Office, csc: Office, server: Server, partnership: Partnership
) -> None:
    before = await school.post("/v1/concerns", a_concern(), Idempotency_Key="before")
    await school.until(before["messages"][0]["id"], "delivered")
    await partnership.courier.quiet()

    await asyncio.to_thread(server.close_doors)
    told = await school.call("POST", "/v1/concerns", a_concern(), Idempotency_Key="during")
    read = await school.call("GET", f"/v1/messages/{before['messages'][0]['id']}")
    listed = await school.call("GET", "/v1/inbox")
    checked = await school.call("POST", "/v1/concerns/check", a_concern())
    ready = await school.call("GET", "/readyz")
    alive = await school.call("GET", "/livez")

    for answer in (told, read, listed):
        assert (answer.status_code, answer.json()["code"]) == (503, "database-away"), answer.text
        assert int(answer.headers["Retry-After"]) > 0
    assert checked.status_code in (200, 503)
    assert (ready.status_code, alive.status_code) == (503, 200)
    assert {one["name"]: one["status"] for one in ready.json()["checks"]}["database"] == "failing"

    await asyncio.to_thread(server.open_doors)
    await until(lambda: _is_ready(school), PATIENCE)
    after = await school.post("/v1/concerns", a_concern(), Idempotency_Key="during")
    await school.until(after["messages"][0]["id"], "delivered")
    assert len(await csc.inbox()) == 2


async def _is_ready(office: Office) -> bool:
    return (await office.call("GET", "/readyz")).status_code == 200


async def test_what_the_courier_brings_meanwhile_is_not_acknowledged_and_comes_again(
    school: Office, csc: Office, server: Server, partnership: Partnership
) -> None:
    partnership.gateway.mute = True
    told = await school.tell()
    await csc.until(told, "delivered")
    [seen] = [one for one in partnership.gateway.seen.values() if one.statement.claims.iss == SCHOOL]
    partnership.gateway.mute = False

    await asyncio.to_thread(server.close_doors)
    partnership.gateway.answer(seen)
    await partnership.courier.quiet()
    [held] = partnership.courier.retried
    await asyncio.to_thread(server.open_doors)
    await until(lambda: _is_ready(school), PATIENCE)
    partnership.courier.put(held.queue, held.body)

    await school.until(told, "delivered")
    assert partnership.courier.parked == []


async def test_a_node_does_not_start_without_its_database(
    school: Office, server: Server, partnership: Partnership
) -> None:
    await school.stop()
    await asyncio.to_thread(server.close_doors)

    with pytest.raises((AwayError, CandourError)):
        await school.start()

    await asyncio.to_thread(server.open_doors)
    await school.start()
    assert (await school.get("/readyz"))["status"] == "ready"
