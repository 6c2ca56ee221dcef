"""Whom a concern reaches: allegations against staff, and people who are kept out by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import pytest_asyncio
from candour_agency.api.gate import SCOPES
from candour_protocol.ids import AgencyId
from candour_protocol.profiles import Day, Hours, Inbox

from tests.agency.partnership import CSC, GP, LADO, POLICE, SCHOOL, Office, Partnership, a_concern, a_request
from tests.agency.places import ON_BOTH

ALLEGATION = {"categories": ["STAFF_ALLEGATION", "PHYSICAL_ADULT"]}


@pytest_asyncio.fixture
async def lado(partnership: Partnership) -> Office:
    """The designated officer's node."""
    return await partnership.open(LADO)


async def test_an_allegation_against_staff_never_reaches_an_ordinary_inbox(
    csc: Office, school: Office, lado: Office
) -> None:
    answer = await csc.post("/v1/concerns", a_concern(SCHOOL, **ALLEGATION))

    assert [one["recipient"] for one in answer["messages"]] == [f"{SCHOOL}/restricted", LADO]
    assert [note for note in answer["notices"] if SCHOOL in note or LADO in note] == answer["notices"]
    at_school, at_lado = (one["id"] for one in answer["messages"])
    await school.until(at_school, "delivered")
    await lado.until(at_lado, "delivered")
    ordinary = school.with_scopes("inbox.read", "messages.read")
    assert (await school.get("/v1/inbox", token=ordinary))["items"] == []
    hidden = await school.call("GET", f"/v1/messages/{at_school}", token=ordinary)
    assert hidden.status_code == 404


async def test_a_dry_run_shows_whom_an_allegation_reaches(csc: Office) -> None:
    answer = await csc.call("POST", "/v1/concerns/check", a_concern(SCHOOL, **ALLEGATION))

    found = answer.json()
    assert [one["recipient"] for one in found["recipients"]] == [f"{SCHOOL}/restricted", LADO]
    assert len(found["notices"]) == 2
    assert all(one["phone"] for one in found["recipients"])


async def test_a_designated_officer_who_is_named_is_told_once(csc: Office) -> None:
    body = a_concern(SCHOOL, recipients=[LADO, SCHOOL, f"{SCHOOL}/restricted"], **ALLEGATION)

    answer = await csc.post("/v1/concerns", body)

    assert [one["recipient"] for one in answer["messages"]] == [LADO, f"{SCHOOL}/restricted"]


async def test_a_designated_officer_does_not_tell_itself(lado: Office) -> None:
    answer = await lado.post("/v1/concerns", a_concern(SCHOOL, **ALLEGATION))

    assert [one["recipient"] for one in answer["messages"]] == [f"{SCHOOL}/restricted"]


async def test_any_other_concern_goes_where_it_was_addressed(csc: Office) -> None:
    answer = await csc.post("/v1/concerns", a_concern(SCHOOL))

    assert [one["recipient"] for one in answer["messages"]] == [SCHOOL]
    assert "notices" not in answer


async def test_an_allegation_told_with_a_question_is_asked_in_the_restricted_inbox(csc: Office) -> None:
    concern = a_concern(SCHOOL, **ALLEGATION)
    for member in ("recipients", "subject", "author"):
        del concern[member]

    answer = await csc.post("/v1/requests", a_request(SCHOOL, concern=concern))

    assert [(one["kind"], one["recipient"]) for one in answer["messages"]] == [
        ("concern", f"{SCHOOL}/restricted"),
        ("concern", LADO),
        ("request", f"{SCHOOL}/restricted"),
    ]


@ON_BOTH
async def test_whom_a_mark_names_never_sees_it_nor_what_follows(school: Office, csc: Office) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:Nurse7", "NOT_FAMILY"])
    await csc.until(told, "delivered")
    scopes = ("inbox.read", "messages.read", "inbox.restricted", "inbox.answer")
    implicated = csc.with_scopes(*scopes, acts_as="nurse7")
    colleague = csc.with_scopes(*scopes, acts_as="nurse8")
    body = {"decision": "ASSESS_S17", "decider": {"name": "B. Okri"}}
    decision = (await csc.post(f"/v1/concerns/{told}/decision", body))["messages"][0]["id"]

    for jti in (told, decision):
        assert (await csc.call("GET", f"/v1/messages/{jti}", token=implicated)).status_code == 404
        assert (await csc.call("GET", f"/v1/messages/{jti}", token=colleague)).status_code == 200
    assert (await csc.get("/v1/inbox", token=implicated))["items"] == []
    assert [one["id"] for one in (await csc.get("/v1/inbox", token=colleague))["items"]] == [told]
    answered = await csc.call("POST", f"/v1/concerns/{told}/decision", body, token=implicated)
    assert answered.status_code == 404


async def test_whom_a_mark_names_sees_no_request_that_rests_on_it(school: Office, csc: Office) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:nurse7"])
    await csc.until(told, "delivered")
    scopes = ("messages.read", "inbox.restricted")

    answer = await csc.post("/v1/requests", a_request(SCHOOL, concern_ids=[told]))

    request = answer["messages"][-1]["id"]
    for person, status in (("nurse7", 404), ("nurse8", 200)):
        token = csc.with_scopes(*scopes, acts_as=person)
        assert (await csc.call("GET", f"/v1/messages/{request}", token=token)).status_code == status


async def test_nobody_is_shut_out_by_half_a_name(school: Office, csc: Office) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:nurse77", "NOT_NAMED_PERSON:"])
    await csc.until(told, "delivered")

    token = csc.with_scopes("inbox.read", acts_as="nurse7")

    assert [one["id"] for one in (await csc.get("/v1/inbox", token=token))["items"]] == [told]


# -- closed inboxes ----------------------------------------------------------------------------------

FRIDAY_EVENING = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)
SCHOOL_DAYS = (Hours(days=tuple(Day)[:5], opens="08:00", closes="16:00"),)


def _closes(partnership: Partnership, agency: AgencyId, cover: str) -> None:
    """From now on an agency's general inbox is read on school days only."""
    general = Inbox(name="general", hours=SCHOOL_DAYS, lead="Duty lead", cover=cover)
    partnership.publish(agency, inboxes=(general, Inbox(name="restricted", hours="ALWAYS", lead="Head")))


async def test_what_cannot_wait_for_a_closed_inbox_goes_to_its_cover_too(
    csc: Office, partnership: Partnership
) -> None:
    _closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED"))
    checked = (await csc.call("POST", "/v1/concerns/check", a_concern(SCHOOL, urgency="RED"))).json()

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL, LADO]
    assert "Monday 30 November, 08:00" in sent["notices"][0]
    assert [one["recipient"] for one in checked["recipients"]] == [SCHOOL, LADO]
    assert checked["notices"] == sent["notices"]


async def test_what_can_wait_until_they_open_goes_to_nobody_else(
    csc: Office, partnership: Partnership
) -> None:
    _closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="AMBER"))

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL]
    assert "notices" not in sent


async def test_a_cover_that_is_closed_too_has_its_own_cover(csc: Office, partnership: Partnership) -> None:
    _closes(partnership, SCHOOL, cover=GP)
    _closes(partnership, GP, cover=POLICE)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED"))

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL, POLICE]


async def test_what_is_kept_to_few_is_copied_to_no_cover_and_its_author_told_to_ring(
    csc: Office, partnership: Partnership
) -> None:
    _closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)

    sent = await csc.post("/v1/concerns", a_concern(SCHOOL, urgency="RED", handling=["NO_ONWARD"]))

    assert [one["recipient"] for one in sent["messages"]] == [SCHOOL]
    assert "Ring them" in sent["notices"][0]


@pytest.mark.parametrize(("urgency", "notices"), [("RED", 1), ("AMBER", 0)])
async def test_what_is_asked_goes_to_no_cover_which_has_not_got_it_and_its_author_is_told_to_ring(
    csc: Office, partnership: Partnership, urgency: str, notices: int
) -> None:
    _closes(partnership, SCHOOL, cover=LADO)
    await _on_friday_evening(csc)
    told = await csc.tell(SCHOOL)
    asking = a_request(SCHOOL, concern_ids=[told], urgency=urgency)

    sent = await csc.post("/v1/requests", asking)
    checked = (await csc.call("POST", "/v1/requests/check", asking)).json()

    assert [(one["kind"], one["recipient"]) for one in sent["messages"]] == [("request", SCHOOL)]
    assert ["Ring them" in one for one in sent.get("notices", [])] == [True] * notices
    assert checked["notices"] == sent.get("notices", [])


async def _on_friday_evening(office: Office) -> None:
    """The clock is put forward, and the office knows the newest profiles."""
    office.partnership.clock.forward(FRIDAY_EVENING - office.partnership.clock())
    office.token = office.with_scopes(*SCOPES, may_assert=True)
    await office.node.desk.registering.refresh()
