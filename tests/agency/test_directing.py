"""Whom a concern reaches: allegations against staff, and people who are kept out by name."""

from __future__ import annotations

from typing import Any

import pytest
from candour_agency import telling
from candour_agency.directing import Directed

from tests.agency.partnership import CSC, GP, LADO, POLICE, SCHOOL, Office, Partnership, a_concern, a_request
from tests.agency.places import ON_BOTH
from tests.agency.protected import ALLEGATION, withheld_from_school
from tests.agency.shutting import shuts


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


@pytest.mark.parametrize("kept_from", [SCHOOL, f"{SCHOOL}/general"])
async def test_what_is_kept_from_an_agency_never_reaches_its_ordinary_inbox(
    gp: Office, csc: Office, school: Office, kept_from: str
) -> None:
    body = a_concern(recipients=[SCHOOL, CSC], withheld=withheld_from_school(**{"from": kept_from}))

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
SOCIAL = f"{CSC}/restricted"


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
        ([SCHOOL], {}, {}, [SCHOOL, CSC]),
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
    shuts(partnership, SCHOOL, cover=LADO)
    await gp.node.desk.registering.refresh()
    withheld = withheld_from_school(**({"from": SECRET} | kept))
    body = a_concern(recipients=recipients, withheld=withheld, **members)

    sent = await gp.post("/v1/concerns", body)
    checked = (await gp.call("POST", "/v1/concerns/check", body)).json()

    assert [one["recipient"] for one in sent["messages"]] == reached
    assert [one["recipient"] for one in checked["recipients"]] == reached
    assert checked["notices"] == sent.get("notices", [])
    told = any(f"kept from {SECRET}" in one for one in sent.get("notices", []))
    assert told is (SECRET in recipients)


@pytest.mark.parametrize(
    ("recipients", "reached", "notices"),
    [
        (
            [f"{CSC}/restricted"],
            [f"{CSC}/restricted", LADO],
            [f"{LADO} is told too: it is lodged with them."],
        ),
        ([CSC, f"{LADO}/restricted"], [CSC, f"{LADO}/restricted"], []),
    ],
)
async def test_whoever_a_concern_is_said_to_be_lodged_with_gets_it(
    gp: Office, recipients: list[str], reached: list[str], notices: list[str]
) -> None:
    body = a_concern(recipients=recipients, withheld=withheld_from_school(lodged_with=LADO))

    sent = await gp.post("/v1/concerns", body)
    checked = (await gp.call("POST", "/v1/concerns/check", body)).json()

    assert [one["recipient"] for one in sent["messages"]] == reached
    assert [one["recipient"] for one in checked["recipients"]] == reached
    assert sent.get("notices", []) == checked["notices"] == notices


async def test_whoever_gets_it_instead_can_read_it(gp: Office, csc: Office) -> None:
    body = a_concern(SECRET, withheld=withheld_from_school(**{"from": SECRET}))

    sent = await gp.post("/v1/concerns", body)

    await csc.until(sent["messages"][0]["id"], "delivered")


async def test_a_concern_is_sent_back_only_where_nobody_at_all_could_judge_it(gp: Office) -> None:
    kept = withheld_from_school(**{"from": SECRET, "lodged_with": None})

    refused = await gp.call("POST", "/v1/concerns", a_concern(SECRET, withheld=kept))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/withheld/from"
    assert "`lodged_with`" in refused.json()["errors"][0]["detail"]


async def test_an_inbox_is_not_asked_about_what_it_must_not_see(gp: Office) -> None:
    concern = a_concern(SECRET, withheld=withheld_from_school(**{"from": SECRET}))
    for member in ("recipients", "subject", "author"):
        del concern[member]

    refused = await gp.call("POST", "/v1/requests", a_request(SECRET, concern=concern))

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/recipients"


async def test_a_designated_officer_from_whom_an_allegation_is_kept_is_not_told_it(csc: Office) -> None:
    body = a_concern(SCHOOL, withheld=withheld_from_school(**{"from": LADO}), **ALLEGATION)

    answer = await csc.post("/v1/concerns", body)

    assert [one["recipient"] for one in answer["messages"]] == [f"{SCHOOL}/restricted"]
    assert any("Tell them by telephone" in one for one in answer["notices"])


@pytest.mark.parametrize("members", [ALLEGATION, {"withheld": withheld_from_school()}])
async def test_what_comes_to_an_ordinary_inbox_all_the_same_is_shown_in_the_restricted_one(
    gp: Office, school: Office, monkeypatch: pytest.MonkeyPatch, members: dict[str, Any]
) -> None:
    monkeypatch.setattr(telling, "direct", lambda _directory, named, *_: Directed(tuple(named)))
    told = await gp.tell(SCHOOL, **members)

    shown = await school.until(told, "delivered")

    ordinary = school.with_scopes("inbox.read", "messages.read")
    assert shown["inbox"] == "restricted"
    assert (await school.call("GET", f"/v1/messages/{told}", token=ordinary)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({}, []),
        ({"second_signer": None}, ["second_signer"]),
        ({"second_signer": {"staff_id": "vance", "name": "H. Vance"}}, ["second_signer"]),
        ({"review_on": None}, ["review_on"]),
        ({"review_on": "2026-12-24"}, ["review_on"]),
        ({"reason": "CONFIDENTIAL"}, ["reason"]),
        ({"lodged_with": SCHOOL}, ["lodged_with"]),
        ({"lodged_with": GP}, ["lodged_with"]),
        (
            {"reason": None, "lodged_with": None, "second_signer": None, "review_on": None},
            ["lodged_with", "reason", "review_on", "second_signer"],
        ),
    ],
)
async def test_a_dry_run_says_what_is_missing_where_a_concern_is_kept_from_somebody(
    gp: Office, changes: dict[str, Any], lacking: list[str]
) -> None:
    body = a_concern(CSC, withheld=withheld_from_school(**changes))

    checked = (await gp.call("POST", "/v1/concerns/check", body)).json()

    found = [one["pointer"] for one in checked["violations"] if one["rule"] == "R10"]
    assert sorted(found) == [f"/withheld/{place}" for place in lacking]
    assert checked["outcome"] == ("flagged" if lacking else "passed")
