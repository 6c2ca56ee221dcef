"""An agency on the queue tells, asks, is told and is asked, beside agencies that run a node."""

from __future__ import annotations

import json
from typing import Any

import pytest
from candour_protocol.kinds import Kind
from candour_protocol.receipt import verify
from candour_protocol.statement import parse

from tests.gateway.partnership import GP, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.partners.bodies import a_concern, a_request, example, the_schools_answer
from tests.partners.district import District

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_concern_that_is_told_on_the_queue_reaches_a_node_and_comes_back_as_delivered(
    district: District,
) -> None:
    told = await district.surgery.tell(a_concern())

    shown = await district.surgery.has(told, "opened")
    assert (shown["verdict"], shown["opened"], shown["violations"]) == ("passed", "sound", [])
    assert parse(verify(shown["receipt"], district.verifier).entry.jwt).claims.jti == told
    seen = await district.arrived(told)
    assert seen["counterparty"] == GP
    assert seen["content"]["facts"][0]["what"] == a_concern()["content"]["facts"][0]["what"]


async def test_a_request_without_a_concern_comes_back_with_every_rule_that_it_broke(
    district: District,
) -> None:
    asked = await district.surgery.ask(a_request())

    shown = await district.surgery.has(asked)
    assert shown["verdict"] == "refused"
    assert "R01" in {each["rule"] for each in shown["violations"]}


async def test_a_request_leaves_with_its_concerns_receipt_and_is_answered(district: District) -> None:
    surgery = district.surgery
    concern = await surgery.tell(a_concern())
    asked = await surgery.ask(a_request(concern))

    request = await surgery.has(asked, "opened")
    assert (request["verdict"], request["opened"]) == ("passed", "sound")
    await district.arrived(asked)
    answered = await district.call("POST", f"/v1/requests/{asked}/answer", the_schools_answer())
    answer = await surgery.has(answered["messages"][0]["id"])
    assert answer["content"]["content"][0]["text"] == "Present on 61 of 92 days."
    assert answer["opened"] == "sound"
    assert answer["thread"] == request["thread"]


async def test_a_node_tells_and_asks_the_partner_and_is_answered(district: District) -> None:
    surgery = district.surgery
    told = await district.call("POST", "/v1/concerns", a_concern_for(GP))
    concern = told["messages"][0]["id"]
    await district.reaches(concern, "delivered")
    asked = await district.call("POST", "/v1/requests", a_request_for(GP, concern))
    request = asked["messages"][0]["id"]
    await district.reaches(request, "delivered")

    came = await surgery.show(request)
    answer = await surgery.answer(request, example("answer"))

    assert (came["kind"], came["opened"], came["party"]) == ("request", "sound", SCHOOL)
    found = await district.arrived(answer)
    assert found["verdict"]["outcome"] == "passed"
    assert (await district.reaches(request, "answered"))["state"] == "answered"


async def test_a_nodes_held_request_comes_with_the_approval_that_released_it(district: District) -> None:
    surgery = district.surgery
    told = await district.call("POST", "/v1/concerns", a_concern_for(GP, categories=["SEXUAL_ADULT"]))
    concern = told["messages"][0]["id"]
    await district.reaches(concern, "delivered")
    asked = await district.call("POST", "/v1/requests", _about_a_parent(concern))
    request = asked["messages"][0]["id"]
    await district.reaches(request, "held")

    second = {"staff_id": "odell", "name": "Mr Odell", "role": "Deputy", "training_level": "DDSL"}
    approval = await district.call(
        "POST", f"/v1/requests/{request}/approval", {"who": second, "why": "Read."}
    )

    came = await surgery.has(request, "opened")
    assert (came["kind"], came["verdict"]) == ("request", "passed")
    with_it = await surgery.show(approval["messages"][0]["id"])
    assert (with_it["kind"], with_it["codes"]["approves"]) == ("approval", came["hash"])
    assert with_it["content"]["who"]["name"] == "Mr Odell"
    await district.reaches(request, "delivered")


def _about_a_parent(concern: str) -> dict[str, Any]:
    """A request on a line that needs a second person."""
    request = a_request_for(GP, concern)
    line = request["lines"][0] | {"category": "HEALTH_SEXUAL", "months": 12}
    person = {"name": "Odile Oldacre", "role": "PARENT_PR", "address": "14 Sample Rise"}
    return request | {"lines": [line | {"person": person}]}


async def test_a_named_person_of_the_partner_acknowledges_and_decides(district: District) -> None:
    told = await district.call("POST", "/v1/concerns", a_concern_for(GP))
    concern = told["messages"][0]["id"]
    await district.reaches(concern, "delivered")

    await district.surgery.say("acknowledgement", concern, example("acknowledgement"))
    await district.reaches(concern, "acknowledged")
    await district.surgery.say("decision", concern, example("decision"))

    await district.reaches(concern, "decided")


async def test_a_held_request_goes_on_when_a_second_person_of_the_partner_approves_it(
    district: District,
) -> None:
    surgery = district.surgery
    concern = await surgery.tell(a_concern(categories=["SEXUAL_ADULT"]))
    line = {"line": 1, "role": "PARENT_PR", "category": "HEALTH_SEXUAL", "months": 12}
    asked = await surgery.ask(a_request(concern, asked=[line]))
    held = await surgery.has(asked)

    await surgery.say("approval", asked, example("approval"))

    assert held["verdict"] == "held"
    released = await surgery.has(asked, "opened")
    assert released["verdict"] == "passed"
    await district.arrived(asked)


async def test_the_same_person_has_one_pseudonym_in_a_thread_and_another_in_the_next(
    district: District,
) -> None:
    surgery = district.surgery
    first, second = await surgery.tell(a_concern()), await surgery.tell(a_concern())
    third = await surgery.ask(a_request(first))

    actors = [(await surgery.show(each))["codes"]["actor"] for each in (first, second, third)]

    assert actors[0] == actors[2] != actors[1]


async def test_a_command_repeated_under_one_key_says_nothing_twice(district: District) -> None:
    first = await district.surgery.tell(a_concern(), "--once", "case 7")
    again = await district.surgery.tell(a_concern(), "--once", "case 7")

    await district.arrived(first)
    assert first == again
    told = await district.logged(GP, Kind.CONCERN)
    assert [str(each.claims.jti) for each in told].count(first) == 1


async def test_a_command_that_cannot_be_carried_out_says_why_and_changes_nothing(district: District) -> None:
    before = district.surgery.look_up("SELECT count(*) FROM message")
    file = district.surgery.folder / "to-nobody.json"
    file.write_text(json.dumps(a_concern() | {"to": "anytown-nobody"}))

    unknown = await district.surgery.attempt("tell", str(file))
    missing = await district.surgery.attempt("tell", str(file.with_name("missing.json")))

    assert (unknown[0], missing[0]) == (1, 1)
    assert "nobody is known under this recipient" in unknown[2]
    assert "missing.json" in missing[2]
    assert district.surgery.look_up("SELECT count(*) FROM message") == before
