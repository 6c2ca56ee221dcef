"""A child without a number is one child in its thread, for both nodes and the gateway. Protocol 3.1, R09."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.ids import AgencyId

from tests.gateway.partnership import CSC, POLICE
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.personal import TAMSIN, THIN_FACTS
from tests.journeys.saying import SERGEANT, WORKER, events, say, states
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

BABY = {
    "name": "Wren Sample",
    "birth_date": "2026-07-09",
    "address": "14 Sample Rise",
    "identifier_absent_reason": "UNKNOWN_DELAY",
}
NUMBERED = {"name": "Wren Sample", "birth_date": "2026-07-09", "nhs_number": "9990001049"}
RENAMED = NUMBERED | {"name": "Robin Sample"}


async def _borrowed(town: Town) -> dict[str, Any]:
    ask = a_request_for(
        CSC,
        "",
        concern_ids=[],
        subject=BABY,
        urgency="EMERGENCY",
        purpose="EMERGENCY_SAFETY",
        lawful_basis="A6_D",
        special_category="A9_C",
        power="COMMON_LAW",
        danger_line="A baby not breathing, two accounts of how it fell",
        author=SERGEANT,
        openness={"position": "NOT_INFORMED", "reason": "DELAY"},
    )
    person = {"name": BABY["name"], "role": "SUBJECT_CHILD"}
    ask["lines"] = [one | {"person": person, "category": "KNOWN_YN", "months": 1} for one in ask["lines"]]
    return await town.message(POLICE, (await say(town, POLICE, "/v1/requests", ask))["id"])


async def _follow(town: Town, request: dict[str, Any], subject: dict[str, Any]) -> dict[str, Any]:
    told = a_concern_for(CSC, subject=subject, pays_back=request["id"], author=SERGEANT)
    return await town.message(POLICE, (await say(town, POLICE, "/v1/concerns", told))["id"])


async def _is_owed(town: Town, request: dict[str, Any]) -> list[bool]:
    """As both nodes see it, and as the gateway does."""
    owed = []
    for who in (POLICE, CSC):
        shown = (await town.message(who, request["id"]))["obligations"]
        owed.append(any(one["kind"] == "debt" and one["settled_at"] is None for one in shown))
    answer = await town.ask_gateway("GET", "/v1/obligations", params={"limit": "500"})
    due = [one for one in answer.json()["items"] if one["about"] == request["hash"]]
    return [*owed, any(one["kind"] == "debt" for one in due)]


@pytest.mark.parametrize("subject", [BABY, NUMBERED], ids=["still without", "by now with one"])
async def test_the_concern_about_a_baby_without_a_number_pays_back_its_emergency(
    town: Town, subject: dict[str, Any]
) -> None:
    request = await _borrowed(town)
    before = await _is_owed(town, request)

    concern = await _follow(town, request, subject)

    assert before == [True, True, True]
    assert concern["opened"] == "sound"
    assert set(request["codes"]["child"]) <= set(concern["codes"]["child"])
    assert await _is_owed(town, request) == [False, False, False]
    assert "concern-followed" in await events(town, CSC, request["id"])


async def test_a_concern_on_another_child_leaves_it_owed_everywhere_until_a_person_joins_the_two(
    town: Town,
) -> None:
    request = await _borrowed(town)
    apart = await _follow(town, request, RENAMED)
    owed_apart = await _is_owed(town, request)

    [one], [other] = request["codes"]["child"], apart["codes"]["child"]
    link = {"joins": [one, other], "recipients": [CSC], "why": "Named since.", "author": SERGEANT}
    await say(town, POLICE, f"/v1/threads/{request['thread']}/links", link)
    await _follow(town, request, RENAMED)

    assert owed_apart == [True, True, True]
    assert await _is_owed(town, request) == [False, False, False]


async def test_a_fuller_concern_about_it_makes_a_thin_one_good(town: Town) -> None:
    vague = await say(town, POLICE, "/v1/concerns", _told(facts=THIN_FACTS))
    thread = (await town.message(POLICE, vague["id"]))["thread"]

    await say(town, POLICE, "/v1/concerns", _told(thread=thread))
    asked = await _ask(town, POLICE, vague["id"])

    assert (await town.message(POLICE, asked))["verdict"]["outcome"] == "passed"


async def test_what_waits_for_a_corrected_concern_goes_on_once_it_is_told_again(town: Town) -> None:
    concern = await say(town, POLICE, "/v1/concerns", _told())
    thread = (await town.message(POLICE, concern["id"]))["thread"]
    asked = await _ask(town, POLICE, concern["id"])
    wrong = {"correction_kind": "FACT_WRONG", "what_is_right": "It was the left arm.", "author": SERGEANT}
    await say(town, POLICE, f"/v1/messages/{concern['id']}/correction", wrong)
    waiting = await states(town, asked, POLICE, CSC)

    await say(town, POLICE, "/v1/concerns", _told(thread=thread, subject=NUMBERED))

    assert waiting == ["suspended", "suspended"]
    assert "suspended" not in await states(town, asked, POLICE, CSC)


async def test_its_concern_opens_no_request_about_another_child(town: Town) -> None:
    """Nothing but what is said of them tells two children apart, where one has no number."""
    about_the_baby = await say(town, POLICE, "/v1/concerns", _told())
    thread = (await town.message(POLICE, about_the_baby["id"]))["thread"]
    thin = await say(town, POLICE, "/v1/concerns", _told(subject=TAMSIN, facts=THIN_FACTS, thread=thread))

    on_the_baby = await _returned_by(town, about_the_baby["id"])
    on_both = await _returned_by(town, about_the_baby["id"], thin["id"])

    assert on_the_baby == {("R04", "/concern_ids/0")}
    assert {("R04", "/concern_ids/0"), ("R02", "/concern_ids/1")} <= on_both


async def _returned_by(town: Town, *concerns: str) -> set[tuple[str, str]]:
    """Why a request about somebody else comes back, which a dry run says before."""
    ask = a_request_for(CSC, "", concern_ids=list(concerns), author=SERGEANT)
    ask["lines"] = [one | {"category": "CSC_HISTORY"} for one in ask["lines"]]
    tried = await town.post(POLICE, "/v1/requests/check", ask)
    answer = await town.post(POLICE, "/v1/requests", ask)
    assert (tried.status_code, answer.status_code) == (200, 422)
    found, expected = (
        {(one["rule"], one["pointer"]) for one in each.json()["violations"]} for each in (answer, tried)
    )
    assert {rule for rule, _ in expected} == {rule for rule, _ in found}
    return found


def _told(**changes: Any) -> dict[str, Any]:
    return a_concern_for(CSC, **{"subject": BABY, "author": SERGEANT} | changes)


async def _ask(town: Town, who: AgencyId, concern: str) -> str:
    ask = a_request_for(CSC, concern, subject=BABY, author=WORKER | {"staff_id": "hallam"})
    person = {"name": BABY["name"], "role": "SUBJECT_CHILD"}
    ask["lines"] = [one | {"person": person, "category": "CSC_HISTORY", "months": 24} for one in ask["lines"]]
    return str((await say(town, who, "/v1/requests", ask))["id"])
