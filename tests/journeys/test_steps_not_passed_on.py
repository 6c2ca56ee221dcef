"""What its originator let nobody pass on: whoever tries hears why, and nothing goes that rests on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.journeys.bodies import a_request_for
from tests.journeys.saying import WORKER, events, problem, say_all, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_ALLOWED = [
    ({"handling": ["NO_ONWARD"]}, "/concern_ids", "NO_ONWARD"),
    ({"handling": ["POLICE_ORIGINATOR_CONTROL", "NOT_FAMILY"]}, "/concern_ids", "POLICE_ORIGINATOR_CONTROL"),
    ({"handling": ["ADDRESS_PROTECTED"]}, "/concern_ids", "ADDRESS_PROTECTED"),
    ({"onward_to": [GP]}, "/recipients", None),
]


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/requests/check"])
@pytest.mark.parametrize(("keeps", "pointer", "mark"), NOT_ALLOWED)
async def test_whoever_asks_on_what_may_not_be_passed_on_hears_why_and_what_to_do(
    town: Town, path: str, keeps: dict[str, Any], pointer: str, mark: str | None
) -> None:
    told = await tell(town, **keeps)
    body = a_request_for(POLICE, told, author=WORKER, purpose="TRIAGE", power="CA89_S47")

    found = (await town.post(CSC, path, body)).json()

    [why] = [one for one in found["violations"] if one["rule"] == "R15"]
    assert (why["pointer"], why.get("hint")) == (pointer, mark)
    assert "originator" in why["statement"]
    assert "own words" in why["fix"]
    assert "R01" in {one["rule"] for one in found["violations"]}


HAND_ON = {"to": POLICE, "why": "The family lives there now.", "author": WORKER}
KEEPS = [{"handling": ["NO_ONWARD"]}, {"onward_to": [GP]}]


@pytest.mark.parametrize("keeps", KEEPS)
async def test_what_may_not_be_passed_on_is_not_handed_on_and_nobody_hears_that_it_was(
    town: Town, keeps: dict[str, Any]
) -> None:
    told = await tell(town, **keeps)
    before = await town.inboxes()

    status, code, found = await problem(town, CSC, f"/v1/concerns/{told}/transfer", HAND_ON)

    assert (status, code) == (422, "not-passed-on")
    [why] = found["violations"]
    assert (why["rule"], "own words" in why["fix"]) == ("R15", True)
    await town.courier.settle()
    assert await town.inboxes() == before
    assert "transferred" not in await events(town, SCHOOL, told)


async def test_whoever_was_told_it_in_ones_own_words_can_have_it(town: Town) -> None:
    told = await tell(town, handling=["NO_ONWARD"])
    thread = (await town.message(CSC, told))["thread"]
    await tell(town, CSC, POLICE, thread=thread, author=WORKER)

    sent = await say_all(town, CSC, f"/v1/concerns/{told}/transfer", HAND_ON)

    assert [(one["kind"], one["recipient"]) for one in sent] == [("transfer", POLICE), ("transfer", SCHOOL)]
    assert "transferred" in await events(town, SCHOOL, told)


async def test_who_told_does_not_hear_of_a_new_holder_before_that_one_has_the_concern(town: Town) -> None:
    told = await tell(town)
    town.clocks[CSC].ahead = timedelta(minutes=2)  # the gateway returns it, and the node says it again

    answer = await town.post(CSC, f"/v1/concerns/{told}/transfer", HAND_ON)
    town.clocks[CSC].ahead = timedelta(0)
    await town.courier.settle()

    stands = [(await town.message(CSC, one["id"]))["state"] for one in answer.json()["messages"]]
    assert stands == ["delivered"] * 3
    assert "transferred" in await events(town, SCHOOL, told)
