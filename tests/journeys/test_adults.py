"""One adult alleged to be a risk to several children, as the nodes see it: told, passed on, asked about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from candour_protocol.adults import adult_tokens
from candour_protocol.ids import AgencyId
from candour_protocol.kinds import Person
from candour_protocol.strict_json import JsonObject, JsonValue

from tests.gateway.partnership import CSC, POLICE, POLICY, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.hostile import Surgery, disclose
from tests.journeys.personal import IDRIS, MERLE, RUFUS, TAMSIN
from tests.journeys.saying import SENDERS_LEAD, SERGEANT, events, say, say_all
from tests.journeys.town import Town, open_town

pytestmark = pytest.mark.asyncio(loop_scope="module")

BECAUSE = "to judge whether he may be alone with any child this week"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A partnership that names adults."""
    naming = POLICY.replace(b"adults = false", b"adults = true")
    async with open_town(tmp_path_factory.mktemp("naming"), naming) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def silent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One that shows patterns of children, and names no adults."""
    shown = POLICY.replace(b"shown = false", b"shown = true")
    async with open_town(tmp_path_factory.mktemp("silent"), shown) as opened:
        yield opened


def tokens(town: Town, *people: JsonObject) -> list[str]:
    """What these adults are named by."""
    return [*adult_tokens([Person.model_validate(one) for one in people], [town.partnership_key])]


async def told(town: Town, who: AgencyId, to: str, child: JsonObject, **changes: Any) -> dict[str, Any]:
    """A concern that names the adult, as its sender has it once it has arrived."""
    body = a_concern_for(to, subject=child, household=[RUFUS], **changes)
    sent = await say(town, who, "/v1/concerns", body)
    return await town.message(who, sent["id"])


async def seen(town: Town, who: AgencyId) -> list[dict[str, Any]]:
    """What somebody was told of concerns that were seen together."""
    return [each for each in await town.inbox(who) if each["notice"] == "pattern"]


async def test_social_care_hears_that_two_agencies_told_of_one_adult_with_two_children(town: Town) -> None:
    first = await told(town, SCHOOL, CSC, TAMSIN)
    before = await seen(town, CSC)
    second = await told(town, POLICE, CSC, IDRIS, author=SERGEANT)

    (notice,) = await seen(town, CSC)
    about = (await town.message(CSC, notice["id"]))["codes"]["about"]
    assert before == []
    assert (about["seen"], about["concerns"], about["agencies"]) == ("ALLEGED_RISK", 2, 2)
    assert about["ids"] == [first["id"], second["id"]]
    assert "name the same adult as a risk" in notice["text"]
    for each in (first, second):
        assert each["codes"]["adults"] == tokens(town, RUFUS)
        assert each["opened"] == "sound"
    assert await seen(town, SCHOOL) == await seen(town, POLICE) == []


@pytest.mark.parametrize(
    ("to", "changes"),
    [
        (f"{CSC}/restricted", {}),
        (CSC, {"handling": ["LADO_ONLY"]}),
        (CSC, {"categories": ["STAFF_ALLEGATION"]}),
        (CSC, {"withheld": {"from": POLICE, "reason": "RISK_TO_PERSON", "lodged_with": CSC}}),
    ],
)
async def test_what_is_kept_from_an_inbox_names_no_adult(
    town: Town, to: str, changes: dict[str, Any]
) -> None:
    kept = await told(town, SCHOOL, to, TAMSIN, **changes)

    assert "adults" not in kept["codes"]
    assert kept["opened"] == "sound"


async def test_who_is_no_alleged_risk_or_has_no_number_is_not_named(town: Town) -> None:
    others: list[JsonValue] = [RUFUS | {"role": "PARENT_PR"}, RUFUS | {"nhs_number": None}]

    sent = await say(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, household=others))

    assert "adults" not in (await town.message(SCHOOL, sent["id"]))["codes"]


async def test_where_adults_are_not_named_nothing_on_the_wire_is_of_them(silent: Town) -> None:
    first = await told(silent, SCHOOL, CSC, TAMSIN)
    request = a_request_for(CSC, first["id"], author=SENDERS_LEAD)
    request["lines"] += [_line()]
    asked = await say(silent, SCHOOL, "/v1/requests", request)
    await told(silent, POLICE, CSC, IDRIS, author=SERGEANT)

    assert "adults" not in first["codes"]
    assert "adults" not in (await silent.message(SCHOOL, asked["id"]))["codes"]
    assert await seen(silent, CSC) == []
    assert first["opened"] == "sound"


async def test_a_copy_names_whom_its_originator_named(town: Town) -> None:
    original = await told(town, SCHOOL, CSC, MERLE)
    ask = a_request_for(POLICE, original["id"], subject=MERLE)
    ask["lines"] = [_line()]

    relay, request = await say_all(town, CSC, "/v1/requests", ask)

    for each in (relay, request):
        shown = await town.message(CSC, each["id"])
        assert shown["codes"]["adults"] == tokens(town, RUFUS)
        assert shown["opened"] == "sound"


async def test_at_the_third_child_with_whom_an_agency_asks_about_an_adult_both_leads_hear(
    town: Town,
) -> None:
    asked = [await _asked(town, child) for child in (TAMSIN, IDRIS, MERLE)]

    for who in (SCHOOL, POLICE):
        assert ["pattern" in await events(town, who, each) for each in asked] == [False, False, True]
    (notice,) = [each for each in await seen(town, POLICE) if each["about"] == asked[2]]
    assert "one agency has asked about the same adult with several unrelated children" in notice["text"]


async def _asked(town: Town, child: JsonObject) -> str:
    concern = await told(town, SCHOOL, POLICE, child)
    body = a_request_for(POLICE, concern["id"], subject=child, author=SENDERS_LEAD)
    sent = await say(town, SCHOOL, "/v1/requests", body | {"lines": [_line()]})
    return str(sent["id"])


def _line() -> dict[str, Any]:
    return {
        "person": RUFUS,
        "category": "POLICE_INCID",
        "months": 12,
        "question": "Is he known for violence?",
        "because": BECAUSE,
    }


@pytest.mark.parametrize(
    ("named", "opened"),
    [([RUFUS], "sound"), ([RUFUS | {"nhs_number": "9990001057"}], "mismatch"), ([], "mismatch")],
)
async def test_an_adult_who_is_not_in_the_sealed_part_is_a_mismatch(
    town: Town, surgery: Surgery, named: list[JsonObject], opened: str
) -> None:
    household: list[JsonValue] = [*named]
    true = surgery.concern(CSC, MERLE).with_content("household", disclose("household", household, b"h" * 16))

    claimed: list[JsonValue] = [*tokens(town, RUFUS)]
    signed = true.with_codes(adults=claimed).signed()
    await surgery.judge(signed)

    assert (await surgery.reached(signed))["opened"] == opened
