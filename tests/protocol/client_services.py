"""Services for the clients' tests: they answer as told and keep what they were asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from candour_protocol import tokens
from candour_protocol.client import (
    Bearer,
    Calls,
    GatewayClient,
    NodeClient,
)
from candour_protocol.ids import AgencyId
from candour_protocol.keys import SigningKey

NET = "testshire"
SCHOOL = AgencyId("testborough-hill")
NODE = tokens.audience_of(NET, SCHOOL)
GATEWAY = tokens.audience_of(NET, "gateway")
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEY = SigningKey.generate()
POLICY = b'ruleset = "test"\n'

Answerer = Callable[[httpx.Request], httpx.Response]


def calls_to(answer: Answerer) -> Calls:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Calls("http://service.test/", http)


def gateway(answer: Answerer) -> GatewayClient:
    return GatewayClient("", NET, SCHOOL, KEY, lambda: NOW, calls=calls_to(answer))


def node(answer: Answerer) -> NodeClient:
    return NodeClient("", Bearer("a-token"), calls=calls_to(answer))


class Recorder:
    """Answers in turn, the last answer for ever, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
