"""Lengths of time, in the words that somebody on shift would use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def in_words(length: timedelta) -> str:
    """``under a minute``, ``7 minutes``, ``3 hours 20 minutes``, ``2 days 4 hours``, ``412 days``.

    Rounded down. A negative length (another machine's clock is ahead) counts as none.
    """
    seconds = max(0, int(length.total_seconds()))
    if seconds < _MINUTE:
        return "under a minute"
    if seconds < _HOUR:
        return _count(seconds // _MINUTE, "minute")
    if seconds < _DAY:
        return _two(seconds, _HOUR, "hour", _MINUTE, "minute")
    if seconds < 14 * _DAY:
        return _two(seconds, _DAY, "day", _HOUR, "hour")
    return _count(seconds // _DAY, "day")


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(seconds, large)
    first = _count(whole, large_name)
    return f"{first} {_count(rest // small, small_name)}" if rest >= small else first


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def exact(instant: datetime) -> str:
    """``23 November 2026, 05:12:30 UTC``."""
    moment = instant.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC"


def machine(instant: datetime) -> str:
    """RFC 3339, for a ``datetime`` attribute."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
