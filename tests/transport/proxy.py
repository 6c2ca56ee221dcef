"""A TCP proxy that stops carrying in one direction, as a network does that loses one way."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Proxy:
    """Forwards to a port of this machine. What it holds back arrives once it heals, as TCP would have it.

    Attributes:
        ended: connections that are over.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests, self._answers = asyncio.Event(), asyncio.Event()
        self.heal()
        self._losing = 0
        self.port = 0
        self.ended = 0

    async def open(self) -> None:
        """Listen on a free port, named by `port`."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def lose(self, direction: str) -> None:
        """Carry no more ``requests`` (of clients) or ``answers`` (of the server); nobody is told."""
        self._losing = self.ended + len(self._tasks)
        (self._requests if direction == "requests" else self._answers).clear()

    def heal(self) -> None:
        """Carry everything again."""
        self._requests.set()
        self._answers.set()

    async def cut(self) -> bool:
        """Whether every connection has been given up that was there when it lost a direction."""
        return self.ended >= self._losing

    async def close(self) -> None:
        """Cut every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.CancelledError):
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target)
            pumps = [
                asyncio.create_task(_pump(reader, server_writer, self._requests)),
                asyncio.create_task(_pump(server_reader, writer, self._answers)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self.ended += 1
                for each in pumps:
                    each.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                server_writer.close()
                writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, carries: asyncio.Event) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            if not carries.is_set():
                await _held(reader, carries)
            writer.write(data)
            await writer.drain()


async def _held(reader: asyncio.StreamReader, carries: asyncio.Event) -> None:
    """Wait for the network to heal, or for the sender to give up."""
    given_up = asyncio.create_task(_closed(reader))
    healed = asyncio.create_task(carries.wait())
    try:
        await asyncio.wait([given_up, healed], return_when=asyncio.FIRST_COMPLETED)
        if not carries.is_set():
            raise ConnectionError
    finally:
        given_up.cancel()
        healed.cancel()


async def _closed(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof() and reader.exception() is None:  # noqa: ASYNC110  a stream has no such event
        await asyncio.sleep(0.05)
