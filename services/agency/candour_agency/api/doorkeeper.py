"""Turning a flood away at the door: to have the framework take each call apart costs more than all else.

Pure ASGI. It looks at what the route would look at, in the same order: who calls, what they may, how long the
body is, whether it can be urgent, how much they have sent. It opens no session of the database. What it lets
by carries its ticket, so that it is not charged twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from candour_protocol.errors import UnauthenticError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from candour_agency.api.bodies import may_be_urgent
from candour_agency.api.desk import Desk
from candour_agency.api.gate import CONCERNS_SEND, REQUESTS_SEND
from candour_agency.api.problems import as_call, problem
from candour_agency.api.turnstile import Ticket
from candour_agency.faults import CallError

_SENDING: Final[Mapping[str, str]] = {"/v1/concerns": CONCERNS_SEND, "/v1/requests": REQUESTS_SEND}
_TICKET: Final = "candour.ticket"


@dataclass(frozen=True, slots=True)
class _Way:
    """Stands for a route where calls are counted."""

    path: str


class Doorkeeper:
    """Answers calls that tell or ask where they come too often, or come from nobody who may."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sought = _SENDING.get(scope["path"]) if scope.get("method") == "POST" else None
        if sought is not None:
            scope["route"] = _Way(scope["path"])
            try:
                receive = await self._admit(scope, receive, sought)
            except (CallError, UnauthenticError) as error:
                await problem(as_call(error))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, sought: str) -> Receive:
        access = self._desk.gate.admit(Request(scope), sought)
        read = await _whole(receive)
        if not may_be_urgent(b"".join(message.get("body", b"") for message in read)):
            scope[_TICKET] = self._desk.let_in(access, urgent=False)
        return _again(read, receive)


def ticket_of(request: Request) -> Ticket | None:
    """What a call was let in by already; none where its urgency is not known before it is read."""
    found: Ticket | None = request.scope.get(_TICKET)
    return found


async def _whole(receive: Receive) -> deque[Message]:
    """A body to its end, or to where its caller went away: the route finds out which."""
    read = deque([await receive()])
    while read[-1].get("more_body"):
        read.append(await receive())
    return read


def _again(read: deque[Message], receive: Receive) -> Receive:
    async def again() -> Message:
        return read.popleft() if read else await receive()

    return again
