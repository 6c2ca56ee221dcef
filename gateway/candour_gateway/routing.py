"""Send again what has not arrived: until the recipient's ``delivery`` is logged, however long that takes.

A first copy leaves right after its commit (``intake``). This task is woken by a commit, sleeps until the
earliest time at which something is to be sent again, and looks now and then for what other workers left
behind. What is due is claimed for a while by the worker that sends it. Source: protocol section 5.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from candour_protocol.errors import TransportError
from candour_protocol.transport.port import Transport
from sqlalchemy import func, select

from candour_gateway.admission import Parcel
from candour_gateway.backlog import Backlog
from candour_gateway.database import Database, DatabaseAwayError
from candour_gateway.instants import from_ms, to_ms
from candour_gateway.metrics import Metrics
from candour_gateway.publishing import Publisher
from candour_gateway.store import dispatches
from candour_gateway.store.bulk import Bulk, Listed
from candour_gateway.store.dispatches import Outstanding
from candour_gateway.store.effects import FIRST_AGAIN
from candour_gateway.t1box import T1Box
from candour_gateway.tables import routes

LONGEST = timedelta(minutes=5)
AFTER_FAILURE = timedelta(seconds=5)
CLAIM = timedelta(seconds=10)  # a worker that ends meanwhile leaves it to the others
JUST_NOW = timedelta(seconds=5)
LOOK = 15.0  # seconds; another worker may have ended with something outstanding
BATCH = 256

_STILL_OUT = "WHERE idx = :at_idx AND next_at IS NOT NULL"
_AGAIN = Listed(
    "UPDATE routes SET attempts = :tried, sent_at = :sent, next_at = :again",
    _STILL_OUT,
    dict.fromkeys(("tried", "sent", "again", "at_idx"), "bigint"),
)
_LATER = Listed(
    "UPDATE routes SET next_at = :again", _STILL_OUT, dict.fromkeys(("again", "at_idx"), "bigint")
)

log = structlog.get_logger("candour.gateway")


def wait_after(attempts: int, index: int) -> timedelta:
    """1 s after the first attempt, doubling to 5 min, and up to a tenth more by the statement's index."""
    exponent = min(attempts - 1, 16)
    plain: timedelta = min(FIRST_AGAIN * 2**exponent, LONGEST)
    return plain + plain * (index * 2654435761 % 1000) / 10_000


class Router:
    """``expect`` is told when something may have to be sent again; ``run`` does it."""

    def __init__(
        self,
        database: Database,
        box: T1Box,
        transport: Transport,
        publisher: Publisher,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._box = box
        self._transport = transport
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._next: datetime | None = None
        self._woken = asyncio.Event()
        self._driving = asyncio.Lock()
        self._stopping = False
        self._resumed = False

    async def resume(self) -> None:
        """At the start everything outstanding is due at once, but for what another worker has just sent.

        Raises:
            DatabaseAwayError: ``run`` will do it.
        """
        now = self._clock()
        async with self._database.write() as connection:
            await dispatches.resume(connection, now, now + CLAIM, now - JUST_NOW)
        self._resumed = True
        self.expect(now)

    def expect(self, at: datetime) -> None:
        """Something will be due at this time."""
        if self._next is None or at < self._next:
            self._next = at
            self._woken.set()

    def stop(self) -> None:
        """Let ``run`` end after what it is doing; cancelled, it would leave a connection behind."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Until ``stop``; a courier or database that is away is tried again."""
        while not self._stopping:
            try:
                await self._run_once()
            except DatabaseAwayError as error:
                log.warning("routing-waits", error=str(error))
                self.expect(self._clock() + AFTER_FAILURE)
            except Exception as error:
                log.exception("routing-failed", error=type(error).__name__)
                self.expect(self._clock() + AFTER_FAILURE)

    async def _run_once(self) -> None:
        due = await self._something_due()
        if not due or self._stopping:
            await self._look()
            return
        if not self._resumed:
            await self.resume()
        self._next = None
        await self.drive()

    async def drive(self) -> int:
        """Send everything that is due now, and find out when something is due next; how many were sent."""
        sent = 0
        async with self._driving:
            while due := await self._claim():
                if await self._courier_is_away():
                    break  # what is claimed comes again after `CLAIM`, soon after the courier is back
                sent += await self._send_or_wait(due)
        await self._look()
        return sent

    async def _look(self) -> None:
        """When is something due next, whoever logged it?"""
        async with self._database.read() as connection:
            earliest = await connection.scalar(select(func.min(routes.c.next_at)))
        if earliest is not None:
            self.expect(from_ms(earliest))

    async def _something_due(self) -> bool:
        """Wait for it, and no longer than `LOOK`; false if it is time to look, or to stop."""
        until = asyncio.get_running_loop().time() + LOOK
        while not self._stopping and (self._next is None or self._next > self._clock()):
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            self._woken.clear()
            due = left if self._next is None else (self._next - self._clock()).total_seconds()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(due, left))
        return not self._stopping

    async def _claim(self) -> Sequence[Outstanding]:
        now = self._clock()
        async with self._database.write() as connection:
            return await dispatches.claim(connection, now, now + CLAIM, BATCH)

    async def _courier_is_away(self) -> bool:
        away = await Backlog(self._transport, self._clock()).is_away()
        if away:
            log.warning("courier-away", code="unreachable")
        return away

    async def _send_or_wait(self, due: Sequence[Outstanding]) -> int:
        """Send those of which no copy can be on its way any more; how many."""
        now = self._clock()
        backlog = Backlog(self._transport, now)
        may_wait = {each.index for each in due if await backlog.may_hold(each)}
        async with self._database.write() as connection:
            out = await dispatches.still_out(connection, [each.index for each in due])
            out_still = [each for each in due if each.index in out]
            lost = [each for each in out_still if each.index not in may_wait]
            waiting = [each for each in out_still if each.index in may_wait]
            bulk = Bulk()
            bulk.add(_AGAIN, [_again(each, now) for each in lost])
            bulk.add(_LATER, [_later(each, now) for each in waiting])
            await bulk.run(connection)
        if lost:
            await self._send(lost)
        return len(lost)

    async def _send(self, lost: Sequence[Outstanding]) -> None:
        """The next time is noted by now: a courier that refuses is not asked without end."""
        self._metrics.sent_again.inc(len(lost))
        async with self._database.read() as connection:
            pairs = [(each.index, each.approval) for each in lost]
            found = await dispatches.deliveries(connection, pairs, self._box)
        try:
            await self._publisher.publish(
                [Parcel(each.recipient, each.lane, found[each.index]) for each in lost]
            )
        except TransportError as error:
            log.warning("courier-away", code=error.code)


def _again(lost: Outstanding, now: datetime) -> dict[str, int]:
    tried = lost.attempts + 1
    again = now + wait_after(tried, lost.index)
    return {"at_idx": lost.index, "tried": tried, "sent": to_ms(now), "again": to_ms(again)}


def _later(waiting: Outstanding, now: datetime) -> dict[str, int]:
    """Looked at ever more seldom: it may lie with somebody who is away for days."""
    pause = max(wait_after(waiting.attempts, waiting.index), min(now - waiting.sent_at, LONGEST))
    return {"at_idx": waiting.index, "again": to_ms(now + pause)}
