"""Where the services' own words go: a line of JSON each, into a file; the terminal is for the story."""

from __future__ import annotations

import logging
from pathlib import Path

import structlog
from candour_protocol import traces

LARGEST = 20 * 1024 * 1024  # bytes, before a start sets the old file aside


def to_file(path: Path) -> logging.Handler:
    """Send structlog's events and the libraries' warnings to ``path``; the handler that does the latter."""
    set_aside(path)
    file = path.open("a", encoding="utf-8", buffering=1)
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


def set_aside(path: Path) -> None:
    """Let a file that has grown large begin anew; one old one is kept."""
    if path.exists() and path.stat().st_size > LARGEST:
        path.replace(path.with_suffix(".old.log"))
