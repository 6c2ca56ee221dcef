"""JSON that two readers could read differently, or no reader should: made out of a proper object."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Spoil = Callable[[bytes], bytes]
_NUMBER = re.compile(rb":([0-9]+|null)")
_TEXT = re.compile(rb':"([^"]{2})')


def number(text: bytes) -> Spoil:
    """In place of the first number or null."""
    return lambda raw: _NUMBER.sub(b":" + text, raw, count=1)


def within(text: bytes) -> Spoil:
    """Inside the first string."""
    return lambda raw: _TEXT.sub(lambda found: b':"' + found[1] + text, raw, count=1)


def twice(raw: bytes) -> bytes:
    """The first member given again, with the same value."""
    first = re.match(rb'\{("[^"]+":(?:"[^"]*"|\[[^\]]*\]|[^",\[{]+)),', raw)
    assert first is not None
    return b"{" + first[1] + b"," + raw[1:]


def deep(levels: int) -> Spoil:
    """In place of the first number or null, brackets."""
    return number(b"[" * levels + b"]" * levels)


HOSTILE: Mapping[str, Spoil] = {
    "a member twice": twice,
    "NaN": number(b"NaN"),
    "Infinity": number(b"-Infinity"),
    "1e400": number(b"1e400"),
    "a fraction": number(b"1.5"),
    "10^500": number(b"1" + b"0" * 500),
    "2^53": number(str(2**53).encode()),
    "depth 17": deep(17),
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "a raw NUL": within(b"\x00"),
    "an escaped NUL": within(rb"\u0000"),
    "a lone surrogate": within(rb"\ud800"),
    "a lone surrogate in bytes": within(b"\xed\xa0\x80"),
    "a bidi control": within("\u202e".encode()),
    "an escaped bidi control": within(rb"\u2066"),
    "two values": lambda raw: raw + b"{}",
    "no object": lambda raw: b"[" + raw + b"]",
}
