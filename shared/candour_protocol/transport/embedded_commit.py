"""Group commit: one transaction at a time, and whatever is asked meanwhile shares the next.

A commit costs one wait for the disk, whatever it holds. Everything here but `Store` runs in the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from candour_protocol.errors import TransportError
from candour_protocol.transport.embedded_store import Batch, Item, Store

LINGER = timedelta(milliseconds=5)  # a settlement nobody waits for may share the commit of the next publish
AGAIN = timedelta(seconds=1)  # after a failed commit (a full disk)
MAX_SETTLED = 1024  # settlements not yet durable; above that consumers wait

T = TypeVar("T")
log = logging.getLogger("candour.transport")


class GroupCommit:
    """Writes batches to a store in its one thread.

    Args:
        written: called in the event loop after each transaction, before anybody who waits for it goes on,
            with what it held and whether it is durable. Settlements that failed are tried again, unreported.
    """

    def __init__(
        self, store: Store, thread: ThreadPoolExecutor, written: Callable[[Batch, bool], None]
    ) -> None:
        self._store = store
        self._thread = thread
        self._written = written
        self._loop = asyncio.get_running_loop()
        self._batch = Batch()
        self._waiters: list[asyncio.Future[bool]] = []
        self._busy = False
        self._closed = False
        self._timer: asyncio.Handle | None = None

    def publish(self, items: Sequence[Item]) -> asyncio.Future[bool]:
        """Write new messages; the future tells whether they are durable. Cancelling it stops nothing."""
        self._batch.published.extend(items)
        return self._wait()

    async def settle(self, settled: Batch) -> None:
        """Write settlements soon; waits only when too many are not durable yet."""
        self._add(settled)
        while self._batch.settled > MAX_SETTLED:
            if not await self._wait():
                await asyncio.sleep(AGAIN.total_seconds())
        if self._batch.settled and self._timer is None and not self._busy:
            self._timer = self._loop.call_later(LINGER.total_seconds(), self._start)

    async def flush(self) -> bool:
        """Wait until all that was asked before is written; whether it is durable."""
        return await self._wait()

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Run other work on the store, in its thread, between transactions."""
        self._assert_open()
        return await self._loop.run_in_executor(self._thread, work, *args)

    async def close(self) -> None:
        """Write what is left (settlements that cannot be written are lost: those messages come again)."""
        await self.flush()
        self._closed = True
        self._schedule(None)
        await self._loop.run_in_executor(self._thread, self._store.close)

    def _assert_open(self) -> None:
        if self._closed:
            raise TransportError("closed", "the transport is closed")

    def _wait(self) -> asyncio.Future[bool]:
        self._assert_open()
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiters.append(waiter)
        if len(self._waiters) == 1 and not self._busy:
            # call_soon, not now: what other tasks publish in this turn of the loop joins
            self._schedule(self._loop.call_soon(self._start))
        return waiter

    def _schedule(self, timer: asyncio.Handle | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    def _start(self) -> None:
        self._schedule(None)
        batch, self._batch = self._batch, Batch()
        waiters, self._waiters = self._waiters, []
        self._busy = True
        done = self._loop.run_in_executor(self._thread, self._store.write, batch)
        done.add_done_callback(lambda written: self._finish(batch, waiters, written.exception()))

    def _finish(
        self, batch: Batch, waiters: Sequence[asyncio.Future[bool]], error: BaseException | None
    ) -> None:
        self._busy = False
        if error is not None:
            self._keep_settlements(batch, error)
        self._written(batch, error is None)
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(error is None)
        self._go_on(error)

    def _go_on(self, error: BaseException | None) -> None:
        if self._waiters:
            self._start()
        elif self._batch.settled:
            pause = LINGER if error is None else AGAIN
            self._schedule(self._loop.call_later(pause.total_seconds(), self._start))

    def _keep_settlements(self, batch: Batch, error: BaseException) -> None:
        reason = getattr(error, "sqlite_errorname", type(error).__name__)
        log.error(
            "commit_failed published=%d settled=%d error=%s", len(batch.published), batch.settled, reason
        )
        self._add(batch)
        batch.acked, batch.retried, batch.parked = [], [], []

    def _add(self, settled: Batch) -> None:
        self._batch.acked += settled.acked
        self._batch.retried += settled.retried
        self._batch.parked += settled.parked
