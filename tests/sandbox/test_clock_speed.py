"""``--clock-speed``: a day's limits in seconds, and only where the sandbox was founded so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest
from candour_sandbox.samples import samples

from tests.sandbox.conftest import Partner, Start

pytestmark = pytest.mark.timeout(600)

HILL, CSC = "testborough-hill", "testborough-csc"


def _told(manifest: dict[str, Any], sender: str, recipient: str, urgency: str) -> tuple[str, str]:
    """A concern of the story: its id and its thread."""
    body = {**samples().call("C-01").body, "recipients": [recipient], "urgency": urgency}
    with Partner(manifest["agencies"][sender]) as partner:
        answer = partner.post("/v1/concerns", body, "told")
    assert answer.status_code == 202, answer.text
    return answer.json()["messages"][0]["id"], answer.json()["thread"]


def _notices(manifest: dict[str, Any], agency: str, wanted: int) -> list[dict[str, Any]]:
    """The first notices to arrive; waits at the node's door for each."""
    found: list[dict[str, Any]] = []
    door = manifest["agencies"][agency]
    link = "/v1/inbox?wait=30"
    headers = {"Authorization": f"Bearer {door['token']}"}
    with httpx.Client(base_url=door["url"], headers=headers, timeout=60, trust_env=False) as http:
        while len(found) < wanted:
            page = http.get(link).json()
            found += [item for item in page["items"] if item["kind"] == "notice"]
            if page["items"]:
                link = f"{page['links']['next']}&wait=30"
    return found


def _owed(manifest: dict[str, Any], party: str, about: str) -> dict[str, datetime]:
    with Partner(manifest["agencies"][party]) as partner:
        owed = partner.message(about)["obligations"]
    return {each["kind"]: datetime.fromisoformat(each["due_at"]) for each in owed}


def test_an_hour_is_a_second_and_both_sides_hear_of_what_is_late(start: Start) -> None:
    manifest = start("--no-story", "--clock-speed", "3600").ready()

    _, thread = _told(manifest, HILL, CSC, "RED")

    for agency in (HILL, CSC):
        notices = _notices(manifest, agency, 3)
        assert {each["thread"] for each in notices} == {thread}
        assert {each["sender"] for each in notices} == {"gateway"}


def test_gateway_and_nodes_name_the_same_due_times(start: Start) -> None:
    manifest = start("--no-story").ready()

    message, _ = _told(manifest, CSC, HILL, "AMBER")  # the school's night and weekend count for nothing

    gateway = manifest["gateway"]
    headers = {"Authorization": f"Bearer {gateway['token']}"}
    items = httpx.get(f"{gateway['url']}/v1/obligations?limit=500", headers=headers).json()["items"]
    due = {each["kind"]: datetime.fromisoformat(each["due_at"]) for each in items if each["id"] == message}
    at_sender, at_school = (_owed(manifest, agency, message) for agency in (CSC, HILL))
    for duty in ("acknowledgement", "decision"):
        assert due[duty] == at_sender[duty] == at_school[duty]


def test_a_sandbox_keeps_the_speed_that_it_was_founded_with(start: Start) -> None:
    first = start("--no-story", "--clock-speed", "60")
    first.ready()
    first.stop()

    other = start("--no-story", "--clock-speed", "3600")
    said = other.rest()
    again = start("--no-story")
    again.ready()

    assert other.popen.returncode == 1
    assert "founded with --clock-speed 60" in said
    assert again.stop() == 0
