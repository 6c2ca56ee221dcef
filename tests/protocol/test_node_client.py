"""The client of a node: idempotency, waiting, and tokens fetched without a secret."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from candour_protocol import tokens
from candour_protocol.client import (
    Accepted,
    Bearer,
    ClientCredentials,
    ClientError,
    GatewayClient,
    NodeClient,
    SentMessage,
)
from candour_protocol.errors import UnauthenticError
from candour_protocol.keys import SigningKey
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse

from tests.protocol.client_services import (
    KEY,
    NET,
    NODE,
    NOW,
    SCHOOL,
    Recorder,
    node,
)

# -- a node -----------------------------------------------------------------------------------------

ACCEPTED = {
    "thread": "t",
    "messages": [
        {
            "id": "m",
            "kind": "concern",
            "recipient": "testborough-csc",
            "state": "queued",
            "phone": "01632 960004",
            "links": {"self": "/v1/messages/m"},
        }
    ],
}


async def test_a_concern_is_told_with_an_idempotency_key_of_its_own() -> None:
    service = Recorder(httpx.Response(202, json=ACCEPTED))
    client = node(service)

    accepted = await client.post_concern({"urgency": "RED"})
    await client.post_concern({"urgency": "RED"})
    await client.post_concern({"urgency": "RED"}, key="mine")

    first, second, third = (request.headers["idempotency-key"] for request in service.requests)
    assert accepted == Accepted(
        thread="t",
        messages=(
            SentMessage(
                id="m",
                kind="concern",
                recipient="testborough-csc",
                state="queued",
                phone="01632 960004",
            ),
        ),
    )
    assert first != second
    assert third == "mine"


async def test_waiting_for_a_verdict_is_asked_for_in_whole_seconds() -> None:
    service = Recorder(httpx.Response(202, json=ACCEPTED))

    await node(service).post_request({}, wait=timedelta(seconds=20))

    (request,) = service.requests
    assert request.headers["prefer"] == "wait=20"
    assert request.extensions["timeout"]["read"] == 30.0


async def test_a_message_is_shown_with_its_verdict_and_an_id_stays_in_its_place() -> None:
    message = {
        "id": "m",
        "thread": "t",
        "kind": "request",
        "direction": "sent",
        "counterparty": "testborough-hill",
        "state": "refused",
        "verdict": {"outcome": "refused", "rules": ["R01"]},
        "log_index": 12,
        "obligations": [],
        "timeline": [{"at": "2026-11-02T09:00:00Z", "event": "refused"}],
        "content": {},
        "something_new": True,
    }
    service = Recorder(httpx.Response(200, json=message))

    view = await node(service).get_message("../inbox?x")

    assert view.verdict is not None
    assert (view.state, view.verdict.rules, view.log_index) == ("refused", ("R01",), 12)
    assert service.requests[0].url.raw_path == b"/v1/messages/..%2Finbox%3Fx"


async def test_the_worklist_is_read_with_its_cursor() -> None:
    item = {
        "id": "m",
        "thread": "t",
        "kind": "concern",
        "sender": "testborough-hv",
        "inbox": "general",
        "urgency": "AMBER",
        "due_at": "2026-11-02T13:00:00Z",
        "state": "delivered",
        "received_at": "2026-11-02T09:00:00Z",
    }
    service = Recorder(
        httpx.Response(200, json={"items": [item], "links": {"next": "/v1/inbox?after=c%2B1&limit=1"}}),
        httpx.Response(200, json={"items": [], "links": {"next": None}}),
    )
    client = node(service)

    page = await client.inbox(limit=1, inbox="general")
    last = await client.inbox(page.after, wait=timedelta(seconds=3))

    assert page.items[0].due_at == datetime(2026, 11, 2, 13, 0, tzinfo=UTC)
    assert page.after == "c+1"
    assert last.after is None
    assert dict(service.requests[1].url.params) == {"after": "c+1", "wait": "3"}


async def test_answering_calls_go_where_the_protocol_says() -> None:
    service = Recorder(httpx.Response(200, json={}))
    client = node(service)

    await client.check_concern({})
    await client.check_request({})
    await client.acknowledge("m", {"name": "A", "role": "B"})
    await client.decide("m", {})
    await client.answer("m", {})
    await client.outcome("m", {})
    await client.approve("m", {})
    await client.reply("t", {})
    await client.get_thread("t")

    assert [(request.method, request.url.path) for request in service.requests] == [
        ("POST", "/v1/concerns/check"),
        ("POST", "/v1/requests/check"),
        ("PUT", "/v1/inbox/m/acknowledgement"),
        ("POST", "/v1/concerns/m/decision"),
        ("POST", "/v1/requests/m/answer"),
        ("POST", "/v1/requests/m/outcome"),
        ("POST", "/v1/requests/m/approval"),
        ("POST", "/v1/threads/t/replies"),
        ("GET", "/v1/threads/t"),
    ]


async def test_further_steps_go_where_the_protocol_says() -> None:
    service = Recorder(httpx.Response(202, json={}))
    client = node(service)

    await client.withdraw("m", {})
    await client.correct("m", {})
    await client.apply("m", {"applied": "yes"})
    await client.challenge("m", {})
    await client.close_concern("m", {})
    await client.close_request("m", {})
    await client.transfer_concern("m", {"to": "testborough-csc"})
    await client.transfer_request("m", {"to": "testborough-csc"})
    await client.tell_of("t", {})
    await client.link("t", {})
    await client.give_word("m", {}, key="mine")

    assert [(request.method, request.url.path) for request in service.requests] == [
        ("POST", "/v1/messages/m/withdrawal"),
        ("POST", "/v1/messages/m/correction"),
        ("POST", "/v1/inbox/m/applied"),
        ("POST", "/v1/messages/m/challenge"),
        ("POST", "/v1/concerns/m/closure"),
        ("POST", "/v1/requests/m/closure"),
        ("POST", "/v1/concerns/m/transfer"),
        ("POST", "/v1/requests/m/transfer"),
        ("POST", "/v1/threads/t/told"),
        ("POST", "/v1/threads/t/links"),
        ("POST", "/v1/inbox/m/word"),
    ]
    assert service.requests[-1].headers["idempotency-key"] == "mine"


async def test_a_given_token_that_is_refused_is_not_tried_twice() -> None:
    service = Recorder(httpx.Response(401))

    with pytest.raises(ClientError):
        await node(service).get_receipt("m")

    assert len(service.requests) == 1


# -- tokens, against a small node -------------------------------------------------------------------


class SmallNode:
    """Issues and checks real tokens; ``key`` may change, as after a restart."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.now = NOW
        self.issued = 0
        self.app = FastAPI()
        self.app.add_api_route("/oauth/token", self.issue, methods=["POST"])
        self.app.add_api_route("/v1/concerns", self.concern, methods=["POST"], response_model=None)

    async def issue(self, request: Request) -> dict[str, Any]:
        form = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        client = tokens.verify_client_assertion(
            form["client_assertion"], lambda _client, _kid: KEY.public, NODE, self.now
        )
        self.issued += 1
        token = tokens.access_token(self.key, NODE, NODE, client.client_id, form["scope"].split(), self.now)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 600}

    async def concern(self, request: Request, authorization: str = Header()) -> Any:
        token = authorization.removeprefix("Bearer ")
        try:
            access = tokens.verify_access_token(token, self.key.public, NODE, NODE, self.now)
        except UnauthenticError:
            return JSONResponse({"code": "token"}, 401)
        return ACCEPTED | {"thread": f"{access.client_id} {sorted(access.scopes)}"}

    def client(self) -> NodeClient:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app))
        credentials = ClientCredentials(NODE, "records", KEY, ["concerns.send"], lambda: self.now)
        return NodeClient("http://node.test", credentials, http)


async def test_an_integrator_fetches_one_token_and_uses_it_until_shortly_before_it_ends() -> None:
    service = SmallNode()
    client = service.client()

    accepted = await asyncio.gather(*(client.post_concern({}) for _ in range(5)))
    assert service.issued == 1
    service.now += timedelta(minutes=9, seconds=29)
    await client.post_concern({})
    assert service.issued == 1
    service.now += timedelta(seconds=2)
    await client.post_concern({})

    assert service.issued == 2
    assert accepted[0].thread == "records ['concerns.send']"


async def test_an_integrator_fetches_another_token_when_its_own_is_refused() -> None:
    service = SmallNode()
    client = service.client()
    await client.post_concern({})
    service.key = SigningKey.generate()

    await client.post_concern({})

    assert service.issued == 2


async def test_closing_leaves_somebody_elses_connections_open() -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"items": []})))
    shared = GatewayClient("http://service.test", NET, SCHOOL, KEY, lambda: NOW, http)
    own = NodeClient("http://service.test", Bearer("t"))

    await shared.close()
    await own.close()

    assert not http.is_closed
    assert await shared.entries() == ()
    await http.aclose()
