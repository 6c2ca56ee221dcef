"""Taking back and putting right: everybody who has it hears of it, and says that it stands so (R14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.saying import (
    MANAGER,
    SENDERS_LEAD,
    WORKER,
    ask,
    events,
    problem,
    say,
    say_all,
    state,
    states,
    tell,
)
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_its_author_takes_back_is_withdrawn_on_both_sides(town: Town) -> None:
    told = await tell(town)

    sent = await say(town, SCHOOL, f"/v1/messages/{told}/withdrawal", {"reason": "SENT_IN_ERROR"})

    assert sent["kind"] == "withdrawal"
    assert await states(town, told, SCHOOL, CSC) == ["withdrawn", "withdrawn"]
    assert "withdrawn" in await events(town, CSC, told)
    due = [each for each in (await town.message(CSC, told))["obligations"] if each["settled_at"] is None]
    assert due == []


async def test_a_withdrawal_says_why_in_the_words_that_were_typed(town: Town) -> None:
    told = await tell(town)

    sent = await say(town, SCHOOL, f"/v1/messages/{told}/withdrawal", {"reason": "pressed the wrong button"})

    shown = await town.message(CSC, sent["id"])
    assert shown["content"]["text"] == "pressed the wrong button"
    assert shown["about"] == told


async def test_nothing_is_taken_back_twice_nor_by_anybody_else(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/messages/{told}/withdrawal"

    by_other = await problem(town, CSC, path, {})
    await say(town, SCHOOL, path, {})
    again = await problem(town, SCHOOL, path, {})

    assert by_other[:2] == (409, "wrong-kind")
    assert again[:2] == (409, "already-done")
    assert "anew" in again[2]["detail"]


async def test_a_correction_is_not_taken_back_but_followed_by_another(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/messages/{told}/correction"
    first = await say(town, SCHOOL, path, {"correction_kind": "UPDATE", "what_is_right": "It was Monday."})

    corrected = await problem(town, SCHOOL, f"/v1/messages/{first['id']}/correction", {})
    withdrawn = await problem(town, SCHOOL, f"/v1/messages/{first['id']}/withdrawal", {})
    second = await say(town, SCHOOL, path, {"correction_kind": "UPDATE", "what_is_right": "It was Friday."})

    assert corrected[:2] == withdrawn[:2] == (409, "wrong-kind")
    assert corrected[2]["detail"] == withdrawn[2]["detail"]
    assert "Send another correction of the original message" in corrected[2]["detail"]
    assert (await town.message(CSC, second["id"]))["about"] == told


async def test_a_decision_is_not_taken_back_but_corrected(town: Town) -> None:
    told = await tell(town)
    decision = {"decision": "EARLY_HELP", "feedback": "We will visit.", "decider": MANAGER}
    decided = await say(town, CSC, f"/v1/concerns/{told}/decision", decision)

    withdrawn = await problem(town, CSC, f"/v1/messages/{decided['id']}/withdrawal", {})
    right = {"correction_kind": "FACT_WRONG", "what_is_right": "We visit on Friday.", "author": MANAGER}
    sent = await say(town, CSC, f"/v1/messages/{decided['id']}/correction", right)

    assert withdrawn[:2] == (409, "wrong-kind")
    assert "Correct this instead" in withdrawn[2]["detail"]
    assert (await town.message(SCHOOL, sent["id"]))["about"] == decided["id"]


async def test_a_correction_reaches_every_recipient_of_the_same_words(town: Town) -> None:
    sent = await say_all(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, POLICE))
    first, second = (each["id"] for each in sent)

    told = await say_all(
        town,
        SCHOOL,
        f"/v1/messages/{second}/correction",
        {"correction_kind": "FACT_WRONG", "what_is_right": "It was two breakfasts, the kitchen says."},
    )

    assert {each["recipient"] for each in told} == {CSC, POLICE}
    for who, jti in ((CSC, first), (POLICE, second)):
        assert "corrected" in await events(town, who, jti)
        assert await state(town, who, jti) == "delivered"  # a wrong fact: the child is still to be thought of


async def test_the_wrong_child_is_taken_back_on_its_faster_path(town: Town) -> None:
    told = await tell(town)

    sent = await say(town, SCHOOL, f"/v1/messages/{told}/correction", {"correction_kind": "WRONG_CHILD"})
    other = await say(
        town, SCHOOL, f"/v1/messages/{await tell(town)}/correction", {"correction_kind": "FACT_WRONG"}
    )

    assert await states(town, told, SCHOOL, CSC) == ["withdrawn", "withdrawn"]
    swift, usual = [
        next(each for each in (await town.message(CSC, jti))["obligations"] if each["kind"] == "correction")
        for jti in (sent["id"], other["id"])
    ]
    assert swift["owed_by"] == usual["owed_by"] == CSC
    assert swift["due_at"] < usual["due_at"]


async def test_whoever_has_it_applies_a_correction_or_says_why_not(town: Town) -> None:
    told = await tell(town)
    sent = await say(town, SCHOOL, f"/v1/messages/{told}/correction", {"correction_kind": "FACT_WRONG"})
    path = f"/v1/inbox/{sent['id']}/applied"

    await say(town, CSC, path, {"applied": "cannot", "why_not": "The report has gone to the court."})
    cannot = await states(town, sent["id"], SCHOOL, CSC)
    await say(town, CSC, path, {"applied": "yes"})
    done = await states(town, sent["id"], SCHOOL, CSC)
    again = await problem(town, CSC, path, {"applied": "yes"})

    assert (cannot, done) == (["answered", "answered"], ["closed", "closed"])
    assert again[:2] == (409, "already-done")


async def test_a_correction_is_applied_only_by_whom_it_came_to(town: Town) -> None:
    told = await tell(town)

    assert (await problem(town, CSC, f"/v1/inbox/{told}/applied", {"applied": "yes"}))[:2] == (
        409,
        "wrong-kind",
    )
    assert (await problem(town, CSC, f"/v1/inbox/{told}/applied", {"applied": "perhaps"}))[0] == 422


async def test_a_correction_goes_on_to_whoever_had_it_passed_on(town: Town) -> None:
    asked = await ask(town)

    await say(
        town,
        SCHOOL,
        f"/v1/messages/{asked.concern}/correction",
        {"correction_kind": "FACT_WRONG", "what_is_right": "Both."},
    )

    found = [each for each in await town.inbox(POLICE) if each["kind"] == "correction"][-1]
    shown = await town.message(POLICE, found["id"])
    assert (shown["about"], shown["counterparty"]) == (asked.relay, CSC)
    assert shown["content"]["what_is_right"] == "Both."
    assert "corrected" in await events(town, POLICE, asked.relay)
    await say(town, POLICE, f"/v1/inbox/{found['id']}/applied", {"applied": "yes"})
    assert await state(town, CSC, found["id"]) == "closed"


async def test_a_withdrawal_goes_on_to_whoever_had_it_passed_on(town: Town) -> None:
    asked = await ask(town)

    await say(town, SCHOOL, f"/v1/messages/{asked.concern}/withdrawal", {"reason": "SENT_IN_ERROR"})

    assert await states(town, asked.relay, CSC, POLICE) == ["withdrawn", "withdrawn"]


async def test_who_takes_back_needs_the_scope_of_what_was_sent(town: Town) -> None:
    told = await tell(town)
    token = town.token(SCHOOL, ("inbox.answer", "messages.read"))

    answer = await town.call(SCHOOL, "POST", f"/v1/messages/{told}/withdrawal", token=token, json={})

    assert (answer.status_code, answer.json()["code"]) == (403, "missing-scope")


async def test_a_request_is_withdrawn_and_nobody_owes_an_answer(town: Town) -> None:
    asked = await ask(town)

    await say(
        town,
        CSC,
        f"/v1/messages/{asked.request}/withdrawal",
        {"reason": "NO_LONGER_NEEDED", "author": WORKER},
    )

    assert await states(town, asked.request, CSC, POLICE) == ["withdrawn", "withdrawn"]
    due = (await town.message(POLICE, asked.request))["obligations"]
    assert all(each["settled_at"] for each in due)


async def test_a_key_that_is_repeated_withdraws_once(town: Town) -> None:
    told = await tell(town)
    call: Any = {
        "json": {"reason": "DUPLICATE", "author": SENDERS_LEAD},
        "headers": {"Idempotency-Key": "back-1", "Prefer": "wait=10"},
    }

    first = await town.call(SCHOOL, "POST", f"/v1/messages/{told}/withdrawal", **call)
    again = await town.call(SCHOOL, "POST", f"/v1/messages/{told}/withdrawal", **call)

    assert (first.status_code, first.content) == (202, again.content)
