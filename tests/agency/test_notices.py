"""What the gateway gives notice of, and what comes before what it is about."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.reminders import Reminder
from candour_protocol.strict_json import JsonObject

from tests.agency.gateway_double import Says
from tests.agency.partnership import CSC, Office, Partnership
from tests.agency.places import ON_BOTH


async def _told(school: Office, csc: Office) -> dict[str, Any]:
    told = await school.tell(CSC)
    await school.until(told, "delivered")
    return await csc.until(told, "delivered")


async def _notify(
    office: Office, notice: str, about: dict[str, Any], stage: tuple[str, int] | None = None
) -> str:
    """A notice to an office; its id there, once it has come. ``stage``: of which duty, and which."""
    partnership, name = office.partnership, StatementHash(about["hash"])
    at = partnership.clock()
    jti = Reminder(name, *stage, office.agency).jti(at) if stage else None
    seen = partnership.gateway.notify(office.agency, notice, name, about["thread"], jti)
    await partnership.courier.quiet()
    return seen.statement.claims.jti


@pytest.mark.parametrize(
    "notice", ["clock", "debt", "escalation", "incident", "relay", "correction", "closed", "pattern"]
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
    assert (item["kind"], item["notice"], item["about"]) == ("notice", notice, told["id"])
    assert item["text"] == shown["timeline"][-1]["text"]
    assert (await csc.message(jti))["about"] == told["id"]


@pytest.mark.parametrize(
    ("duty", "stage", "notice", "when", "hears"),
    [
        ("acknowledgement", 1, "clock", "at the end of its time", "the manager on each side"),
        ("decision", 2, "escalation", "after half as long again", "the safeguarding lead on each side"),
        ("decision", 3, "escalation", "after twice its time", "the partnership"),
        ("debt", 1, "debt", "after 4 hours", "the manager on each side"),
        ("debt", 2, "escalation", "after 8 hours", "the safeguarding lead on each side"),
        ("debt", 3, "incident", "after 24 hours", "the partnership"),
    ],
)
async def test_how_late_something_is_and_who_should_hear_of_it_stands_in_peoples_words(
    school: Office, csc: Office, duty: str, stage: int, notice: str, when: str, hears: str
) -> None:
    told = await _told(school, csc)

    jti = await _notify(csc, notice, told, (duty, stage))

    item = next(one for one in await csc.inbox() if one["id"] == jti)
    assert item["text"].startswith(f"still owed {when}: ")
    assert item["text"].endswith(f"; {hears} should hear of it now")
    assert (item["reminder"]["kind"], item["reminder"]["stage"]) == (duty, stage)
    assert (await csc.message(told["id"]))["timeline"][-1]["text"] == item["text"]
    assert (await csc.message(jti))["reminder"] == item["reminder"]


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

    jti = await _notify(school, "lapse", held, ("approval", 1))

    assert (await school.message(asked))["state"] == "lapsed"
    assert (await school.message(jti))["notice_text"].startswith("nobody approved this in time")


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
