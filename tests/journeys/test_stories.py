"""Three whole stories: three worries that are one, an emergency, and asking first badly and then well.

Source: domain section 9. The clock stands still between the steps and is put forward where days go by.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.gateway.partnership import CSC, POLICE, POLICY, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.personal import TAMSIN
from tests.journeys.saying import (
    INSPECTOR,
    NOTHING,
    SENDERS_LEAD,
    SERGEANT,
    WORKER,
    events,
    say,
    say_all,
    state,
    states,
)
from tests.journeys.town import Town, open_town

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = timedelta(hours=1)
NO_CHILD = {"name": "Two children, one a baby", "note": "surname perhaps Oldacre"}
DOOR = {
    "what": "The bedroom door had been kicked through, and a baby cried all the while that we were there.",
    "when": "2026-11-18 14:00",
    "basis": "OBSERVED",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A partnership that has switched patterns on."""
    shown = POLICY.replace(b"shown = false", b"shown = true")
    async with open_town(tmp_path_factory.mktemp("stories"), shown) as opened:
        yield opened


async def patterns(town: Town, who: Any) -> list[dict[str, Any]]:
    """What somebody was told of concerns that were seen together."""
    found = [each for each in await town.inbox(who) if each["notice"] == "pattern"]
    return [(await town.message(who, each["id"]))["codes"]["about"] for each in found]


async def test_three_worries_about_one_household_are_seen_together_once_a_person_has_joined_them(
    town: Town,
) -> None:
    first = await say(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, need_level="L2", urgency="GREEN"))
    town.clock.advance(timedelta(days=6))
    unsure = a_concern_for(CSC, subject=NO_CHILD, categories=["UNSURE"], facts=[DOOR], author=SERGEANT)
    second = await say(town, POLICE, "/v1/concerns", unsure)
    town.clock.advance(timedelta(days=6))
    await say(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, need_level="L3"))
    before = await patterns(town, CSC)

    threads = [(await town.message(CSC, each["id"]))["thread"] for each in (second, first)]
    link = {"joins": [threads[1]], "recipients": [POLICE], "why": "The same flat.", "author": WORKER}
    await say(town, CSC, f"/v1/threads/{threads[0]}/links", link)
    joined = await patterns(town, CSC)
    last = await say(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, need_level="L4", urgency="RED"))

    assert before == []  # the machine matches nothing by a surname
    assert [(each["concerns"], each["agencies"]) for each in joined] == [(3, 2)]  # at once, by a person
    pattern = (await patterns(town, CSC))[-1]
    assert (pattern["seen"], pattern["concerns"], pattern["agencies"]) == ("CHILD", 4, 2)
    assert pattern["agency_kinds"] == ["POLICE", "SCHOOL"]
    assert {first["id"], second["id"], last["id"]} <= set(pattern["ids"])
    assert await patterns(town, SCHOOL) == await patterns(town, POLICE) == []


async def test_what_was_borrowed_in_an_emergency_is_escalated_and_paid_back(town: Town) -> None:
    ask = a_request_for(
        CSC,
        "",
        concern_ids=[],
        urgency="EMERGENCY",
        purpose="EMERGENCY_SAFETY",
        lawful_basis="A6_D",
        special_category="A9_C",
        power="COMMON_LAW",
        danger_line="A child not breathing, two accounts of how it fell",
        author=SERGEANT,
        openness={"position": "NOT_INFORMED", "reason": "DELAY"},
    )
    ask["lines"] = [one | {"category": "KNOWN_YN", "months": 1} for one in ask["lines"]]
    asked = await say(town, POLICE, "/v1/requests", ask)
    at_first = await debt(town, asked["id"])

    town.clock.advance(5 * HOUR)
    await town.gateway.remind()
    await town.courier.settle()
    overdue = await debt(town, asked["id"])
    again = await say(town, POLICE, "/v1/requests", ask)
    follows = a_concern_for(CSC, urgency="RED", pays_back=asked["id"], author=SERGEANT)
    await say(town, POLICE, "/v1/concerns", follows)

    assert (at_first["overdue"], overdue["overdue"]) == (False, True)
    assert (at_first["owed_by"], at_first["settled_at"]) == (POLICE, None)
    for who in (POLICE, CSC):
        assert "debt" in await events(town, who, asked["id"])
        assert "debt" in await events(town, who, again["id"])  # for both leads, and it blocked nothing
    assert (await debt(town, asked["id"]))["settled_at"] is not None
    assert "concern-followed" in await events(town, CSC, asked["id"])


async def test_the_same_question_is_returned_and_then_asked_properly_answered_and_told_of(town: Town) -> None:
    person = TAMSIN | {"role": "SUBJECT_CHILD"}
    vague = a_request_for(
        POLICE,
        "",
        concern_ids=[],
        author={"role": "Clinic"},
        openness=None,
        lines=[{"person": person, "category": "POLICE_INCID", "because": "safeguarding"}],
    ) | {"concern": a_vague_concern()}
    returned = await town.post(SCHOOL, "/v1/requests", vague)
    found = {each["rule"] for each in returned.json()["violations"]}

    told = await say(town, SCHOOL, "/v1/concerns", a_concern_for(POLICE))
    proper = a_request_for(POLICE, told["id"], author=SENDERS_LEAD)
    proper["lines"] = [one | {"category": "POLICE_INCID"} for one in proper["lines"]]
    asked = await say(town, SCHOOL, "/v1/requests", proper)
    await say(
        town, POLICE, f"/v1/inbox/{asked['id']}/acknowledgement", {"name": "DS R. Hallam"}, method="PUT"
    )
    line = {"line": 1, "outcome": "NO_INFO_HELD", "text": NOTHING, "searched": ["incident log 2016 to 2026"]}
    await say(town, POLICE, f"/v1/requests/{asked['id']}/answer", {"outcomes": [line], "decider": INSPECTOR})
    answered = await states(town, asked["id"], SCHOOL, POLICE)
    await say_all(
        town, SCHOOL, f"/v1/requests/{asked['id']}/outcome", {"outcome": "EARLY_HELP", "author": SENDERS_LEAD}
    )

    assert returned.status_code == 422
    assert {"R02", "R05", "R07", "R08"} <= found
    assert answered == ["answered", "answered"]
    assert await state(town, POLICE, asked["id"]) == "closed"
    assert [each for each in await events(town, POLICE, asked["id"]) if each in ("acknowledged", "answered")]


def a_vague_concern() -> dict[str, Any]:
    """What the two-tier proposal of 2005 would have let through."""
    thin = [{"what": "Confidential – cannot disclose at this time.", "when": "2026-11-19"}]
    given = a_concern_for(POLICE, facts=thin)
    return {name: value for name, value in given.items() if name not in ("recipients", "author", "subject")}


async def debt(town: Town, jti: str) -> dict[str, Any]:
    """What the police still owe for what they asked."""
    found = (await town.message(CSC, jti))["obligations"]
    return next(each for each in found if each["kind"] == "debt")
