"""A process that tells concerns to a partnership at given moments, whether it keeps up or not, and measures.

Reads a `Load` as JSON from its input and writes what became of each `Stream` to its output. Open loop: a call
starts when its time has come, not when the one before it was answered, so a partnership that slows down is
seen to. It is the process beside the partnership, so that its own work is not the partnership's.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

import uvloop

from tests.bench.teller import Arrivals, Door, Line

_ID = re.compile(rb'"id":\s*"([0-9a-f-]{36})"')
_AFTER = re.compile(rb'"retry_after":\s*(\d+)')


@dataclass(frozen=True, slots=True)
class Stream:
    """Who tells whom, and how often.

    Attributes:
        starts: seconds after the beginning of the load.
        insists: a call that is held back is made again once its time has come.
    """

    sender: Door
    recipient: Door
    body: dict[str, Any]
    rate: float
    count: int
    starts: float = 0.0
    insists: bool = False


@dataclass(slots=True)
class Poured:
    """Seconds, and how many.

    Attributes:
        answered: from the moment at which a call was due to its 202.
        arrived: from its 202 to the recipient's inbox.
        held_back: answers 429.
        lost: not seen in the inbox in all the time that there was.
    """

    answered: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    held_back: int = 0
    lost: int = 0


class Pourer:
    """One stream's calls, over as many connections as are under way at once."""

    def __init__(self, stream: Stream, arrivals: Arrivals) -> None:
        self._stream = stream
        self._arrivals = arrivals
        self._body = json.dumps(stream.body).encode()
        self._idle: list[Line] = []
        self._told: list[tuple[bytes, float]] = []
        self.poured = Poured()

    async def pour(self, begin: float) -> None:
        """All calls, each at its time."""
        stream = self._stream
        async with asyncio.TaskGroup() as calls:
            for number in range(stream.count):
                due = begin + stream.starts + number / stream.rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                calls.create_task(self._call(due))

    async def settle(self, until: float) -> Poured:
        """Wait for what was told to be seen."""
        for name, at in self._told:
            seen = self._arrivals.of(name)
            try:
                async with asyncio.timeout(max(0.01, until - time.perf_counter())):
                    self.poured.arrived.append(max(0.0, await asyncio.shield(seen) - at))
            except TimeoutError:
                self.poured.lost += 1
        return self.poured

    async def _call(self, due: float) -> None:
        key = f"Idempotency-Key: {uuid4()}"
        while True:
            line = self._idle.pop() if self._idle else await Line.to(self._stream.sender)
            accepted, answer = await line.call("/v1/concerns", self._body, key)
            self._idle.append(line)
            if accepted:
                self._note(answer, due)
                return
            self.poured.held_back += 1
            if not self._stream.insists:
                return
            found = _AFTER.search(answer)
            await asyncio.sleep(int(found[1]) if found else 1)

    def _note(self, answer: bytes, due: float) -> None:
        now = time.perf_counter()
        found = _ID.search(answer)
        assert found is not None, answer
        self.poured.answered.append(now - due)
        self._told.append((found[1], now))


async def pour(streams: list[Stream], patience: float) -> list[Poured]:
    """All streams at once; ``patience`` seconds after the last call what has not arrived is lost."""
    arrivals = Arrivals()
    recipients = list(dict.fromkeys(stream.recipient for stream in streams))
    watched = [await Line.to(door) for door in recipients]
    watching = [asyncio.create_task(arrivals.watch(line)) for line in watched]
    pourers = [Pourer(stream, arrivals) for stream in streams]
    begin = time.perf_counter()
    await asyncio.gather(*(each.pour(begin) for each in pourers))
    until = time.perf_counter() + patience
    poured = [await each.settle(until) for each in pourers]
    for task in watching:
        task.cancel()
    return poured


def _main() -> None:
    given = json.load(sys.stdin)
    streams = [
        Stream(**{**each, "sender": Door(**each["sender"]), "recipient": Door(**each["recipient"])})
        for each in given["streams"]
    ]
    poured = uvloop.run(pour(streams, given["patience"]))
    json.dump([asdict(each) for each in poured], sys.stdout)


if __name__ == "__main__":
    _main()
