"""People whom a mark keeps out by name: nothing of the matter is there for them, nor that there is one."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.kinds import Kind
from candour_protocol.policy import Policy, load_policy

from tests.agency.gateway_double import Says
from tests.agency.partnership import (
    CSC,
    GP,
    LADO,
    POLICE,
    SCHOOL,
    Office,
    Partnership,
    a_concern,
    a_request,
    a_subject,
    an_answer,
)
from tests.agency.places import ON_BOTH
from tests.agency.protected import ALLEGATION

MARKED = ALLEGATION | {"handling": ["NOT_NAMED_PERSON:vance"]}
BY_A_COLLEAGUE = MARKED | {"author": {"staff_id": "mbeki", "name": "J. Mbeki"}}
SCOPES = ("inbox.read", "messages.read", "inbox.restricted", "inbox.answer")


async def _status(office: Office, path: str, person: str) -> int:
    token = office.with_scopes(*SCOPES, acts_as=person)
    return (await office.call("GET", path, token=token)).status_code


async def test_whom_a_mark_names_never_sees_a_copy_that_was_passed_on(
    school: Office, csc: Office, police: Office
) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:Cop7"], onward_to=[POLICE])
    await csc.until(told, "delivered")

    sent = await csc.post("/v1/requests", a_request(POLICE, concern_ids=[told]))
    relay = sent["messages"][0]["id"]
    await police.until(relay, "delivered")

    assert await _status(police, f"/v1/messages/{relay}", "cop7") == 404
    assert await _status(police, f"/v1/messages/{relay}", "cop8") == 200


async def test_whom_a_mark_names_never_sees_a_copy_of_a_copy(
    school: Office, csc: Office, police: Office, gp: Office
) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:gp7"], onward_to=[POLICE, GP])
    await csc.until(told, "delivered")
    sent = await csc.post("/v1/requests", a_request(POLICE, concern_ids=[told]))
    relay = sent["messages"][0]["id"]
    await police.until(relay, "delivered")

    again = await police.post("/v1/requests", a_request(GP, concern_ids=[relay]))
    copy = again["messages"][0]["id"]
    await gp.until(copy, "delivered")

    assert await _status(gp, f"/v1/messages/{copy}", "gp7") == 404
    assert await _status(gp, f"/v1/messages/{copy}", "gp8") == 200


# -- where it was told -----------------------------------------------------------------------------------


@ON_BOTH
async def test_whom_a_mark_names_sees_nothing_of_it_at_the_agency_that_told_it(
    school: Office, lado: Office
) -> None:
    told = await school.tell(LADO, **BY_A_COLLEAGUE)
    await lado.until(told, "delivered")
    decision = {"decision": "STRATEGY_S47", "reasons": "We meet today.", "decider": {"name": "T. Ames"}}
    decided = (await lado.post(f"/v1/concerns/{told}/decision", decision))["messages"][0]["id"]
    await lado.until(decided, "delivered")

    thread = (await school.message(told))["thread"]
    for path in (f"/v1/messages/{told}", f"/v1/messages/{decided}", f"/v1/threads/{thread}"):
        assert await _status(school, path, "vance") == 404
        assert await _status(school, path, "okri") == 200
    assert decided not in await _shown(school, "vance")
    assert decided in await _shown(school, "okri")


async def test_whom_a_mark_names_neither_takes_back_nor_asks_on_what_their_colleague_told(
    school: Office, lado: Office
) -> None:
    told = await school.tell(LADO, **BY_A_COLLEAGUE)
    await lado.until(told, "delivered")
    token = school.with_scopes(*SCOPES, "concerns.send", "requests.send", acts_as="vance")

    back = await school.call("POST", f"/v1/messages/{told}/withdrawal", {}, token=token)
    asked = await school.call("POST", "/v1/requests", a_request(LADO, concern_ids=[told]), token=token)

    assert (back.status_code, asked.json()["code"]) == (404, "unknown-concern")


async def test_what_is_asked_on_a_concern_of_the_same_call_is_kept_from_whom_that_names(
    csc: Office, school: Office
) -> None:
    inline = {name: value for name, value in a_concern(SCHOOL, **MARKED).items() if name != "recipients"}
    sent = await csc.post("/v1/requests", a_request(SCHOOL, concern_ids=[], concern=inline))

    for one in sent["messages"]:
        assert await _status(csc, f"/v1/messages/{one['id']}", "vance") == 404
        assert await _status(csc, f"/v1/messages/{one['id']}", "okri") == 200


async def test_a_colleague_of_the_author_whom_a_mark_names_finds_nothing_of_it_either(
    school: Office, csc: Office
) -> None:
    told = await school.tell(CSC, **ALLEGATION, handling=["NOT_NAMED_PERSON:okri"])
    await csc.until(told, "delivered")
    advised = await csc.post(
        f"/v1/concerns/{told}/decision",
        {
            "decision": "ADVICE_NFA",
            "feedback": "Keep them apart until we have met.",
            "decider": {"name": "A. Mensah"},
        },
    )
    decision = advised["messages"][0]["id"]
    await school.until(decision)
    implicated, colleague = [
        school.with_scopes(*SCOPES, "audit.read", acts_as=who) for who in ("okri", "baker")
    ]

    for jti in (told, decision):
        assert await _status(school, f"/v1/messages/{jti}", "okri") == 404
        assert await _status(school, f"/v1/messages/{jti}", "baker") == 200
    assert (await school.get("/v1/inbox", token=implicated))["items"] == []
    hidden, shown = [
        (await school.call("POST", "/v1/disclosure-reports", {"person": a_subject()}, token=token)).json()
        for token in (implicated, colleague)
    ]
    assert (hidden["count"], hidden["summary"], hidden["items"]) == (0, [], [])
    assert {told, decision} <= {one["id"] for one in shown["items"]}


async def test_an_author_with_the_staff_id_of_whom_a_mark_names_still_sees_what_they_told(
    school: Office,
) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:vance"])

    assert await _status(school, f"/v1/messages/{told}", "vance") == 200


# -- what rests on it ------------------------------------------------------------------------------------


async def test_whom_a_mark_names_neither_reads_nor_answers_a_request_that_rests_on_it(
    csc: Office, school: Office
) -> None:
    told = await csc.tell(SCHOOL, **MARKED)
    asked = await csc.ask(f"{SCHOOL}/restricted", concern_ids=[told])
    await school.until(asked, "delivered")
    implicated = school.with_scopes(*SCOPES, acts_as="vance")

    assert await _status(school, f"/v1/messages/{asked}", "vance") == 404
    assert await _status(school, f"/v1/messages/{asked}", "okri") == 200
    assert (await school.get("/v1/inbox", token=implicated))["items"] == []
    named = {"name": "H. Vance", "role": "Lead"}
    acknowledged = await school.call("PUT", f"/v1/inbox/{asked}/acknowledgement", named, token=implicated)
    answered = await school.call("POST", f"/v1/requests/{asked}/answer", an_answer(), token=implicated)
    assert (acknowledged.status_code, answered.status_code) == (404, 404)


async def test_what_came_before_the_concern_that_it_rests_on_is_kept_from_the_same_people(
    csc: Office, school: Office, partnership: Partnership
) -> None:
    partnership.gateway.keeps_back = {Kind.CONCERN}
    told = await csc.tell(SCHOOL, **MARKED)
    asked = await csc.ask(f"{SCHOOL}/restricted", concern_ids=[told])
    await partnership.gateway.logged(Kind.REQUEST)
    await school.until(asked)

    for concern in partnership.gateway.of_kind(Kind.CONCERN):
        partnership.gateway.deliver(concern)
    await school.until(told, "delivered")

    assert await _status(school, f"/v1/messages/{asked}", "vance") == 404
    assert await _status(school, f"/v1/messages/{asked}", "okri") == 200


async def test_what_came_before_the_restricted_concern_that_it_is_about_is_as_restricted(
    csc: Office, school: Office, partnership: Partnership
) -> None:
    partnership.gateway.keeps_back = {Kind.CONCERN}
    told = await csc.tell(f"{SCHOOL}/restricted")
    thread = (await csc.until(told))["thread"]
    (concern,) = partnership.gateway.of_kind(Kind.CONCERN)
    partnership.gateway.notify(SCHOOL, "clock", concern.statement.hash, thread)
    await partnership.courier.quiet()

    partnership.gateway.deliver(concern)
    await school.until(told, "delivered")

    few = school.with_scopes("inbox.read", "messages.read")
    assert (await school.get("/v1/inbox", token=few))["items"] == []
    assert (await school.call("GET", f"/v1/threads/{thread}", token=few)).status_code == 404
    assert {one["kind"] for one in await school.inbox()} == {"concern", "notice"}


async def test_the_word_that_let_a_request_through_is_kept_from_the_same_people(
    csc: Office, school: Office, partnership: Partnership
) -> None:
    told = await csc.tell(SCHOOL, **MARKED)
    await school.until(told, "delivered")
    partnership.gateway.judge = lambda statement: (
        Says("held", ("R05",)) if statement.claims.kind is Kind.REQUEST else Says()
    )
    asked = await csc.ask(f"{SCHOOL}/restricted", concern_ids=[told])
    await csc.until(asked, "held")

    who = {"who": {"staff_id": "brace", "name": "DI Brace"}, "why": "The allegation bears it out."}
    given = await csc.post(f"/v1/requests/{asked}/approval", who)
    await school.until(asked, "delivered")

    word = given["messages"][0]["id"]
    assert await _status(school, f"/v1/messages/{word}", "vance") == 404
    assert await _status(school, f"/v1/messages/{word}", "okri") == 200


async def test_whom_a_mark_names_repeats_nobody_elses_call(csc: Office, school: Office) -> None:
    """One program speaks for all of them, and its idempotency keys may be guessed."""
    told = await csc.tell(SCHOOL, **MARKED)
    await school.until(told, "delivered")
    path, named = f"/v1/inbox/{told}/acknowledgement", {"name": "A. Head", "role": "Head"}
    head, implicated = [school.with_scopes(*SCOPES, acts_as=who) for who in ("head", "vance")]

    first, mine, again = [
        await school.call("PUT", path, named, token=token, Idempotency_Key="ack-1")
        for token in (head, implicated, head)
    ]
    fresh = await school.call("PUT", path, named, token=implicated, Idempotency_Key="ack-2")

    assert (first.status_code, again.json()) == (202, first.json())
    assert (mine.status_code, mine.json()) == (404, fresh.json())


# -- that there is anything ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "call", "body"),
    [
        ("GET", "", None),
        ("POST", "/replies", {"facts": [{"what": "More.", "basis": "OBSERVED"}]}),
        ("POST", "/told", {"told_outside": {"how": "telephone", "when": "2026-11-23"}}),
        (
            "POST",
            "/links",
            {"joins": ["r1." + "A" * 43], "recipients": [CSC], "author": {"staff_id": "vance", "name": "V"}},
        ),
    ],
)
async def test_a_thread_that_somebody_is_kept_out_of_is_for_them_like_one_that_there_is_not(
    csc: Office, school: Office, partnership: Partnership, method: str, call: str, body: Any
) -> None:
    told = await csc.tell(SCHOOL, **MARKED)
    asked = await csc.ask(f"{SCHOOL}/restricted", concern_ids=[told])
    await school.until(asked, "delivered")
    txn = (await school.message(told))["thread"]
    partnership.gateway.notify(SCHOOL, "lodged", _stub(partnership, told), txn)
    await partnership.courier.quiet()
    implicated = school.with_scopes(*SCOPES, acts_as="vance")
    absent = "0198f0a0-0000-7000-8000-000000000009"

    hidden, none = [
        await school.call(method, f"/v1/threads/{one}{call}", body, token=implicated) for one in (txn, absent)
    ]

    assert (hidden.status_code, hidden.json()) == (404, none.json())


def _stub(partnership: Partnership, told: str) -> dict[str, Any]:
    concern = next(
        one for one in partnership.gateway.of_kind(Kind.CONCERN) if one.statement.claims.jti == told
    )
    return {
        "statement": concern.statement.hash,
        "classes": ["physical"],
        "urgency": "RED",
        "need_level": "L4",
        "lodged_with": None,
    }


# -- what shows several together -------------------------------------------------------------------------


def _pattern(*ids: str) -> dict[str, Any]:
    return {
        "seen": "CHILD",
        "concerns": 3,
        "agencies": 2,
        "agency_kinds": ["GP", "SCHOOL"],
        "dates": ["2026-11-23"],
        "ids": list(ids),
    }


@ON_BOTH
@pytest.mark.parametrize("late", [False, True])
async def test_a_pattern_is_kept_from_whom_a_concern_in_it_is_kept_from(
    school: Office, csc: Office, partnership: Partnership, late: bool
) -> None:
    csc.node.desk.office.directory.policy = _with_patterns(partnership)
    partnership.gateway.keeps_back = {Kind.CONCERN} if late else set()
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:Okri"])
    await partnership.gateway.logged(Kind.CONCERN)
    txn = "0198f0a0-0000-7000-8000-000000000009"

    notice = partnership.gateway.notify(CSC, "pattern", _pattern(told), txn).statement.claims.jti
    await partnership.courier.quiet()
    for concern in partnership.gateway.of_kind(Kind.CONCERN):
        partnership.gateway.deliver(concern)
    await csc.until(told, "delivered")

    shown = {person: await _shown(csc, person) for person in ("okri", "mbeki")}
    assert (notice in shown["okri"], notice in shown["mbeki"]) == (False, True)
    assert await _status(csc, f"/v1/messages/{notice}", "okri") == 404
    assert await _status(csc, f"/v1/threads/{txn}", "okri") == 404
    assert await _status(csc, f"/v1/messages/{notice}", "mbeki") == 200


def _with_patterns(partnership: Partnership) -> Policy:
    return load_policy(partnership.gateway.policy_raw.replace(b"shown = false", b"shown = true"))


async def _shown(office: Office, person: str) -> list[str]:
    token = office.with_scopes(*SCOPES, acts_as=person)
    return [one["id"] for one in (await office.get("/v1/inbox?limit=200", token=token))["items"]]
