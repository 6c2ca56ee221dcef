"""What wants more detail is in nobody's list of finished things once the detail is there. Domain 4.2."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from candour_agency.moments import text, to_ms

from tests.gateway.partnership import CSC, POLICE
from tests.journeys.saying import SERGEANT, an_answer, ask, events, say, states
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_wants_more_stays_open_until_every_line_is_answered(town: Town) -> None:
    asked = await ask(town)
    path, thread = f"/v1/requests/{asked.request}/answer", f"/v1/threads/{asked.thread}/replies"
    more = {"in_reply_to": asked.request, "facts": [{"what": "He was seen there on Monday at nine."}]}
    before = await states(town, asked.request, CSC, POLICE)

    await say(town, POLICE, path, an_answer(SERGEANT, "NEED_MORE"))
    wanting = await states(town, asked.request, CSC, POLICE)
    in_hand = {each["id"] for each in await town.inbox(POLICE, state="open")}
    town.clock.advance(timedelta(minutes=1))
    owed_while_wanting = await _answers_owed(town, asked.request)
    await say(town, CSC, thread, more)
    told = await states(town, asked.request, CSC, POLICE)
    waiting = {each["id"] for each in await town.inbox(POLICE, state="open")}
    owed_again = await _answers_owed(town, asked.request)
    town.clock.advance(timedelta(minutes=1))
    await say(town, POLICE, path, an_answer(SERGEANT, "DISCLOSED_FULL"))

    assert before == ["delivered", "delivered"]
    assert wanting == told == ["acknowledged", "acknowledged"]
    assert (owed_while_wanting, owed_again) == ([True, True], [True, True])
    assert asked.request in in_hand & waiting
    assert asked.request not in {each["id"] for each in await town.inbox(POLICE, state="open")}
    assert await states(town, asked.request, CSC, POLICE) == ["answered", "answered"]
    assert await _answers_owed(town, asked.request) == [False, False]
    assert (await events(town, CSC, asked.request))[-3:] == ["needs-more", "reopened", "answered"]


async def test_both_sides_and_the_gateway_say_by_when_what_is_left_is_due(town: Town) -> None:
    asked = await ask(town, lines=2)
    path, thread = f"/v1/requests/{asked.request}/answer", f"/v1/threads/{asked.thread}/replies"
    more = {"in_reply_to": asked.request, "facts": [{"what": "He was seen there on Monday at nine."}]}
    second = an_answer(SERGEANT, "DISCLOSED_FULL")
    second["outcomes"][0]["line"] = 2

    due = [await _due(town, asked.request)]
    for who, where, body in (
        (POLICE, path, an_answer(SERGEANT, "NEED_MORE")),
        (POLICE, path, second),
        (CSC, thread, more),
    ):
        town.clock.advance(timedelta(minutes=1))
        await say(town, who, where, body)
        due.append(await _due(town, asked.request))

    assert [len(each) for each in due] == [1, 1, 1, 1]
    told, wanting, paused, running = (next(iter(each)) for each in due)
    assert told == wanting < running < paused


@pytest.mark.parametrize("outcome", ["NEED_MORE", "DISCLOSED_FULL"])
async def test_an_outcome_is_owed_of_what_was_answered_and_not_of_what_wants_more(
    town: Town, outcome: str
) -> None:
    asked = await ask(town)

    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, outcome))

    owed = outcome == "DISCLOSED_FULL"
    assert await _outcomes_owed(town, asked.request) == [owed, owed]
    assert await _gateway_waits(town, asked.request) is owed


async def test_an_outcome_is_owed_from_the_first_line_that_is_answered(town: Town) -> None:
    asked = await ask(town, lines=2)

    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))

    assert await _outcomes_owed(town, asked.request) == [True, True]
    assert await _gateway_waits(town, asked.request)


async def test_an_outcome_stays_owed_of_what_was_answered_and_whoever_asked_has_ended(town: Town) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))

    await say(town, CSC, f"/v1/requests/{asked.request}/closure", {"reason": "CHILD_SAFE"})

    assert await _outcomes_owed(town, asked.request) == [True, True]
    assert await _gateway_waits(town, asked.request)


async def _due(town: Town, request: str) -> set[str]:
    """By when an answer is due, as the gateway and both sides see it."""
    seen = [(await town.message(agency, request))["obligations"] for agency in (CSC, POLICE)]
    found = {one["due_at"] for each in seen for one in each if one["kind"] == "answer"}
    owed = (await town.ask_gateway("GET", "/v1/obligations?limit=500")).json()["items"]
    at = (one["due_at"] for one in owed if (one["kind"], one["id"]) == ("answer", request))
    return found | {text(to_ms(datetime.fromisoformat(one))) or "" for one in at}


async def _outcomes_owed(town: Town, request: str) -> list[bool]:
    """Whether both sides see that the outcome is still owed."""
    seen = [(await town.message(agency, request))["obligations"] for agency in (CSC, POLICE)]
    return [any(one["kind"] == "outcome" and one["settled_at"] is None for one in each) for each in seen]


async def _gateway_waits(town: Town, request: str) -> bool:
    """Whether the gateway says that it is."""
    found = (await town.ask_gateway("GET", "/v1/obligations?limit=500")).json()["items"]
    return any((one["kind"], one["id"]) == ("outcome", request) for one in found)


async def _answers_owed(town: Town, request: str) -> list[bool]:
    """Whether an answer is still owed, as both sides see it."""
    seen = [(await town.message(agency, request))["obligations"] for agency in (CSC, POLICE)]
    return [any(one["kind"] == "answer" and one["settled_at"] is None for one in each) for each in seen]
