"""Where the services' own words go: a line of JSON each, into a file; the terminal is for the story."""

from __future__ import annotations

import logging
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import structlog
from candour_protocol import traces

LARGEST = 20 * 1024 * 1024  # bytes, before a start sets the old file aside


def to_file(path: Path) -> logging.Handler:
    """Send structlog's events and the libraries' warnings to ``path``; the handler that does the latter."""
    set_aside(path)
    file = _Forgiving(path.open("ab", buffering=0), encoding="utf-8", write_through=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            traces.place_only,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file),
        cache_logger_on_first_use=True,
    )
    handler = traces.handler(file)
    logging.getLogger().addHandler(handler)
    return handler


class _Forgiving(TextIOWrapper):
    """A file whose words may be lost: no call fails because the disk has no room for what is said of it."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            return super().write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def set_aside(path: Path) -> None:
    """Let a file that has grown large begin anew; one old one is kept."""
    if path.exists() and path.stat().st_size > LARGEST:
        path.replace(path.with_suffix(".old.log"))
