"""Whoever lacks the scope for the restricted inbox finds nothing of it anywhere.

Not the message, not what was answered, not its thread, not an event, not a difference to what never was.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from candour_protocol.entry import parse_entry
from candour_protocol.kinds import Kind
from candour_protocol.receipt import parse as parse_receipt
from candour_protocol.statement import parse

from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.hostile import Signed, Surgery
from tests.journeys.personal import AUTHOR, TAMSIN
from tests.journeys.problems import NOBODY
from tests.journeys.stream import listening
from tests.journeys.town import EVERYTHING, SCOPES, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARAMS: dict[str, str] = {"limit": "200"}


async def plain(town: Town, method: str, path: str, json: Any = None, **call: Any) -> httpx.Response:
    """A call at the school with every scope but one."""
    return await town.call(SCHOOL, method, path, token=town.token(SCHOOL, SCOPES), json=json, **call)


async def secret(surgery: Surgery) -> tuple[Signed, dict[str, Any]]:
    """A concern in the school's restricted inbox, and what those see who may."""
    concern = surgery.concern(inbox="restricted").signed()
    assert await surgery.judge(concern) == ("passed", ())
    return concern, await surgery.reached(concern)


async def assert_nowhere(town: Town, jti: str, txn: str) -> None:
    """Nothing tells it from an id that nobody ever used."""
    for path, name in (("messages/{}", jti), ("messages/{}/receipt", jti), ("threads/{}", txn)):
        there = await plain(town, "GET", f"/v1/{path.format(name)}")
        never = await plain(town, "GET", f"/v1/{path.format(NOBODY)}")
        assert (there.status_code, there.content) == (404, never.content)
        assert there.headers == never.headers
    listed = await plain(town, "GET", "/v1/inbox", params=PARAMS)
    assert jti not in listed.text
    assert txn not in listed.text


async def test_a_restricted_concern(surgery: Surgery, town: Town) -> None:
    concern, seen = await secret(surgery)

    only = await plain(town, "GET", "/v1/inbox", params={"inbox": "restricted"})
    urgent = await plain(town, "GET", "/v1/inbox", params=PARAMS | {"order": "urgency", "state": "open"})

    await assert_nowhere(town, concern.jti, seen["thread"])
    assert only.status_code == 404
    assert concern.jti not in urgent.text


async def test_what_is_answered_to_a_restricted_concern(surgery: Surgery, town: Town) -> None:
    concern, seen = await secret(surgery)
    acknowledged = await town.call(
        SCHOOL,
        "PUT",
        f"/v1/inbox/{concern.jti}/acknowledgement",
        json={"name": "H. Vance", "role": "DSL", "questions": ["Is the cut lip old?"]},
    )
    decision = {"decision": "ADVICE_NFA", "feedback": "The cut lip was seen.", "decider": AUTHOR}
    decided = await town.post(SCHOOL, f"/v1/concerns/{concern.jti}/decision", decision)
    reply = {"facts": [{"what": "Seen again with a cut lip."}], "author": AUTHOR}
    replied = await town.post(SCHOOL, f"/v1/threads/{seen['thread']}/replies", reply)

    for answer in (acknowledged, decided, replied):
        await assert_nowhere(town, answer.json()["messages"][0]["id"], seen["thread"])


async def test_the_nodes_own_word_that_it_came(surgery: Surgery, town: Town) -> None:
    concern, seen = await secret(surgery)
    await town.courier.until(lambda: bool(surgery.opened(concern)))

    for message in (await town.call(SCHOOL, "GET", f"/v1/threads/{seen['thread']}")).json()["messages"]:
        await assert_nowhere(town, message["id"], seen["thread"])


async def test_more_from_the_sender_about_a_restricted_concern(surgery: Surgery, town: Town) -> None:
    """Also where the sender seals it to the ordinary inbox."""
    concern, seen = await secret(surgery)
    more = surgery.reply(concern.hash, SCHOOL, {"facts": [{"what": "The cut lip is worse."}]})
    more = more.with_codes(txn=seen["thread"])
    assert (await surgery.judge(more.signed()))[0] == "passed"
    sent = more.signed()

    await surgery.judge(sent)

    found = [item for item in await town.inbox(SCHOOL) if item["thread"] == seen["thread"]]
    assert len(found) >= 2
    for item in found:
        await assert_nowhere(town, item["id"], seen["thread"])


async def test_nobody_without_the_scope_answers_or_cites_it(surgery: Surgery, town: Town) -> None:
    concern, seen = await secret(surgery)
    calls = [
        ("PUT", "/v1/inbox/{}/acknowledgement", {"name": "x"}, concern.jti),
        ("POST", "/v1/concerns/{}/decision", {"decision": "ADVICE_NFA"}, concern.jti),
        ("POST", "/v1/requests/{}/answer", {"outcomes": []}, concern.jti),
        ("POST", "/v1/threads/{}/replies", {"facts": []}, seen["thread"]),
    ]

    for method, path, body, name in calls:
        there = await plain(town, method, path.format(name), body)
        never = await plain(town, method, path.format(NOBODY), body)
        assert (there.status_code, there.content) == (404, never.content)


async def test_nobody_without_the_scope_asks_on_it_or_goes_on_with_its_thread(
    surgery: Surgery, town: Town
) -> None:
    concern, seen = await secret(surgery)
    never = _resting_on(NOBODY, NOBODY)

    for place, (path, body) in enumerate(_resting_on(concern.jti, seen["thread"])):
        there = await plain(town, "POST", path, body)
        nowhere = await plain(town, "POST", path, never[place][1])
        assert (there.status_code, there.content) == (422, nowhere.content)


def _resting_on(jti: str, txn: str) -> list[tuple[str, dict[str, Any]]]:
    """Every call whose body can name something that was received."""
    return [
        ("/v1/requests", a_request_for(CSC, jti)),
        ("/v1/requests/check", a_request_for(CSC, jti)),
        ("/v1/concerns", a_concern_for(CSC, thread=txn)),
        ("/v1/concerns", a_concern_for(GP, pays_back=jti)),
    ]


async def test_a_restricted_request_its_answer_and_its_outcome(surgery: Surgery, town: Town) -> None:
    concern, _ = await secret(surgery)
    request = surgery.request([concern], inbox="restricted").signed()
    assert await surgery.judge(request) == ("passed", ())
    seen = await surgery.reached(request)
    outcome = {"line": 1, "outcome": "DISCLOSED_FULL", "text": "61 of 92 days.", "basis": "RECORD"}
    body = {"outcomes": [outcome | {"searched": ["SIMS"]}], "decider": AUTHOR}

    answer = await town.post(SCHOOL, f"/v1/requests/{request.jti}/answer", body)

    assert answer.status_code == 202
    await assert_nowhere(town, request.jti, seen["thread"])
    await assert_nowhere(town, answer.json()["messages"][0]["id"], seen["thread"])


async def test_between_two_nodes_a_restricted_matter_stays_so_to_its_end(town: Town) -> None:
    """Social care writes to the school's restricted inbox and asks there; all that follows stays there."""
    told = (await town.post(CSC, "/v1/concerns", a_concern_for(f"{SCHOOL}/restricted"))).json()
    concern = await town.arrived(SCHOOL, told["messages"][0]["id"])
    asking = a_request_for(f"{SCHOOL}/restricted", concern["id"])
    asking["lines"][0] |= {"category": "EDU_ATTEND"}
    asked = (await town.post(CSC, "/v1/requests", asking)).json()
    request = await town.arrived(SCHOOL, asked["messages"][-1]["id"])
    outcome = {"line": 1, "outcome": "DISCLOSED_FULL", "text": "61 of 92 days.", "basis": "RECORD"}
    body = {"outcomes": [outcome | {"searched": ["SIMS"]}], "decider": AUTHOR}
    answered = (await town.post(SCHOOL, f"/v1/requests/{request['id']}/answer", body)).json()
    await town.arrived(CSC, answered["messages"][0]["id"])
    concluded = (
        await town.post(CSC, f"/v1/requests/{request['id']}/outcome", {"came_of_it": "A plan."})
    ).json()
    await town.arrived(SCHOOL, concluded["messages"][0]["id"])
    more = {"facts": [{"what": "He has moved."}], "in_reply_to": answered["messages"][0]["id"]}
    replied = (await town.post(CSC, f"/v1/threads/{request['thread']}/replies", more)).json()
    await town.arrived(SCHOOL, replied["messages"][0]["id"])

    seen = (await town.call(SCHOOL, "GET", f"/v1/threads/{request['thread']}")).json()["messages"]
    assert {each["kind"] for each in seen} >= {"concern", "request", "answer", "outcome", "reply"}
    for each in seen:
        await assert_nowhere(town, each["id"], request["thread"])


async def test_a_relay_of_a_restricted_concern(surgery: Surgery, town: Town) -> None:
    """What the school passes on of it is as restricted at the school as what it received."""
    concern = surgery.concern(inbox="restricted", onward_to=[CSC], categories=["NEGLECT"]).signed()
    await surgery.judge(concern)
    await surgery.reached(concern)

    asked = (await town.post(SCHOOL, "/v1/requests", a_request_for(CSC, concern.jti))).json()

    messages = asked.get("messages") or [asked["message"]]
    for message in messages:
        found = await town.message(SCHOOL, message["id"])
        await assert_nowhere(town, message["id"], found["thread"])


async def test_a_link_that_names_a_restricted_thread_from_another(town: Town) -> None:
    """At whoever is told of it; and at whoever joined them, seeing both."""
    told = (await town.post(CSC, "/v1/concerns", a_concern_for(f"{SCHOOL}/restricted"))).json()
    other = (await town.post(CSC, "/v1/concerns", a_concern_for(SCHOOL))).json()
    hidden, plainly = [await town.arrived(SCHOOL, one["messages"][0]["id"]) for one in (told, other)]
    link = {"joins": [hidden["thread"]], "why": "One child, seen by two of us.", "author": AUTHOR}

    links = [
        (await town.post(who, f"/v1/threads/{plainly['thread']}/links", link | {"recipients": [to]})).json()
        for who, to in ((CSC, SCHOOL), (SCHOOL, CSC))
    ]
    for each in links:
        await town.arrived(SCHOOL, each["messages"][0]["id"])
        await assert_nowhere(town, each["messages"][0]["id"], hidden["thread"])

    thread = (await plain(town, "GET", f"/v1/threads/{plainly['thread']}")).text
    more = await plain(town, "POST", "/v1/concerns", a_concern_for(CSC, thread=plainly["thread"]))
    assert hidden["thread"] not in thread
    assert more.status_code == 202


# -- events and long polls -----------------------------------------------------------------------------


async def test_no_event_tells_of_a_restricted_arrival(surgery: Surgery, town: Town) -> None:
    app = town.nodes[SCHOOL].app
    few, all_of_it = town.token(SCHOOL, SCOPES), town.token(SCHOOL, EVERYTHING)
    async with (
        listening(app, "/v1/inbox/events", few) as blind,
        listening(app, "/v1/inbox/events", all_of_it) as seeing,
    ):
        hidden, _ = await secret(surgery)
        shown = surgery.concern().signed()
        await surgery.judge(shown)

        await blind.until(shown.jti)
        await seeing.until(shown.jti)

    assert hidden.jti in seeing.text
    assert hidden.jti not in blind.text
    assert "restricted" not in blind.text
    assert str(TAMSIN["name"]) not in seeing.text


async def test_events_go_on_where_they_broke_off_without_what_is_hidden(surgery: Surgery, town: Town) -> None:
    app, few = town.nodes[SCHOOL].app, town.token(SCHOOL, SCOPES)
    async with listening(app, "/v1/inbox/events", few) as first:
        before = surgery.concern().signed()
        await surgery.judge(before)
        await first.until(before.jti)
    last = first.text.rpartition("id: ")[2].partition("\n")[0]
    hidden, _ = await secret(surgery)
    after = surgery.concern().signed()
    await surgery.judge(after)

    async with listening(app, "/v1/inbox/events", few, last) as again:
        await again.until(after.jti)

    assert before.jti not in again.text
    assert hidden.jti not in again.text


async def test_a_client_that_goes_away_leaves_nothing_behind(town: Town) -> None:
    app, token = town.nodes[SCHOOL].app, town.token(SCHOOL)
    bells = town.nodes[SCHOOL].desk.bells

    for _ in range(50):
        async with listening(app, "/v1/inbox/events", token) as stream:
            assert stream.status == 200

    assert not bells._listening


@pytest.mark.parametrize("last", ["x", "MSAy=", "é", "A" * 100_000, "0\r\nid: 5"])
async def test_events_from_a_place_that_is_none(town: Town, last: str) -> None:
    answer = await town.call(SCHOOL, "GET", "/v1/inbox/events", headers={"Last-Event-ID": last.encode()})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")


async def test_a_long_poll_is_not_ended_by_what_is_hidden(surgery: Surgery, town: Town) -> None:
    """It would tell that something came: whoever waits gets the next thing that is for them."""
    before = surgery.concern().signed()
    await surgery.judge(before)
    await surgery.reached(before)
    newest = (await plain(town, "GET", "/v1/inbox", params=PARAMS)).json()["links"]["next"]
    after = newest.partition("after=")[2].partition("&")[0]
    waiting = plain(town, "GET", "/v1/inbox", params={"after": after, "wait": "30"})
    hidden = surgery.concern(inbox="restricted").signed()
    shown = surgery.concern().signed()

    async def arriving() -> None:
        await surgery.judge(hidden)
        await surgery.judge(shown)

    answer, _ = await asyncio.gather(waiting, arriving())

    assert [item["id"] for item in answer.json()["items"]] == [shown.jti]


# -- the gateway ---------------------------------------------------------------------------------------


async def test_an_agency_reads_nothing_of_others_from_the_gateway(surgery: Surgery, town: Town) -> None:
    """The police have had no part in any of this."""
    concern, _ = await secret(surgery)
    token = town.agency_token(POLICE)

    entries = (await town.ask_gateway("GET", "/v1/entries?limit=500", token=token)).json()["items"]
    others = [
        await town.ask_gateway("GET", f"/v1/{path}", token=token)
        for path in ("deliveries", "obligations", "incidents")
    ]
    stats = (await town.ask_gateway("GET", "/v1/stats", token=token)).json()

    assert {_kind(each["receipt"]) for each in entries} == {Kind.REGISTRY}
    assert [each.json()["items"] for each in others] == [[], [], []]
    assert (stats["kinds"].keys() <= {"registry"}, stats["owed"], stats["incidents"]) == (True, [], 0)
    assert concern.jti not in str(entries) + str(stats)


def _kind(receipt: str) -> Kind:
    return parse(parse_entry(parse_receipt(receipt).entry).jwt).claims.kind
