"""Answering what came: acknowledgement, decision, answer, reply, outcome."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.kinds import Kind

from tests.agency.partnership import (
    CSC,
    POLICE,
    Office,
    Partnership,
    a_concern,
    an_answer,
)
from tests.agency.places import ON_BOTH

pytestmark = ON_BOTH


async def test_an_answer_reaches_the_asker_and_the_outcome_the_holder(
    csc: Office, police: Office, partnership: Partnership
) -> None:
    told = await csc.tell(POLICE)
    asked = await csc.ask(POLICE, concern_ids=[told])
    await police.until(asked, "delivered")

    answer = await police.post(f"/v1/requests/{asked}/answer", an_answer())

    [sent] = answer["messages"]
    found = await csc.until(sent["id"], "delivered")
    assert found["content"]["content"][0]["text"] == "Three calls since June."
    shown = await csc.message(asked)
    assert shown["state"] == "answered"
    thread = await csc.get(f"/v1/threads/{shown['thread']}")
    [line] = thread["board"]
    assert (line["category"], line["outcome"], line["holder"]) == ("POLICE_INCID", "DISCLOSED_FULL", POLICE)
    [due] = [one for one in shown["obligations"] if one["kind"] == "outcome"]
    assert due["owed_by"] == CSC
    ended = await csc.post(f"/v1/requests/{asked}/outcome", {"came_of_it": "Strategy discussion today."})
    await police.until(ended["messages"][0]["id"], "delivered")
    await csc.until(asked, "closed")
    await police.until(asked, "closed")


@pytest.mark.parametrize(
    ("path", "body", "state"),
    [
        ("/v1/messages/{}/withdrawal", {"reason": "SENT_IN_ERROR"}, "withdrawn"),
        ("/v1/messages/{}/correction", {"correction_kind": "WRONG_CHILD"}, "withdrawn"),
        ("/v1/requests/{}/closure", {}, "closed"),
    ],
)
async def test_whoever_ends_a_request_that_was_answered_still_tells_what_came_of_it(
    csc: Office, police: Office, path: str, body: dict[str, str], state: str
) -> None:
    told = await csc.tell(POLICE)
    asked = await csc.ask(POLICE, concern_ids=[told])
    await police.until(asked, "delivered")
    await police.post(f"/v1/requests/{asked}/answer", an_answer())
    await csc.until(asked, "answered")
    await csc.post(path.format(asked), body)
    await csc.until(asked, state)
    await police.until(asked, state)
    owed = [await _is_outcome_owed(office, asked) for office in (csc, police)]

    ended = await csc.post(f"/v1/requests/{asked}/outcome", {"came_of_it": "Strategy discussion today."})
    await police.until(ended["messages"][0]["id"], "delivered")
    await csc.until(ended["messages"][0]["id"], "delivered")

    assert owed == [True, True]
    assert [await _is_outcome_owed(office, asked) for office in (csc, police)] == [False, False]
    assert [(await office.message(asked))["state"] for office in (csc, police)] == [state, state]


async def _is_outcome_owed(office: Office, request: str) -> bool:
    owed = (await office.message(request))["obligations"]
    return any(one["kind"] == "outcome" and one["settled_at"] is None for one in owed)


async def test_whoever_discloses_is_reminded_to_raise_their_own_concern_until_they_have(
    csc: Office, police: Office
) -> None:
    told = await csc.tell(POLICE)
    asked = await csc.ask(POLICE, concern_ids=[told])
    thread = (await police.until(asked, "delivered"))["thread"]
    path = f"/v1/requests/{asked}/answer"

    first = await police.post(path, an_answer())
    await police.post("/v1/concerns", a_concern(CSC, thread=thread))
    second = await police.post(path, an_answer())

    assert ["raise your own concern" in one for one in first["notices"]] == [True]
    assert "notices" not in second


async def test_an_answer_waits_until_the_log_holds_that_everything_was_opened(
    csc: Office, police: Office, partnership: Partnership
) -> None:
    told = await csc.tell(POLICE)
    await csc.until(told, "delivered")
    await partnership.courier.quiet()
    partnership.gateway.mute = True
    asked = await csc.ask(POLICE, concern_ids=[told])
    await police.until(asked, "delivered")

    answer = await police.post(f"/v1/requests/{asked}/answer", an_answer())

    assert (await police.message(answer["messages"][0]["id"]))["state"] == "queued"
    assert partnership.gateway.of_kind(Kind.ANSWER) == []
    partnership.gateway.mute = False
    partnership.gateway.answer((await partnership.gateway.logged(Kind.DELIVERY, 3))[-1])
    await police.until(answer["messages"][0]["id"], "delivered")


async def test_an_acknowledgement_by_nobody_is_not_sent_and_stops_no_clock(
    school: Office, csc: Office
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")

    refused = await csc.call("PUT", f"/v1/inbox/{told}/acknowledgement", {"role": "Duty desk"})

    assert (refused.status_code, refused.json()["code"]) == (422, "nobody-named")
    assert (await csc.message(told))["state"] == "delivered"


async def test_acknowledgement_decision_and_reply_reach_the_author(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    who = {"name": "J. Mbeki", "role": "Social worker", "staff_id": "mbeki", "questions": ["Which bruise?"]}

    first = await csc.call("PUT", f"/v1/inbox/{told}/acknowledgement", who)
    second = await csc.call("PUT", f"/v1/inbox/{told}/acknowledgement", who)

    assert first.json()["messages"][0]["id"] == second.json()["messages"][0]["id"]
    shown = await school.until(told, "acknowledged")
    assert shown["state_text"] == "opened by J. Mbeki"
    decision = {"decision": "STRATEGY_S47", "feedback": "Meeting at four.", "decider": {"name": "S. Oduya"}}
    await csc.post(f"/v1/concerns/{told}/decision", decision)
    await school.until(told, "decided")
    await csc.until(told, "decided")
    reply = await school.post(
        f"/v1/threads/{shown['thread']}/replies", {"answers": [{"question": 0, "text": "The left one."}]}
    )
    found = await csc.until(reply["messages"][0]["id"], "delivered")
    assert found["content"]["answers"][0]["text"] == "The left one."


async def test_a_decision_that_is_not_final_leaves_the_clock_running(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")

    sent = await csc.post(f"/v1/concerns/{told}/decision", {"decision": "MASH_CHECKS", "final": False})

    await school.until(sent["messages"][0]["id"], "delivered")
    assert (await school.message(told))["state"] == "delivered"


_DECIDED = {"decision": "ADVICE_NFA", "reasons": "A fall, seen by two.", "decider": {"name": "S. Oduya"}}


@pytest.mark.parametrize(
    ("member", "value", "pointer", "hint"),
    [
        ("decision", "ADVICE_NFI", "/decision", "Did you mean ADVICE_NFA?"),
        ("decision", None, "/decision", "One of"),
        ("decider", None, "/decider", "decider.name"),
        ("decider", {"name": "MASH team"}, "/decider", "decider.name"),
        ("reasons", None, "/reasons", "feedback"),
        ("reasons", " ", "/reasons", "feedback"),
    ],
)
async def test_a_decision_without_a_code_reasons_or_a_decider_settles_nothing(
    school: Office, csc: Office, member: str, value: Any, pointer: str, hint: str
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    path, body = f"/v1/concerns/{told}/decision", _DECIDED | {member: value}

    refused = await csc.call("POST", path, body | {"final": True})
    sent = await csc.post(path, body)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert hint in refused.json()["errors"][0]["detail"]
    assert "sent as not final" in sent["notices"][0]
    await school.until(sent["messages"][0]["id"], "delivered")
    assert (await school.message(told))["state"] == "delivered"
    await school.until((await csc.post(path, _DECIDED))["messages"][0]["id"], "delivered")
    assert (await school.message(told))["state"] == "decided"


_GOES_ON = _DECIDED | {"decision": "STRATEGY_S47"}


@pytest.mark.parametrize("words", [None, "We act on it tonight; more we cannot say before Friday."])
async def test_feedback_can_be_limited_for_a_reason_and_the_decision_is_final(
    school: Office, csc: Office, words: str | None
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    limited = {"reasons": None, "feedback": words, "feedback_limited": "prejudice investigation"}

    sent = await csc.post(f"/v1/concerns/{told}/decision", _GOES_ON | limited)

    jti = sent["messages"][0]["id"]
    await school.until(jti, "delivered")
    feedback = (await school.message(jti))["content"]["feedback"]
    assert feedback == {"limited": "PREJUDICE_INVESTIGATION"} | ({"text": words} if words else {})
    assert (await school.message(told))["state"] == "decided"


@pytest.mark.parametrize(
    ("limited", "feedback", "pointer", "hint"),
    [
        ("PREJUDICE_INVESTIGATON", "Soon.", "/feedback_limited", "Did you mean PREJUDICE_INVESTIGATION?"),
        ("OTHER", None, "/reasons", "feedback"),
        (" ", None, "/reasons", "feedback"),
    ],
)
async def test_a_limit_that_says_no_reason_settles_nothing_and_what_was_typed_is_kept(
    school: Office, csc: Office, limited: str, feedback: str | None, pointer: str, hint: str
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    path = f"/v1/concerns/{told}/decision"
    body = _GOES_ON | {"reasons": None, "feedback": feedback, "feedback_limited": limited}

    refused = await csc.call("POST", path, body | {"final": True})
    sent = await csc.post(path, body)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert hint in refused.json()["errors"][0]["detail"]
    assert "sent as not final" in sent["notices"][0]
    jti = sent["messages"][0]["id"]
    await school.until(jti, "delivered")
    kept = (await school.message(jti))["content"].get("feedback")
    typed = {"limited": limited} | ({"text": feedback} if feedback else {})
    assert kept == (typed if limited.strip() else None)
    assert (await school.message(told))["state"] == "delivered"


@pytest.mark.parametrize("decision", ["ADVICE_NFA", "EARLY_HELP", "OTHER_SERVICE"])
async def test_whoever_ends_a_matter_says_why_in_words(school: Office, csc: Office, decision: str) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    body = _DECIDED | {"decision": decision, "reasons": None, "feedback_limited": "NOT_NECESSARY"}

    silent = await csc.call("POST", f"/v1/concerns/{told}/decision", body | {"final": True})
    said = await csc.call(
        "POST", f"/v1/concerns/{told}/decision", body | {"reasons": "A fall.", "final": True}
    )

    assert (silent.status_code, silent.json()["errors"][0]["pointer"]) == (422, "/reasons")
    assert said.status_code == 202


async def test_a_reply_to_a_thread_of_several_needs_to_say_to_what(
    school: Office, csc: Office, police: Office
) -> None:
    answer = await school.post("/v1/concerns", a_concern(CSC, recipients=[CSC, POLICE]))
    path = f"/v1/threads/{answer['thread']}/replies"

    vague = await school.call("POST", path, {"facts": [{"what": "He came to school today."}]})
    clear = await school.post(
        path, {"facts": [{"what": "He came."}], "in_reply_to": answer["messages"][1]["id"]}
    )

    assert (vague.status_code, vague.json()["errors"][0]["pointer"]) == (422, "/in_reply_to")
    assert clear["messages"][0]["recipient"] == POLICE


async def test_a_request_is_answered_only_by_whoever_was_asked(
    csc: Office, police: Office, gp: Office
) -> None:
    asked = await csc.ask(POLICE)
    await police.until(asked, "delivered")

    own = await csc.call("POST", f"/v1/requests/{asked}/answer", an_answer())
    stranger = await gp.call("POST", f"/v1/requests/{asked}/answer", an_answer())

    assert (own.status_code, own.json()["code"]) == (409, "wrong-kind")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "unknown-message")
