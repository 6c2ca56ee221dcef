"""Messages whose properties no well-meaning library would write, byte by byte."""

from __future__ import annotations

import struct

from aiormq import Channel
from aiormq.abc import AbstractChannel, ChannelFrame
from candour_protocol.transport.topology import SUBMIT

from tests.transport.recorder import SCHOOL

HEADERS, TIMESTAMP, TYPE, USER = 1 << 13, 1 << 6, 1 << 5, 1 << 4
TEXT = 1 << 15

Properties = tuple[int, bytes]


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def long(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def nested(depth: int) -> bytes:
    """Tables in tables."""
    content = b""
    for _ in range(depth):
        content = short(b"a") + b"F" + long(content)
    return long(content)


KEY = f"{SCHOOL}.concern.urgent".encode()
PLAIN: Properties = (0, b"")
CASES: dict[str, tuple[bytes, Properties]] = {
    "a time beyond all calendars": (KEY, (TIMESTAMP, b"\xff" * 8)),
    "text that is no text": (KEY, (TEXT, short(b"\xff\xfe"))),
    "a header's name that is no text": (KEY, (HEADERS, long(short(b"\xff") + b"t\x01"))),
    "a header's time beyond all calendars": (KEY, (HEADERS, long(short(b"a") + b"T" + b"\xff" * 8))),
    "tables in tables": (KEY, (HEADERS, nested(4000))),
    "a routing key that is no text": (f"{SCHOOL}.".encode() + b"\xff.urgent", PLAIN),
}


async def publish(channel: AbstractChannel, key: bytes, properties: Properties) -> None:
    """Send one message of one byte; the broker may refuse it by closing the channel."""
    assert isinstance(channel, Channel)
    flags, values = properties
    method = struct.pack(">HHH", 60, 40, 0) + short(SUBMIT.encode()) + short(key) + b"\x00"
    header = struct.pack(">HHQH", 60, 0, 1, flags) + values
    payload = b"".join(_frame(kind, channel.number, it) for kind, it in ((1, method), (2, header), (3, b"x")))
    await channel.write_queue.put(ChannelFrame(payload=payload, should_close=False))


def _frame(kind: int, channel: int, content: bytes) -> bytes:
    return struct.pack(">BH", kind, channel) + long(content) + b"\xce"
