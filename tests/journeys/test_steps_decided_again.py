"""A challenge, and the decision after it by somebody else; stage by stage to the partnership."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.saying import (
    INSPECTOR,
    MANAGER,
    SERGEANT,
    WORKER,
    an_answer,
    ask,
    events,
    problem,
    say,
    states,
    tell,
)
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
WRONG = {"argument": "The man is on bail in another force, and he knows already.", "author": WORKER}


async def test_a_refusal_is_challenged_and_somebody_else_decides_again(town: Town) -> None:
    asked = await ask(town)
    answer = f"/v1/requests/{asked.request}/answer"
    await say(town, POLICE, answer, an_answer(SERGEANT))

    challenge = await say(town, CSC, f"/v1/messages/{asked.request}/challenge", WRONG)
    same = await problem(town, POLICE, answer, an_answer(SERGEANT, "DISCLOSED_FULL"))
    nobody = await problem(town, POLICE, answer, an_answer({"name": "DI Brace"}, "DISCLOSED_FULL"))
    await say(town, POLICE, answer, an_answer(INSPECTOR, "DISCLOSED_FULL"))

    assert same[:2] == (409, "same-decider")
    assert "somebody else" in same[2]["detail"]
    assert nobody[:2] == (422, "nobody-named")
    assert await states(town, challenge["id"], CSC, POLICE) == ["answered", "answered"]
    assert "challenged" in await events(town, POLICE, asked.request)
    board = (await town.call(CSC, "GET", f"/v1/threads/{asked.thread}")).json()["board"]
    assert [line["outcome"] for line in board] == ["DISCLOSED_FULL"]


async def test_a_reason_that_is_not_enough_on_its_own_wants_another_decider(town: Town) -> None:
    asked = await ask(town)
    answer = f"/v1/requests/{asked.request}/answer"
    policy = an_answer(SERGEANT)
    policy["outcomes"][0]["reason"] = "POLICY"
    await say(town, POLICE, answer, policy)

    same = await problem(town, POLICE, answer, an_answer(SERGEANT))
    await say(town, POLICE, answer, an_answer(INSPECTOR))

    assert same[:2] == (409, "same-decider")
    assert "escalation" in {each["notice"] for each in await town.inbox(CSC)}


async def test_without_a_challenge_the_same_person_may_answer_further(town: Town) -> None:
    asked = await ask(town)
    path = f"/v1/requests/{asked.request}/answer"

    await say(town, POLICE, path, an_answer(SERGEANT, "NEED_MORE"))
    await say(town, POLICE, path, an_answer(SERGEANT, "DISCLOSED_FULL"))

    board = (await town.call(CSC, "GET", f"/v1/threads/{asked.thread}")).json()["board"]
    assert [line["outcome"] for line in board] == ["DISCLOSED_FULL"]
    assert await states(town, asked.request, CSC, POLICE) == ["answered", "answered"]


async def test_an_answer_may_come_in_parts_and_what_is_left_out_is_still_owed(town: Town) -> None:
    asked = await ask(town, lines=2)
    path = f"/v1/requests/{asked.request}/answer"
    first, second = an_answer(SERGEANT, "DISCLOSED_FULL"), an_answer(SERGEANT, "REFUSED")
    second["outcomes"][0]["line"] = 2

    await say(town, POLICE, path, first)
    halfway = await states(town, asked.request, CSC, POLICE)
    board = (await town.call(CSC, "GET", f"/v1/threads/{asked.thread}")).json()["board"]
    await say(town, POLICE, path, second)

    assert halfway == ["acknowledged", "acknowledged"]
    assert [line["outcome"] for line in board] == ["DISCLOSED_FULL", None]
    assert await states(town, asked.request, CSC, POLICE) == ["answered", "answered"]


async def test_a_challenge_goes_stage_by_stage_to_the_partnership(town: Town) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT))
    path = f"/v1/messages/{asked.request}/challenge"

    sent = [await say(town, CSC, path, WRONG) for _ in range(4)]
    beyond = await problem(town, CSC, path, WRONG)

    shown = [await town.message(POLICE, each["id"]) for each in sent]
    assert [each["codes"]["stage"] for each in shown] == [1, 2, 3, 4]
    assert [each["state"] for each in shown] == ["closed", "closed", "closed", "delivered"]
    assert beyond[:2] == (409, "already-done")
    due = [each for each in shown[-1]["obligations"] if each["kind"] == "challenge"]
    assert [each["owed_by"] for each in due] == [POLICE]


async def test_a_disagreement_about_what_is_urgent_has_an_hour_at_every_stage(town: Town) -> None:
    told = (await say(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, urgency="RED")))["id"]
    body = {"decision": "ADVICE_NFA", "reasons": "A cut lip is no more than that.", "decider": WORKER}
    await say(town, CSC, f"/v1/concerns/{told}/decision", body)

    sent = await say(
        town, SCHOOL, f"/v1/messages/{told}/challenge", {"argument": "He is going home.", "stage": 4}
    )

    owed = (await town.message(CSC, sent["id"]))["obligations"]
    due = [datetime.fromisoformat(each["due_at"]) for each in owed if each["kind"] == "challenge"]
    assert [timedelta() < each - town.clock() <= timedelta(hours=1) for each in due] == [True]


async def test_the_holder_may_take_a_challenge_further_too(town: Town) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT))
    challenge = await say(town, CSC, f"/v1/messages/{asked.request}/challenge", WRONG)

    further = await say(
        town,
        POLICE,
        f"/v1/messages/{challenge['id']}/challenge",
        {"argument": "We stand by it; let our heads talk.", "stage": 3, "author": INSPECTOR},
    )

    assert (await town.message(CSC, further["id"]))["codes"]["stage"] == 3
    assert await states(town, challenge["id"], CSC, POLICE) == ["closed", "closed"]


async def test_a_decision_on_a_concern_is_challenged_by_who_told_it(town: Town) -> None:
    told = await tell(town)
    decision = f"/v1/concerns/{told}/decision"
    body = {"decision": "ADVICE_NFA", "reasons": "A cut lip is no more than that.", "decider": WORKER}
    given = await say(town, CSC, decision, body)

    await say(
        town, SCHOOL, f"/v1/messages/{given['id']}/challenge", {"argument": "It is the third this term."}
    )
    same = await problem(town, CSC, decision, body)
    again = await say(town, CSC, decision, body | {"decision": "ASSESS_S17", "decider": MANAGER})

    assert same[:2] == (409, "same-decider")
    assert (await town.message(SCHOOL, again["id"]))["codes"]["decision"] == "ASSESS_S17"


async def test_nothing_decided_is_nothing_to_challenge_and_words_are_needed(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/messages/{told}/challenge"

    assert (await problem(town, SCHOOL, path, {"argument": "Too slow."}))[:2] == (409, "wrong-kind")
    status, code, found = await problem(town, SCHOOL, path, {})
    assert (status, code) == (422, "invalid-body")
    assert [each["pointer"] for each in found["errors"]] == ["/argument"]
    assert (await problem(town, POLICE, path, {"argument": "Nosy."}))[:2] == (404, "unknown-message")
