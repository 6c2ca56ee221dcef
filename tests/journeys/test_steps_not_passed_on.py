"""What its originator let nobody pass on: whoever tries hears why, and nothing goes that rests on it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, GP, POLICE
from tests.journeys.bodies import a_request_for
from tests.journeys.saying import WORKER, tell
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
