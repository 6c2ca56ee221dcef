"""A concern that goes to a colleague, as the node of whoever told it sees it. Domain 4.1."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from candour_protocol.kinds import Kind

from tests.agency.gateway_double import Says
from tests.agency.partnership import CSC, POLICE, Office, Partnership
from tests.agency.places import ON_BOTH

HAND_ON = {"to": CSC, "worker": {"name": "B. Okri"}, "author": {"staff_id": "okri", "name": "B. Okri"}}


async def _opened_by(csc: Office, told: str, name: str) -> str:
    answer = await csc.call("PUT", f"/v1/inbox/{told}/acknowledgement", {"name": name})
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["messages"][0]["id"])


async def _acknowledgement(office: Office, told: str) -> dict[str, Any]:
    owed = (await office.message(told))["obligations"]
    return next(one for one in owed if one["kind"] == "acknowledgement")


@ON_BOTH
@pytest.mark.parametrize("apart", [timedelta(minutes=1), timedelta(0)])
async def test_word_of_a_colleague_may_come_before_word_that_it_went_to_them(
    school: Office, csc: Office, partnership: Partnership, apart: timedelta
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    first = await _opened_by(csc, told, "M. Tesfaye")
    await school.until(first, "delivered")
    partnership.gateway.keeps_back = {Kind.TRANSFER}
    partnership.clock.forward(apart)
    sent = (await csc.post(f"/v1/concerns/{told}/transfer", HAND_ON))["messages"][0]["id"]
    await csc.until(sent, "passed")
    partnership.clock.forward(apart)
    second = await _opened_by(csc, told, "B. Okri")
    await school.until(second, "delivered")

    [transfer] = partnership.gateway.of_kind(Kind.TRANSFER)
    partnership.gateway.deliver(transfer)
    await partnership.courier.quiet()

    assert first != second
    shown = [await office.message(told) for office in (school, csc)]
    assert [one["state_text"] for one in shown] == ["opened by B. Okri"] * 2
    at_school, at_csc = [await _acknowledgement(office, told) for office in (school, csc)]
    assert at_school == at_csc
    assert (at_school["settled_at"] is not None, at_school["overdue"]) == (True, False)


@pytest.mark.parametrize("apart", [timedelta(minutes=1), timedelta(0)])
async def test_whoever_had_it_before_says_nothing_for_the_colleague(
    school: Office, csc: Office, partnership: Partnership, apart: timedelta
) -> None:
    partnership.gateway.keeps_back = {Kind.ACKNOWLEDGEMENT}
    told = await school.tell()
    await csc.until(told, "delivered")
    await csc.until(await _opened_by(csc, told, "M. Tesfaye"), "passed")
    partnership.clock.forward(apart)
    sent = (await csc.post(f"/v1/concerns/{told}/transfer", HAND_ON))["messages"][0]["id"]
    await school.until(sent, "delivered")

    [acknowledgement] = partnership.gateway.of_kind(Kind.ACKNOWLEDGEMENT)
    partnership.gateway.deliver(acknowledgement)
    await partnership.courier.quiet()

    assert [(await office.message(told))["state"] for office in (school, csc)] == ["delivered", "delivered"]
    assert (await _acknowledgement(school, told))["settled_at"] is None


async def test_only_the_worker_to_whom_it_went_says_that_they_have_it(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    await _opened_by(csc, told, "M. Tesfaye")
    partnership.clock.forward(timedelta(minutes=1))
    sent = (await csc.post(f"/v1/concerns/{told}/transfer", HAND_ON))["messages"][0]["id"]
    await school.until(sent, "delivered")
    path = f"/v1/inbox/{told}/acknowledgement"

    other = await csc.call("PUT", path, {"name": "M. Tesfaye", "staff_id": "tesfaye"})
    partnership.clock.forward(timedelta(minutes=1))
    taken = await _opened_by(csc, told, "b.  OKRI")
    await school.until(taken, "delivered")

    assert (other.status_code, other.json()["code"]) == (409, "other-worker")
    assert "Okri" not in other.text  # nobody's name stands in an error
    assert (await _acknowledgement(school, told))["settled_at"] is not None
    assert (await school.message(told))["state"] == "acknowledged"


async def test_what_goes_to_nobody_by_name_anybody_there_has(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    sent = (await csc.post(f"/v1/concerns/{told}/transfer", {**HAND_ON, "worker": None}))["messages"][0]["id"]
    await school.until(sent, "delivered")
    csc.partnership.clock.forward(timedelta(minutes=1))

    await school.until(await _opened_by(csc, told, "M. Tesfaye"), "delivered")

    assert (await _acknowledgement(school, told))["settled_at"] is not None


async def test_word_of_a_new_holder_waits_for_the_concern_that_is_said_again(
    school: Office, csc: Office, police: Office, partnership: Partnership
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    ahead = [Says("refused", ("clock",))]
    partnership.gateway.judge = lambda said: ahead.pop() if ahead else Says()

    sent = await csc.post(f"/v1/concerns/{told}/transfer", HAND_ON | {"to": POLICE})
    for one in sent["messages"]:
        await csc.until(one["id"], "delivered")

    said = [seen for seen in partnership.gateway.seen.values() if seen.statement.claims.iss == CSC]
    kinds = [seen.statement.claims.kind for seen in said if seen.statement.claims.kind is not Kind.DELIVERY]
    assert kinds == [Kind.CONCERN, Kind.CONCERN, Kind.TRANSFER, Kind.TRANSFER]
