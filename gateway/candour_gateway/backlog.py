"""Is an earlier copy still on its way? Sending another would only make a slow courier slower.

Queues are first in, first out. So while a queue's oldest message is at least as old as the last copy, that
copy is waiting in it; and while our own queue lags, the recipient's ``delivery`` may be waiting in that.
Measured: without this, a machine that was too slow by half sent everything two and a half times.

RabbitMQ tells nobody but a queue's reader how old its messages are. It does tell that a queue is not empty
and that nobody takes from it, as where a node is off: then the last copy lies there still. Sent again every
five minutes, a node that is off for ten days would find each statement 2,880 times, and the broker's disk,
which all agencies share, would be full before that.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from candour_protocol.errors import TransportError
from candour_protocol.transport.port import Depth, Transport
from candour_protocol.transport.topology import GATEWAY_QUEUES, inbox_queue

from candour_gateway.store.dispatches import Outstanding

LAG = timedelta(seconds=1)
LONGEST_DOUBT = timedelta(minutes=1)  # a copy older than this is sent again, however long our own queue is
LONGEST_TRUST = timedelta(hours=12)  # a broker may have lost what it confirmed; without this, for good


class Backlog:
    """The courier's queues at one moment; each is asked at most once."""

    def __init__(self, transport: Transport, now: datetime) -> None:
        self._transport = transport
        self._now = now
        self._oldest: dict[str, timedelta] = {}

    async def is_away(self) -> bool:
        """Whether the courier itself is away: then nothing is sent, and no statement's next time moves on."""
        try:
            await self._transport.depth(GATEWAY_QUEUES[0])
        except TransportError as error:
            return error.code == "unreachable"
        return False

    async def may_hold(self, route: Outstanding) -> bool:
        """Whether the last copy, or what answers it, may still be waiting."""
        age = self._now - route.sent_at
        if await self._age(inbox_queue(route.recipient, route.lane)) >= age:
            return True
        own = max([await self._age(queue) for queue in GATEWAY_QUEUES])
        return own >= LAG and age < LONGEST_DOUBT

    async def _age(self, queue: str) -> timedelta:
        """Of its oldest message; below zero for an empty queue, and for one that cannot be asked."""
        if queue not in self._oldest:
            try:
                self._oldest[queue] = _oldest(await self._transport.depth(queue))
            except TransportError:
                self._oldest[queue] = timedelta(-1)
        return self._oldest[queue]


def _oldest(depth: Depth) -> timedelta:
    if depth.oldest is not None:
        return depth.oldest
    return LONGEST_TRUST if depth.untouched else timedelta(-1)
