"""A process that tells concerns to a partnership and measures: so that its work is not the partnership's.

Reads a `Task` as JSON from its input and writes the `Measured` to its output. Plain HTTP/1.1 over kept
connections: the machine that is measured is the one that this runs on.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import uvloop

_ID = re.compile(rb'"id":\s*"([0-9a-f-]{36})"')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE = 30  # seconds that one concern may take


@dataclass(frozen=True, slots=True)
class Door:
    """A node, and the token to speak with it."""

    url: str
    token: str

    @property
    def place(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or 80


@dataclass(frozen=True, slots=True)
class Task:
    """What to tell, and how.

    Attributes:
        ways: how many concerns are under way at any time.
        count: how many are told; as many as ``ways`` more are told before, and not counted.
        proven: every call waits for the log's verdict before it is answered.
    """

    senders: list[Door]
    recipient: Door
    body: dict[str, Any]
    ways: int
    count: int
    proven: bool


@dataclass(slots=True)
class Measured:
    """Seconds from sending the call: to its answer, and until the concern is in the recipient's inbox."""

    answered: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    spent: float = 0.0


class Line:
    """One kept connection to a node."""

    def __init__(self, door: Door) -> None:
        host, port = door.place
        self._place = door.place
        self._head = f"Host: {host}:{port}\r\nAuthorization: Bearer {door.token}\r\n"

    @classmethod
    async def to(cls, door: Door) -> Line:
        line = cls(door)
        await line._open()
        return line

    async def _open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(*self._place)

    async def post(self, path: str, body: bytes, *headers: str) -> bytes:
        """The answer's body; a connection that was closed for being idle is opened again.

        Raises:
            RuntimeError: any answer but 202.
        """
        accepted, answer = await self.call(path, body, *headers)
        if not accepted:
            raise RuntimeError(f"held back: {answer[:400]!r}")
        return answer

    async def call(self, path: str, body: bytes, *headers: str) -> tuple[bool, bytes]:
        """Whether it was accepted (202) or held back (429), and the answer's body.

        Raises:
            RuntimeError: any other answer.
        """
        lines = [f"POST {path} HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        call = ("\r\n".join([*lines, *headers]) + f"\r\n{self._head}\r\n").encode() + body
        try:
            return await self._send(call)
        except (asyncio.IncompleteReadError, ConnectionError):
            await self._open()
            return await self._send(call)

    async def _send(self, call: bytes) -> tuple[bool, bytes]:
        self._writer.write(call)
        head = await self._reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        answer = await self._reader.readexactly(int(found[1])) if found else b""
        if head[8:13] not in (b" 202 ", b" 429 "):
            raise RuntimeError(f"{head[:14]!r} {answer[:400]!r}")
        return head[8:13] == b" 202 ", answer

    async def events(self, path: str) -> AsyncIterator[bytes]:
        """The lines of a stream of server-sent events, without their chunks' lengths."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nAccept: text/event-stream\r\n{self._head}\r\n".encode())
        await self._reader.readuntil(b"\r\n\r\n")
        while size := int(await self._reader.readline(), 16):
            yield await self._reader.readexactly(size)
            await self._reader.readline()

    def close(self) -> None:
        self._writer.close()


class Arrivals:
    """When each concern was seen in the recipient's inbox."""

    def __init__(self) -> None:
        self._seen: dict[bytes, asyncio.Future[float]] = {}

    def of(self, name: bytes) -> asyncio.Future[float]:
        return self._seen.setdefault(name, asyncio.get_running_loop().create_future())

    async def watch(self, line: Line) -> None:
        async for chunk in line.events("/v1/inbox/events"):
            now = time.perf_counter()
            for name in _ID.findall(chunk):
                if not (seen := self.of(name)).done():
                    seen.set_result(now)


class Teller:
    """Tells what a task says."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._body = json.dumps(task.body).encode()
        self._arrivals = Arrivals()
        self.measured = Measured()

    async def tell(self) -> Measured:
        """All of it; the first concerns warm everybody up."""
        watched = await Line.to(self._task.recipient)
        watching = asyncio.create_task(self._arrivals.watch(watched))
        doors = self._task.senders
        lines = [await Line.to(doors[way % len(doors)]) for way in range(self._task.ways)]
        await self._round(lines, 2 * len(lines))
        self.measured = Measured()
        begun = time.perf_counter()
        await self._round(lines, self._task.count)
        self.measured.spent = time.perf_counter() - begun
        watching.cancel()
        for line in (watched, *lines):
            line.close()
        return self.measured

    async def _round(self, lines: list[Line], count: int) -> None:
        left = iter(range(count))
        async with asyncio.timeout(_PATIENCE + count), asyncio.TaskGroup() as group:
            for line in lines:
                group.create_task(self._one_after_the_other(line, left))

    async def _one_after_the_other(self, line: Line, left: Any) -> None:
        prefer = [f"Prefer: wait={_PATIENCE}"] if self._task.proven else []
        for _ in left:
            begun = time.perf_counter()
            answer = await line.post("/v1/concerns", self._body, f"Idempotency-Key: {uuid4()}", *prefer)
            self.measured.answered.append(time.perf_counter() - begun)
            found = _ID.search(answer)
            assert found is not None
            self.measured.arrived.append(await self._arrivals.of(found[1]) - begun)


def _main() -> None:
    given = json.load(sys.stdin)
    doors = [Door(**door) for door in given.pop("senders")]
    task = Task(senders=doors, recipient=Door(**given.pop("recipient")), **given)
    json.dump(asdict(uvloop.run(Teller(task).tell())), sys.stdout)


if __name__ == "__main__":
    _main()
