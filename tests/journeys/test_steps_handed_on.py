"""Closing with everybody told, handing on, told outside, and links by a named person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from candour_protocol.ids import AgencyId

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.saying import (
    INSPECTOR,
    MANAGER,
    SENDERS_LEAD,
    SERGEANT,
    WORKER,
    an_answer,
    ask,
    events,
    problem,
    say,
    say_all,
    states,
    tell,
)
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = timedelta(hours=1)
OWEN = {"name": "Owen Marrable", "birth_date": "2018-01-09", "nhs_number": "9990003017"}
IRIS = {"name": "Iris Marrable", "birth_date": "2016-03-02", "nhs_number": "9990004110"}
ILO = {
    "concern": {"name": "Ilo Marrable", "birth_date": "2016-03-02", "nhs_number": "9990004129"},
    "request": {"name": "Ola Marrable", "birth_date": "2016-03-02", "nhs_number": "9990004137"},
}
FORWARDED = {"decision": "OPEN_CASE_FORWARDED", "reasons": "An open case.", "decider": MANAGER}
WHY = "Police have not answered; the child was seen at home and sleeps at her aunt's now."


# -- closing -----------------------------------------------------------------------------------------


async def test_closing_with_checks_unanswered_wants_a_reason_and_tells_everybody(town: Town) -> None:
    asked = await ask(town)
    path = f"/v1/concerns/{asked.concern}/closure"

    silent = await problem(town, CSC, path, {})
    sent = await say_all(town, CSC, path, {"reason": "CHECKS_UNANSWERED", "text": WHY, "author": WORKER})

    assert silent[:2] == (409, "reason-needed")
    assert [(each["id"], each["holder"]) for each in silent[2]["checks"]] == [(asked.request, POLICE)]
    assert [each["recipient"] for each in sent] == [SCHOOL, POLICE, POLICE]
    assert await states(town, asked.concern, SCHOOL, CSC) == ["closed", "closed"]
    assert await states(town, asked.relay, CSC, POLICE) == ["closed", "closed"]
    assert await states(town, asked.request, CSC, POLICE) == ["closed", "closed"]


@pytest.mark.parametrize("outcome", ["NEED_MORE", "DISCLOSED_FULL"])
async def test_a_check_with_a_line_unanswered_is_closed_with_its_matter_for_a_reason(
    town: Town, outcome: str
) -> None:
    asked = await ask(town, lines=2, child=OWEN)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, outcome))
    path = f"/v1/concerns/{asked.concern}/closure"

    silent = await problem(town, CSC, path, {})
    await say_all(town, CSC, path, {"reason": "CHECKS_UNANSWERED", "text": WHY, "author": WORKER})

    assert silent[:2] == (409, "reason-needed")
    assert await states(town, asked.request, CSC, POLICE) == ["closed", "closed"]
    assert asked.request not in {each["id"] for each in await town.inbox(POLICE, state="open")}
    owed = (await town.ask_gateway("GET", "/v1/obligations?limit=500")).json()["items"]
    assert "answer" not in {each["kind"] for each in owed if each["id"] == asked.request}


async def test_once_every_check_is_answered_a_matter_closes_without_more(town: Town) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))

    sent = await say_all(town, CSC, f"/v1/concerns/{asked.concern}/closure", {})
    again = await problem(town, CSC, f"/v1/concerns/{asked.concern}/closure", {})

    assert [each["recipient"] for each in sent] == [SCHOOL, POLICE]
    assert again[:2] == (409, "already-done")


async def test_a_request_is_closed_by_who_asked(town: Town) -> None:
    asked = await ask(town)

    by_holder = await problem(town, POLICE, f"/v1/requests/{asked.request}/closure", {})
    await say(town, CSC, f"/v1/requests/{asked.request}/closure", {"reason": "CHECKS_NOT_NEEDED"})

    assert by_holder[:2] == (409, "wrong-kind")
    assert await states(town, asked.request, CSC, POLICE) == ["closed", "closed"]


async def test_a_closure_is_challenged_and_seen_by_who_told(town: Town) -> None:
    told = await tell(town)
    closure = await say(town, CSC, f"/v1/concerns/{told}/closure", {"reason": "CHILD_SAFE"})

    sent = await say(town, SCHOOL, f"/v1/messages/{told}/challenge", {"argument": "Nobody saw the child."})

    assert (await town.message(CSC, sent["id"]))["about"] == closure["id"]


# -- handing on --------------------------------------------------------------------------------------


async def test_an_open_case_goes_to_another_agency_which_gets_the_concern_first(town: Town) -> None:
    told = await tell(town)

    sent = await say_all(
        town,
        CSC,
        f"/v1/concerns/{told}/transfer",
        {
            "to": POLICE,
            "why": "The family lives there now.",
            "worker": {"name": "R. Hallam"},
            "author": WORKER,
        },
    )

    assert [(each["kind"], each["recipient"]) for each in sent] == [
        ("concern", POLICE),
        ("transfer", POLICE),
        ("transfer", SCHOOL),
    ]
    handed = await town.message(POLICE, sent[1]["id"])
    copy = await town.message(SCHOOL, sent[2]["id"])
    assert handed["codes"]["to"] == copy["codes"]["to"] == POLICE
    assert copy["about"] == told
    for who in (SCHOOL, CSC):
        assert "transferred" in await events(town, who, told)
    due = [each["kind"] for each in handed["obligations"]]
    assert due == ["acknowledgement"]
    await say(town, POLICE, f"/v1/inbox/{handed['id']}/acknowledgement", {"name": "R. Hallam"}, method="PUT")
    assert await states(town, handed["id"], CSC, POLICE) == ["acknowledged", "acknowledged"]


async def test_an_open_case_goes_to_a_worker_of_ones_own_and_who_told_hears_the_name(town: Town) -> None:
    told = await tell(town)

    sent = await say_all(
        town,
        CSC,
        f"/v1/concerns/{told}/transfer",
        {"to": CSC, "worker": {"name": "B. Okri", "phone": "01632 960077"}},
    )

    assert [(each["kind"], each["recipient"]) for each in sent] == [("transfer", SCHOOL)]
    assert (await town.message(SCHOOL, sent[0]["id"]))["content"]["worker"]["name"] == "B. Okri"


async def test_the_clock_starts_again_for_a_colleague_who_says_that_they_have_it(town: Town) -> None:
    told = await tell(town, urgency="RED")
    acknowledge = f"/v1/inbox/{told}/acknowledgement"
    await say(town, CSC, acknowledge, {"name": "M. Tesfaye"}, method="PUT")
    town.clock.advance(HOUR / 2)
    worker = {"to": CSC, "worker": {"name": "B. Okri"}, "author": WORKER}

    await say(town, CSC, f"/v1/concerns/{told}/transfer", worker)
    waiting = [await _acknowledgement(town, who, told) for who in (SCHOOL, CSC)]
    stand = await states(town, told, SCHOOL, CSC)
    town.clock.advance(HOUR * 2)
    await town.gateway.remind()
    await town.courier.settle()
    late = [each["text"] for each in await town.inbox(SCHOOL) if each["about"] == told and each["reminder"]]
    await say(town, CSC, acknowledge, {"name": "B. Okri"}, method="PUT")
    taken = [await _acknowledgement(town, who, told) for who in (SCHOOL, CSC)]

    assert stand == ["delivered", "delivered"]
    assert waiting[0] == waiting[1]
    assert waiting[0]["settled_at"] is None
    transferred = await _at(town, told, "transferred")
    assert datetime.fromisoformat(waiting[0]["due_at"]) - transferred == HOUR
    assert [text.split(":")[0] for text in late] == [
        "still owed at the end of its time",
        "still owed after half as long again",
        "still owed after twice its time",
    ]
    assert [each["settled_at"] is not None for each in taken] == [True, True]
    assert await states(town, told, SCHOOL, CSC) == ["acknowledged", "acknowledged"]
    assert (await town.message(SCHOOL, told))["state_text"] == "opened by B. Okri"


async def _acknowledgement(town: Town, who: AgencyId, jti: str) -> dict[str, Any]:
    owed = (await town.message(who, jti))["obligations"]
    return next(each for each in owed if each["kind"] == "acknowledgement")


async def _at(town: Town, jti: str, event: str) -> datetime:
    timeline = (await town.message(SCHOOL, jti))["timeline"]
    return next(datetime.fromisoformat(each["at"]) for each in timeline if each["event"] == event)


async def test_only_a_received_concern_is_handed_on_and_to_somebody_known(town: Town) -> None:
    told = await tell(town)

    assert (await problem(town, SCHOOL, f"/v1/concerns/{told}/transfer", {"to": POLICE}))[:2] == (
        409,
        "wrong-kind",
    )
    status, code, found = await problem(town, CSC, f"/v1/concerns/{told}/transfer", {"to": "nobody-at-all"})
    assert (status, code) == (422, "unknown-recipient")
    assert [each["pointer"] for each in found["errors"]] == ["/to"]


async def test_a_request_goes_to_a_colleague_whose_answer_counts(town: Town) -> None:
    asked = await ask(town, child=IRIS)
    path = f"/v1/requests/{asked.request}/transfer"
    acknowledge = f"/v1/inbox/{asked.request}/acknowledgement"
    await say(town, POLICE, acknowledge, {"name": "DS R. Hallam"}, method="PUT")
    body = {"to": POLICE, "why": "She keeps the force index.", "worker": {"name": "DI Brace"}}

    sent = await say_all(town, POLICE, path, body | {"author": SERGEANT})
    stands = await states(town, asked.request, CSC, POLICE)
    shown = await town.message(CSC, sent[0]["id"])
    await say(town, POLICE, acknowledge, {"name": "DI Brace"}, method="PUT")
    taken = (await town.message(CSC, asked.request))["state_text"]
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(INSPECTOR, "DISCLOSED_FULL"))

    assert [(each["kind"], each["recipient"]) for each in sent] == [("transfer", CSC)]
    assert (shown["about"], shown["content"]["worker"]["name"]) == (asked.request, "DI Brace")
    assert (stands, taken) == (["delivered", "delivered"], "opened by DI Brace")
    assert await states(town, asked.request, CSC, POLICE) == ["answered", "answered"]


@pytest.mark.parametrize("kind", ["concern", "request"])
async def test_what_is_handed_on_in_the_moment_it_is_decided_or_answered_waits_for_the_colleague(
    town: Town, kind: str
) -> None:
    """What is logged in one go has one time: its place in the log tells what came first."""
    asked = await ask(town, child=ILO[kind])
    holder, other, jti, path, body, decided = {
        "concern": (CSC, SCHOOL, asked.concern, f"/v1/concerns/{asked.concern}/decision", FORWARDED, MANAGER),
        "request": (
            *(POLICE, CSC, asked.request, f"/v1/requests/{asked.request}/answer"),
            *(an_answer(SERGEANT, "DISCLOSED_FULL"), SERGEANT),
        ),
    }[kind]
    await say(town, holder, path, body)

    to = {"to": holder, "worker": {"name": "B. New"}, "author": decided}
    await say(town, holder, f"/v1/{kind}s/{jti}/transfer", to)
    waiting = [await _acknowledgement(town, who, jti) for who in (other, holder)]
    listed = [one["id"] for one in await town.inbox(holder, state="open")]
    await say(town, holder, f"/v1/inbox/{jti}/acknowledgement", {"name": "B. New"}, method="PUT")
    taken = [await _acknowledgement(town, who, jti) for who in (other, holder)]
    owed = (await town.ask_gateway("GET", "/v1/obligations?limit=500")).json()["items"]

    assert [one["settled_at"] for one in waiting] == [None, None]
    assert jti in listed
    assert [one["settled_at"] is not None for one in taken] == [True, True]
    assert jti not in [one["id"] for one in await town.inbox(holder, state="open")]
    assert "acknowledgement" not in {each["kind"] for each in owed if each["id"] == jti}


async def test_nothing_is_handed_to_whom_a_mark_keeps_it_from(town: Town) -> None:
    told = await tell(town, handling=["NOT_NAMED_PERSON:okri"])
    path = f"/v1/concerns/{told}/transfer"

    kept = await problem(town, CSC, path, {"to": CSC, "worker": {"name": "OKRI"}, "author": MANAGER})
    await say(town, CSC, path, {"to": CSC, "worker": {"name": "B. New"}, "author": MANAGER})

    assert (kept[0], [each["pointer"] for each in kept[2]["errors"]]) == (422, ["/worker/name"])


async def test_a_request_is_not_handed_to_another_agency_which_nobody_asked(town: Town) -> None:
    asked = await ask(town, child=IRIS)
    path = f"/v1/requests/{asked.request}/transfer"

    elsewhere = [await problem(town, POLICE, path, {"to": to}) for to in (SCHOOL, CSC)]
    by_asker = await problem(town, CSC, path, {"to": CSC})
    concern = await problem(town, POLICE, f"/v1/concerns/{asked.request}/transfer", {"to": POLICE})
    await say(town, CSC, f"/v1/requests/{asked.request}/withdrawal".replace("requests", "messages"), {})
    over = await problem(town, POLICE, path, {"to": POLICE})

    for status, code, found in elsewhere:
        assert (status, code, [each["pointer"] for each in found["errors"]]) == (422, "invalid-body", ["/to"])
        assert "WRONG_HOLDER" in found["detail"]
    assert [by_asker[:2], concern[:2]] == [(409, "wrong-kind")] * 2
    assert over[:2] == (409, "already-done")


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
