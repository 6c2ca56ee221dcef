"""What the gateway gives notice of, and what comes before what it is about."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject

from tests.agency.gateway_double import Says
from tests.agency.partnership import CSC, Office, Partnership
from tests.agency.places import ON_BOTH


async def _told(school: Office, csc: Office) -> dict[str, Any]:
    told = await school.tell(CSC)
    await school.until(told, "delivered")
    return await csc.until(told, "delivered")


async def _notify(office: Office, notice: str, about: dict[str, Any]) -> str:
    """A notice to an office; its id there, once it has come."""
    partnership = office.partnership
    seen = partnership.gateway.notify(office.agency, notice, StatementHash(about["hash"]), about["thread"])
    await partnership.courier.quiet()
    return seen.statement.claims.jti


@pytest.mark.parametrize(
    "notice", ["clock", "debt", "escalation", "incident", "relay", "correction", "closed"]
)
async def test_a_notice_stands_in_the_timeline_and_the_worklist_in_peoples_words(
    school: Office, csc: Office, notice: str
) -> None:
    told = await _told(school, csc)

    jti = await _notify(csc, notice, told)

    shown = await csc.message(told["id"])
    assert [one["event"] for one in shown["timeline"]][-1] == notice
    assert " " in shown["timeline"][-1]["text"]
    assert shown["state"] == "delivered"
    item = next(one for one in await csc.inbox() if one["id"] == jti)
    assert (item["kind"], item["notice"]) == ("notice", notice)
    assert item["text"] == shown["timeline"][-1]["text"]
    assert (await csc.message(jti))["about"] == told["id"]


@ON_BOTH
async def test_what_is_suspended_says_so_until_it_goes_on(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    asked = await school.ask(CSC)
    shown = await csc.until(asked, "delivered")

    for office in (school, csc):
        await _notify(office, "suspended", shown)
    stopped = [(await office.message(asked))["state"] for office in (school, csc)]
    partnership.clock.forward(partnership.gateway.policy.delivery_due(urgent=True))
    for office in (school, csc):
        await _notify(office, "resumed", shown)

    assert stopped == ["suspended", "suspended"]
    assert [(await office.message(asked))["state"] for office in (school, csc)] == ["delivered"] * 2
    assert [one["event"] for one in (await csc.message(asked))["timeline"]][-2:] == ["suspended", "resumed"]


async def test_a_held_request_that_nobody_approved_has_lapsed(
    school: Office, partnership: Partnership
) -> None:
    partnership.gateway.judge = _holding
    asked = await school.ask(CSC)
    held = await school.until(asked, "held")

    await _notify(school, "lapse", held)

    assert (await school.message(asked))["state"] == "lapsed"


async def test_a_held_request_that_a_lodgee_released_waits_no_more(
    school: Office, partnership: Partnership
) -> None:
    partnership.gateway.judge = _holding
    asked = await school.ask(CSC)
    held = await school.until(asked, "held")

    await _notify(school, "released", held)

    shown = await school.message(asked)
    assert (shown["state"], shown["verdict"]["outcome"]) == ("passed", "passed")
    assert "released" in [one["event"] for one in shown["timeline"]]


async def test_the_word_of_a_lodgee_may_come_before_the_receipt(
    school: Office, partnership: Partnership
) -> None:
    partnership.gateway.judge = _holding
    partnership.gateway.mute = True
    asked = await school.ask(CSC)
    [request] = await partnership.gateway.logged(Kind.REQUEST)
    shown = await school.message(asked)

    await _notify(school, "released", shown)
    partnership.gateway.mute = False
    partnership.gateway.answer(request)
    await partnership.courier.quiet()

    assert (await school.message(asked))["state"] == "passed"


async def test_that_something_is_lodged_is_for_the_restricted_inbox_alone(
    school: Office, csc: Office
) -> None:
    told = await _told(school, csc)

    jti = await _notify(csc, "lodged", told)

    token = csc.with_scopes("inbox.read", "messages.read")
    assert jti not in [one["id"] for one in (await csc.get("/v1/inbox", token=token))["items"]]
    assert next(one for one in await csc.inbox() if one["id"] == jti)["inbox"] == "restricted"


async def test_a_pattern_is_counts_and_says_nothing_about_any_statement(
    csc: Office, partnership: Partnership
) -> None:
    pattern: JsonObject = {
        "seen": "CHILD",
        "concerns": 3,
        "agencies": 2,
        "agency_kinds": ["SCHOOL"],
        "dates": ["2026-11-20"],
        "ids": ["0198f0a0-0000-7000-8000-000000000001"],
    }

    seen = partnership.gateway.notify(CSC, "pattern", pattern, "0198f0a0-0000-7000-8000-000000000009")
    await partnership.courier.quiet()

    shown = await csc.message(seen.statement.claims.jti)
    assert (shown["about"], shown["codes"]["about"]["concerns"]) == (None, 3)
    assert shown["opened"] == "sound"


# -- before what it is about -------------------------------------------------------------------------


@ON_BOTH
@pytest.mark.parametrize(
    ("path", "body", "state"),
    [
        ("withdrawal", {"reason": "SENT_IN_ERROR"}, "withdrawn"),
        ("correction", {"correction_kind": "WRONG_CHILD"}, "withdrawn"),
        ("correction", {"correction_kind": "FACT_WRONG"}, "delivered"),
    ],
)
async def test_what_takes_something_back_may_come_before_it(
    school: Office, csc: Office, partnership: Partnership, path: str, body: dict[str, str], state: str
) -> None:
    partnership.gateway.keeps_back = {Kind.CONCERN}
    told = await school.tell(CSC)
    await school.until(told, "passed")
    sent = (await school.post(f"/v1/messages/{told}/{path}", body))["messages"][0]["id"]
    await csc.until(sent, "delivered")

    [concern] = partnership.gateway.of_kind(Kind.CONCERN)
    partnership.gateway.deliver(concern)
    await partnership.courier.quiet()

    shown = await csc.message(told)
    assert shown["state"] == state
    assert {"withdrawn", "corrected"} & {one["event"] for one in shown["timeline"]}


async def test_of_two_that_come_at_once_in_the_wrong_order_both_count(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.gateway.keeps_back = {Kind.CONCERN, Kind.WITHDRAWAL}
    told = await school.tell(CSC)
    await school.until(told, "passed")
    await school.post(f"/v1/messages/{told}/withdrawal", {})
    [withdrawal] = await partnership.gateway.logged(Kind.WITHDRAWAL)
    await csc.stop()

    partnership.gateway.deliver(withdrawal)
    partnership.gateway.deliver(partnership.gateway.of_kind(Kind.CONCERN)[0])
    await csc.start()
    await partnership.courier.quiet()

    assert (await csc.message(told))["state"] == "withdrawn"


async def test_a_strangers_withdrawal_takes_nothing_back(
    school: Office, csc: Office, police: Office, partnership: Partnership
) -> None:
    told = await _told(school, csc)
    partnership.gateway.keeps_back = {Kind.WITHDRAWAL}

    answer = await police.call("POST", f"/v1/messages/{told['id']}/withdrawal", {})

    assert answer.status_code == 404
    assert (await csc.message(told["id"]))["state"] == "delivered"


def _holding(statement: Any) -> Says:
    return Says("held", ("R10",)) if statement.claims.kind is Kind.REQUEST else Says()
