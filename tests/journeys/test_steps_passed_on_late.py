"""A concern is as old as when its originator told it, however late it is passed on. Source: domain R04."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.gateway.partnership import CSC, POLICE
from tests.journeys.bodies import a_request_for
from tests.journeys.saying import WORKER, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGED = {"still_current_because": "The same man has moved back in and the child was absent again."}


async def _rules(town: Town, path: str, body: dict[str, Any]) -> tuple[int, set[str]]:
    answer = await town.post(CSC, path, body)
    return answer.status_code, {one["rule"] for one in answer.json().get("violations", ())}


async def test_what_came_long_ago_wants_what_has_changed_before_others_are_asked_on_it(town: Town) -> None:
    told = await tell(town)
    town.clock.advance(timedelta(days=29))
    ask = a_request_for(POLICE, told, author=WORKER)

    tried = await _rules(town, "/v1/requests/check", ask)
    silent = await _rules(town, "/v1/requests", ask)
    again = await _rules(town, "/v1/requests/check", ask)  # the police have the copy by now
    changed = await _rules(town, "/v1/requests", ask | CHANGED)

    assert (tried, silent, again) == ((200, {"R04"}), (422, {"R04"}), (200, {"R04"}))
    assert changed == (202, set())
