"""An outcome that is late, as whoever asks again meets it: before they ask, and after. Domain 4.2, R06."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.gateway.partnership import CSC, POLICE
from tests.journeys.bodies import a_request_for
from tests.journeys.saying import SERGEANT, WORKER, an_answer, ask, say, say_all, state
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


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages/{}/withdrawal", {"reason": "SENT_IN_ERROR"}),
        ("/v1/requests/{}/closure", {"reason": "CHECKS_NOT_NEEDED"}),
    ],
)
async def test_it_waits_as_well_where_the_answered_request_was_ended(
    town: Town, path: str, body: dict[str, Any]
) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))
    await say(town, CSC, path.format(asked.request), body | {"author": WORKER})
    town.clock.advance(timedelta(days=29))
    still = {"still_current_because": "The child lives with the same two adults as then."}
    again = a_request_for(POLICE, asked.concern, author=WORKER, urgency="GREEN", **still)

    foreseen = (await town.post(CSC, "/v1/requests/check", again)).json()
    held = (await town.post(CSC, "/v1/requests", again)).json()["messages"][-1]
    await town.courier.settle()
    waiting = await state(town, CSC, held["id"])
    await say(town, CSC, f"/v1/requests/{asked.request}/outcome", {"outcome": "PLAN_MADE", "author": WORKER})

    assert (foreseen["outcome"], waiting) == ("held", "held")
    assert not _late((await town.post(CSC, "/v1/requests/check", again)).json())
    assert await say(town, CSC, "/v1/requests", again)


async def test_what_was_answered_counts_for_the_dry_run_too_although_it_was_taken_back(town: Town) -> None:
    asked = await ask(town)
    body = a_request_for(POLICE, asked.concern, author=WORKER)
    requests = [asked.request]
    requests += [(await say_all(town, CSC, "/v1/requests", body))[-1]["id"] for _ in range(2)]
    for each in requests:
        await say(town, POLICE, f"/v1/requests/{each}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))
        await say(town, CSC, f"/v1/messages/{each}/withdrawal", {"reason": "SENT_IN_ERROR", "author": WORKER})

    foreseen = (await town.post(CSC, "/v1/requests/check", body)).json()
    fourth = (await town.post(CSC, "/v1/requests", body)).json()["messages"][-1]
    await town.courier.settle()

    assert (foreseen["outcome"], await state(town, CSC, fourth["id"])) == ("held", "held")


def _late(checked: dict[str, Any]) -> bool:
    return any(each["rule"] == "R06" for each in checked["violations"])
