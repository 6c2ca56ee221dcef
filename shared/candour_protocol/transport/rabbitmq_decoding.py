"""Nothing that a sender writes beside its message may end the recipient's connection.

The broker hands on properties, headers and routing keys as bytes, and the library lets go of the connection
over those that it cannot read: a time in the year 500,000,000, text that is no UTF-8, tables in tables in
tables. The message would come again on the next connection, and so one agency could keep the gateway from
hearing any other. With `install` the library reads on, and what is unreadable is absent.
"""

from __future__ import annotations

import struct
from datetime import datetime

from pamqp import decode
from pamqp.common import FieldTable

_LENGTH = struct.Struct(">I")


def short_text(value: bytes) -> tuple[int, str]:
    """A string of at most 255 bytes; those that are no UTF-8 stand in it as escapes."""
    if not value:
        raise ValueError("no string")  # a frame that is cut off is the connection's fault, not a sender's
    end = value[0] + 1
    return end, value[1:end].decode("utf-8", "backslashreplace")


def table(value: bytes) -> tuple[int, FieldTable]:
    """Headers; none of them where one is unreadable."""
    if len(value) < _LENGTH.size:
        raise ValueError("no table")
    end = _LENGTH.size + _LENGTH.unpack_from(value)[0]
    try:
        return end, decode.field_table(value[:end])[1]
    except (ValueError, ArithmeticError, LookupError, OSError, RecursionError, struct.error):
        return end, {}


def timestamp(value: bytes) -> tuple[int, datetime | None]:
    """A time, where it is one."""
    try:
        return decode.timestamp(value)
    except (ValueError, ArithmeticError, OSError):
        return 8, None


def install() -> None:
    """Make the library read by these, in this whole process."""
    decode.METHODS.update(shortstr=short_text, table=table, timestamp=timestamp)
