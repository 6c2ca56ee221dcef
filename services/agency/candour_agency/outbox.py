"""Handing statements to the courier again and again until each is settled.

Woken by whoever committed one, never by a clock tick: what is new leaves at once; what is not settled is
published again, the same bytes, after 1 s, doubling to 5 min (to 15 s where no courier has taken it), without
end. Nothing of that schedule is written down: after a restart everything outstanding is published once more,
which does no harm. In which order, and how much at a time, is the business of `Lines`. Source: protocol
section 5.
"""

from __future__ import annotations

import asyncio
import heapq
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
from candour_agency.lines import Line, Lines, Place, line_of
from candour_agency.metrics import Metrics
from candour_agency.office import Clock
from candour_agency.store.outbox import Due
from candour_agency.writing import LIFETIME

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)
WHILE_UNKNOWN: Final = timedelta(seconds=15)
BATCH: Final = 128  # bodies in the courier's hands at once


@dataclass(slots=True)
class _Try:
    """What the process remembers of one outstanding statement."""

    line: Line
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
        self._lines = Lines()
        self._tries: dict[Jti, _Try] = {}
        self._again: list[tuple[float, Jti]] = []
        self._in_doubt = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # -- told by others -------------------------------------------------------------------------------

    def offer(self, due: Iterable[Due]) -> None:
        """Publish these now; called on the loop, right after their commit."""
        for one in due:
            line = line_of(one.routing_key)
            self._tries.setdefault(one.jti, _Try(line))
            self._lines.join(one.jti, line, one)
        self._count()
        self._wake.set()

    def settled(self, jtis: Iterable[Jti]) -> None:
        """Nothing more is due for these."""
        for jti in jtis:
            self._tries.pop(jti, None)
            self._lines.settled(jti)
        self._count()
        self._wake.set()

    def answered(self, jtis: Iterable[Jti]) -> None:
        """The gateway has said what became of these; a `delivery` may still be due."""
        for jti in jtis:
            self._lines.answered(jti, _now())
        self._wake.set()

    @property
    def outstanding(self) -> int:
        """How many statements are not settled."""
        return len(self._tries)

    def doubt(self) -> None:
        """What is outstanding may be more, or less, than is remembered: look at all of it again."""
        self._in_doubt = True
        self._wake.set()

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
        if self._in_doubt:
            await self._look_again()
        self._ripen()
        while taken := self._lines.take(BATCH, _now()):
            await self._publish(await self._bodies([one for one in taken if one.jti in self._tries]))
            self._ripen()
        self._count()

    async def _look_again(self) -> None:
        """Ask the writer: once it can write again, what was under way is kept or lost, and known."""
        await self._database.write(store.outbox.due, self._take_stock)

    def _take_stock(self, found: Sequence[Due]) -> None:
        """Called right after that commit, so that nothing committed later is taken for settled."""
        self._in_doubt = False
        self.settled(set(self._tries) - {one.jti for one in found})
        self.offer(one for one in found if one.jti not in self._tries)

    async def _sleep(self) -> None:
        """Until something is offered or answered, or something falls due."""
        if self._in_doubt:
            return
        now = _now()
        pauses = [self._again[0][0] - now if self._again else None, self._lines.next_turn(now)]
        try:
            async with asyncio.timeout(min((each for each in pauses if each is not None), default=None)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _ripen(self) -> None:
        """What is due again stands in line again."""
        now = _now()
        while self._again and self._again[0][0] <= now:
            jti = heapq.heappop(self._again)[1]
            if jti in self._tries:
                self._lines.join(jti, self._tries[jti].line)

    async def _bodies(self, places: Sequence[Place]) -> list[Due]:
        """What is to be published; bodies that are not in memory are read again, if still outstanding."""
        wanted = {place.jti for place in places if place.due is None}
        found = {one.jti: one for one in await self._read(places, wanted)} if wanted else {}
        self.settled(wanted - found.keys())
        known = [place.due or found.get(place.jti) for place in places]
        return [one for one in known if one is not None]

    async def _read(self, places: Sequence[Place], wanted: set[Jti]) -> list[Due]:
        try:
            return await self._database.read(lambda connection: store.outbox.due(connection, wanted))
        except Exception:
            for place in places:  # not forgotten because a disk failed
                heapq.heappush(self._again, (_now() + FIRST_PAUSE.total_seconds(), place.jti))
            raise

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
        pause = pause_after(found.count, result)
        found.count += 1
        heapq.heappush(self._again, (_now() + pause.total_seconds(), jti))

    def _count(self) -> None:
        self._metrics.outstanding.set(len(self._tries))
        self._metrics.waiting.set(len(self._lines))


def pause_after(tries: int, result: PublishResult) -> timedelta:
    """1 s after the first try, doubling to 5 min, and no further than 15 s while a courier is away.

    What it has not taken is not on its way: after a long outage nothing urgent shall wait for minutes more.

    Args:
        tries: those before the one that came to ``result``.
    """
    longest = WHILE_UNKNOWN if result is PublishResult.UNKNOWN else LONGEST_PAUSE
    pause: timedelta = FIRST_PAUSE * 2 ** min(tries, 16)
    return min(pause, longest)


def _now() -> float:
    """The event loop's time."""
    return asyncio.get_running_loop().time()
