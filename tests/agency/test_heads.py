"""What a node takes for a call, down to the bytes: heads without an end, and what other clients send."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
import uvicorn
from candour_agency.api.heads import MAX_HEAD, BoundedHeads
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

READ_AT_ONCE = 256 * 1024  # bytes, by the event loop
FAR_TOO_LONG = 128 * MAX_HEAD  # more than the kernel keeps for a connection


async def _echo(request: Request) -> Response:
    return PlainTextResponse(f"{len(await request.body())} bytes, {len(request.headers)} headers")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where a server answers that reads as a node does."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/{any:path}", _echo, methods=["GET", "POST"])])
    config = uvicorn.Config(
        app, http=BoundedHeads, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


class Raw:
    """A connection, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, sent: bytes) -> None:
        self._writer.write(sent)
        await self._writer.drain()

    async def pour(self, piece: bytes) -> int:
        """Send the same again until it is not taken any more, or far too long; how many bytes went."""
        sent = 0
        with suppress(ConnectionError):
            while sent < FAR_TOO_LONG:
                await self.say(piece)
                sent += len(piece)
                await asyncio.sleep(0)  # lets the server read
        return sent

    async def head(self) -> str:
        return (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()

    async def answer(self) -> tuple[int, str]:
        """Its status and its body."""
        head = await self.head()
        length = int(head.partition("content-length: ")[2].split()[0])
        return int(head.split()[1]), (await self._reader.readexactly(length)).decode()

    async def ended(self) -> bool:
        return await self._reader.read() == b""

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


Connect = Callable[[], Awaitable[Raw]]


@pytest.fixture
async def connect(port: int) -> AsyncIterator[Connect]:
    """Opens a connection to the server."""
    opened: list[Raw] = []

    async def connected() -> Raw:
        opened.append(Raw(*await asyncio.open_connection("127.0.0.1", port)))
        return opened[-1]

    yield connected
    for raw in opened:
        await raw.close()


HEAD = b"POST /v1/concerns HTTP/1.1\r\nHost: node\r\n"


async def test_a_head_that_is_too_long_is_told_so(connect: Connect) -> None:
    raw = await connect()
    await raw.say(HEAD + b"X-Long: " + b"x" * (MAX_HEAD - len(HEAD)))

    assert await raw.answer() == (400, "The headers of a call are at most 64 KiB.")
    assert await raw.ended()


@pytest.mark.parametrize(
    ("opening", "piece"),
    [
        (HEAD + b"X-Endless: ", b"x" * 8192),
        (HEAD, b"X: 1\r\n" * 1000),
        (b"GET /", b"x" * 8192),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 8192),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Trailer: ", b"x" * 8192),
    ],
    ids=["header", "headers", "address", "chunk extension", "trailer"],
)
async def test_a_head_without_an_end_is_cut_off(connect: Connect, opening: bytes, piece: bytes) -> None:
    """Little of it is kept, and others are answered meanwhile."""
    endless, other = await connect(), await connect()
    await endless.say(opening)
    pouring = asyncio.create_task(endless.pour(piece))

    await other.say(HEAD + b"Content-Length: 2\r\n\r\n{}")

    assert await other.answer() == (200, "2 bytes, 2 headers")
    assert await pouring < FAR_TOO_LONG


async def test_a_long_body_is_no_long_head(connect: Connect) -> None:
    """However it is cut into pieces, and however many calls one connection brings."""
    raw = await connect()
    size = 4 * READ_AT_ONCE
    for _ in range(3):
        await raw.say(HEAD + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
        assert await raw.answer() == (200, f"{size} bytes, 2 headers")
        await raw.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            await raw.say(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
        await raw.say(b"0\r\n\r\n")
        assert await raw.answer() == (200, f"{100 * 0x1000} bytes, 2 headers")


async def test_calls_that_are_sent_ahead_are_answered_in_their_order(connect: Connect) -> None:
    raw = await connect()
    await raw.say(b"".join(HEAD + b"Content-Length: %d\r\n\r\n" % n + b"x" * n for n in range(1, 40)))

    answers = [await raw.answer() for _ in range(1, 40)]

    assert answers == [(200, f"{n} bytes, 2 headers") for n in range(1, 40)]


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
OFFERING = HEAD + OFFER + b"Content-Length: 7\r\n\r\n" + b"concern"


@pytest.mark.parametrize("first", [b"", HEAD + b"Content-Length: 3\r\n\r\nabc"], ids=["first", "later"])
@pytest.mark.parametrize("cut", [7, len(HEAD) + 30, len(OFFERING) - 9, len(OFFERING) - 3, len(OFFERING)])
async def test_a_client_that_would_speak_http_2_is_answered_in_http_1(
    connect: Connect, first: bytes, cut: int
) -> None:
    """Java's own client offers ``h2c`` with every call over plain HTTP, its body along with it."""
    raw = await connect()
    if first:
        await raw.say(first)
        assert await raw.answer() == (200, "3 bytes, 2 headers")

    await raw.say(OFFERING[:cut])
    for _ in range(3):  # turns of the loop, in which the server reads
        await asyncio.sleep(0)
    await raw.say(OFFERING[cut:])

    assert await raw.answer() == (200, "7 bytes, 5 headers")
    await raw.say(OFFERING + HEAD + b"Content-Length: 1\r\n\r\nx")
    assert await raw.answer() == (200, "7 bytes, 5 headers")
    assert await raw.answer() == (200, "1 bytes, 2 headers")


async def test_an_offer_sent_ahead_of_an_answer_is_sent_back(connect: Connect) -> None:
    """Its body would be lost."""
    raw = await connect()
    await raw.say(HEAD + b"Content-Length: 1\r\n\r\nx" + OFFERING)

    said = [await raw.answer()]
    if said[0][0] == 200:
        said.append(await raw.answer())

    assert said[-1] == (400, "Send a call that offers another protocol once the one before it is answered.")
    assert await raw.ended()


@pytest.mark.parametrize(
    ("method", "offer"),
    [
        (b"GET", b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
        (b"GET", b"Connection: Upgrade\r\nUpgrade: TLS/1.3\r\n"),
        (b"POST", b"Connection: upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 0\r\n"),
    ],
)
async def test_nobody_gets_another_protocol(connect: Connect, method: bytes, offer: bytes) -> None:
    raw = await connect()
    await raw.say(method + b" /v1/inbox HTTP/1.1\r\nHost: node\r\n" + offer + b"\r\n")

    status, said = await raw.answer()

    assert (status, said.partition(",")[0]) == (200, "0 bytes")


async def test_a_client_may_wait_until_its_body_is_wanted(connect: Connect) -> None:
    raw = await connect()
    await raw.say(HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")

    assert (await raw.head()).startswith("http/1.1 100 ")
    await raw.say(b"abc")

    assert await raw.answer() == (200, "3 bytes, 3 headers")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"POST /v1/concerns HTTP/1.1\r\nHost: node\r\nContent-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"X : 1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: node\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: node\r\n\r\n",
    ],
)
async def test_what_could_be_read_in_two_ways_is_not_read(connect: Connect, sent: bytes) -> None:
    """Else a proxy before a node and the node may see different calls (RFC 9112, section 11.2)."""
    raw = await connect()
    await raw.say(sent)

    status, _ = await raw.answer()

    assert status == 400
    assert await raw.ended()
