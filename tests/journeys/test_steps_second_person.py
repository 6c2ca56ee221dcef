"""What waits for a second person, where nobody knows by a staff id who the first one is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import POLICE, SCHOOL
from tests.journeys.bodies import a_request_for
from tests.journeys.saying import SENDERS_LEAD, problem, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
APPROVAL = {"who": {"staff_id": "brook", "name": "B. Brook"}, "why": "I have read it."}
NOBODY_KNOWS = {name: said for name, said in SENDERS_LEAD.items() if name != "staff_id"}


async def _asking(town: Town, category: str = "POLICE_INTEL", **changes: Any) -> dict[str, Any]:
    told = await tell(town, SCHOOL, POLICE, categories=["DOMESTIC_ABUSE"])
    body = a_request_for(POLICE, told, **({"author": NOBODY_KNOWS} | changes))
    body["lines"] = [one | {"category": category} for one in body["lines"]]
    return body


async def test_who_asks_without_a_staff_id_hears_at_once_that_nobody_can_approve_it(town: Town) -> None:
    body = await _asking(town)

    rehearsed = (await town.post(SCHOOL, "/v1/requests/check", body)).json()
    asked = (await town.post(SCHOOL, "/v1/requests", body, wait=0)).json()
    await town.courier.settle()

    [notice] = asked["notices"]
    assert "author.staff_id" in notice
    assert rehearsed["notices"] == [notice]
    request = asked["messages"][0]["id"]
    assert (await town.message(SCHOOL, request))["state"] == "held"
    status, code, found = await problem(town, SCHOOL, f"/v1/requests/{request}/approval", APPROVAL)
    assert (status, code) == (422, "nobody-named")
    assert "Withdraw it" in found["detail"]
    assert "author.staff_id" in found["detail"]


@pytest.mark.parametrize(("category", "author"), [("KNOWN_YN", NOBODY_KNOWS), ("POLICE_INTEL", SENDERS_LEAD)])
async def test_nobody_hears_of_it_where_nothing_waits_or_somebody_can_approve_it(
    town: Town, category: str, author: dict[str, Any]
) -> None:
    body = await _asking(town, category, author=author)

    asked = (await town.post(SCHOOL, "/v1/requests", body)).json()

    assert "notices" not in asked
