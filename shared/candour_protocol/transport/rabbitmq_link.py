"""A connection to RabbitMQ for one purpose, and channels on it.

The library makes the connection anew when it breaks; whoever holds a channel asks for another when that one
has closed. Nothing here waits without a limit: a broker that blocks, freezes or vanishes costs ``PATIENCE``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import cast

from aio_pika import RobustConnection
from aiormq import Channel
from aiormq.abc import AbstractChannel
from aiormq.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelInvalidStateError,
    ConnectionNotAllowed,
    ProbableAuthenticationError,
)
from yarl import URL

from candour_protocol.errors import TransportError
from candour_protocol.transport import rabbitmq_decoding, rabbitmq_frames

HEARTBEAT = 5  # seconds; with the usual 60 a dead broker goes unnoticed for three minutes
RECONNECT = 1  # seconds between attempts
PATIENCE = 10.0  # seconds that anything but a publish may take
SHOWN = 1.0  # seconds

BROKEN = (AMQPError, OSError, TimeoutError, RuntimeError)
"""What a connection that goes away makes of whatever is under way."""

rabbitmq_decoding.install()
rabbitmq_frames.install()

# at DEBUG the library logs whole frames, and so what messages say
logging.getLogger("aiormq").setLevel(logging.INFO)
logging.getLogger("aio_pika").setLevel(logging.INFO)


class BrokenLinkError(Exception):
    """The connection went away under whatever was under way."""


class Link:
    """One connection; only `open` makes one."""

    def __init__(self, connection: RobustConnection, connecting: asyncio.Task[None] | None = None) -> None:
        # a strong reference: the library itself holds only weak ones
        self._connection = connection
        self._connecting = connecting

    @classmethod
    async def open(cls, url: URL, purpose: str, *, patiently: bool = False) -> Link:
        """Connect.

        Args:
            patiently: where no broker answers, go on trying without end instead of raising ``unreachable``.

        Raises:
            TransportError: ``refused`` (user, password, vhost), ``unreachable``.
        """
        options: dict[str, str | int] = {
            "heartbeat": _heartbeat(url),
            "name": f"candour {purpose}",
            "reconnect_interval": RECONNECT,
        }
        address = url.update_query(options)
        connection = RobustConnection(address)
        try:
            async with asyncio.timeout(PATIENCE):
                await connection.connect(timeout=PATIENCE)
        except (AuthenticationError, ProbableAuthenticationError, ConnectionNotAllowed) as error:
            await _close(connection)
            raise TransportError("refused", "the broker knows no such user, password or vhost") from error
        except BROKEN as error:
            await _close(connection)
            if patiently:
                return cls._later(address)
            raise TransportError("unreachable", "no broker answers at this address") from error
        return cls(connection)

    @classmethod
    def _later(cls, address: URL) -> Link:
        """Of a connection that is still to be made."""
        connection = RobustConnection(address.update_query(fail_fast=0))
        return cls(connection, asyncio.create_task(connection.connect(timeout=PATIENCE), name="connect"))

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as anybody has noticed."""
        return self._connection.connected.is_set()

    async def channel(self, *, confirms: bool = False) -> Channel:
        """A new channel, once there is a connection.

        Raises:
            BrokenLinkError: there is none within `PATIENCE`.
        """
        async with bounded():
            await self._connection.ready()
            transport = self._connection.transport
            if transport is None:
                raise ChannelInvalidStateError("no connection")
            await transport.ready()  # not while the broker blocks this connection
            opened = await transport.connection.channel(publisher_confirms=confirms, on_return_raises=True)
            return cast(Channel, opened)

    async def close(self) -> None:
        """Let go of the connection, whether the broker still listens or not."""
        if self._connecting is not None:
            self._connecting.cancel()
        await _close(self._connection)


@asynccontextmanager
async def bounded(seconds: float = PATIENCE) -> AsyncIterator[None]:
    """Limit what the broker may make us wait.

    Raises:
        BrokenLinkError: time is up, or the channel or connection is gone.
    """
    with broken():
        async with asyncio.timeout(seconds):
            yield


@contextmanager
def broken() -> Iterator[None]:
    """Say of whatever fails because of the connection that this is why; waits as long as it takes.

    Raises:
        BrokenLinkError: the channel or connection is gone, or time is up.
    """
    try:
        yield
    except BROKEN as error:
        raise BrokenLinkError(type(error).__name__) from error
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        raise BrokenLinkError("the library gave up what it waited for") from error


async def close_channel(channel: AbstractChannel) -> None:
    """Close a channel, whatever its state."""
    with suppress(BrokenLinkError):
        async with bounded(2):
            await channel.close()


async def until_shown(channel: AbstractChannel, queue: str, count: int) -> None:
    """Wait until what was given back can be seen: a quorum queue takes it later, and says nothing then.

    Somebody else may take it first, so this is tried for `SHOWN`, and less where others consume.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    while loop.time() < start + SHOWN:
        found = await channel.queue_declare(queue, passive=True)
        if (found.message_count or 0) >= count:
            return
        if found.consumer_count and loop.time() > start + SHOWN / 5:
            return
        await asyncio.sleep(0.005)


def _is_cancelled() -> bool:
    """Whether somebody wants this task to end: the library also cancels what waits for a lost connection."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _heartbeat(url: URL) -> int:
    stated = url.query.get("heartbeat", "")
    wanted = int(stated) if stated.isascii() and stated.isdecimal() else HEARTBEAT
    return min(wanted, HEARTBEAT) or HEARTBEAT


async def _close(connection: RobustConnection) -> None:
    with suppress(BrokenLinkError):
        async with bounded(2):
            await connection.close()
