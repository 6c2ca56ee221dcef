"""What has to be said before a matter is ended or put right: a known code, and words where it wants them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agency.partnership import CSC, POLICE, Office, an_answer

WORDS = "The neighbour told police on Monday that she had made it all up."


@pytest.mark.parametrize(
    ("body", "pointer", "hint"),
    [
        ({"reason": "MALICIOUS"}, "/text", "malicious"),
        ({"reason": "malicious", "text": "No evidence."}, "/text", "8 words"),
        ({"reason": "CHECKS_UNANSWERED"}, "/text", "8 words"),
        ({"reason": "OTHER", "text": " "}, "/text", "8 words"),
        ({"reason": "CHILD_SAVE", "text": WORDS}, "/reason", "Did you mean CHILD_SAFE?"),
        ({"reason": "we are bored of it"}, "/reason", "One of"),
    ],
)
async def test_a_closure_wants_a_known_reason_and_the_words_that_belong_to_it(
    school: Office, csc: Office, body: dict[str, Any], pointer: str, hint: str
) -> None:
    told = await school.tell(CSC)
    await csc.until(told, "delivered")

    refused = await csc.call("POST", f"/v1/concerns/{told}/closure", body)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert hint in refused.json()["errors"][0]["detail"]
    assert (await csc.message(told))["state"] == "delivered"


@pytest.mark.parametrize("reason", ["MALICIOUS", "CHECKS_UNANSWERED", "OTHER"])
async def test_with_its_words_a_closure_goes_out(school: Office, csc: Office, reason: str) -> None:
    told = await school.tell(CSC)
    await csc.until(told, "delivered")

    await csc.post(f"/v1/concerns/{told}/closure", {"reason": reason, "text": WORDS})

    await school.until(told, "closed")


async def test_that_something_was_malicious_is_told_with_its_evidence(school: Office, csc: Office) -> None:
    told = await school.tell(CSC)
    await csc.until(told, "delivered")
    path, body = f"/v1/messages/{told}/correction", {"correction_kind": "OUTCOME_MALICIOUS"}

    bare = await school.call("POST", path, body)
    sent = await school.post(path, body | {"what_is_right": WORDS})

    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "/what_is_right")
    await csc.until(sent["messages"][0]["id"], "delivered")


@pytest.mark.parametrize("why", [{}, {"why_not": None}, {"why_not": " \t "}])
async def test_who_cannot_apply_a_correction_says_why(
    school: Office, csc: Office, why: dict[str, Any]
) -> None:
    told = await school.tell(CSC)
    await csc.until(told, "delivered")
    right = {"correction_kind": "UPDATE", "what_is_right": "It was on Monday."}
    sent = (await school.post(f"/v1/messages/{told}/correction", right))["messages"][0]["id"]
    await csc.until(sent, "delivered")
    path = f"/v1/inbox/{sent}/applied"

    refused = await csc.call("POST", path, {"applied": "cannot", **why})
    before = (await csc.message(sent))["state"]
    await csc.post(path, {"applied": "cannot", "why_not": "Closed to us."})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/why_not")
    assert "`why_not`" in refused.json()["errors"][0]["detail"]
    assert before == "delivered"
    await school.until(sent, "answered")


async def test_a_matter_is_handed_on_only_to_an_inbox_that_there_is(school: Office, csc: Office) -> None:
    told = await school.tell(CSC)
    await csc.until(told, "delivered")

    refused = await csc.call("POST", f"/v1/concerns/{told}/transfer", {"to": f"{CSC}/nowhere"})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/to")
    assert "general, restricted" in refused.json()["errors"][0]["detail"]


async def test_a_team_is_no_named_person_who_has_it_now(school: Office, csc: Office) -> None:
    told = await school.tell(CSC)
    await csc.until(told, "delivered")
    path = f"/v1/inbox/{told}/acknowledgement"

    refused = await csc.call("PUT", path, {"name": "MASH team"})
    await csc.call("PUT", path, {"name": "J. Mbeki"})

    assert (refused.status_code, refused.json()["code"]) == (422, "nobody-named")
    assert (await school.until(told, "acknowledged"))["state_text"] == "opened by J. Mbeki"


async def test_an_outcome_that_tells_nothing_settles_nothing(csc: Office, police: Office) -> None:
    told = await csc.tell(POLICE)
    await police.until(told, "delivered")
    asked = await csc.ask(POLICE, concern_ids=[told])
    await police.until(asked, "delivered")
    await police.post(f"/v1/requests/{asked}/answer", an_answer())
    await csc.until(asked, "answered")
    path = f"/v1/requests/{asked}/outcome"

    refused = [await csc.call("POST", path, body) for body in ({}, {"outcome": " ", "came_of_it": ""})]
    still = (await csc.message(asked))["state"]
    told_back = await csc.post(path, {"came_of_it": "A plan was made with his mother."})

    assert {each.status_code for each in refused} == {422}
    assert {each.json()["errors"][0]["pointer"] for each in refused} == {"/outcome"}
    assert still == "answered"
    await police.until(told_back["messages"][0]["id"], "delivered")
