"""Read the three frames of a delivery, and a confirm, as the library does and in a third of its time.

The library finds out anew for each field of each frame by which name, type and function to read it. These
frames are nearly all that a busy connection brings, and their form is fixed; whatever has another form, or
anything wrong with it, is given to the library, so that what it says of it stays the same.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from pamqp import decode, frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.constants import FRAME_BODY, FRAME_END, FRAME_HEADER, FRAME_METHOD
from pamqp.frame import FrameTypes
from pamqp.header import ContentHeader

from candour_protocol.transport.rabbitmq_decoding import short_text

Read = tuple[int, int, FrameTypes]
"""How many bytes were read, of which channel, and the frame."""

_FRAME = struct.Struct(">BHI")  # type, channel, size of what follows
_CONTENT = struct.Struct(">HHQH")  # class, weight, size of the body, which properties there are
_INDEX = struct.Struct(">I")
_TAG = struct.Struct(">qB")  # the delivery's number, bits
_UNREADABLE = (ValueError, LookupError, struct.error)
_PROPERTIES = tuple(
    (Basic.Properties.flags[name], name, Basic.Properties.amqp_type(name))
    for name in Basic.Properties.attributes()
)
_MORE_FLAGS = 1
_the_library: Callable[[bytes], Read] = frame.unmarshal


def unmarshal(data_in: bytes) -> Read:
    """One whole frame."""
    try:
        kind, channel, size = _FRAME.unpack_from(data_in)
        end = _FRAME.size + size
        found = _frame(kind, data_in[_FRAME.size : end]) if size and data_in[end] == FRAME_END else None
    except _UNREADABLE:
        found = None
    return _the_library(data_in) if found is None else (end + 1, channel, found)


def _frame(kind: int, payload: bytes) -> FrameTypes | None:
    """None for what is left to the library."""
    if kind == FRAME_BODY:
        return ContentBody(payload)
    if kind == FRAME_HEADER:
        return _header(payload)
    if kind != FRAME_METHOD:
        return None
    (index,) = _INDEX.unpack_from(payload)
    if index == Basic.Deliver.index:
        return _deliver(payload)
    return _ack(payload) if index == Basic.Ack.index else None


def _deliver(payload: bytes) -> Basic.Deliver:
    found = Basic.Deliver.__new__(Basic.Deliver)  # to make one is to check names that are not there yet
    used, found.consumer_tag = short_text(payload[_INDEX.size :])
    at = _INDEX.size + used
    found.delivery_tag, bits = _TAG.unpack_from(payload, at)
    found.redelivered = bool(bits & 1)
    at += _TAG.size
    used, found.exchange = short_text(payload[at:])
    _, found.routing_key = short_text(payload[at + used :])
    return found


def _ack(payload: bytes) -> Basic.Ack:
    found = Basic.Ack()
    found.delivery_tag, bits = _TAG.unpack_from(payload, _INDEX.size)
    found.multiple = bool(bits & 1)
    return found


def _header(payload: bytes) -> ContentHeader | None:
    found = ContentHeader()
    found.class_id, found.weight, found.body_size, flags = _CONTENT.unpack_from(payload)
    if flags & _MORE_FLAGS:
        return None
    at = _CONTENT.size
    for flag, name, kind in _PROPERTIES:
        if flags & flag:
            used, value = decode.METHODS[kind](payload[at:])
            setattr(found.properties, name, value)
            at += used
    return found


def install() -> None:
    """Make the library read by this, in this whole process."""
    frame.unmarshal = unmarshal
