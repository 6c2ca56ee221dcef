"""Who waits for what inside one process: no polling, nobody is woken for nothing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

INBOX: Final = "inbox"  # the name under which new arrivals are rung


class Bells:
    """Named bells. Listen first, then look, then wait: what happens between is not missed."""

    def __init__(self) -> None:
        self._listening: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def ring(self, names: Iterable[str]) -> None:
        """Wake everybody who listens to one of these; call it on the loop."""
        for name in names:
            for event in self._listening.get(name, ()):
                event.set()

    @contextmanager
    def listen(self, names: Iterable[str]) -> Iterator[asyncio.Event]:
        """An event that is set whenever one of these rings; clear it before looking again."""
        event, wanted = asyncio.Event(), tuple(names)
        for name in wanted:
            self._listening[name].add(event)
        try:
            yield event
        finally:
            for name in wanted:
                self._listening[name].discard(event)
                if not self._listening[name]:
                    del self._listening[name]


async def rung(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so long; whether it came."""
    try:
        await asyncio.wait_for(event.wait(), max(seconds, 0))
    except TimeoutError:
        return False
    return True
