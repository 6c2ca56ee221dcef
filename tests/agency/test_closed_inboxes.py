"""What cannot wait for a closed inbox, and whom it reaches instead. Domain R10 and 5.2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from candour_agency.api.gate import SCOPES

from tests.agency.partnership import CSC, GP, LADO, POLICE, SCHOOL, Office, Partnership, a_concern, a_request
from tests.agency.protected import ALLEGATION, withheld_from_school
from tests.agency.shutting import closes, shuts

FRIDAY_EVENING = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)


async def test_what_cannot_wait_for_a_closed_inbox_goes_to_its_cover_too(
    csc: Office, partnership: Partnership
) -> None:
    closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED"))
    checked = (await csc.call("POST", "/v1/concerns/check", a_concern(SCHOOL, urgency="RED"))).json()

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL, LADO]
    assert "Monday 30 November, 08:00" in sent["notices"][0]
    assert [one["recipient"] for one in checked["recipients"]] == [SCHOOL, LADO]
    assert checked["notices"] == sent["notices"]


async def test_what_is_owed_lies_with_the_cover_until_the_inbox_opens(
    csc: Office, school: Office, partnership: Partnership
) -> None:
    closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)
    await _on_friday_evening(school)

    told, copy = (await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED")))["messages"]
    await csc.until(told["id"], "delivered")
    shown = [(await one.message(told["id"]))["obligations"] for one in (csc, school)]
    covers = (await csc.message(copy["id"]))["obligations"]

    due = [{one["kind"]: one["due_at"] for one in each} for each in (*shown, covers)]
    assert [each["acknowledgement"][:16] for each in due[:2]] == ["2026-11-30T09:00"] * 2
    assert [each["decision"][:16] for each in due[:2]] == ["2026-11-30T12:00"] * 2
    assert due[2]["acknowledgement"] < "2026-11-28"


async def test_what_nobody_else_covers_is_owed_at_once(csc: Office, partnership: Partnership) -> None:
    closes(partnership, SCHOOL, cover=CSC)
    await _on_friday_evening(csc)

    told = (await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED")))["messages"][0]["id"]

    owed = {one["kind"]: one["due_at"] for one in (await csc.message(told))["obligations"]}
    assert owed["acknowledgement"] < "2026-11-28"


async def test_what_can_wait_until_they_open_goes_to_nobody_else(
    csc: Office, partnership: Partnership
) -> None:
    closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="AMBER"))

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL]
    assert "notices" not in sent


async def test_a_cover_that_is_closed_too_has_its_own_cover(csc: Office, partnership: Partnership) -> None:
    closes(partnership, SCHOOL, cover=GP)
    closes(partnership, GP, cover=POLICE)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED"))

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL, POLICE]


async def test_what_is_kept_to_few_is_copied_to_no_cover_and_its_author_told_to_ring(
    csc: Office, partnership: Partnership
) -> None:
    closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED", handling=["NO_ONWARD"]))

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL]
    assert "Ring them" in sent["notices"][0]


@pytest.mark.parametrize(("urgency", "notices"), [("RED", 1), ("AMBER", 0)])
async def test_what_is_asked_goes_to_no_cover_which_has_not_got_it_and_its_author_is_told_to_ring(
    csc: Office, partnership: Partnership, urgency: str, notices: int
) -> None:
    closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)
    told = await csc.tell(SCHOOL)
    asking = a_request(SCHOOL, concern_ids=[told], urgency=urgency)

    sent = await csc.post("/v1/requests", asking)
    checked = (await csc.call("POST", "/v1/requests/check", asking)).json()

    assert [(one["kind"], one["recipient"]) for one in sent["messages"]] == [("request", SCHOOL)]
    assert ["Ring them" in one for one in sent.get("notices", [])] == [True] * notices
    assert checked["notices"] == sent.get("notices", [])


@pytest.mark.parametrize("kept", [{}, {"withheld": withheld_from_school(reason="STAFF_ALLEGATION")}])
async def test_an_allegation_to_a_closed_inbox_is_copied_to_its_covers_restricted_one(
    csc: Office, partnership: Partnership, kept: dict[str, Any]
) -> None:
    shuts(partnership, SCHOOL, cover=POLICE)
    await _on_friday_evening(csc)
    body = a_concern(SCHOOL, urgency="RED", **ALLEGATION, **kept)

    sent = await csc.post("/v1/concerns", body)
    checked = (await csc.call("POST", "/v1/concerns/check", body)).json()

    reached = [f"{SCHOOL}/restricted", LADO, f"{POLICE}/restricted"]
    assert [one["recipient"] for one in sent["messages"]] == reached
    assert [one["recipient"] for one in checked["recipients"]] == reached
    assert any("Monday 30 November, 08:00" in one for one in sent["notices"])
    assert checked["notices"] == sent["notices"]


@pytest.mark.parametrize(
    "members",
    [
        {"recipients": [SCHOOL, GP]},
        {"withheld": withheld_from_school(**{"from": GP, "reason": "STAFF_ALLEGATION"})},
        {"withheld": withheld_from_school(reason="POLICE_PREJUDICE")},
        {"handling": ["LADO_ONLY"]},
    ],
)
async def test_an_allegation_is_copied_to_no_cover_that_may_be_implicated_and_its_author_told_to_ring(
    csc: Office, partnership: Partnership, members: dict[str, Any]
) -> None:
    shuts(partnership, SCHOOL, cover=GP)
    await _on_friday_evening(csc)
    recipients = members.get("recipients", [SCHOOL])

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED", **(ALLEGATION | members)))

    assert [one["recipient"] for one in sent["messages"]] == [
        *(f"{agency}/restricted" for agency in recipients),
        LADO,
    ]
    assert any(f"{SCHOOL}/restricted is closed" in one and "Ring them" in one for one in sent["notices"])


async def test_a_designated_officer_who_is_closed_has_a_cover_too(
    csc: Office, partnership: Partnership
) -> None:
    shuts(partnership, LADO, cover=POLICE)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED", **ALLEGATION))

    assert [one["recipient"] for one in sent["messages"]] == [
        f"{SCHOOL}/restricted",
        LADO,
        f"{POLICE}/restricted",
    ]


async def _on_friday_evening(office: Office) -> None:
    """The clock is put forward, and the office knows the newest profiles."""
    office.partnership.clock.forward(FRIDAY_EVENING - office.partnership.clock())
    office.token = office.with_scopes(*SCOPES, may_assert=True)
    await office.node.desk.registering.refresh()
