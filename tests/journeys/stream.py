"""Server-sent events as a client reads them: one open connection, which a test closes when it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

from tests.journeys.watched import PATIENCE


@dataclass(slots=True)
class Stream:
    """``text`` is what has come so far."""

    status: int = 0
    text: str = ""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, text: str) -> None:
        """Wait until this has come."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: text in self.text)

    def hang_up(self) -> None:
        """Go away without a word, as a closed laptop does."""
        self._gone.set()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        async with self._news:
            self.status = message.get("status", self.status)
            self.text += message.get("body", b"").decode()
            self._news.notify_all()


@asynccontextmanager
async def listening(app: ASGIApp, path: str, token: str, last: str = "") -> AsyncIterator[Stream]:
    """An open connection; at the end the client is gone and the server has noticed."""
    stream = Stream()
    resumed = [(b"last-event-id", last.encode())] if last else []
    scope = _scope("GET", path, token, *resumed)
    task = asyncio.create_task(_serve(app, scope, stream))
    try:
        await stream.until(":")
        yield stream
    finally:
        stream.hang_up()
        async with asyncio.timeout(PATIENCE):
            await task


async def _serve(app: ASGIApp, scope: dict[str, Any], stream: Stream) -> None:
    await app(scope, stream.receive, stream.send)


async def cut_off(app: ASGIApp, path: str, token: str, part: bytes) -> int:
    """A POST whose client goes away within its body; the status that nobody reads."""
    stream = Stream()
    pieces = iter([{"type": "http.request", "body": part, "more_body": True}])

    async def receive() -> Message:
        return next(pieces, {"type": "http.disconnect"})

    await app(_scope("POST", path, token, (b"content-length", b"1000")), receive, stream.send)
    return stream.status


def _scope(method: str, path: str, token: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {token}".encode()), *headers],
        "client": ("test", 1),
        "server": ("town", 80),
    }
