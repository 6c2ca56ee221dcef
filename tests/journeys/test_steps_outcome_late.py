"""An outcome that is late, as whoever asks again meets it: before they ask, and after. Domain 4.2, R06."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.gateway.partnership import CSC, POLICE
from tests.journeys.bodies import a_request_for
from tests.journeys.saying import SERGEANT, WORKER, an_answer, ask, say, state
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_can_wait_waits_for_the_outcome_of_the_last_answer(town: Town) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))
    town.clock.advance(timedelta(days=29))  # longer than R06 counts what was asked
    still = {"still_current_because": "The child lives with the same two adults as then."}
    body = a_request_for(POLICE, asked.concern, author=WORKER, urgency="GREEN", **still)

    foreseen = (await town.post(CSC, "/v1/requests/check", body)).json()
    held = (await town.post(CSC, "/v1/requests", body)).json()["messages"][-1]
    await town.courier.settle()
    waiting = await state(town, CSC, held["id"])
    urgent = (await town.post(CSC, "/v1/requests/check", body | {"urgency": "AMBER"})).json()
    await say(town, CSC, f"/v1/requests/{asked.request}/outcome", {"outcome": "PLAN_MADE", "author": WORKER})
    after = (await town.post(CSC, "/v1/requests/check", body)).json()

    found = {(each["rule"], each["pointer"]): each["fix"] for each in foreseen["violations"]}
    assert "Tell them the outcome" in found["R06", "/concern_ids/0"]
    assert (foreseen["outcome"], waiting) == ("held", "held")
    assert not _late(urgent)
    assert not _late(after)
    assert await say(town, CSC, "/v1/requests", body)


def _late(checked: dict[str, Any]) -> bool:
    return any(each["rule"] == "R06" for each in checked["violations"])
