"""What wants more detail is in nobody's list of finished things once the detail is there. Domain 4.2."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.gateway.partnership import CSC, POLICE
from tests.journeys.saying import SERGEANT, an_answer, ask, events, say, states
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_wants_more_is_open_again_once_the_asker_has_said_it(town: Town) -> None:
    asked = await ask(town)
    path, thread = f"/v1/requests/{asked.request}/answer", f"/v1/threads/{asked.thread}/replies"
    more = {"in_reply_to": asked.request, "facts": [{"what": "He was seen there on Monday at nine."}]}
    before = await states(town, asked.request, CSC, POLICE)

    await say(town, POLICE, path, an_answer(SERGEANT, "NEED_MORE"))
    wanting = await states(town, asked.request, CSC, POLICE)
    town.clock.advance(timedelta(minutes=1))
    owed_while_wanting = await _answers_owed(town, asked.request)
    await say(town, CSC, thread, more)
    told = await states(town, asked.request, CSC, POLICE)
    waiting = {each["id"] for each in await town.inbox(POLICE, state="open")}
    owed_again = await _answers_owed(town, asked.request)
    town.clock.advance(timedelta(minutes=1))
    await say(town, POLICE, path, an_answer(SERGEANT, "DISCLOSED_FULL"))

    assert before == told == ["delivered", "delivered"]
    assert wanting == ["answered", "answered"]
    assert (owed_while_wanting, owed_again) == ([True, True], [True, True])
    assert asked.request in waiting
    assert asked.request not in {each["id"] for each in await town.inbox(POLICE, state="open")}
    assert await states(town, asked.request, CSC, POLICE) == ["answered", "answered"]
    assert await _answers_owed(town, asked.request) == [False, False]
    assert "reopened" in await events(town, CSC, asked.request)


async def _answers_owed(town: Town, request: str) -> list[bool]:
    """Whether an answer is still owed, as both sides see it."""
    seen = [(await town.message(agency, request))["obligations"] for agency in (CSC, POLICE)]
    return [any(one["kind"] == "answer" and one["settled_at"] is None for one in each) for each in seen]
