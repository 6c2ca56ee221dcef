"""The gateway's client: what it sends, what it believes, and what it does when the gateway is away."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from candour_protocol import base64url, tokens
from candour_protocol.client import (
    ClientError,
)
from candour_protocol.errors import MalformedError, ProofError
from candour_protocol.ids import sha256_text

from tests.protocol.client_services import (
    GATEWAY,
    KEY,
    NOW,
    POLICY,
    SCHOOL,
    Recorder,
    gateway,
    node,
)

# -- the gateway ------------------------------------------------------------------------------------


async def test_an_agency_reads_its_entries_with_a_token_that_the_gateway_can_verify() -> None:
    page = {"items": [{"index": 7, "receipt": "a receipt"}], "links": {"next": None}}
    service = Recorder(httpx.Response(200, json=page))

    (entry,) = await gateway(service).entries(after=6, limit=10)

    (request,) = service.requests
    assert (entry.index, entry.receipt) == (7, "a receipt")
    assert str(request.url) == "http://service.test/v1/entries?after=6&limit=10"
    token = request.headers["authorization"].removeprefix("Bearer ")
    assert tokens.verify_agency_token(token, lambda _iss, _kid: KEY.public, GATEWAY, NOW) == SCHOOL


async def test_every_entry_is_read_page_by_page() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        first = int(request.url.params.get("after", "-1")) + 1
        items = [{"index": index, "receipt": f"receipt {index}"} for index in range(first, min(first + 2, 5))]
        return httpx.Response(200, json={"items": items, "links": {"next": None}})

    read = [entry.index async for entry in gateway(serve).every_entry(limit=2)]

    assert read == [0, 1, 2, 3, 4]


async def test_a_delivery_fetched_again_is_what_the_courier_would_have_brought() -> None:
    body = {"statement": "a.b.c~d~", "sealed": "e", "receipt": "f\n", "approval": {"statement": "g~h~"}}
    page = {"items": [{"index": 3, "body": body}], "links": {"next": None}}

    (delivery,) = await gateway(Recorder(httpx.Response(200, json=page))).deliveries(after=2)

    assert delivery.index == 3
    assert delivery.body == (
        b'{"statement":"a.b.c~d~","sealed":"e","receipt":"f\\n","approval":{"statement":"g~h~"}}'
    )


async def test_the_directory_is_read_to_its_end_and_a_next_link_leads_nowhere_else() -> None:
    service = Recorder(
        httpx.Response(
            200, json={"items": [{"id": "a"}], "links": {"next": "https://evil.test/v1/x?after=a"}}
        ),
        httpx.Response(200, json={"items": [{"id": "b"}], "links": {"next": None}}),
    )

    listed = await gateway(service).agencies()

    assert [agency["id"] for agency in listed] == ["a", "b"]
    assert str(service.requests[1].url) == "http://service.test/v1/agencies?after=a"
    assert "authorization" not in service.requests[0].headers


async def test_a_directory_that_never_ends_is_not_read_for_ever() -> None:
    page = {"items": [{"id": "a"}], "links": {"next": "/v1/agencies?after=a"}}

    assert len(await gateway(Recorder(httpx.Response(200, json=page))).agencies()) == 2


async def test_a_document_is_what_its_digest_says_or_an_error() -> None:
    digest = sha256_text(POLICY)

    assert await gateway(Recorder(httpx.Response(200, content=POLICY))).policy(digest) == POLICY
    with pytest.raises(ProofError):
        await gateway(Recorder(httpx.Response(200, content=POLICY + b" "))).policy(digest)
    with pytest.raises(ProofError):
        await gateway(Recorder(httpx.Response(200, content=b""))).profile(digest)


@pytest.mark.parametrize("digest", ["", "../v1/agencies", "a" * 43 + "?x=1", "short"])
async def test_a_digest_is_never_part_of_another_path(digest: str) -> None:
    service = Recorder(httpx.Response(200, content=b""))

    with pytest.raises(MalformedError):
        await gateway(service).profile(digest)

    assert service.requests == []


async def test_the_log_is_read_as_it_is() -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        return httpx.Response(200, content=request.url.path.encode())

    client = gateway(serve)

    assert await client.checkpoint() == "/log/checkpoint"
    assert await client.tile("tile/0/x001/234.p/5") == b"/log/tile/0/x001/234.p/5"
    with pytest.raises(ValueError, match="tile"):
        await client.tile("tile/../../v1/entries")


async def test_a_registry_fact_is_handed_in_with_its_document_and_answered_with_a_receipt() -> None:
    service = Recorder(httpx.Response(200, json={"receipt": "c2sp.org/tlog-proof@v1\n"}))

    receipt = await gateway(service).submit_registry("a.b.c", POLICY)

    (request,) = service.requests
    assert receipt == "c2sp.org/tlog-proof@v1\n"
    assert request.method == "POST"
    assert request.content == b'{"statement":"a.b.c","document":"%s"}' % (base64url.encode(POLICY).encode())


async def test_a_registry_fact_without_a_document_has_no_such_member() -> None:
    service = Recorder(httpx.Response(200, json={"receipt": "r"}))

    await gateway(service).submit_registry("a.b.c")

    assert service.requests[0].content == b'{"statement":"a.b.c"}'


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"not json", b'{"items":[{"index":"x","receipt":1}]}', b"\xff", b"[" * 100_000],
    ids=lambda raw: raw[:20],
)
async def test_an_answer_of_another_shape_is_an_error_that_does_not_repeat_it(content: bytes) -> None:
    with pytest.raises(ClientError) as error:
        await gateway(Recorder(httpx.Response(200, content=content))).entries()

    assert error.value.code == "answer"
    assert error.value.status is None


# -- when a service is away -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(503),
        httpx.Response(429),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut off"),
    ],
    ids=str,
)
async def test_reading_is_tried_again(trouble: httpx.Response | Exception) -> None:
    service = Recorder(trouble, trouble, httpx.Response(200, json={"items": []}))

    assert await gateway(service).entries() == ()
    assert len(service.requests) == 3


async def test_reading_is_not_tried_for_ever() -> None:
    service = Recorder(httpx.ConnectError("refused"))

    with pytest.raises(ClientError) as error:
        await gateway(service).entries()

    assert (error.value.code, error.value.status) == ("unreachable", None)
    assert len(service.requests) == 3


async def test_what_will_not_change_is_asked_once() -> None:
    service = Recorder(httpx.Response(403))

    with pytest.raises(ClientError) as error:
        await gateway(service).entries()

    assert (error.value.code, error.value.status) == ("http-403", 403)
    assert len(service.requests) == 1


@pytest.mark.parametrize("trouble", [httpx.Response(503), httpx.ReadTimeout("slow")], ids=str)
async def test_writing_is_never_repeated_by_itself(trouble: httpx.Response | Exception) -> None:
    service = Recorder(trouble)

    with pytest.raises(ClientError):
        await gateway(service).submit_registry("a.b.c")
    with pytest.raises(ClientError):
        await node(service).post_concern({})

    assert len(service.requests) == 2


async def test_a_token_does_not_follow_a_redirect() -> None:
    service = Recorder(httpx.Response(307, headers={"location": "https://evil.test/"}))

    with pytest.raises(ClientError):
        await gateway(service).entries()

    assert [request.url.host for request in service.requests] == ["service.test"]


async def test_a_problem_keeps_its_type_code_and_violations() -> None:
    problem = {
        "type": "https://candour.org/problems/refused",
        "title": "Returned to you",
        "code": "refused",
        "violations": [{"rule": "R01", "pointer": "/concern_refs"}],
    }
    answer = httpx.Response(422, json=problem, headers={"content-type": "application/problem+json"})

    with pytest.raises(ClientError) as error:
        await node(Recorder(answer)).post_request({}, wait=timedelta(seconds=5))

    assert (error.value.status, error.value.code) == (422, "refused")
    assert error.value.type == problem["type"]
    assert error.value.problem["violations"] == problem["violations"]
    assert str(error.value) == "refused: Returned to you"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"code":7,"type":[],"title":null}', b"\xff\xfe"])
async def test_an_error_page_that_is_no_problem_is_still_an_error(body: bytes) -> None:
    with pytest.raises(ClientError) as error:
        await node(Recorder(httpx.Response(500, content=body))).get_message("x")

    assert (error.value.status, error.value.code, error.value.type) == (500, "http-500", "about:blank")
