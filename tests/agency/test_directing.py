"""Whom a concern reaches: allegations against staff, and people who are kept out by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from candour_agency import telling
from candour_agency.api.gate import SCOPES
from candour_agency.directing import Directed
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


# -- what is kept from an inbox --------------------------------------------------------------------------


def _withheld(**changes: Any) -> dict[str, Any]:
    """Kept from the school's ordinary inbox, and lodged with social care."""
    return {
        "from": SCHOOL,
        "reason": "RISK_TO_PERSON",
        "lodged_with": CSC,
        "second_signer": {"staff_id": "brace", "name": "DI Brace"},
        "review_on": "2026-11-24",
        **changes,
    }


@pytest.mark.parametrize("kept_from", [SCHOOL, f"{SCHOOL}/general"])
async def test_what_is_kept_from_an_agency_never_reaches_its_ordinary_inbox(
    gp: Office, csc: Office, school: Office, kept_from: str
) -> None:
    body = a_concern(recipients=[SCHOOL, CSC], withheld=_withheld(**{"from": kept_from}))

    sent = await gp.post("/v1/concerns", body)
    checked = (await gp.call("POST", "/v1/concerns/check", body)).json()

    assert [one["recipient"] for one in sent["messages"]] == [f"{SCHOOL}/restricted", CSC]
    assert [f"kept from {SCHOOL}: the restricted inbox" in one for one in sent["notices"]] == [True]
    assert [one["recipient"] for one in checked["recipients"]] == [f"{SCHOOL}/restricted", CSC]
    assert checked["notices"] == sent["notices"]
    await school.until(sent["messages"][0]["id"], "delivered")
    ordinary = school.with_scopes("inbox.read", "messages.read")
    assert (await school.get("/v1/inbox", token=ordinary))["items"] == []


SECRET = f"{SCHOOL}/restricted"


@pytest.mark.parametrize(
    ("recipients", "kept", "members", "reached"),
    [
        ([SECRET], {}, {}, [CSC]),
        ([SECRET, POLICE], {}, {}, [POLICE, CSC]),
        ([SECRET, CSC], {}, {}, [CSC]),
        ([SECRET, POLICE], {"lodged_with": None}, {}, [POLICE]),
        ([SECRET], {"lodged_with": None}, {}, [f"{LADO}/restricted"]),  # who covers for that inbox
        ([SECRET], {"lodged_with": GP}, {}, [f"{LADO}/restricted"]),  # nobody lodges with themselves
        ([SECRET], {"lodged_with": SCHOOL}, {}, [f"{LADO}/restricted"]),
        ([SECRET], {"lodged_with": None}, {"handling": ["LADO_ONLY"]}, [LADO]),
        ([SECRET], {}, ALLEGATION, [f"{CSC}/restricted", LADO]),
        ([SECRET], {"lodged_with": None}, ALLEGATION, [LADO]),
        ([SECRET], {"lodged_with": LADO}, ALLEGATION, [LADO]),
        ([SCHOOL], {}, {}, [SCHOOL]),
    ],
)
async def test_what_is_addressed_to_the_restricted_inbox_that_it_is_kept_from_goes_to_who_can_judge_it(
    gp: Office,
    partnership: Partnership,
    recipients: list[str],
    kept: dict[str, Any],
    members: dict[str, Any],
    reached: list[str],
) -> None:
    _shuts(partnership, SCHOOL, cover=LADO)
    await gp.node.desk.registering.refresh()
    withheld = _withheld(**({"from": SECRET} | kept))
    body = a_concern(recipients=recipients, withheld=withheld, **members)

    sent = await gp.post("/v1/concerns", body)
    checked = (await gp.call("POST", "/v1/concerns/check", body)).json()

    assert [one["recipient"] for one in sent["messages"]] == reached
    assert [one["recipient"] for one in checked["recipients"]] == reached
    assert checked["notices"] == sent.get("notices", [])
    told = any(f"kept from {SECRET}" in one for one in sent.get("notices", []))
    assert told is (SECRET in recipients)


async def test_whoever_gets_it_instead_can_read_it(gp: Office, csc: Office) -> None:
    body = a_concern(SECRET, withheld=_withheld(**{"from": SECRET}))

    sent = await gp.post("/v1/concerns", body)

    await csc.until(sent["messages"][0]["id"], "delivered")


async def test_a_concern_is_sent_back_only_where_nobody_at_all_could_judge_it(gp: Office) -> None:
    kept = _withheld(**{"from": SECRET, "lodged_with": None})

    refused = await gp.call("POST", "/v1/concerns", a_concern(SECRET, withheld=kept))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/withheld/from"
    assert "`lodged_with`" in refused.json()["errors"][0]["detail"]


async def test_an_inbox_is_not_asked_about_what_it_must_not_see(gp: Office) -> None:
    concern = a_concern(SECRET, withheld=_withheld(**{"from": SECRET}))
    for member in ("recipients", "subject", "author"):
        del concern[member]

    refused = await gp.call("POST", "/v1/requests", a_request(SECRET, concern=concern))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/recipients"


async def test_a_designated_officer_from_whom_an_allegation_is_kept_is_not_told_it(csc: Office) -> None:
    body = a_concern(SCHOOL, withheld=_withheld(**{"from": LADO}), **ALLEGATION)

    answer = await csc.post("/v1/concerns", body)

    assert [one["recipient"] for one in answer["messages"]] == [f"{SCHOOL}/restricted"]
    assert any("Tell them by telephone" in one for one in answer["notices"])


@pytest.mark.parametrize("members", [ALLEGATION, {"withheld": _withheld()}])
async def test_what_comes_to_an_ordinary_inbox_all_the_same_is_shown_in_the_restricted_one(
    gp: Office, school: Office, monkeypatch: pytest.MonkeyPatch, members: dict[str, Any]
) -> None:
    monkeypatch.setattr(telling, "direct", lambda _directory, named, *_: Directed(tuple(named)))
    told = await gp.tell(SCHOOL, **members)

    shown = await school.until(told, "delivered")

    ordinary = school.with_scopes("inbox.read", "messages.read")
    assert shown["inbox"] == "restricted"
    assert (await school.call("GET", f"/v1/messages/{told}", token=ordinary)).status_code == 404


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


def _shuts(partnership: Partnership, agency: AgencyId, cover: str) -> None:
    """From now on an agency's restricted inbox, too, is read on school days only."""
    shut = (
        Inbox(name=name, hours=SCHOOL_DAYS, lead="Head", cover=cover) for name in ("general", "restricted")
    )
    partnership.publish(agency, inboxes=tuple(shut))


@pytest.mark.parametrize("kept", [{}, {"withheld": _withheld(reason="STAFF_ALLEGATION")}])
async def test_an_allegation_to_a_closed_inbox_is_copied_to_its_covers_restricted_one(
    csc: Office, partnership: Partnership, kept: dict[str, Any]
) -> None:
    _shuts(partnership, SCHOOL, cover=POLICE)
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
        {"withheld": _withheld(**{"from": GP, "reason": "STAFF_ALLEGATION"})},
        {"withheld": _withheld(reason="POLICE_PREJUDICE")},
        {"handling": ["LADO_ONLY"]},
    ],
)
async def test_an_allegation_is_copied_to_no_cover_that_may_be_implicated_and_its_author_told_to_ring(
    csc: Office, partnership: Partnership, members: dict[str, Any]
) -> None:
    _shuts(partnership, SCHOOL, cover=GP)
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
    _shuts(partnership, LADO, cover=POLICE)
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
