"""What followed an emergency and is taken back is owed again, as both sides see it. Domain R09."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.agency.partnership import CSC, Office, a_concern
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
