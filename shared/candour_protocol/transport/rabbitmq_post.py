"""Many messages in one write, each with a confirm of its own.

The library publishes one message a call, and gives each a task's worth of locks, time limits and clean-up:
110 µs of processor time a message, of which 45 are left when a batch goes out at once (ADR 12). What is done
here past its method is what that method does: number the messages in the order in which they are written,
and note who waits for which confirm, and which message id a return would carry. All else stays the library's:
confirms, returns, and what becomes of whoever waits when the channel closes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiormq import Channel
from aiormq.abc import ChannelFrame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

Confirmation = asyncio.Future[object]
"""Ends with what the broker says of one message, or with why it will say nothing."""

Frame = Basic.Publish | ContentHeader | ContentBody


@dataclass(frozen=True, slots=True)
class Posting:
    """One attempt to publish; ``properties`` has a ``message_id`` that no other attempt has."""

    exchange: str
    routing_key: str
    body: bytes
    properties: Basic.Properties


async def post(channel: Channel, postings: Sequence[Posting]) -> list[Confirmation]:
    """Write them; all of them, or none if this raises.

    Nothing else runs between the write and the notes of it: the queue to the socket takes what it is given
    and returns, so no confirm comes before somebody waits for it.
    """
    async with channel.lock:
        largest = channel.max_content_size  # below nothing where the broker sets no limit
        frames = (frame for each in postings for frame in _frames(each, largest))
        await channel.write_queue.put(ChannelFrame.marshall(channel.number, frames))
        return [_awaited(each, channel) for each in postings]


def _frames(posting: Posting, largest: int) -> Iterator[Frame]:
    yield Basic.Publish(exchange=posting.exchange, routing_key=posting.routing_key, mandatory=True)
    yield ContentHeader(properties=posting.properties, body_size=len(posting.body))
    step = largest if largest > 0 else len(posting.body)
    for start in range(0, len(posting.body), step or 1):
        yield ContentBody(posting.body[start : start + step])


def _awaited(posting: Posting, channel: Channel) -> Confirmation:
    channel.delivery_tag += 1
    name = str(posting.properties.message_id)
    confirmation: Confirmation = channel.create_future()
    channel.confirmations[channel.delivery_tag] = confirmation
    channel.message_id_delivery_tag[name] = channel.delivery_tag
    confirmation.add_done_callback(lambda _: channel.message_id_delivery_tag.pop(name, None))
    return confirmation
