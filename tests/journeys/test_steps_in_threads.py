"""What is noted, joined and added in a thread."""

from __future__ import annotations

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.saying import SENDERS_LEAD, WORKER, ask, problem, say, say_all, states, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


# -- told outside ------------------------------------------------------------------------------------


async def test_who_was_told_by_other_means_stands_in_the_thread(town: Town) -> None:
    asked = await ask(town)
    body = {
        "whom": {"name": "Nurse Adeyemi", "agency": "Private clinic"},
        "told_outside": {"how": "PHONE", "when": "2026-11-20T10:30:00+01:00"},
        "reply_by": "2026-11-24",
        "author": WORKER,
    }

    sent = await say_all(town, CSC, f"/v1/threads/{asked.thread}/told", body)

    assert sorted(each["recipient"] for each in sent) == sorted([SCHOOL, POLICE])
    shown = await town.message(SCHOOL, next(one["id"] for one in sent if one["recipient"] == SCHOOL))
    assert shown["codes"]["told_outside"] == {"how": "PHONE", "when": "2026-11-20T09:30:00Z"}
    assert shown["content"]["whom"]["name"] == "Nurse Adeyemi"
    assert "told" in {each["kind"] for each in await town.inbox(SCHOOL)}


async def test_a_time_that_is_none_is_named_and_a_stranger_to_the_thread_is_not_told(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/threads/{(await town.message(CSC, told))['thread']}/told"

    when = await problem(town, CSC, path, {"told_outside": {"when": "after lunch"}})
    floating = await problem(town, CSC, path, {"told_outside": {"when": "2026-11-20T10:30:00"}})
    beyond = await problem(town, CSC, path, {"told_outside": {"when": "0001-01-01T00:00:00+01:00"}})
    week = await say(town, CSC, path, {"told_outside": {"when": "2026-W47-5"}})
    ages_ago = await say(town, CSC, path, {"told_outside": {"when": "0500-01-01T00:00:00Z"}})
    stranger = await problem(town, CSC, path, {"recipients": [POLICE]})

    assert [each["pointer"] for each in when[2]["errors"]] == ["/told_outside/when"]
    assert (beyond[0], beyond[2]["errors"]) == (422, when[2]["errors"])
    assert floating[:2] == (422, "invalid-body")
    assert (await town.message(SCHOOL, week["id"]))["codes"]["told_outside"]["when"] == "2026-11-20"
    assert (await town.message(SCHOOL, week["id"]))["opened"] == "sound"
    assert (await town.message(SCHOOL, ages_ago["id"]))["opened"] == "sound"
    assert [each["pointer"] for each in stranger[2]["errors"]] == ["/recipients/0"]
    assert (await problem(town, POLICE, path, {}))[:2] == (404, "unknown-message")


# -- one child ---------------------------------------------------------------------------------------


async def test_a_named_person_joins_two_threads_and_undoes_it(town: Town) -> None:
    first, second = [(await town.message(CSC, await tell(town)))["thread"] for _ in range(2)]
    body = {
        "joins": [second],
        "why": "The same address, and the mother says so.",
        "recipients": [SCHOOL],
        "author": WORKER,
    }

    link = await say(town, CSC, f"/v1/threads/{first}/links", body)
    joined = [
        (await town.call(CSC, "GET", f"/v1/threads/{each}")).json()["joined"] for each in (first, second)
    ]
    for_others = (await town.call(SCHOOL, "GET", f"/v1/threads/{second}")).json()["joined"]
    await say(town, CSC, f"/v1/threads/{first}/links", {"undoes": link["id"], "author": WORKER})

    assert joined == [[second], [first]]
    assert for_others == [first]
    assert (await town.call(CSC, "GET", f"/v1/threads/{first}")).json()["joined"] == []
    assert await states(town, link["id"], CSC, SCHOOL) == ["withdrawn", "withdrawn"]


async def test_what_is_joined_in_a_restricted_thread_is_not_seen_from_outside(town: Town) -> None:
    open_one, hidden = [
        (await town.message(CSC, await tell(town, recipients=[to])))["thread"]
        for to in (CSC, f"{CSC}/restricted")
    ]
    body = {"joins": [open_one], "why": "The same address.", "recipients": [SCHOOL], "author": WORKER}
    await say(town, CSC, f"/v1/threads/{hidden}/links", body)

    anybody = town.token(CSC, ["messages.read"])
    shown = await town.call(CSC, "GET", f"/v1/threads/{open_one}", token=anybody)
    there = await town.call(CSC, "GET", f"/v1/threads/{hidden}", token=anybody)

    assert (shown.status_code, there.status_code) == (200, 404)
    assert shown.json()["joined"] == []
    assert (await town.call(CSC, "GET", f"/v1/threads/{open_one}")).json()["joined"] == [hidden]


async def test_a_link_is_a_named_persons_who_says_who_is_to_know_of_it(town: Town) -> None:
    first, second = [(await town.message(CSC, await tell(town)))["thread"] for _ in range(2)]
    path, stranger = f"/v1/threads/{first}/links", "0198f0a0-0000-7000-8000-000000000001"
    body = {"joins": [second], "recipients": [SCHOOL], "author": WORKER}

    nameless = await problem(town, CSC, path, {**body, "author": None})
    untold = await problem(town, CSC, path, {**body, "recipients": None})
    hidden = await problem(town, CSC, path, {**body, "joins": [stranger]})

    assert nameless[:2] == (422, "nobody-named")
    assert [each["pointer"] for each in untold[2]["errors"]] == ["/recipients"]
    assert [each["pointer"] for each in hidden[2]["errors"]] == ["/joins/0"]


# -- adding ------------------------------------------------------------------------------------------


async def test_further_facts_go_into_an_open_thread(town: Town) -> None:
    asked = await ask(town)
    fact = {"what": "He came again on Friday without a coat and asked to stay.", "when": "2026-11-20"}

    await say(
        town,
        SCHOOL,
        f"/v1/threads/{asked.thread}/replies",
        {"facts": [fact | {"basis": "OBSERVED"}], "author": SENDERS_LEAD},
    )

    shown = [one for one in await town.inbox(CSC) if one["kind"] == "reply"][-1]
    assert (await town.message(CSC, shown["id"]))["content"]["facts"][0]["what"] == fact["what"]


async def test_a_round_of_checks_is_one_call_and_one_board(town: Town) -> None:
    told = await tell(town)
    line = {
        "person": {"name": "Tamsin Oldacre", "role": "SUBJECT_CHILD"},
        "category": "KNOWN_YN",
        "months": 6,
        "question": "Known to you?",
        "because": "to judge whether the cut lip is one of several",
    }
    body = {
        "recipients": [POLICE, SCHOOL],
        "concern_ids": [told],
        "urgency": "AMBER",
        "purpose": "TRIAGE",
        "power": "CA89_S47",
        "lawful_basis": "A6_E",
        "special_category": "A9_G18",
        "openness": {"position": "INFORMED_AGREED"},
        "lines": [line],
        "author": WORKER,
    }

    sent = await say_all(town, CSC, "/v1/requests", body)

    thread = (await town.message(CSC, told))["thread"]
    board = (await town.call(CSC, "GET", f"/v1/threads/{thread}")).json()["board"]
    assert [each["kind"] for each in sent] == ["concern", "request", "request"]
    assert sorted(each["holder"] for each in board) == sorted([POLICE, SCHOOL])
    assert {each["line"] for each in board} == {1}
