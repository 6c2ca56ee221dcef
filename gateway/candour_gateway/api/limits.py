"""Around every call, in plain ASGI: a cap on bodies, and the caller's ``traceparent`` in every log line."""

from __future__ import annotations

import re

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from candour_gateway.api.problems import CallError, problem

MAX_BODY = 1024 * 1024  # bytes
_TRACE = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")


class BodyLimit:
    """Answers 413 once a body declares or sends more than ``MAX_BODY``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _declared(scope) > MAX_BODY:
            await problem(413, "too-large", _TOO_LARGE)(scope, receive, send)
        else:
            await self._app(scope, _counted(receive), send)


_TOO_LARGE = "A body has at most 1 MiB."


def _declared(scope: Scope) -> int:
    value = _header(scope, b"content-length") or b"0"
    return int(value) if value.isdigit() and len(value) < 16 else 1 << 62


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


def _counted(receive: Receive) -> Receive:
    read = 0

    async def count() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MAX_BODY:
            raise CallError(413, "too-large", _TOO_LARGE)
        return message

    return count


class Tracing:
    """Passes ``traceparent`` (W3C Trace Context) on: into log lines, and back to the caller."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trace = _header(scope, b"traceparent") if scope["type"] == "http" else None
        if trace is None or not _TRACE.match(trace):
            await self._app(scope, receive, send)
            return
        with structlog.contextvars.bound_contextvars(traceparent=trace.decode("ascii")):
            await self._app(scope, receive, _answering(send, trace))


def _answering(send: Send, trace: bytes) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"traceparent", trace)]
        await send(message)

    return answer
