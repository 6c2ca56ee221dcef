"""People whom a mark keeps out by name: nothing of the matter is there for them, nor that there is one."""

from __future__ import annotations

from tests.agency.partnership import CSC, GP, POLICE, Office, a_request

SCOPES = ("inbox.read", "messages.read", "inbox.restricted", "inbox.answer")


async def _status(office: Office, path: str, person: str) -> int:
    token = office.with_scopes(*SCOPES, acts_as=person)
    return (await office.call("GET", path, token=token)).status_code


async def test_whom_a_mark_names_never_sees_a_copy_that_was_passed_on(
    school: Office, csc: Office, police: Office
) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:Cop7"], onward_to=[POLICE])
    await csc.until(told, "delivered")

    sent = await csc.post("/v1/requests", a_request(POLICE, concern_ids=[told]))
    relay = sent["messages"][0]["id"]
    await police.until(relay, "delivered")

    assert await _status(police, f"/v1/messages/{relay}", "cop7") == 404
    assert await _status(police, f"/v1/messages/{relay}", "cop8") == 200


async def test_whom_a_mark_names_never_sees_a_copy_of_a_copy(
    school: Office, csc: Office, police: Office, gp: Office
) -> None:
    told = await school.tell(CSC, handling=["NOT_NAMED_PERSON:gp7"], onward_to=[POLICE, GP])
    await csc.until(told, "delivered")
    sent = await csc.post("/v1/requests", a_request(POLICE, concern_ids=[told]))
    relay = sent["messages"][0]["id"]
    await police.until(relay, "delivered")

    again = await police.post("/v1/requests", a_request(GP, concern_ids=[relay]))
    copy = again["messages"][0]["id"]
    await gp.until(copy, "delivered")

    assert await _status(gp, f"/v1/messages/{copy}", "gp7") == 404
    assert await _status(gp, f"/v1/messages/{copy}", "gp8") == 200
