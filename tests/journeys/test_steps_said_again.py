"""What a node said again by itself is taken back, ended and paid back by the id that its people have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.personal import TAMSIN
from tests.journeys.saying import INSPECTOR, SERGEANT, WORKER, an_answer, say, say_all, states, tell
from tests.journeys.test_integration_keys import replace_seal_key
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMERGENCY: dict[str, Any] = {
    "concern_ids": [],
    "urgency": "EMERGENCY",
    "purpose": "EMERGENCY_SAFETY",
    "danger_line": "Not breathing, and bruises on the head",
}


async def _told_again(town: Town) -> tuple[str, str]:
    """A concern whose recipient's key had ended: the id from the 202, and that of the second try."""
    await replace_seal_key(town, CSC)
    body = a_concern_for(CSC)
    told = (await town.post(SCHOOL, "/v1/concerns", body)).json()["messages"][0]["id"]
    await town.courier.settle()
    return told, str((await town.message(SCHOOL, told))["reissued_as"])


async def _asked_again(town: Town, **changes: Any) -> tuple[str, str]:
    """The same of a request to the police, who were told its concern."""
    concern = await tell(town, SCHOOL, POLICE)
    await replace_seal_key(town, POLICE)
    line = a_request_for(POLICE, concern)["lines"][0] | {"category": "KNOWN_YN"}
    body = a_request_for(POLICE, concern, lines=[line], **changes)
    asked = (await town.post(SCHOOL, "/v1/requests", body)).json()["messages"][-1]["id"]
    await town.courier.settle()
    return asked, str((await town.message(SCHOOL, asked))["reissued_as"])


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("withdrawal", {"reason": "SENT_IN_ERROR"}),
        ("correction", {"correction_kind": "WRONG_CHILD", "what_is_right": "It was her brother."}),
    ],
)
async def test_a_concern_is_taken_back_where_its_recipient_has_it(
    town: Town, step: str, body: dict[str, Any]
) -> None:
    told, again = await _told_again(town)
    before = await states(town, again, SCHOOL, CSC)

    [sent] = await say_all(town, SCHOOL, f"/v1/messages/{told}/{step}", body)

    assert before == ["delivered", "delivered"]
    assert (await town.message(CSC, sent["id"]))["about"] == again
    assert await states(town, again, SCHOOL, CSC) == ["withdrawn", "withdrawn"]
    assert (await town.message(SCHOOL, told))["state"] == "withdrawn"


async def test_a_concern_is_closed_where_its_recipient_has_it(town: Town) -> None:
    told, again = await _told_again(town)

    await say(town, SCHOOL, f"/v1/concerns/{told}/closure", {"reason": "CHILD_SAFE"})

    assert await states(town, again, SCHOOL, CSC) == ["closed", "closed"]


async def test_a_reply_and_a_challenge_are_about_what_the_other_side_has(town: Town) -> None:
    told, again = await _told_again(town)
    thread = (await town.message(SCHOOL, told))["thread"]
    decision = {"decision": "ADVICE_NFA", "reasons": "Nothing here wants a plan of ours.", "decider": WORKER}
    await say(town, CSC, f"/v1/concerns/{again}/decision", decision)

    facts = [{"what": "She came without a coat again today.", "when": "2026-11-23", "basis": "OBSERVED"}]
    more = await say(town, SCHOOL, f"/v1/threads/{thread}/replies", {"facts": facts, "in_reply_to": told})
    argument = {"argument": "Two other agencies are worried as well, and you have not seen her."}
    challenge = await say(town, SCHOOL, f"/v1/messages/{told}/challenge", argument)

    assert (await town.message(CSC, more["id"]))["about"] == again
    assert "challenged" in [one["event"] for one in (await town.message(CSC, again))["timeline"]]
    assert (await town.message(CSC, challenge["id"]))["kind"] == "challenge"


async def test_the_outcome_of_a_request_is_told_by_the_id_that_its_asker_has(town: Town) -> None:
    asked, again = await _asked_again(town)
    await say(town, POLICE, f"/v1/requests/{again}/answer", an_answer(INSPECTOR))

    told = {"outcome": "NO_FURTHER_ACTION", "came_of_it": "We keep an eye on her.", "author": SERGEANT}
    await say(town, SCHOOL, f"/v1/requests/{asked}/outcome", told)

    due = {one["kind"]: one for one in (await town.message(POLICE, again))["obligations"]}
    assert due["outcome"]["settled_at"] is not None


async def test_an_emergency_is_paid_back_by_the_id_that_its_asker_has(town: Town) -> None:
    asked, again = await _asked_again(town, **EMERGENCY)
    owed = {one["kind"]: one for one in (await town.message(POLICE, again))["obligations"]}["debt"]

    answer = await town.post(SCHOOL, "/v1/concerns", a_concern_for(POLICE, pays_back=asked, subject=TAMSIN))
    await town.courier.settle()

    assert owed["settled_at"] is None
    assert answer.json().get("notices") is None
    for office, jti in ((SCHOOL, asked), (POLICE, again)):
        paid = {one["kind"]: one for one in (await town.message(office, jti))["obligations"]}["debt"]
        assert paid["settled_at"] is not None
