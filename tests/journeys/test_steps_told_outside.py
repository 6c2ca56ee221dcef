"""What is put right or taken back reaches the exchange by itself; whoever told others is reminded of them."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.ids import AgencyId

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.saying import WORKER, Asked, ask, say, say_all, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLINIC = {
    "whom": {"name": "Nurse Adeyemi", "agency": "Private clinic"},
    "told_outside": {"how": "PHONE"},
    "author": WORKER,
}
RIGHT = {"correction_kind": "FACT_WRONG", "what_is_right": "It was two breakfasts, the kitchen says."}


async def told_outside(town: Town) -> tuple[Asked, list[str]]:
    """Social care rang a clinic about the school's concern, and said so to school and police."""
    asked = await ask(town)
    sent = await say_all(town, CSC, f"/v1/threads/{asked.thread}/told", CLINIC)
    return asked, [str(each["id"]) for each in sent]


async def notices_of(town: Town, who: AgencyId, path: str, body: Any) -> list[str]:
    """What a call that goes through says to whoever makes it."""
    answer = await town.post(who, path, body)
    assert answer.status_code == 202, answer.text
    return [str(one) for one in answer.json().get("notices", ())]


async def steps(town: Town, who: AgencyId, jti: str) -> list[tuple[str, str]]:
    """What somebody who reads a message is to do about it, alone and in its thread."""
    shown = await town.message(who, jti)
    thread = (await town.call(who, "GET", f"/v1/threads/{shown['thread']}")).json()["messages"]
    [again] = [each for each in thread if each["id"] == jti]
    assert again["next_steps"] == shown["next_steps"]
    return [(each["step"], each["href"]) for each in shown["next_steps"]]


async def last_of(town: Town, who: AgencyId, kind: str) -> str:
    await town.courier.settle()
    return str([each["id"] for each in await town.inbox(who) if each["kind"] == kind][-1])


@pytest.mark.parametrize(
    ("step", "body", "kind"),
    [("correction", RIGHT, "correction"), ("withdrawal", {"reason": "SENT_IN_ERROR"}, "withdrawal")],
)
async def test_whoever_told_somebody_outside_is_to_tell_them_what_was_put_right(
    town: Town, step: str, body: Any, kind: str
) -> None:
    asked, noted = await told_outside(town)

    said = await notices_of(town, SCHOOL, f"/v1/messages/{asked.concern}/{step}", body)

    came = await last_of(town, CSC, kind)
    [(what, href)] = await steps(town, CSC, came)
    assert (what, href.removeprefix("/v1/messages/") in noted) == ("tell-outside", True)
    assert await steps(town, POLICE, await last_of(town, POLICE, kind)) == []
    assert not [one for one in said if "outside the exchange" in one]  # the school told nobody


async def test_whoever_puts_right_what_they_told_outside_themselves_is_reminded_at_once(town: Town) -> None:
    told = await tell(town)
    thread = (await town.message(SCHOOL, told))["thread"]
    noted = await say(town, SCHOOL, f"/v1/threads/{thread}/told", CLINIC)

    [said] = await notices_of(town, SCHOOL, f"/v1/messages/{told}/correction", RIGHT)

    assert "outside the exchange" in said
    assert noted["id"] in said
    assert "Adeyemi" not in said


async def test_a_note_that_was_taken_back_reminds_nobody(town: Town) -> None:
    told = await tell(town)
    thread = (await town.message(SCHOOL, told))["thread"]
    noted = await say(town, SCHOOL, f"/v1/threads/{thread}/told", CLINIC)
    await say(town, SCHOOL, f"/v1/messages/{noted['id']}/withdrawal", {"reason": "SENT_IN_ERROR"})

    assert await notices_of(town, SCHOOL, f"/v1/messages/{told}/correction", RIGHT) == []


async def test_whoever_takes_a_concern_back_from_one_hears_who_else_has_the_same_words(town: Town) -> None:
    sent = await say_all(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, POLICE))
    first, second = (str(each["id"]) for each in sent)
    back = {"reason": "SENT_IN_ERROR"}

    [said] = await notices_of(town, SCHOOL, f"/v1/messages/{first}/withdrawal", back)
    then = await notices_of(town, SCHOOL, f"/v1/messages/{second}/withdrawal", back)

    assert f"{POLICE} (message {second})" in said
    assert then == []
