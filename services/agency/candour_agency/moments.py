"""Instants as the database and the REST interface write them: whole milliseconds, and RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970; ``instant`` is aware."""
    return int(instant.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The aware UTC instant."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def text(milliseconds: int | None) -> str | None:
    """RFC 3339 with milliseconds and ``Z``; ``None`` stays ``None``."""
    if milliseconds is None:
        return None
    return from_ms(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
