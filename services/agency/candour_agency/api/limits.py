"""A cap on request bodies, before anything reads them.

Pure ASGI: nothing here outlives a cancelled request.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from candour_agency.api.problems import problem
from candour_agency.faults import CallError, Code

MAX_BODY: Final = 256 * 1024  # bytes


class BodyLimit:
    """Answers 413 once a body declares or sends more than ``limit`` bytes."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared(scope) > self._limit:
            await problem(_too_large(self._limit))(scope, receive, send)
            return
        await self._app(scope, _counting(receive, self._limit), send)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 16 else 1 << 62
    return 0


def _counting(receive: Receive, limit: int) -> Receive:
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> CallError:
    return CallError(
        Code.BODY_TOO_LARGE,
        f"A body is at most {limit // 1024} KiB. Shorten the text, or send several messages in one thread.",
    )
