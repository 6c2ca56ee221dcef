"""Whether two wrote the same name or staff id, however they spaced it and in whatever case. Pure."""

from __future__ import annotations


def plain_name(text: str | None) -> str | None:
    """A name to compare by; None where nothing was written."""
    return " ".join(text.split()).casefold() if text and text.strip() else None
