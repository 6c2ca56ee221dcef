"""The courier as everybody else sees it: one port, whatever carries the bytes.

What every adapter promises (the contract suite in ``tests/transport/contract.py`` holds each to it):

- A message is in the courier's durable store when its result is ``CONFIRMED``, not before.
- At least once: what was handed out and not settled is handed out again, also after a crash. The effect must
  happen once in the recipient's own transaction, and a handler answers `Ack` only after that commit.
- Nothing is dropped, and nothing is parked, because of a number of attempts. Only a handler parks.
- First in, first out within a queue as far as messages are available: a retry gives up its place, and never
  holds back what stands behind it.
- No adapter reads a body, and no log line holds one.

Source: protocol sections 7 and 9.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from candour_protocol.ids import AgencyId


class PublishResult(StrEnum):
    """What became of one published message."""

    CONFIRMED = "confirmed"
    """Durable in every queue that it was routed to."""
    UNROUTABLE = "unroutable"
    """No queue is bound to its routing key; nobody will ever get it."""
    REJECTED = "rejected"
    """Its user may not publish under this key, or a queue is full; it is stored nowhere."""
    UNKNOWN = "unknown"
    """Nobody can say: it may arrive or not. Publish the same bytes again, never new ones in their place."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to publish.

    Attributes:
        exchange: one of `topology.SUBMIT` and `topology.DELIVER`.
        routing_key: made by `topology.submit_key` or `topology.deliver_key`.
        user: whom the broker has authenticated, an agency's id or ``gateway``.
    """

    exchange: str
    routing_key: str
    body: bytes
    user: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as a handler gets it.

    Attributes:
        user: whom the broker authenticated when it was published.
        attempt: 1 the first time, and one more after each `Retry` and each handler that raised. A crash may
            or may not count, so never decide anything final by it.
        enqueued_at: when the courier accepted it, aware UTC, to the millisecond.
    """

    queue: str
    routing_key: str
    user: str
    body: bytes
    attempt: int
    enqueued_at: datetime


@dataclass(frozen=True, slots=True)
class Ack:
    """Done, and committed on the recipient's side: the courier may forget it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: hand it out again, not earlier than ``after`` from now (below zero means at once)."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Park:
    """Never again, but keep it where an operator can see it.

    Attributes:
        reason: an error code such as ``body-mismatch``; no personal data.
    """

    reason: str


Settlement = Ack | Retry | Park

Handler = Callable[[Sequence[Delivery]], Awaitable[Sequence[Settlement]]]
"""Gets what is ready, at most ``prefetch``; returns one settlement for each delivery, in the same order.

Return `Retry` for what you expect (a database that is away). A handler that raises, or returns another number
of settlements, has settled nothing: its deliveries come again after a delay that grows with their attempts,
and in ever smaller batches, in the end alone, so that a message that no handler survives holds up no others.
"""


@dataclass(frozen=True, slots=True)
class Depth:
    """How full a queue is.

    Attributes:
        messages: all that is not settled: ready, delayed and in a handler's hands.
        oldest: age of the oldest of them, `None` when there is none, or where nobody here can tell.
        untouched: `True` where it is known that messages are ready and nobody takes any: what was put there
            lies there.
    """

    messages: int
    oldest: timedelta | None
    untouched: bool = False


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that a handler parked."""

    delivery: Delivery
    reason: str
    parked_at: datetime


class Consumer(Protocol):
    """A running subscription."""

    async def cancel(self) -> None:
        """Hand out nothing more; return when the running handler has ended and is settled durably.

        From inside its own handler it only asks: the handler's return ends it.
        """


class Transport(Protocol):
    """A courier. After `close`, every call raises `TransportError` with the code ``closed``."""

    async def declare(self, agencies: Iterable[AgencyId]) -> None:
        """Make exchanges, the gateway's queues and these agencies' inboxes; what exists stays as it is.

        Idempotent, and never removes anything. What is declared outlives the process.
        """

    async def publish(self, messages: Sequence[Outbound]) -> Sequence[PublishResult]:
        """Store messages durably; one result each, in the same order.

        When the call is cancelled the messages may arrive or not, as with ``UNKNOWN``.
        """

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = 256, overlap: bool = False
    ) -> Consumer:
        """Have ``handler`` called whenever something is ready in ``queue``.

        A consumer handles one batch at a time: its calls never overlap, unless told so. Those of different
        queues run concurrently; several on one queue share its messages, each message with one of them.

        Args:
            prefetch: the most messages that the handler is given at once, 1 to 65,535.
            overlap: a second call may begin beside one that has not ended, where both have whole batches.

        Raises:
            TransportError: ``no-such-queue``, ``prefetch``, ``closed``.
        """

    async def depth(self, queue: str) -> Depth:
        """How full ``queue`` is; `topology.DEAD_QUEUE` counts what is parked.

        Raises:
            TransportError: ``no-such-queue``, ``closed``.
        """

    async def close(self) -> None:
        """Cancel running handlers (what they hold comes again at the next start), and let go of everything.

        What was published or settled before is made durable first. Safe to call twice. To let handlers end,
        cancel their consumers beforehand.
        """


class DeadLetters(Protocol):
    """The operator's view of an adapter."""

    async def parked(self, limit: int = 100) -> Sequence[Parked]:
        """What was parked, oldest first; looking changes nothing."""
