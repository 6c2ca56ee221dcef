"""Bodies that no person's system sends: 4xx with a problem, never a 500."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.gateway.partnership import CSC, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.hostile import Surgery
from tests.journeys.personal import AUTHOR, FACTS, SEEN, TAMSIN
from tests.journeys.problems import NOBODY, assert_problem
from tests.journeys.spoiled import HOSTILE
from tests.journeys.stream import cut_off
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODIES = (
    "POST /v1/concerns",
    "POST /v1/requests",
    "POST /v1/concerns/check",
    "POST /v1/requests/check",
    f"PUT /v1/inbox/{NOBODY}/acknowledgement",
    f"POST /v1/concerns/{NOBODY}/decision",
    f"POST /v1/requests/{NOBODY}/answer",
    f"POST /v1/requests/{NOBODY}/outcome",
    f"POST /v1/requests/{NOBODY}/approval",
    f"POST /v1/threads/{NOBODY}/replies",
    f"POST /v1/messages/{NOBODY}/withdrawal",
    f"POST /v1/messages/{NOBODY}/correction",
    f"POST /v1/inbox/{NOBODY}/applied",
    f"POST /v1/messages/{NOBODY}/challenge",
    f"POST /v1/concerns/{NOBODY}/closure",
    f"POST /v1/requests/{NOBODY}/closure",
    f"POST /v1/concerns/{NOBODY}/transfer",
    f"POST /v1/requests/{NOBODY}/transfer",
    f"POST /v1/threads/{NOBODY}/told",
    f"POST /v1/threads/{NOBODY}/links",
    f"POST /v1/inbox/{NOBODY}/word",
)
JSON = {"Content-Type": "application/json"}


async def sent_to(town: Town, call: str, content: bytes, **headers: str) -> httpx.Response:
    method, path = call.split(" ")
    return await town.call(SCHOOL, method, path, content=content, headers=JSON | headers)


# -- bodies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", BODIES)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b'{"facts":NaN}', 400),
        (b'{"facts":-Infinity}', 400),
        (b'{"facts":1e400}', 400),
        (b'{"facts":1.5}', 400),
        (b'{"facts":1' + b"0" * 5000 + b"}", 400),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, 400),
        (b'{"urgency":"RED","urgency":"GREEN"}', 400),
        (b'{"impact":"\x00"}', 400),
        (b'{"impact":"\xed\xa0\x80"}', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b"{}{}", 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"null", 422),
        (b'{"shoe_size":' + b"[" * 11 + b"]" * 11 + b"}", 422),
        (b'{"shoe_size":' + b"[" * 30 + b"]" * 30 + b"}", 400),
        (b" " * (8 * 1024 * 1024), 413),
        (b'{"impact":"' + b"a" * (8 * 1024 * 1024) + b'"}', 413),
    ],
    ids=["nothing", "no JSON", "NaN", "Infinity", "1e400", "a fraction", "10^5000", "depth 100,000",
         "objects 40,000 deep", "a member twice", "a raw NUL", "a surrogate in bytes", "UTF-16", "two values",
         "a list", "a text", "null", "an unknown member", "depth 30", "8 MB of spaces", "8 MB of text"],
)  # fmt: skip
async def test_a_body_that_cannot_be_a_message(town: Town, call: str, content: bytes, status: int) -> None:
    answer = await sent_to(town, call, content)

    assert_problem(answer, status)


async def test_eight_megabytes_without_a_length(town: Town) -> None:
    """Counted as they come; nothing waits for the end."""
    pieces = 0

    async def content() -> Any:
        nonlocal pieces
        for _ in range(128):
            pieces += 1
            yield b" " * 65_536

    node = await town.call(SCHOOL, "POST", "/v1/concerns", content=content(), headers=JSON)
    gateway = await town.ask_gateway("POST", "/v1/registry", content=content(), headers=JSON)

    assert_problem(node, 413)
    assert_problem(gateway, 413)
    assert pieces < 40


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999", "1e9", "8388608"])
async def test_a_length_that_is_no_length(town: Town, length: str) -> None:
    headers = JSON | {"Content-Length": length}

    answer = await town.call(SCHOOL, "POST", "/v1/concerns", content=b"{}", headers=headers)

    assert_problem(answer, 413)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": []},
        {"recipients": CSC},
        {"recipients": [CSC] * 41},
        {"recipients": [5]},
        {"recipients": ["nobody-here"]},
        {"recipients": [SCHOOL]},
        {"recipients": [f"{CSC}/nowhere"]},
        {"recipients": ["../../etc/passwd"]},
        {"recipients": [SEEN]},
        {"recipients": ["gateway"]},
        {"recipients": ["registrar"]},
        {"subject": SEEN},
        {"subject": {"shoe_size": SEEN}},
        {"subjects": [TAMSIN] * 21},
        {"facts": [{"what": 5}]},
        {"facts": [FACTS] * 100},
        {"need_level": 3},
        {"categories": ["NEGLECT"] * 41},
        {"urgency": "x" * 201},
        {"thread": NOBODY},
        {"pays_back": NOBODY},
        {"onward_to": [SEEN]},
        {"withheld": {"from": SEEN}},
        {"withheld": {"review_on": "tomorrow"}},
        {"impact": "a" * 40_000},
        {"author": [AUTHOR]},
        {"__class__": "x"},
    ],
    ids=lambda changes: f"{next(iter(changes))} {str(next(iter(changes.values())))[:24]}",
)
async def test_a_member_that_no_statement_can_be_made_of(town: Town, changes: dict[str, Any]) -> None:
    size = await town.log_size()

    answer = await town.call(SCHOOL, "POST", "/v1/concerns", json=a_concern_for(CSC) | changes)
    rehearsed = await town.call(SCHOOL, "POST", "/v1/concerns/check", json=a_concern_for(CSC) | changes)

    assert_problem(answer, 413, 422)
    assert answer.json().get("errors") or answer.status_code == 413
    assert_problem(rehearsed, answer.status_code)
    assert await town.log_size() == size


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "é"])
async def test_another_media_type(town: Town, media: str) -> None:
    headers = {"Content-Type": media.encode("latin-1")}

    answer = await town.call(SCHOOL, "POST", "/v1/concerns", content=b"{}", headers=headers)

    assert_problem(answer, 415)


async def test_a_client_that_goes_away_within_its_body_is_no_defect(town: Town) -> None:
    size = await town.log_size()

    node = await cut_off(town.nodes[SCHOOL].app, "/v1/concerns", town.token(SCHOOL), b'{"recipients":')
    gateway = await cut_off(town.gateway.app, "/v1/registry", "", b'{"statement":')

    assert (node, gateway) == (400, 400)
    assert not town.overheard.defects()
    assert await town.log_size() == size


# -- the gateway's one body --------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_json_as_a_registry_fact(town: Town, name: str) -> None:
    proper = b'{"v":1,"statement":"abc","document":"abcd"}'

    answer = await town.ask_gateway("POST", "/v1/registry", token="", content=HOSTILE[name](proper))

    assert_problem(answer, 400)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"statement": 1}, 400),
        ({"statement": "x"}, 400),
        ({"statement": "a.b.c"}, 400),
        ({"statement": "x", "document": "QQ=="}, 400),
        ({"statement": "x", "document": "é"}, 400),
        ({"statement": "x", "document": None}, 400),
        ({"statement": "x", "document": "", "more": 1}, 400),
    ],
)
async def test_a_registry_fact_that_is_none(town: Town, body: dict[str, Any], status: int) -> None:
    assert_problem(await town.ask_gateway("POST", "/v1/registry", token="", json=body), status)


async def test_a_statement_that_is_no_registry_fact_is_not_admitted_by_rest(surgery: Surgery) -> None:
    concern, size = surgery.concern().signed(), await surgery.town.log_size()

    body = {"statement": concern.body.jwt}
    answer = await surgery.town.ask_gateway("POST", "/v1/registry", token="", json=body)

    assert_problem(answer, 422)
    assert await surgery.town.log_size() == size
