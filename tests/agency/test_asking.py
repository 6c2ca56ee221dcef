"""Asking: what goes first, what waits for what, what comes back and how it is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from candour_agency.api.gate import SCOPES
from candour_protocol.kinds import Kind
from candour_protocol.statement import Statement

from tests.agency.gateway_double import Says
from tests.agency.partnership import (
    CSC,
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

pytestmark = ON_BOTH

RETURNED = Says("refused", ("R02", "R05"), (("R02", "/concern_ids/0"), ("R05", "/lines/0/because")))


def _refusing(kind: Kind, says: Says = RETURNED) -> Callable[[Statement], Says]:
    def judge(statement: Statement) -> Says:
        return says if statement.claims.kind is kind else Says()

    return judge


async def test_a_returned_request_says_every_rule_and_how_to_mend_it(
    school: Office, partnership: Partnership
) -> None:
    partnership.gateway.judge = _refusing(Kind.REQUEST)
    told = await school.tell()

    answer = await school.call("POST", "/v1/requests", a_request(CSC, concern_ids=[told]), Prefer="wait=10")

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["type"]) == ("returned", "urn:candour:problem:returned")
    assert [one["rule"] for one in problem["violations"]] == ["R02", "R05"]
    assert all(one["statement"] and one["fix"] for one in problem["violations"])
    assert problem["message"]["state"] == "refused"
    assert problem["message"]["verdict"]["outcome"] == "refused"


async def test_the_same_key_gives_the_same_refusal_again(school: Office, partnership: Partnership) -> None:
    partnership.gateway.judge = _refusing(Kind.REQUEST)
    body = a_request(CSC)

    first = await school.call("POST", "/v1/requests", body, Prefer="wait=10", Idempotency_Key="ask")
    second = await school.call("POST", "/v1/requests", body, Prefer="wait=10", Idempotency_Key="ask")

    assert first.status_code == second.status_code == 422
    assert first.json()["message"]["id"] == second.json()["message"]["id"]
    assert len(partnership.gateway.of_kind(Kind.REQUEST)) == 1


async def test_when_only_some_requests_come_back_each_ones_state_is_given(
    school: Office, partnership: Partnership
) -> None:
    def judge(statement: Statement) -> Says:
        return RETURNED if statement.claims.aud == POLICE else Says()

    partnership.gateway.judge = judge

    answer = await school.call(
        "POST", "/v1/requests", a_request(CSC, recipients=[CSC, POLICE]), Prefer="wait=10"
    )

    assert answer.status_code == 202
    assert [one["state"] for one in answer.json()["messages"]] == ["passed", "refused"]


async def test_without_a_wait_a_request_is_accepted_and_judged_later(
    school: Office, partnership: Partnership
) -> None:
    partnership.gateway.judge = _refusing(Kind.REQUEST)

    asked = await school.ask(CSC)

    shown = await school.until(asked, "refused")
    assert shown["verdict"]["text"] == "returned to you"
    assert shown["verdict"]["rules"] == ["R02", "R05"]


async def test_a_request_leaves_once_the_receipts_of_what_it_cites_are_held(
    school: Office, partnership: Partnership
) -> None:
    partnership.gateway.mute = True
    told = await school.tell()
    asked = await school.ask(CSC, concern_ids=[told])
    assert (await school.message(asked))["state"] == "queued"

    partnership.gateway.mute = False
    [concern] = await partnership.gateway.logged(Kind.CONCERN)
    assert partnership.gateway.of_kind(Kind.REQUEST) == []
    partnership.gateway.answer(concern)

    await school.until(asked, "passed")


async def test_what_waits_is_not_forgotten_by_a_restart(school: Office, partnership: Partnership) -> None:
    partnership.gateway.mute = True
    asked = await school.ask(CSC, concern_ids=[await school.tell()])
    await school.restart()
    assert partnership.gateway.of_kind(Kind.REQUEST) == []

    partnership.gateway.mute = False
    await school.restart()

    await school.until(asked, "passed")


async def test_an_inline_concern_is_told_to_each_holder_first(
    school: Office, csc: Office, police: Office
) -> None:
    concern = a_concern()
    for member in ("recipients", "subject", "author"):
        del concern[member]
    body = a_request(CSC, recipients=[CSC, POLICE], concern=concern)

    answer = await school.post("/v1/requests", body)

    assert [(one["kind"], one["recipient"]) for one in answer["messages"]] == [
        ("concern", CSC),
        ("concern", POLICE),
        ("request", CSC),
        ("request", POLICE),
    ]
    asked = await police.until(answer["messages"][3]["id"], "delivered")
    told = await police.message(answer["messages"][1]["id"])
    assert asked["codes"]["concern_refs"] == [told["hash"]]
    assert asked["opened"] == told["opened"] == "sound"


async def test_the_holders_own_copy_is_cited_when_the_first_ones_id_is_given(
    school: Office, csc: Office, police: Office
) -> None:
    told = await school.post("/v1/concerns", a_concern(CSC, recipients=[CSC, POLICE]))
    first, second = [one["id"] for one in told["messages"]]

    asked = await school.ask(POLICE, concern_ids=[first])

    refs = (await school.message(asked))["codes"]["concern_refs"]
    assert refs == [(await school.message(second))["hash"]]


async def test_a_concern_told_to_somebody_else_is_cited_as_it_is_for_the_gateway_to_judge(
    school: Office,
) -> None:
    told = await school.tell(CSC)

    asked = await school.ask(POLICE, concern_ids=[told])

    shown = await school.message(asked)
    assert shown["codes"]["concern_refs"] == [(await school.message(told))["hash"]]


async def test_lines_go_to_those_whom_they_name(school: Office) -> None:
    line = a_request(CSC)["lines"][0]
    lines = [line | {"of": [POLICE]}, line | {"category": "CSC_HISTORY", "of": CSC}, line]

    answer = await school.post("/v1/requests", a_request(CSC, recipients=[CSC, POLICE], lines=lines))

    to_csc, to_police = [await school.message(one["id"]) for one in answer["messages"]]
    assert [one["category"] for one in to_csc["codes"]["asked"]] == ["CSC_HISTORY", "POLICE_INCID"]
    assert [one["category"] for one in to_police["codes"]["asked"]] == ["POLICE_INCID", "POLICE_INCID"]
    assert [one["line"] for one in to_csc["codes"]["asked"]] == [1, 2]


async def test_a_request_carries_the_tokens_of_what_it_cites(school: Office, csc: Office) -> None:
    told = await school.tell(subject=a_subject(upn="N999400015001"))

    asked = await school.ask(CSC, concern_ids=[told])

    child = (await school.message(asked))["codes"]["child"]
    assert child == (await school.message(told))["codes"]["child"]
    assert len(child) == 2
    assert (await csc.until(asked, "delivered"))["opened"] == "sound"


async def test_another_childs_concern_lends_no_tokens(school: Office) -> None:
    told = await school.tell(subject=a_subject(name="Juno Ashbyte", nhs_number="9990001022"))

    asked = await school.ask(CSC, concern_ids=[told])

    child = (await school.message(asked))["codes"]["child"]
    assert not set(child) & set((await school.message(told))["codes"]["child"])


async def test_a_held_request_goes_on_once_a_second_person_approves(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.gateway.judge = _refusing(Kind.REQUEST, Says("held", ("R06",)))
    asked = await school.ask(CSC)
    shown = await school.until(asked, "held")
    assert shown["state_text"] == "waiting for a second person"
    assert [(one["kind"], one["owed_by"]) for one in shown["obligations"]] == [("approval", SCHOOL)]

    approval = {"who": {"staff_id": "oduya", "name": "S. Oduya"}, "why": "Agreed with the team manager."}
    await school.post(f"/v1/requests/{asked}/approval", approval)

    assert (await school.until(asked, "delivered"))["verdict"]["outcome"] == "passed"
    events = [one["event"] for one in (await school.message(asked))["timeline"]]
    assert events == ["queued", "held", "passed", "delivered"]
    found = await csc.until(asked, "delivered")
    assert found["verdict"]["outcome"] == "passed"
    thread = await csc.get(f"/v1/threads/{found['thread']}")
    assert [one["kind"] for one in thread["messages"]] == ["request", "approval"]
    assert [item["kind"] for item in await csc.inbox()] == ["request"]


async def test_a_held_request_is_nobodys_backlog(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    """It waits for a person: it is not sent again, not by a restart either, and makes no node look stuck."""
    partnership.gateway.judge = _refusing(Kind.REQUEST, Says("held", ("R06",)))
    asked = await school.ask(CSC)
    await school.until(asked, "held")
    sent = len(partnership.courier.submitted)
    partnership.clock.forward(timedelta(hours=1))
    school.token = school.with_scopes(*SCOPES, may_assert=True)

    await school.restart()
    told = await school.tell()
    await school.until(told, "delivered")

    again = {one.routing_key for one in partnership.courier.submitted[sent:]}
    assert again == {f"{SCHOOL}.concern.urgent", f"{CSC}.delivery.urgent"}
    checks = {one["name"]: one for one in (await school.get("/readyz"))["checks"]}
    assert (checks["outbox"]["status"], checks["outbox"]["reason"]) == ("ok", "")
    partnership.gateway.judge = lambda statement: Says()
    approval = {"who": {"staff_id": "oduya", "name": "S. Oduya"}, "why": "Agreed with the team manager."}
    await school.post(f"/v1/requests/{asked}/approval", approval)
    await school.until(asked, "delivered")


async def test_a_held_request_lapses_at_its_end(school: Office, partnership: Partnership) -> None:
    partnership.gateway.judge = _refusing(Kind.REQUEST, Says("held", ("R06",)))
    asked = await school.ask(CSC)
    await school.until(asked, "held")

    partnership.clock.forward(timedelta(days=7, seconds=1))

    party = school.with_scopes("messages.read")
    assert (await school.get(f"/v1/messages/{asked}", token=party))["state"] == "lapsed"


async def test_what_the_clock_refused_is_said_again_by_the_logs_time(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    first = True

    def judge(statement: Statement) -> Says:
        nonlocal first
        was_first, first = first, False
        return Says("refused", ("clock",), (("clock", "/iat"),)) if was_first else Says()

    partnership.gateway.judge = judge

    told = await school.tell()

    shown = await school.until(told, "delivered")
    again = shown["reissued_as"]
    assert (await school.message(again))["state"] == "delivered"
    [_, concern] = partnership.gateway.of_kind(Kind.CONCERN)
    [refused, _] = partnership.gateway.of_kind(Kind.CONCERN)
    assert concern.statement.claims.reissues == refused.statement.hash
    assert [item["id"] for item in await csc.inbox()] == [again]


async def test_a_dry_run_finds_everything_and_sends_nothing(
    gp: Office, school: Office, partnership: Partnership
) -> None:
    body = {
        "recipients": [SCHOOL],
        "subject": a_subject(),
        "urgency": "AMBER",
        "purpose": "DIRECT_CARE",
        "lawful_basis": "A6_E",
        "lines": [
            {
                "person": {"name": "Rowan Ashbyte", "role": "SUBJECT_CHILD"},
                "category": "EDU_PRESENT",
                "months": 24,
                "question": "All safeguarding notes please",
                "because": "safeguarding",
            }
        ],
        "author": {"name": "", "role": "Clinic", "training_level": None},
    }

    answer = await gp.call("POST", "/v1/requests/check", body)

    found = answer.json()
    assert answer.status_code == 200
    assert found["outcome"] == "refused"
    assert {"R01", "R05", "R07", "R08"} <= {one["rule"] for one in found["violations"]}
    assert all(one["fix"] for one in found["violations"])
    [reached] = found["recipients"]
    assert (reached["recipient"], reached["phone"]) == (SCHOOL, "01632 960001")
    assert partnership.courier.submitted == []
    assert (await gp.get("/readyz"))["status"] == "ready"


async def test_a_dry_run_of_a_good_request_passes(csc: Office, school: Office, police: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")

    answer = await csc.call("POST", "/v1/requests/check", a_request(POLICE, concern_ids=[told]))

    found = answer.json()
    assert (found["outcome"], found["violations"]) == ("passed", [])
    assert [one["kind"] for one in found["messages"]] == ["concern", "request"]


async def test_a_dry_run_knows_that_a_mark_forbids_passing_on(
    csc: Office, school: Office, police: Office
) -> None:
    told = await school.tell(handling=["NO_ONWARD"])
    await csc.until(told, "delivered")

    answer = await csc.call("POST", "/v1/requests/check", a_request(POLICE, concern_ids=[told]))

    found = answer.json()
    assert found["outcome"] == "refused"
    assert {"R01", "R15"} <= {one["rule"] for one in found["violations"]}
    assert "NO_ONWARD" in [one.get("hint") for one in found["violations"]]
    assert found["messages"][0] == {
        "kind": "concern",
        "recipient": POLICE,
        "outcome": "refused",
        "rules": ["R15"],
    }


@pytest.mark.parametrize(("rules", "steps"), [(("R11",), ["challenge"]), (("late",), [])])
async def test_an_answer_whose_reason_is_not_enough_shows_a_challenge_as_the_next_step(
    school: Office, csc: Office, partnership: Partnership, rules: tuple[str, ...], steps: list[str]
) -> None:
    asked = await school.ask(CSC)
    await csc.until(asked, "delivered")
    partnership.gateway.judge = lambda said: (
        Says("flagged", rules) if said.claims.kind is Kind.ANSWER else Says()
    )
    sent = await csc.post(f"/v1/requests/{asked}/answer", an_answer())
    answer = sent["messages"][0]["id"]
    await csc.until(answer, "delivered")
    await school.until(answer, "delivered")

    shown = await school.message(answer)

    assert [one["step"] for one in shown["next_steps"]] == steps
    assert (await csc.message(answer))["next_steps"] == []
    for one in shown["next_steps"]:
        assert len(one["text"].split()) > 5
        await school.post(one["href"], {"argument": "Nobody needs consent for this at this level."})
        await partnership.courier.quiet()
        assert (await school.message(answer))["next_steps"] == []
