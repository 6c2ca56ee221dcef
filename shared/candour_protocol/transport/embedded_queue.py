"""What the embedded courier knows of one queue without asking the file.

The head of the queue is held in memory, so that a message published to an idle recipient is handed over
without being read back; behind that, only numbers are held. A message is in one place: not loaded (its id is
above `Queue.loaded`), ready, in a handler's hands, or delayed.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from candour_protocol.transport.embedded_store import Item

MAX_READY = 512  # messages held in memory for a queue
MAX_RIPE = 128  # retries loaded at a time: they never crowd out what has not been tried
ISOLATION = 3  # each fault makes a batch 2**3 times smaller, so the third leaves a message alone
MIN_TIMER = 0.001  # seconds; a wall clock that stands still must not make the timer spin


class Queue:
    """One queue's messages and whoever waits for them.

    Attributes:
        size: messages not settled, and those being written.
        loaded: every message up to this id has been ready, or is delayed.
        last: the largest id that is durable.
        wakes: how often there was something new.
    """

    def __init__(self, name: str, clock: Callable[[], int], *, size: int = 0, last: int = 0) -> None:
        self.name = name
        self.size = size
        self.loaded = 0
        self.last = last
        self.wakes = 0
        self._clock = clock
        self._ready: deque[Item] = deque()
        self._ripe: deque[tuple[int, int]] = deque()
        self._delayed: list[tuple[int, int, int]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    async def changed(self, since: int) -> None:
        """Wait until there may be something to take that was not there when ``wakes`` was ``since``.

        Whoever looks into the file meanwhile would otherwise miss what ripens behind its back.
        """
        while self.wakes == since:
            self._changed.clear()
            await self._changed.wait()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        self.wakes += 1
        self._changed.set()

    def arrive(self, item: Item) -> None:
        """A message is durable now."""
        if self.loaded < item.id and self.loaded == self.last and len(self._ready) < MAX_READY:
            self._ready.append(item)
            self.loaded = item.id
        self.last = max(self.last, item.id)
        self.wake()

    def delay(self, due: int, item_id: int, faults: int = 0) -> None:
        """A message may not be handed out before ``due``, in milliseconds since 1970."""
        heapq.heappush(self._delayed, (due, item_id, faults))
        if self._delayed[0][1] == item_id:
            self._arm()

    def fresh_on_disk(self) -> bool:
        """Whether untried messages must be read from the file before the next `take`."""
        return not self._ready and self.loaded < self.last

    def take_ripe(self) -> dict[int, int]:
        """Ids of delayed messages whose time has come, with their faults; for `add_ripe` or `put_back`."""
        return dict(self._ripe.popleft() for _ in range(min(len(self._ripe), MAX_RIPE)))

    def put_back(self, ripe: dict[int, int]) -> None:
        """They could not be read."""
        self._ripe.extend(ripe.items())

    def add_ripe(self, items: Iterable[Item], ripe: dict[int, int]) -> None:
        """Retries that were read are ready."""
        self._ready.extend(replace(item, faults=ripe[item.id]) for item in items)
        self.wake()

    def add_fresh(self, items: Sequence[Item], through: int) -> None:
        """Messages that follow `loaded` are ready: all untried ones up to the id ``through``, or more."""
        fresh = [item for item in items if item.id > self.loaded]  # another consumer may have been quicker
        self._ready.extend(fresh)
        self.loaded = max(self.loaded, through, *(item.id for item in fresh[-1:]))
        self.wake()

    def take(self, prefetch: int) -> list[Item]:
        """The next batch; a message whose handlers raised comes with few others, in the end alone."""
        batch: list[Item] = []
        room = prefetch
        while self._ready and len(batch) < room:
            room = min(room, max(1, prefetch >> ISOLATION * self._ready[0].faults))
            if len(batch) < room:
                batch.append(self._ready.popleft())
        return batch

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        self.close()
        wait = max(MIN_TIMER, (self._delayed[0][0] - self._clock()) / 1000)
        self._timer = asyncio.get_running_loop().call_later(wait, self._ripen)

    def _ripen(self) -> None:
        now = self._clock()
        while self._delayed and self._delayed[0][0] <= now:
            _, item_id, faults = heapq.heappop(self._delayed)
            self._ripe.append((item_id, faults))
        if self._delayed:
            self._arm()
        if self._ripe:
            self.wake()
