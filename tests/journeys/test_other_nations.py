"""Social care of another nation: its numbers, its powers and its days, from the first word to the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from candour_protocol import profiles, registry_facts
from candour_protocol.ids import AgencyId, sha256_text
from candour_protocol.profiles import Day, Hours, Nation

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.personal import BECAUSE, TAMSIN
from tests.journeys.saying import INSPECTOR, WORKER, an_answer, say, say_all, tell
from tests.journeys.town import Town, open_town

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEEKDAYS = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI)
NAMED = {"name": str(TAMSIN["name"]), "birth_date": "2017-03-14"}


@dataclass(frozen=True)
class Abroad:
    """One nation as a case meets it.

    Attributes:
        number: of the child, as its nation has it; ``wrong`` is the same with another last digit.
        power: what its social care asks by.
        told: an afternoon before a day that is a bank holiday there, and not in England; ``due`` is when a
            named person there is to have opened what came, four working hours later.
    """

    nation: Nation
    number: dict[str, str]
    wrong: dict[str, str]
    power: str
    told: datetime
    due: str


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


SCOTLAND = Abroad(
    Nation.SCOTLAND,
    {"chi": "140317 0010"},
    {"chi": "140317 0011"},
    "CSA95_S21",
    _at("2026-11-27 15:30"),
    "2026-12-01T11:30:00.000Z",  # St Andrew's Day is kept on Monday
)
NORTHERN_IRELAND = Abroad(
    Nation.NORTHERN_IRELAND,
    {"hcn": "320 000 0015"},
    {"hcn": "320 000 0016"},
    "CNIO95_A66",
    _at("2027-03-16 15:30"),
    "2027-03-18T11:30:00.000Z",  # St Patrick's Day is a Wednesday
)
WALES = Abroad(
    Nation.WALES,
    {"nhs_number": "999 000 1014"},
    {"nhs_number": "999 000 1015"},
    "SSWBA_S164",
    _at("2026-12-24 15:30"),
    "2026-12-29T11:30:00.000Z",  # Boxing Day is a Saturday, and kept on Monday
)
EACH = pytest.mark.parametrize("abroad", [SCOTLAND, NORTHERN_IRELAND, WALES], ids=lambda each: each.nation)


@pytest_asyncio.fixture(loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A partnership of one test alone, all of it in England."""
    async with open_town(tmp_path_factory.mktemp("abroad")) as opened:
        yield opened


async def _moved(town: Town, agency: AgencyId, nation: Nation) -> None:
    """From here on it is in another nation, and read from nine to five."""
    party = town.partnership.parties[agency]
    profile = profiles.parse(party.profile)
    hours = (Hours(days=WEEKDAYS, opens="09:00", closes="17:00"),)
    read = [
        each.model_copy(update={"hours": hours, "cover": f"{POLICE}/{each.name}"}) for each in profile.inboxes
    ]
    raw = profiles.dump(profile.model_copy(update={"nation": nation, "inboxes": tuple(read)}))
    fact = registry_facts.profile(party.voice, agency, sha256_text(raw), town.clock())
    await town.gateway.admit_registry(fact, raw)
    for node in town.nodes.values():
        await node.desk.registering.refresh()


def _question(concern: str, child: dict[str, Any], power: str) -> dict[str, Any]:
    body = a_request_for(POLICE, concern, subject=child, author=WORKER, purpose="S47", power=power)
    line = {"person": child | {"role": "SUBJECT_CHILD"}, "category": "POLICE_INCID", "because": BECAUSE}
    return body | {"lines": [body["lines"][0] | line]}


@EACH
async def test_a_case_runs_by_the_numbers_and_the_powers_of_its_nation(town: Town, abroad: Abroad) -> None:
    await _moved(town, CSC, abroad.nation)
    child = NAMED | abroad.number
    told = await tell(town, subject=child)

    sent = await say_all(town, CSC, "/v1/requests", _question(told, child, abroad.power))
    asked = sent[-1]["id"]
    await say(town, POLICE, f"/v1/requests/{asked}/answer", an_answer(INSPECTOR))

    shown = await town.message(POLICE, asked)
    assert (shown["verdict"]["outcome"], shown["opened"], shown["state"]) == ("passed", "sound", "answered")
    together = a_concern_for(CSC, subject={name: value.replace(" ", "") for name, value in child.items()})
    again = await say(town, SCHOOL, "/v1/concerns", together)
    tokens = [(await town.message(CSC, each))["codes"]["child"] for each in (told, again["id"])]
    assert tokens[0] == tokens[1]


@EACH
async def test_a_number_that_cannot_be_right_is_marked_and_asks_nothing(town: Town, abroad: Abroad) -> None:
    await _moved(town, CSC, abroad.nation)
    (member,) = abroad.wrong
    child = NAMED | abroad.wrong
    told = await tell(town, subject=child)

    answer = await town.post(CSC, "/v1/requests", _question(told, child, abroad.power))
    tried = (await town.post(CSC, "/v1/requests/check", _question(told, child, abroad.power))).json()

    marked = (await town.message(SCHOOL, told))["verdict"]
    assert (marked["outcome"], marked["rules"]) == ("flagged", ["R13"])
    assert answer.status_code == 422
    for found in (answer.json()["violations"], tried["violations"]):
        places = {(one["rule"], one["pointer"]) for one in found}
        assert places >= {("R13", f"/subject/{member}"), ("R13", f"/lines/0/person/{member}")}


@EACH
async def test_limits_stand_still_on_the_bank_holidays_of_whoever_owes(town: Town, abroad: Abroad) -> None:
    await _moved(town, CSC, abroad.nation)
    await _moved(town, SCHOOL, Nation.ENGLAND)
    town.clock.now = abroad.told

    there = await tell(town, SCHOOL, CSC)
    here = await tell(town, CSC, SCHOOL, author=WORKER)

    due = {}
    for told, who in ((there, CSC), (here, SCHOOL)):
        [each] = [
            one for one in (await town.message(who, told))["obligations"] if one["kind"] == "acknowledgement"
        ]
        due[who] = each["due_at"]
    assert due[CSC] == abroad.due
    assert (due[SCHOOL] == due[CSC]) is (abroad.nation is Nation.WALES)  # which keeps England's days
