"""A thin concern, and what its author adds by replies: a fact makes it count, words without one do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, SCHOOL
from tests.journeys.bodies import a_request_for
from tests.journeys.saying import SENDERS_LEAD, WORKER, say, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = [{"what": "Confidential, cannot disclose at this time."}]
A_FACT = {
    "what": "She came in with a cut lip and said that her mother's partner had thrown a cup at her.",
    "when": "2026-11-12",
    "basis": "OBSERVED",
}


async def _asked(town: Town, concern: str, path: str = "/v1/requests") -> Any:
    body = a_request_for(CSC, concern, author=SENDERS_LEAD)
    return await town.call(SCHOOL, "POST", path, json=body, headers={"Prefer": "wait=10"})


async def _reply(town: Town, concern: str, **content: Any) -> None:
    thread = (await town.message(SCHOOL, concern))["thread"]
    body = {"in_reply_to": concern, "author": SENDERS_LEAD, **content}
    await say(town, SCHOOL, f"/v1/threads/{thread}/replies", body)


@pytest.mark.parametrize("content", [{}, {"facts": [{"what": "n/a"}]}, {"facts": SECRET}])
async def test_a_reply_without_a_fact_opens_no_door(town: Town, content: dict[str, Any]) -> None:
    concern = await tell(town, SCHOOL, CSC, facts=SECRET, impact=None)
    await _reply(town, concern, **content)

    tried = await _asked(town, concern, "/v1/requests/check")
    asked = await _asked(town, concern)

    assert tried.json()["outcome"] == "refused"
    assert asked.status_code == 422, asked.text
    assert "R02" in {each["rule"] for each in asked.json()["violations"]}


async def test_a_reply_with_a_fact_does_and_the_holder_finds_the_same(town: Town) -> None:
    concern = await tell(town, SCHOOL, CSC, facts=SECRET, impact=None)
    await _reply(town, concern, facts=[A_FACT])

    tried = await _asked(town, concern, "/v1/requests/check")
    asked = await _asked(town, concern)
    await town.courier.settle()

    assert tried.json()["outcome"] == "passed"
    assert asked.status_code == 202, asked.text
    request = asked.json()["messages"][-1]["id"]
    at_the_holder = await town.message(CSC, request)
    assert at_the_holder["opened"] == "sound"
    assert (await town.message(SCHOOL, request))["codes"]["checks"]["R02"] == "pass"


async def test_a_closure_that_is_challenged_is_undone_when_somebody_else_decides(town: Town) -> None:
    concern = await tell(town, SCHOOL, CSC)
    closed = await say(town, CSC, f"/v1/concerns/{concern}/closure", {"author": WORKER})
    wrong = {"argument": "She is on the same sofa as he is tonight.", "author": SENDERS_LEAD}
    await say(town, SCHOOL, f"/v1/messages/{closed['id']}/challenge", wrong)
    other = {"staff_id": "tesfaye", "name": "M. Tesfaye", "role": "Team manager"}
    decision = {"decision": "ASSESS_S17", "reasons": "A second look found more.", "decider": other}

    await say(town, CSC, f"/v1/concerns/{concern}/decision", decision)

    shown = [(await town.message(each, concern))["state"] for each in (SCHOOL, CSC)]
    assert shown == ["decided", "decided"]
