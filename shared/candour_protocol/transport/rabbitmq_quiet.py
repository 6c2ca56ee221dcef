"""For how long a subscription has been quiet, and when that is long enough to doubt it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

SOON = 5.0  # seconds after a renewal within which what comes back was held by the old subscription


class Quiet:
    """The ear of one subscription.

    Args:
        doubt_after: so long without a message, and with nothing in the handler's hands.
    """

    def __init__(self, doubt_after: timedelta) -> None:
        self._doubt_after = doubt_after.total_seconds()
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._busy = 0  # batches in the handler's hands
        self._owed_nothing_until = 0.0

    def pause(self) -> float:
        """Seconds until there is doubt, if nothing is heard meanwhile; 0 or less: now."""
        if self._busy:
            return self._doubt_after
        return self._since + self._doubt_after - self._loop.time()

    def begin(self, *, owed_nothing: bool = False) -> None:
        """A subscription begins. ``owed_nothing``: the one before had nothing in hand."""
        self._since = self._loop.time()
        self._owed_nothing_until = self._since + SOON if owed_nothing else 0.0

    def heard(self, *, again: bool) -> bool:
        """A message came; whether it shows that the subscription before this one was deaf.

        Args:
            again: the broker has sent it before, to somebody.
        """
        self._since = self._loop.time()
        deaf = again and self._since < self._owed_nothing_until
        self._owed_nothing_until = 0.0
        return deaf

    def take_up(self) -> None:
        """A batch is in the handler's hands: until it is settled nothing is doubted."""
        self._busy += 1

    def put_down(self) -> None:
        """It is settled."""
        self._busy -= 1
        self._since = self._loop.time()
