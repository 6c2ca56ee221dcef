"""Ids of others, parameters, headers and addresses that lead nowhere: refused, and nothing is told by it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from candour_protocol import base64url

from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.personal import SEEN, TAMSIN
from tests.journeys.problems import NOBODY, assert_problem
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


# -- ids of others -----------------------------------------------------------------------------------


IDS = (
    NOBODY,
    "x",
    "0",
    "..",
    "%00",
    "%2e%2e%2f",
    "' OR 1=1 --",
    "a" * 5000,
    "é",
    "\u202e",
    "{id}",
    "null",
)
READS = ("/v1/messages/{}", "/v1/messages/{}/receipt", "/v1/threads/{}")
WRITES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PUT", "/v1/inbox/{}/acknowledgement", {"name": "x"}),
    ("POST", "/v1/concerns/{}/decision", {"decision": "ADVICE_NFA"}),
    ("POST", "/v1/requests/{}/answer", {"outcomes": []}),
    ("POST", "/v1/requests/{}/outcome", {"outcome": "x"}),
    ("POST", "/v1/requests/{}/approval", {"why": "x"}),
    ("POST", "/v1/threads/{}/replies", {"facts": []}),
)


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("jti", IDS)
async def test_an_id_that_is_not_there(town: Town, path: str, jti: str) -> None:
    answer = await town.call(SCHOOL, "GET", path.format(jti))

    assert_problem(answer, 404)


async def test_what_is_between_others_looks_as_if_it_were_not_there(town: Town) -> None:
    """To the police a concern between school and social care is an id that nobody ever used."""
    sent = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC))).json()
    jti, txn = sent["messages"][0]["id"], sent["thread"]

    for path, name in ((READS[0], jti), (READS[1], jti), (READS[2], txn)):
        theirs = await town.call(POLICE, "GET", path.format(name))
        nobodys = await town.call(POLICE, "GET", path.format(NOBODY))
        assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)
        assert theirs.headers == nobodys.headers


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_what_is_between_others_cannot_be_answered(
    town: Town, method: str, path: str, body: dict[str, Any]
) -> None:
    sent = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC))).json()
    name = sent["thread"] if "threads" in path else sent["messages"][0]["id"]

    theirs = await town.call(POLICE, method, path.format(name), json=body)
    nobodys = await town.call(POLICE, method, path.format(NOBODY), json=body)

    assert theirs.status_code == 404
    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)


async def test_another_agencys_concern_cannot_be_cited_or_continued(town: Town) -> None:
    sent = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC))).json()
    body = {"recipients": [GP], "concern_ids": [sent["messages"][0]["id"]], "subject": TAMSIN}

    cited = await town.call(POLICE, "POST", "/v1/requests", json=body)
    never = await town.call(POLICE, "POST", "/v1/requests", json=body | {"concern_ids": [NOBODY]})
    thread = a_concern_for(GP) | {"thread": sent["thread"]}
    continued = await town.call(POLICE, "POST", "/v1/concerns", json=thread)

    assert (cited.status_code, cited.content) == (never.status_code, never.content)
    assert_problem(continued, 422)


# -- parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=-1", "limit=1e3", "limit=9" + "9" * 4000, "limit=x", "limit=",
        "wait=61", "wait=-1", "wait=x", "wait=1.5",
        "after=x", "after=é", "after=MSAy=", "after=" + "A" * 65, "after=" + base64url.encode(b"1 2 3"),
        "after=" + base64url.encode(b"-1 2"), "after=" + base64url.encode(b"0 " + b"9" * 40),
        "after=" + base64url.encode("٣ ٣".encode()), "after=" + base64url.encode("² ²".encode()),
        "after=" + base64url.encode(b"0 1; DROP TABLE messages"), "after=" + base64url.encode(b"\xff"),
        "inbox=../..", "kind=%27", "urgency=" + "x" * 49, "state=closed", "order=x", "state=open%00",
        "inbox=general%0d%0aSet-Cookie:%20a",
    ],
    ids=lambda query: query[:40],
)  # fmt: skip
async def test_a_parameter_of_the_worklist_that_is_none(town: Town, query: str) -> None:
    answer = await town.call(SCHOOL, "GET", f"/v1/inbox?{query}")

    assert_problem(answer, 404, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/obligations?after=x", "/v1/obligations?after=" + base64url.encode(b"1 2"),
        "/v1/obligations?after=" + base64url.encode(b"9" * 40 + b" 1 x"),
        "/v1/obligations?after=" + base64url.encode("٣ ٣ x".encode()),
        "/v1/incidents?after=" + base64url.encode(b"x y"),
        "/v1/incidents?after=" + base64url.encode(b"9" * 40 + b" y"),
        "/v1/obligations?limit=501", "/v1/entries?after=-2", "/v1/entries?after=9007199254740993",
        "/v1/entries?after=1e3", "/v1/entries?limit=0", "/v1/deliveries", "/v1/incidents?limit=x",
        "/v1/obligations?after=" + "A" * 201,
    ],
    ids=lambda path: path[:48],
)  # fmt: skip
async def test_a_parameter_of_the_gateway_that_is_none(town: Town, path: str) -> None:
    assert_problem(await town.ask_gateway("GET", path), 403, 422)


@pytest.mark.parametrize(
    "prefer", ["wait=99999", "wait=-1", "wait=1e9", "wait", "wait=٣", "x" * 9000, ", ,;=wait="]
)
async def test_a_wish_to_wait_that_is_none_is_passed_over(town: Town, prefer: str) -> None:
    """At most 30 seconds; whatever else it says, the message is sent."""
    answer = await town.call(
        SCHOOL, "POST", "/v1/concerns", json=a_concern_for(CSC), headers={"Prefer": prefer.encode()}
    )

    assert answer.status_code == 202


@pytest.mark.parametrize("key", ["", " ", "é", "a" * 256, "a\tb"])
async def test_an_idempotency_key_that_is_none(town: Town, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}

    answer = await town.call(SCHOOL, "POST", "/v1/concerns", json=a_concern_for(CSC), headers=headers)

    assert_problem(answer, 422)


async def test_a_key_gives_one_answer_and_belongs_to_one_call_and_client(town: Town) -> None:
    headers, body = {"Idempotency-Key": "monday-1"}, a_concern_for(CSC)

    first = await town.call(SCHOOL, "POST", "/v1/concerns", json=body, headers=headers)
    again = await town.call(SCHOOL, "POST", "/v1/concerns", json=body, headers=headers)
    other = await town.call(SCHOOL, "POST", "/v1/concerns", json=body | {"urgency": "RED"}, headers=headers)
    asked = await town.call(SCHOOL, "POST", "/v1/requests", json=body, headers=headers)
    client = town.token(SCHOOL, client_id="tablet")
    theirs = await town.call(SCHOOL, "POST", "/v1/concerns", json=body, headers=headers, token=client)

    assert first.json() == again.json()
    assert_problem(other, 422)
    assert_problem(asked, 422)
    assert theirs.status_code == 202
    assert theirs.json()["messages"][0]["id"] != first.json()["messages"][0]["id"]


async def test_one_key_many_times_at_once_sends_one_message(town: Town) -> None:
    headers, body = {"Idempotency-Key": "monday-2"}, a_concern_for(CSC)

    calls = [town.call(SCHOOL, "POST", "/v1/concerns", json=body, headers=headers) for _ in range(8)]
    answers = await asyncio.gather(*calls)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["messages"][0]["id"] for answer in answers}) == 1


# -- headers and addresses ---------------------------------------------------------------------------


async def test_nothing_in_a_header_comes_back_in_another(town: Town) -> None:
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Request-Id": "evil.example",
        "Origin": "https://evil.example",
    }

    sent = await town.call(SCHOOL, "POST", "/v1/concerns", json=a_concern_for(CSC), headers=headers)
    listed = await town.call(SCHOOL, "GET", "/v1/inbox?inbox=general", headers=headers)
    public = await town.ask_gateway("GET", "/v1/agencies", headers=headers)

    for answer in (sent, listed, public):
        assert "evil.example" not in answer.text + json.dumps(dict(answer.headers))


@pytest.mark.parametrize(
    "trace",
    [
        b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01",
        b"x" * 10_000,
        SEEN.encode(),
        b"evil\r\nSet-Cookie: a=b",
        b"\xff\x00",
    ],
    ids=lambda trace: f"{trace[:12]!r}",
)
async def test_a_traceparent_that_is_none_is_not_handed_on(town: Town, trace: bytes) -> None:
    headers = {"traceparent": trace}

    node = await town.call(SCHOOL, "GET", "/livez", headers=headers)
    gateway = await town.ask_gateway("GET", "/livez", headers=headers)

    proper = trace.startswith(b"00-")
    assert (node.headers.get("traceparent") is not None, node.status_code) == (proper, 200)
    assert (gateway.headers.get("traceparent") is not None, gateway.status_code) == (proper, 200)


@pytest.mark.parametrize(
    "path",
    [
        "/log/tile/../../etc/passwd", "/log/tile/..%2f..%2fetc%2fpasswd", "/log/tile/0/%2e%2e/000",
        "/log/tile/0/",
        "/log/tile/0/x000/000", "/log/tile/0/0", "/log/tile/-1/000", "/log/tile/0/000.p/0",
        "/log/tile/0/000.p/257",
        "/log/tile/0/000.p/256", "/log/tile/00/000", "/log/tile/63/000", "/log/tile/0/999",
        "/log/tile/9999/000",
        "/log/tile/0/000%00", "/log/tile/0/٠٠٠", "/log/tile/0/" + "x999/" * 200 + "000", "/log/tile/entries/",
        "/log/tile/0/000.p/1/..", "/log/tile", "/log/", "/log/tile/0/000?x=../../", "/log/checkpoint/..%2f",
        "/v1/profiles/..%2f..%2fkeys", "/v1/policies/x", "/v1/profiles/" + "A" * 43, "/v1/profiles/%00",
    ],
    ids=lambda path: path[:40],
)  # fmt: skip
async def test_an_address_below_the_log_that_names_no_tile(town: Town, path: str) -> None:
    assert_problem(await town.ask_gateway("GET", path, token=""), 404)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE", "PUT", "PROPFIND", "x"])
@pytest.mark.parametrize("path", ["/v1/concerns", "/v1/inbox", f"/v1/messages/{NOBODY}", "/livez"])
async def test_another_method(town: Town, method: str, path: str) -> None:
    answer = await town.call(SCHOOL, method, path, json={})

    assert_problem(answer, 405)
    assert answer.headers["allow"]


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
async def test_a_method_in_a_header_is_no_method(town: Town, override: str) -> None:
    answer = await town.call(SCHOOL, "GET", "/v1/concerns", headers={override: "POST"})

    assert_problem(answer, 405)


@pytest.mark.parametrize(
    "path", ["//v1/inbox", "/v1//inbox", "/V1/inbox", "/v1/inbox/../concerns", "/v1/inbox/", "/docs"]
)
async def test_another_spelling_of_an_address(town: Town, path: str) -> None:
    headers = {"Host": "evil.example"}

    node = await town.call(SCHOOL, "GET", path, headers=headers)
    gateway = await town.ask_gateway("GET", path, headers=headers)

    for answer in (node, gateway):
        assert_problem(answer, 404, 405)
        assert "location" not in answer.headers
