"""What followed an emergency and is taken back is owed again, as both sides see it. Domain R09."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.agency.partnership import CSC, POLICE, Office, a_concern, a_request, a_subject
from tests.agency.places import ON_BOTH


async def _paid(school: Office, csc: Office) -> tuple[str, str]:
    """An emergency request, and the concern that followed it."""
    request = await school.ask(
        CSC, urgency="EMERGENCY", purpose="EMERGENCY_SAFETY", danger_line="not breathing"
    )
    await school.until(request, "delivered")
    return request, await _follow(school, csc, request)


async def _follow(school: Office, csc: Office, request: str) -> str:
    answer = await school.post("/v1/concerns", a_concern(CSC, pays_back=request, urgency="EMERGENCY"))
    concern = str(answer["messages"][0]["id"])
    await school.until(concern, "delivered")
    await csc.until(concern, "delivered")
    return concern


async def _debt(office: Office, request: str) -> dict[str, Any]:
    shown = await office.message(request)
    [debt] = [one for one in shown["obligations"] if one["kind"] == "debt"]
    return {**debt, "events": [one["event"] for one in shown["timeline"]]}


_BACK: dict[str, tuple[str, dict[str, str]]] = {
    "withdrawn": ("withdrawal", {"reason": "SENT_IN_ERROR"}),
    "wrong child": ("correction", {"correction_kind": "WRONG_CHILD", "what_is_right": "Her brother."}),
    "wrong fact": ("correction", {"correction_kind": "FACT_WRONG", "what_is_right": "It was the left arm."}),
}


@ON_BOTH
@pytest.mark.parametrize("how", sorted(_BACK))
async def test_a_concern_that_is_taken_back_pays_no_longer(school: Office, csc: Office, how: str) -> None:
    request, concern = await _paid(school, csc)
    paid = [await _debt(office, request) for office in (school, csc)]
    school.partnership.clock.forward(timedelta(minutes=5))
    step, body = _BACK[how]

    await school.post(f"/v1/messages/{concern}/{step}", body)
    await school.partnership.courier.quiet()

    assert all(each["settled_at"] is not None for each in paid)
    for office, before in zip((school, csc), paid, strict=True):
        owed = await _debt(office, request)
        assert owed["settled_at"] is None
        assert owed["due_at"] > before["due_at"]
        assert owed["events"][-1] == "concern-owed-again"


async def test_another_concern_pays_it_once_more(school: Office, csc: Office) -> None:
    request, concern = await _paid(school, csc)
    await school.post(f"/v1/messages/{concern}/withdrawal", {})
    await school.partnership.courier.quiet()

    await _follow(school, csc, request)

    for office in (school, csc):
        assert (await _debt(office, request))["settled_at"] is not None


async def test_while_another_pays_nothing_is_owed_and_an_update_changes_nothing(
    school: Office, csc: Office
) -> None:
    request, concern = await _paid(school, csc)
    await school.post(f"/v1/messages/{concern}/correction", {"correction_kind": "UPDATE"})
    await _follow(school, csc, request)
    await school.post(f"/v1/messages/{concern}/withdrawal", {})
    await school.partnership.courier.quiet()

    for office in (school, csc):
        assert (await _debt(office, request))["settled_at"] is not None


_EMERGENCY = {
    "urgency": "EMERGENCY",
    "purpose": "EMERGENCY_SAFETY",
    "danger_line": "not breathing at all now",
}
_BROTHER = a_subject(name="Idris Penhallow", birth_date="2019-08-01", nhs_number="9990001022")


async def test_a_concern_on_another_child_pays_nothing_at_either_side_and_says_so(
    school: Office, csc: Office
) -> None:
    request = await school.ask(CSC, **_EMERGENCY)
    await school.until(request, "delivered")
    body = a_concern(CSC, pays_back=request, subject=_BROTHER)

    foretold = (await school.call("POST", "/v1/concerns/check", body)).json()
    answer = await school.post("/v1/concerns", body)
    await csc.until(answer["messages"][0]["id"], "delivered")
    await school.partnership.courier.quiet()

    for office in (school, csc):
        debt = await _debt(office, request)
        assert debt["settled_at"] is None
        assert "concern-followed" not in debt["events"]
    assert foretold["outcome"] == "passed"  # a concern is never held up
    for said in (foretold, answer):
        assert any(f"does not pay back your emergency request to {CSC}" in one for one in said["notices"])


async def test_beside_another_child_the_right_one_pays(school: Office, csc: Office) -> None:
    request = await school.ask(CSC, **_EMERGENCY)
    await school.until(request, "delivered")
    both = {"subject": None, "subjects": [_BROTHER, a_subject()]}

    answer = await school.post("/v1/concerns", a_concern(CSC, pays_back=request, **both))
    await school.partnership.courier.quiet()

    assert "notices" not in answer
    assert (await _debt(school, request))["settled_at"] is not None


async def test_one_concern_pays_every_holder_that_was_asked_in_the_same_call(
    school: Office, csc: Office, police: Office
) -> None:
    asked = (await school.post("/v1/requests", a_request(CSC, recipients=[CSC, POLICE], **_EMERGENCY)))[
        "messages"
    ]
    ids = [one["id"] for one in asked]
    for each in ids:
        await school.until(each, "delivered")

    answer = await school.post("/v1/concerns", a_concern(CSC, recipients=[CSC, POLICE], pays_back=ids[0]))
    for one in answer["messages"]:
        await school.until(one["id"], "delivered")
    await school.partnership.courier.quiet()

    assert "notices" not in answer
    for each, holder in zip(ids, (csc, police), strict=True):
        assert (await _debt(school, each))["settled_at"] is not None
        assert (await _debt(holder, each))["settled_at"] is not None


async def test_whoever_was_asked_and_is_not_told_is_named(
    school: Office, csc: Office, police: Office
) -> None:
    asked = (await school.post("/v1/requests", a_request(CSC, recipients=[CSC, POLICE], **_EMERGENCY)))[
        "messages"
    ]

    answer = await school.post("/v1/concerns", a_concern(CSC, pays_back=asked[0]["id"]))

    [notice] = answer["notices"]
    assert notice.startswith(f"This does not go to {POLICE}")
