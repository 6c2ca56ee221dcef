"""Handing statements to the courier again and again until each is settled.

Woken by whoever committed one, never by a clock tick: what is new leaves at once; what is not settled is
published again, the same bytes, after 1 s, doubling to 5 min, without end. Nothing of that schedule is
written down: after a restart everything outstanding is published once more, which does no harm. Source:
protocol section 5.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from candour_protocol import failpoints
from candour_protocol.ids import AgencyId, Jti
from candour_protocol.transport.port import Outbound, PublishResult, Transport
from candour_protocol.transport.topology import SUBMIT

from candour_agency import store
from candour_agency.database import Database
from candour_agency.metrics import Metrics
from candour_agency.office import Clock
from candour_agency.store.outbox import Due
from candour_agency.writing import LIFETIME

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)
BATCH: Final = 128  # bodies in the courier's hands at once


@dataclass(slots=True)
class _Try:
    """What the process remembers of one outstanding statement."""

    count: int = 0
    sent: bool = False


class Outbox:
    """Publishes what is offered until it is told that it is settled."""

    def __init__(
        self,
        database: Database,
        transport: Transport,
        agency: AgencyId,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._database = database
        self._transport = transport
        self._agency = agency
        self._metrics = metrics
        self._clock = clock
        self._log = structlog.get_logger().bind(agency=agency)
        self._fresh: deque[Due] = deque()
        self._tries: dict[Jti, _Try] = {}
        self._again: list[tuple[float, Jti]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # -- told by others -------------------------------------------------------------------------------

    def offer(self, due: Iterable[Due]) -> None:
        """Publish these now; called on the loop, right after their commit."""
        for one in due:
            self._tries.setdefault(one.jti, _Try())
            self._fresh.append(one)
        self._metrics.outstanding.set(len(self._tries))
        self._wake.set()

    def settled(self, jtis: Iterable[Jti]) -> None:
        """Nothing more is due for these."""
        for jti in jtis:
            self._tries.pop(jti, None)
        self._metrics.outstanding.set(len(self._tries))

    def was_sent(self, jti: Jti) -> bool:
        """Whether the courier has confirmed it since this process started."""
        found = self._tries.get(jti)
        return found is not None and found.sent

    # -- life -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up everything that is outstanding, but for what was held until it lapsed."""
        await self._database.write(lambda connection: store.outbox.drop_lapsed(connection, self._lapsed()))
        self.offer(await self._database.read(store.outbox.due))
        self._task = asyncio.create_task(self._run(), name=f"outbox {self._agency}")

    def _lapsed(self) -> int:
        """Held statements that were issued before this have ended; in seconds since 1970."""
        return int((self._clock() - LIFETIME).timestamp())

    async def stop(self) -> None:
        """Publish nothing more; what is under way may arrive or not."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._round()
            except Exception as error:  # the loop outlives a full disk and a courier that is away
                self._log.error("outbox-round-failed", error=type(error).__name__)
                await asyncio.sleep(FIRST_PAUSE.total_seconds())

    async def _round(self) -> None:
        await self._sleep()
        self._wake.clear()
        await self._reload()
        while self._fresh:
            batch = [self._fresh.popleft() for _ in range(min(BATCH, len(self._fresh)))]
            await self._publish([one for one in batch if one.jti in self._tries])

    async def _sleep(self) -> None:
        """Until something is offered, or the first repetition falls due."""
        if self._fresh:
            return
        now = asyncio.get_running_loop().time()
        pause = self._again[0][0] - now if self._again else None
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _reload(self) -> None:
        """Fetch the bodies of what is due again and still outstanding."""
        now = asyncio.get_running_loop().time()
        wanted: set[Jti] = set()
        while self._again and self._again[0][0] <= now:
            jti = heapq.heappop(self._again)[1]
            if jti in self._tries:
                wanted.add(jti)
        if not wanted:
            return
        try:
            found = await self._database.read(lambda connection: store.outbox.due(connection, wanted))
        except Exception:
            for jti in wanted:  # not forgotten because a disk failed
                heapq.heappush(self._again, (now + FIRST_PAUSE.total_seconds(), jti))
            raise
        self.settled(wanted - {one.jti for one in found})
        self._fresh.extend(found)

    async def _publish(self, batch: Sequence[Due]) -> None:
        if not batch:
            return
        outbound = [Outbound(SUBMIT, one.routing_key, one.body, self._agency) for one in batch]
        try:
            results = await self._transport.publish(outbound)
            failpoints.reach("node.submitted")
        except Exception as error:  # whatever it was: nobody knows what arrived, so all is sent again
            self._log.warning("courier-away", error=type(error).__name__)
            results = [PublishResult.UNKNOWN] * len(batch)
        for one, result in zip(batch, results, strict=True):
            self._note(one.jti, result)

    def _note(self, jti: Jti, result: PublishResult) -> None:
        self._metrics.submissions.labels(result.value).inc()
        if result in (PublishResult.UNROUTABLE, PublishResult.REJECTED):
            self._log.error("submission-not-taken", result=result.value, message=jti)
        found = self._tries.get(jti)
        if found is None:  # settled while it was on its way
            return
        found.sent = found.sent or result is PublishResult.CONFIRMED
        pause = min(FIRST_PAUSE * 2 ** min(found.count, 16), LONGEST_PAUSE)
        found.count += 1
        due = asyncio.get_running_loop().time() + pause.total_seconds()
        heapq.heappush(self._again, (due, jti))
