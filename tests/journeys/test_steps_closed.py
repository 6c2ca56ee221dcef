"""Closing: everybody concerned is told, and unanswered checks want a reason."""

from __future__ import annotations

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.saying import SERGEANT, WORKER, an_answer, ask, problem, say, say_all, states, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWEN = {"name": "Owen Marrable", "birth_date": "2018-01-09", "nhs_number": "9990003017"}
WHY = "Police have not answered; the child was seen at home and sleeps at her aunt's now."


async def test_closing_with_checks_unanswered_wants_a_reason_and_tells_everybody(town: Town) -> None:
    asked = await ask(town)
    path = f"/v1/concerns/{asked.concern}/closure"

    silent = await problem(town, CSC, path, {})
    sent = await say_all(town, CSC, path, {"reason": "CHECKS_UNANSWERED", "text": WHY, "author": WORKER})

    assert silent[:2] == (409, "reason-needed")
    assert [(each["id"], each["holder"]) for each in silent[2]["checks"]] == [(asked.request, POLICE)]
    assert [each["recipient"] for each in sent] == [SCHOOL, POLICE, POLICE]
    assert await states(town, asked.concern, SCHOOL, CSC) == ["closed", "closed"]
    assert await states(town, asked.relay, CSC, POLICE) == ["closed", "closed"]
    assert await states(town, asked.request, CSC, POLICE) == ["closed", "closed"]


@pytest.mark.parametrize("outcome", ["NEED_MORE", "DISCLOSED_FULL"])
async def test_a_check_with_a_line_unanswered_is_closed_with_its_matter_for_a_reason(
    town: Town, outcome: str
) -> None:
    asked = await ask(town, lines=2, child=OWEN)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, outcome))
    path = f"/v1/concerns/{asked.concern}/closure"

    silent = await problem(town, CSC, path, {})
    await say_all(town, CSC, path, {"reason": "CHECKS_UNANSWERED", "text": WHY, "author": WORKER})

    assert silent[:2] == (409, "reason-needed")
    assert await states(town, asked.request, CSC, POLICE) == ["closed", "closed"]
    assert asked.request not in {each["id"] for each in await town.inbox(POLICE, state="open")}
    owed = (await town.ask_gateway("GET", "/v1/obligations?limit=500")).json()["items"]
    assert "answer" not in {each["kind"] for each in owed if each["id"] == asked.request}


async def test_once_every_check_is_answered_a_matter_closes_without_more(town: Town) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))

    sent = await say_all(town, CSC, f"/v1/concerns/{asked.concern}/closure", {})
    again = await problem(town, CSC, f"/v1/concerns/{asked.concern}/closure", {})

    assert [each["recipient"] for each in sent] == [SCHOOL, POLICE]
    assert again[:2] == (409, "already-done")


async def test_a_request_is_closed_by_who_asked(town: Town) -> None:
    asked = await ask(town)

    by_holder = await problem(town, POLICE, f"/v1/requests/{asked.request}/closure", {})
    await say(town, CSC, f"/v1/requests/{asked.request}/closure", {"reason": "CHECKS_NOT_NEEDED"})

    assert by_holder[:2] == (409, "wrong-kind")
    assert await states(town, asked.request, CSC, POLICE) == ["closed", "closed"]


async def test_a_closure_is_challenged_and_seen_by_who_told(town: Town) -> None:
    told = await tell(town)
    closure = await say(town, CSC, f"/v1/concerns/{told}/closure", {"reason": "CHILD_SAFE"})

    sent = await say(town, SCHOOL, f"/v1/messages/{told}/challenge", {"argument": "Nobody saw the child."})

    assert (await town.message(CSC, sent["id"]))["about"] == closure["id"]
