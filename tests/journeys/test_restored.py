"""Nodes that were put back from an old backup, were off for long, or cannot open what came."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from candour_agency.bells import rung
from candour_gateway.database import Database
from candour_gateway.housekeeping import tidy
from candour_protocol import registry_facts
from candour_protocol.ids import AgencyId
from candour_protocol.keys import OpeningKey
from candour_protocol.registry_facts import KeyUse
from candour_protocol.transport.topology import DELIVER, SUBMIT

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.backups import Backup, FileBackup, ServerBackup
from tests.journeys.test_integration_keys import CONCERN, REQUEST, replace_seal_key
from tests.journeys.town import Town, open_town
from tests.journeys.watched import PATIENCE
from tests.services.pair import DATABASE_URL

DECISION = {
    "decision": "STRATEGY_S47",
    "feedback": "Seen at home today; a strategy discussion follows.",
    "decider": {"name": "J. Mbeki", "role": "Social worker", "training_level": "SW_QUALIFIED"},
}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """``sqlite`` unless a test is parametrised with another one."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def backup(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Backup]:
    """Social care's database."""
    if engine == "sqlite":
        yield FileBackup(tmp_path / "csc")
        return
    services: Mapping[str, str] = request.getfixturevalue("services")
    made = ServerBackup(services[DATABASE_URL])
    yield made
    made.remove()


@pytest_asyncio.fixture
async def town(tmp_path_factory: pytest.TempPathFactory, backup: Backup) -> AsyncIterator[Town]:
    """A partnership of this test alone; social care keeps its messages where ``backup`` says."""
    async with open_town(tmp_path_factory.mktemp("town"), addresses={CSC: backup.address}) as opened:
        yield opened


async def tell(town: Town, frm: AgencyId = SCHOOL, to: AgencyId = CSC) -> str:
    """A concern that has arrived, or, where the recipient is off, is logged and on its way."""
    answer = await town.post(frm, "/v1/concerns", CONCERN | {"recipients": [str(to)]})
    assert answer.status_code == 202, answer.text
    if to in town.nodes:
        await town.courier.settle()
    return str(answer.json()["messages"][0]["id"])


async def keep(town: Town, backup: Backup) -> None:
    """Take a backup of social care."""
    await town.stop_node(CSC)
    backup.take()
    await town.start_node(CSC)


async def put_back(town: Town, backup: Backup) -> None:
    """Restore social care from it."""
    await town.stop_node(CSC)
    backup.put_back()
    await town.start_node(CSC)
    await town.courier.settle()


async def forget(town: Town) -> None:
    """Let the gateway's time for keeping sealed parts pass."""
    town.clock.advance(timedelta(days=15))
    database = Database(town.partnership.settings().database_url)
    assert await tidy(database, town.clock()) > 0
    await database.close()


async def ids(town: Town, agency: AgencyId) -> list[str]:
    return [item["id"] for item in await town.inbox(agency)]


async def backlog(town: Town, agency: AgencyId) -> str:
    checks = (await town.call(agency, "GET", "/readyz", token="")).json()["checks"]
    reason: str = {one["name"]: one["reason"] for one in checks}["outbox"]
    return reason


# -- restored ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_a_node_restored_from_an_old_backup_has_everything_again_and_sends_nothing_twice(
    town: Town, backup: Backup
) -> None:
    before = await tell(town)
    town.courier.loses = lambda message: message.exchange == SUBMIT and message.user == CSC
    on_its_way = (await town.post(CSC, "/v1/concerns", CONCERN | {"recipients": [POLICE]}, wait=0)).json()
    town.courier.let_through()
    await keep(town, backup)
    since = [await tell(town) for _ in range(3)]
    decided = await town.post(CSC, f"/v1/concerns/{since[0]}/decision", DECISION)
    assert decided.status_code == 202, decided.text
    await town.courier.settle()
    size, known = await town.log_size(), await town.inboxes()

    await put_back(town, backup)

    assert sorted(await ids(town, CSC)) == sorted([before, *since])
    for one in since:
        assert (await town.message(CSC, one))["content"]["facts"]
        assert (await town.message(SCHOOL, one))["state"] in ("delivered", "decided")
    sent = on_its_way["messages"][0]["id"]
    assert (await town.message(CSC, sent))["state"] == "delivered"
    assert (await ids(town, POLICE)).count(sent) == 1
    assert await town.log_size() == size
    assert {agency: seen for agency, seen in (await town.inboxes()).items() if agency != CSC} == {
        agency: seen for agency, seen in known.items() if agency != CSC
    }
    assert await backlog(town, CSC) == ""


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_what_the_gateway_no_longer_keeps_is_said_again_by_its_sender(
    town: Town, backup: Backup
) -> None:
    await keep(town, backup)
    told = await tell(town)
    await forget(town)

    await put_back(town, backup)

    again = str((await town.message(SCHOOL, told))["reissued_as"])
    assert await ids(town, CSC) == [again]
    assert (await town.message(CSC, again))["content"]["facts"]
    assert (await town.message(SCHOOL, told))["state"] == "delivered"
    size = await town.log_size()
    await town.stop_node(CSC)
    await town.start_node(CSC)
    await town.courier.settle()
    assert await town.log_size() == size


async def test_what_was_told_again_after_a_loss_is_taken_back_both_times(town: Town, backup: Backup) -> None:
    """The recipient has the second telling; in the log requests may rest on the first as well."""
    await keep(town, backup)
    told = await tell(town)
    await forget(town)
    await put_back(town, backup)
    again = str((await town.message(SCHOOL, told))["reissued_as"])

    wrong = {"correction_kind": "WRONG_CHILD", "what_is_right": "It was her brother."}
    answer = await town.post(SCHOOL, f"/v1/messages/{told}/correction", wrong)
    await town.courier.settle()

    corrected = [await town.message(SCHOOL, one["id"]) for one in answer.json()["messages"]]
    assert [one["about"] for one in corrected] == [again, told]
    assert {one["verdict"]["outcome"] for one in corrected} == {"passed"}
    assert (await town.message(CSC, again))["state"] == "withdrawn"


async def test_a_restored_node_asks_again_by_itself_where_the_gateway_is_away_at_its_start(
    town: Town, backup: Backup
) -> None:
    await keep(town, backup)
    told = await tell(town)
    await town.stop_node(CSC)
    backup.put_back()

    town.cut_off = True
    await town.start_node(CSC)
    assert await ids(town, CSC) == []
    with town.nodes[CSC].desk.bells.listen([told]) as bell:
        town.cut_off = False
        assert await rung(bell, PATIENCE)

    assert (await town.message(CSC, told))["content"]["facts"]


# -- silent --------------------------------------------------------------------------------------------------


async def test_a_node_that_was_off_for_ten_days_catches_up_late_but_whole(town: Town) -> None:
    """What it had not sent yet passes marked late, but for a request, whose time is over."""
    asked_of = await tell(town, CSC, SCHOOL)
    town.courier.loses = lambda message: message.exchange == SUBMIT and message.user == CSC
    own = (await town.post(CSC, "/v1/concerns", CONCERN | {"recipients": [POLICE]}, wait=0)).json()
    body = REQUEST | {"recipients": [SCHOOL], "concern_ids": [asked_of]}
    request = (await town.post(CSC, "/v1/requests", body, wait=0)).json()
    await town.stop_node(CSC)
    town.courier.let_through()
    told = [await tell(town) for _ in range(3)]
    town.clock.advance(timedelta(days=10))
    told.append(await tell(town))

    await town.start_node(CSC)
    await town.courier.settle()

    assert sorted(await ids(town, CSC)) == sorted(told)
    for one in told:
        assert (await town.message(SCHOOL, one))["state"] == "delivered"
    late = await town.message(SCHOOL, told[0])
    [delivery] = [due for due in late["obligations"] if due["kind"] == "delivery"]
    assert (delivery["overdue"], delivery["settled_at"] is None) == (True, False)
    sent = await town.message(CSC, own["messages"][0]["id"])
    assert (sent["state"], sent["verdict"]["rules"]) == ("delivered", ["late"])
    returned = await town.message(CSC, request["messages"][-1]["id"])
    assert (returned["state"], returned["verdict"]["rules"]) == ("refused", ["late"])
    assert await backlog(town, CSC) == ""


async def test_a_sender_without_a_receipt_sends_the_same_bytes_and_finds_out_itself_that_it_is_overdue(
    town: Town,
) -> None:
    town.courier.loses = lambda message: message.exchange == DELIVER
    answer = await town.post(SCHOOL, "/v1/concerns", CONCERN, wait=0)
    told = answer.json()["messages"][0]["id"]
    await town.courier.until_published(SUBMIT, SCHOOL, 2)

    town.clock.advance(timedelta(minutes=3))
    shown = await town.message(SCHOOL, told)
    [due] = [one for one in shown["obligations"] if one["kind"] == "delivery"]
    assert (shown["verdict"], due["overdue"], due["phone"]) == (None, True, "01632 960000")
    bodies = [one.body for one in town.courier.published if (one.exchange, one.user) == (SUBMIT, SCHOOL)]
    assert len(set(bodies)) == 1
    size = await town.log_size()

    town.courier.let_through()
    await town.courier.until_published(SUBMIT, CSC, 1)
    await town.courier.settle()

    assert (await town.message(SCHOOL, told))["state"] == "delivered"
    assert await town.log_size() == size + 1  # the delivery; the concern stands there once
    assert await ids(town, CSC) == [told]


# -- unreadable ----------------------------------------------------------------------------------------------


async def test_what_nobody_could_open_is_cured_once_there_is_another_key(town: Town) -> None:
    """The key is gone, a new one comes later: nobody has to think of what was not readable meanwhile."""
    office = town.nodes[CSC].desk.office
    general = town.partnership.parties[CSC].seal["general"].public.kid
    lost: OpeningKey = office.keys.opening.pop(general)  # type: ignore[attr-defined]
    told = await tell(town)
    assert (await town.message(SCHOOL, told))["opened"] == "unreadable"

    await replace_seal_key(town, CSC)
    await town.nodes[SCHOOL].desk.registering.refresh()
    await town.courier.settle()

    shown = await town.message(SCHOOL, told)
    assert (shown["state"], shown["opened"]) == ("delivered", "sound")
    assert (await town.message(CSC, shown["reissued_as"]))["content"]["facts"]
    assert lost.public.kid == general


async def test_a_key_that_was_replaced_unnoticed_cures_at_once(town: Town) -> None:
    """The sender reads the registry when it hears that something could not be opened."""
    party, new = town.partnership.parties[CSC], OpeningKey.generate()
    office, old = town.nodes[CSC].desk.office, party.seal["general"].public
    office.keys.opening.pop(old.kid)  # type: ignore[attr-defined]
    office.keys.opening[new.public.kid] = new  # type: ignore[index]
    office.keys.inboxes[new.public.kid] = "general"  # type: ignore[index]
    add = registry_facts.key_add(party.voice, CSC, new.public, KeyUse.SEAL, town.clock(), inbox="general")
    retire = registry_facts.key_retire(party.voice, CSC, old, town.clock())
    for fact in (add, retire):
        await town.gateway.admit_registry(fact)

    told = await tell(town)

    shown = await town.message(SCHOOL, told)
    assert (shown["state"], shown["opened"]) == ("delivered", "sound")
    assert await ids(town, CSC) == [told, shown["reissued_as"]]
