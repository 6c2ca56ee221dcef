"""Many messages in one write, each with a confirm of its own.

The library publishes one message a call, gives each a task's worth of locks, time limits and clean-up, and
writes the properties of each anew, though all of one call have the same but for the message id: 110 µs of
processor time a message, of which a fifth is left here (ADR 12). What is done past its method is what that
method does: number the messages in the order in which they are written, and note who waits for which confirm,
and which message id a return would carry. Confirms and returns stay the library's.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

from aiormq import Channel
from aiormq.abc import ChannelFrame
from aiormq.exceptions import ChannelInvalidStateError
from pamqp import frame
from pamqp.commands import Basic
from pamqp.constants import FRAME_BODY, FRAME_END_CHAR, FRAME_HEADER

Confirmation = asyncio.Future[object]
"""Ends with what the broker says of one message, or with why it will say nothing."""

_FRAME = struct.Struct(">BHI")  # type, channel, size of what follows
_CONTENT = struct.Struct(">HHQ")  # class, weight (always 0), size of the body
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class Stamp:
    """The properties of many messages, as they are written; between its two parts stands a message id."""

    before: bytes
    after: bytes

    @classmethod
    def of(cls, properties: Basic.Properties) -> Stamp:
        """Of properties that have nothing but the user's id behind the message's, in the order of AMQP."""
        properties.message_id = "0" * 2 * _NAME_BYTES
        written, user = properties.marshal(), (properties.user_id or "").encode()
        behind = len(written) - (1 + len(user) if user else 0)
        return cls(written[: behind - 2 * _NAME_BYTES], written[behind:])


@dataclass(frozen=True, slots=True)
class Posting:
    """One attempt to publish, with a message id that no other attempt has."""

    exchange: str
    routing_key: str
    body: bytes
    stamp: Stamp
    name: str = field(default_factory=lambda: secrets.token_hex(_NAME_BYTES))


async def post(channel: Channel, postings: Sequence[Posting]) -> list[Confirmation]:
    """Write them; all of them, or none if this raises. The channel is one that is watched.

    Nothing else runs between the write and the notes of it: the queue to the socket takes what it is given
    and returns, so no confirm comes before somebody waits for it.
    """
    async with channel.lock:
        written = b"".join(part for each in postings for part in _frames(each, channel))
        await channel.write_queue.put(ChannelFrame(payload=written, should_close=False))
        return [_awaited(each, channel) for each in postings]


def watch(channel: Channel) -> None:
    """Tell whoever still waits for a confirm when it is closed: one note with the library does for all."""
    channel.closing.add_done_callback(partial(_fail_all, channel))


def _frames(posting: Posting, channel: Channel) -> Iterator[bytes]:
    number, body, stamp = channel.number, posting.body, posting.stamp
    size = _CONTENT.size + len(stamp.before) + 2 * _NAME_BYTES + len(stamp.after)
    yield _method(number, posting.exchange, posting.routing_key)
    yield _FRAME.pack(FRAME_HEADER, number, size) + _CONTENT.pack(Basic.frame_id, 0, len(body))
    yield stamp.before + posting.name.encode() + stamp.after + FRAME_END_CHAR
    largest = channel.max_content_size  # below nothing where the broker sets no limit
    step = largest if largest > 0 else len(body)
    for start in range(0, len(body), step or 1):
        part = body[start : start + step]
        yield from (_FRAME.pack(FRAME_BODY, number, len(part)), part, FRAME_END_CHAR)


@lru_cache(maxsize=1024)
def _method(number: int, exchange: str, routing_key: str) -> bytes:
    """There are only as many as inboxes."""
    return frame.marshal(Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True), number)


def _awaited(posting: Posting, channel: Channel) -> Confirmation:
    channel.delivery_tag += 1
    confirmation: Confirmation = channel.loop.create_future()
    channel.confirmations[channel.delivery_tag] = confirmation
    channel.message_id_delivery_tag[posting.name] = channel.delivery_tag
    confirmation.add_done_callback(partial(_forget, channel, posting.name))
    if channel.is_closed:
        confirmation.set_exception(ChannelInvalidStateError("closed while this was written"))
    return confirmation


def _forget(channel: Channel, name: str, confirmation: Confirmation) -> None:
    channel.message_id_delivery_tag.pop(name, None)
    if not confirmation.cancelled():
        confirmation.exception()  # looked at, so that asyncio does not complain where nobody waits any more


def _fail_all(channel: Channel, closed: asyncio.Future[object]) -> None:
    reason = None if closed.cancelled() else closed.exception()
    for each in list(channel.confirmations.values()):
        if not each.done():
            each.set_exception(reason or ChannelInvalidStateError("closed"))
