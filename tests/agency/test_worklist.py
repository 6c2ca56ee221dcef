"""The inbox as a worklist: pages, filters, due times, long poll and events."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from candour_agency.api.gate import SCOPES
from candour_agency.api.worklist import _events
from candour_agency.store.messages import Filter

from tests.agency.partnership import CSC, Office, Partnership

TOMORROW = datetime(2026, 11, 24, tzinfo=UTC)


async def _all_told(school: Office, csc: Office, *urgencies: str) -> list[str]:
    told = [await school.tell(urgency=urgency) for urgency in urgencies]
    for one in told:
        await csc.until(one, "delivered")
    return told


async def test_pages_follow_each_other_without_a_gap(school: Office, csc: Office) -> None:
    told = await _all_told(school, csc, *["GREEN"] * 5)

    seen: list[str] = []
    link = "/v1/inbox?limit=2"
    while link:
        page = await csc.get(link)
        seen += [item["id"] for item in page["items"]]
        link = page["links"]["next"]

    assert seen == told


async def test_a_link_carries_the_filters_and_nothing_that_somebody_else_put_there(
    school: Office, csc: Office
) -> None:
    await _all_told(school, csc, "RED", "GREEN")

    page = await csc.get("/v1/inbox?limit=1&urgency=red&%F0%9F%98%80=%0A%22%3E")

    assert page["links"]["next"].endswith("&limit=1&urgency=red")


async def test_urgent_ones_come_first_when_asked_for(school: Office, csc: Office) -> None:
    green, red, amber, emergency = await _all_told(school, csc, "GREEN", "RED", "AMBER", "EMERGENCY")

    seen: list[str] = []
    link = "/v1/inbox?limit=3&order=urgency"
    while link:
        page = await csc.get(link)
        seen += [item["id"] for item in page["items"]]
        link = page["links"]["next"]

    assert seen == [emergency, red, amber, green]


async def test_filters(school: Office, csc: Office) -> None:
    green, red = await _all_told(school, csc, "GREEN", "RED")
    body = {"decision": "EARLY_HELP", "reasons": "No harm, some help.", "decider": {"name": "B. Okri"}}
    decision = await csc.post(f"/v1/concerns/{green}/decision", body)
    await csc.until(decision["messages"][0]["id"], "delivered")

    assert [item["id"] for item in (await csc.get("/v1/inbox?urgency=red"))["items"]] == [red]
    assert [item["id"] for item in (await csc.get("/v1/inbox?state=open"))["items"]] == [red]
    assert [item["id"] for item in (await csc.get("/v1/inbox?kind=concern"))["items"]] == [green, red]
    assert [item["kind"] for item in await school.inbox()] == ["decision"]


@pytest.mark.parametrize(
    ("query", "known"),
    [("kind=concerns", "concern"), ("urgency=zz", "AMBER"), ("inbox=nowhere", "general, restricted")],
)
async def test_a_filter_that_is_mistyped_is_refused_with_the_words_that_fit(
    csc: Office, query: str, known: str
) -> None:
    answer = await csc.call("GET", f"/v1/inbox?{query}")

    found = answer.json()
    assert (answer.status_code, found["code"]) == (422, "invalid-parameter")
    assert found["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"
    assert known in found["errors"][0]["detail"]


async def test_each_item_says_when_it_is_due_and_when_it_is_late(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    [told] = await _all_told(school, csc, "RED")

    [item] = await csc.inbox()
    assert item["due_at"] == "2026-11-23T10:00:00.000Z"
    assert not item["overdue"]
    partnership.clock.forward(timedelta(minutes=61))
    csc.token = csc.with_scopes(*SCOPES, may_assert=True)
    school.token = school.with_scopes(*SCOPES, may_assert=True)
    [late] = await csc.inbox()
    assert late["overdue"]
    owed = {one["kind"]: one for one in (await school.message(told))["obligations"]}
    assert owed["acknowledgement"]["overdue"]
    assert owed["acknowledgement"]["phone"] == "01632 960001"
    assert not owed["decision"]["overdue"]


async def test_a_message_that_does_not_arrive_is_shown_as_overdue_with_a_number_to_ring(
    school: Office, partnership: Partnership
) -> None:
    told = await school.tell()
    await school.until(told, "passed")

    partnership.clock.forward(timedelta(minutes=3))

    school.token = school.with_scopes(*SCOPES)
    delivery = (await school.message(told))["obligations"][0]
    assert (delivery["kind"], delivery["owed_by"], delivery["overdue"]) == ("delivery", CSC, True)
    assert delivery["phone"] == "01632 960001"


async def test_a_long_poll_is_answered_by_the_arrival(school: Office, csc: Office) -> None:
    polling = asyncio.create_task(csc.get("/v1/inbox?wait=20"))
    await csc.node.desk.database.read(lambda connection: None)

    told = await school.tell()

    [item] = (await polling)["items"]
    assert item["id"] == told


async def test_a_poll_without_a_wait_is_answered_at_once(csc: Office) -> None:
    page = await csc.get("/v1/inbox")

    assert page == {"items": [], "links": {"next": None}}


async def _take(events: Any, count: int) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    async with asyncio.timeout(60):
        async for event in events:
            if event.startswith("id: "):
                lines = dict(line.split(": ", 1) for line in event.strip().split("\n"))
                found.append((lines["id"], json.loads(lines["data"])))
            if len(found) == count:
                break
    return found


async def test_events_come_as_messages_arrive_and_go_on_where_they_broke_off(
    school: Office, csc: Office
) -> None:
    first, second, third = await _all_told(school, csc, "GREEN", "RED", "AMBER")

    [(last, item)] = await _take(_events(csc.node.desk, Filter(), TOMORROW), 1)
    assert (item["id"], item["kind"]) == (first, "concern")
    resumed = await csc.http.send(
        csc.http.build_request("GET", "/v1/inbox", params={"after": last}, headers=_bearer(csc))
    )
    assert [one["id"] for one in resumed.json()["items"]] == [second, third]


def _bearer(office: Office) -> dict[str, str]:
    return {"Authorization": f"Bearer {office.token}"}


async def test_a_listener_hears_of_what_arrives_later(school: Office, csc: Office) -> None:
    events = _events(csc.node.desk, Filter(), TOMORROW)
    assert await anext(events) == ": open\n\n"
    listening = asyncio.create_task(_take(events, 1))

    told = await school.tell()

    [(_, item)] = await listening
    assert item["id"] == told


async def test_a_stream_of_events_ends_with_its_token(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    await _all_told(school, csc, "RED")
    events = _events(csc.node.desk, Filter(), partnership.clock() + timedelta(minutes=10))
    assert await anext(events) == ": open\n\n"

    partnership.clock.forward(timedelta(minutes=10))

    assert await _take(events, 1) == []


async def test_no_line_of_the_worklist_says_who_or_what(school: Office, csc: Office) -> None:
    await _all_told(school, csc, "RED")

    text = json.dumps(await csc.inbox())

    assert "Ashbyte" not in text
    assert "bruise" not in text
    assert "9990001014" not in text
