"""The agency at work: it takes in what the queue brings, submits what is due, and reads the registry."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from candour_protocol import ids
from candour_protocol.client import GatewayClient
from candour_protocol.errors import CandourError
from candour_protocol.transport import connect
from candour_protocol.transport.port import Ack, Delivery, Outbound, Park, Retry, Settlement, Transport
from candour_protocol.transport.topology import SUBMIT, inbox_queues

from arrival import Reception
from book import Book
from directory import Directory
from office import Office, now
from writing import Desk

LOOK = 0.5  # seconds between two looks into the outbox
READ_REGISTRY = 600  # seconds between two readings of the registry
PREFETCH = 64  # messages in our hands at once
ASK_AGAIN = timedelta(seconds=10)  # when the registry cannot be read


class Listener:
    """One process at a time is enough; a second one on the same book does no harm."""

    def __init__(self, office: Office, book: Book, directory: Directory) -> None:
        self.office = office
        self.book = book
        self.directory = directory
        self.reception = Reception(office, book, directory, Desk(office, book, directory))
        self.gateway = GatewayClient(office.gateway_url, office.net, office.agency, office.client, now)

    async def listen(self) -> None:
        """Until SIGTERM or Ctrl-C; nothing depends on a graceful end."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await self._learn()
        transport = await connect(self.office.amqp, self.office.agency, patiently=True)
        try:
            for queue in inbox_queues(self.office.agency):
                await transport.consume(queue, self.handle, prefetch=PREFETCH)
            say(f"listening as {self.office.agency}")
            await _until_one_ends(stopping.wait(), self._send_what_is_due(transport), self._keep_learning())
        finally:
            await transport.close()
            await self.gateway.close()

    # -- in -----------------------------------------------------------------------------------------------

    async def handle(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        """Take in what came; acknowledged to the queue only when its effect is on disk."""
        return [await self._take(delivery.body) for delivery in deliveries]

    async def _take(self, raw: bytes) -> Settlement:
        fault = self._try_to_take(raw)
        if fault is not None and fault.code == "unknown-kid":
            if not await self._learn():
                return Retry(ASK_AGAIN)
            fault = self._try_to_take(raw)
        if fault is None:
            if self.reception.wants_registry:
                await self._learn()
            return Ack()
        self.book.incident(fault.code, ids.sha256_text(raw), int(now().timestamp() * 1000))
        say(f"parked {fault.code} {ids.sha256_text(raw)}")
        return Park(fault.code)

    def _try_to_take(self, raw: bytes) -> CandourError | None:
        try:
            with self.book.writing():
                told = self.reception.take(raw)
        except CandourError as error:
            return error
        say(told)
        return None

    # -- out ----------------------------------------------------------------------------------------------

    async def _send_what_is_due(self, transport: Transport) -> None:
        """Submit again and again, the same bytes, until each is settled.

        A confirm of the queue says nothing about the log: only the receipt does, and the delivery.
        """
        while True:
            at = int(now().timestamp() * 1000)
            if due := self.book.due(at):
                agency = self.office.agency
                await transport.publish([Outbound(SUBMIT, one.routing_key, one.body, agency) for one in due])
                with self.book.writing():
                    for one in due:
                        self.book.tried(one, at)
            else:
                await asyncio.sleep(LOOK)

    async def _keep_learning(self) -> None:
        while True:
            await asyncio.sleep(READ_REGISTRY)
            await self._learn()

    async def _learn(self) -> bool:
        """Read the registry on; ``False`` when it cannot be read now. What is known stays known."""
        try:
            await self.directory.refresh(self.gateway)
        except CandourError as error:
            say(f"registry not read: {error.code}")
            return False
        self.reception.wants_registry = False
        with self.book.writing():
            self.reception.mend()
        return True


async def _until_one_ends(*coroutines: Any) -> None:
    """Whichever ends first ends all; a failure ends the program, and whoever runs it starts it again."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


def say(line: str) -> None:
    """One line for whoever watches: ids and codes, never a name or a story."""
    print(line, flush=True)
