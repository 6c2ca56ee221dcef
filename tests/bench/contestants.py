"""What a throughput is measured of: processes that empty the gateway's queue, and the inboxes that they fill.

The driver freezes a contestant while it fills the queue, and counts from the moment at which it lets it go on
to that at which the inboxes hold everything. So nothing of the driver's own work is in what is measured, but
for a look at the queues every few milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractChannel
from candour_gateway.settings import Settings
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.statement import Issued
from candour_protocol.transport.port import Ack, Delivery, Outbound, PublishResult, Settlement
from candour_protocol.transport.topology import (
    DEAD_QUEUE,
    GATEWAY_QUEUES,
    SUBMIT,
    Lane,
    inbox_queue,
    submit_key,
)
from candour_protocol.wire import Delivered, parse_body, parse_inbound

from tests.gateway.partnership import GP, SCHOOL
from tests.services.ports import free_port
from tests.transport.realm import OPERATOR, RabbitCourier, Realm

ROOT = Path(__file__).parents[2]
SUBMITTED = GATEWAY_QUEUES[1]
INBOXES = tuple(inbox_queue(agency, Lane.ORDINARY) for agency in (SCHOOL, GP))
LOOK = 0.01  # seconds between two looks at the queues
PATIENCE = 120  # seconds that anything may take


class Contestant:
    """One side: a virtual host of its own on the shared broker, and the processes that work there.

    Args:
        command: what ``python -m`` runs.
        environments: one for each process, beside this one's own.
    """

    def __init__(
        self, realm: Realm, command: Sequence[str], environments: Sequence[Mapping[str, str]]
    ) -> None:
        self._realm = realm
        self._courier = RabbitCourier(realm)
        self._command = [sys.executable, "-m", *command]
        self._environments = environments
        self._processes: list[subprocess.Popen[bytes]] = []
        self._channel: AbstractChannel

    @classmethod
    def gateway(cls, realm: Realm, settings: Settings, workers: int) -> Contestant:
        """The gateway as it runs in production, ``workers`` processes on one database."""
        given = {"transport": realm.url(GATEWAY), "workers": workers}
        stated = settings.model_dump(mode="json", exclude_none=True) | given
        environments = [
            {f"CANDOUR_GATEWAY_{name.upper()}": str(value) for name, value in mine.items()}
            for mine in (stated | {"port": free_port()} for _ in range(workers))
        ]
        return cls(realm, ["candour_gateway", "serve"], environments)

    @classmethod
    def relay(cls, realm: Realm, workers: int) -> Contestant:
        """See ``tests.bench.relay``."""
        return cls(realm, ["tests.bench.relay", realm.url(GATEWAY)], [{}] * workers)

    async def start(self) -> None:
        """Start the processes, and return when each consumes."""
        connection = await aio_pika.connect(self._realm.url(OPERATOR))
        self._channel = await connection.channel()
        self._processes = [
            subprocess.Popen(self._command, cwd=ROOT, env={**os.environ, **environment})  # noqa: S603, ASYNC220 - our own programs, and nobody waits meanwhile
            for environment in self._environments
        ]
        await self._until(self._all_consume)

    async def stop(self) -> None:
        """End the processes, and remove what they worked with."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        await self._realm.close()
        self._realm.remove()

    def worked(self) -> float:
        """Seconds of processor time that its own processes have had; not the broker's, nor the database's."""
        ticks = 0
        for process in self._processes:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # user and system, proc(5)
        return ticks / os.sysconf("SC_CLK_TCK")

    async def carry(self, statements: Sequence[Issued]) -> float:
        """Seconds that it takes to make two messages in the inboxes of each of these statements."""
        for process in self._processes:
            process.send_signal(signal.SIGSTOP)
        await self._submit(statements)
        begun = time.perf_counter()
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
        await self._until(partial(self._have_arrived, 2 * len(statements)))
        spent = time.perf_counter() - begun
        for inbox in INBOXES:
            await (await self._channel.get_queue(inbox, ensure=False)).purge()
        return spent

    async def trips(self, statements: Sequence[Issued], rate: float) -> list[float]:
        """Seconds from publishing each statement to its recipient's inbox, ``rate`` of them a second."""
        arrivals, sent = Arrivals(len(statements)), dict[str, float]()
        consumer = await (await self._courier.party(SCHOOL)).consume(INBOXES[0], arrivals.handle)
        begun = time.perf_counter()
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as calls:
            for number, each in enumerate(statements):
                await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
                sent[each.statement.jwt] = time.perf_counter()
                calls.create_task(self._submit([each]))
            await arrivals.complete.wait()
        await consumer.cancel()
        return [arrivals.seen[jwt] - at for jwt, at in sent.items()]

    async def overtake(self, junk: Sequence[Outbound], urgent: Issued) -> tuple[float, float]:
        """Seconds until what is urgent is in its inbox, told behind junk; and until all junk is parked."""
        arrivals = Arrivals(1)
        inbox = inbox_queue(SCHOOL, Lane.URGENT)
        consumer = await (await self._courier.party(SCHOOL)).consume(inbox, arrivals.handle)
        for process in self._processes:
            process.send_signal(signal.SIGSTOP)
        await (await self._courier.party(junk[0].user)).publish(junk)
        await self._submit([urgent], urgent=True)
        begun = time.perf_counter()
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(PATIENCE):
            await arrivals.complete.wait()
        await self._until(partial(self._is_parked, len(junk)))
        parked = time.perf_counter() - begun
        await consumer.cancel()
        return arrivals.seen[urgent.statement.jwt] - begun, parked

    async def _submit(self, statements: Sequence[Issued], *, urgent: bool = False) -> None:
        """Each by its issuer."""
        by_issuer: dict[AgencyId, list[Outbound]] = {}
        for each in statements:
            claims = each.statement.claims
            key = submit_key(claims.iss, claims.kind, urgent)
            by_issuer.setdefault(claims.iss, []).append(Outbound(SUBMIT, key, each.raw, claims.iss))
        for agency, messages in by_issuer.items():
            results = await (await self._courier.party(agency)).publish(messages)
            assert set(results) == {PublishResult.CONFIRMED}

    async def _until(self, done: Callable[[], Awaitable[bool]]) -> None:
        """Look until it is so; a broker tells nobody how full its queues are unless it is asked."""
        async with asyncio.timeout(PATIENCE):
            while not await done():
                assert all(process.poll() is None for process in self._processes), "a process has ended"
                await asyncio.sleep(LOOK)

    async def _all_consume(self) -> bool:
        return (await self._look(SUBMITTED))[1] >= len(self._processes)

    async def _have_arrived(self, count: int) -> bool:
        return sum([(await self._look(inbox))[0] for inbox in INBOXES]) >= count

    async def _is_parked(self, count: int) -> bool:
        return (await self._look(DEAD_QUEUE))[0] >= count

    async def _look(self, queue: str) -> tuple[int, int]:
        """How many messages are ready, and how many consume."""
        found = (await self._channel.declare_queue(queue, passive=True)).declaration_result
        return found.message_count or 0, found.consumer_count or 0


class Arrivals:
    """When each statement was first in its recipient's hands, by its JWT."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self.seen: dict[str, float] = {}
        self.complete = asyncio.Event()

    async def handle(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        """Note the time."""
        now = time.perf_counter()
        for each in deliveries:
            self.seen.setdefault(_jwt(each.body), now)
        if len(self.seen) >= self._expected:
            self.complete.set()
        return [Ack()] * len(deliveries)


def _jwt(raw: bytes) -> str:
    """Of a delivery with its receipt; or of a body as it was submitted, which is what a relay hands on."""
    if b'"receipt"' not in raw:
        return parse_body(raw).jwt
    found = parse_inbound(raw)
    assert isinstance(found, Delivered)
    return found.body.jwt
