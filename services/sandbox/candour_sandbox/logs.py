"""Where the services' own words go: a line of JSON each, into a file; the terminal is for the story.

An exception is told by its type and place. Its message may hold what a database or a parser was given.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict

LARGEST = 20 * 1024 * 1024  # bytes, before a start sets the old file aside


def to_file(path: Path) -> logging.Handler:
    """Send structlog's events and the libraries' warnings to ``path``; the handler that does the latter."""
    set_aside(path)
    file = path.open("a", encoding="utf-8", buffering=1)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _place_only,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(file)
    handler.setFormatter(_PlaceOnly())
    logging.getLogger().addHandler(handler)
    return handler


def set_aside(path: Path) -> None:
    """Let a file that has grown large begin anew; one old one is kept."""
    if path.exists() and path.stat().st_size > LARGEST:
        path.replace(path.with_suffix(".old.log"))


def place(kind: type[BaseException], trace: TracebackType | None) -> str:
    """``ValueError at store.py:12 add < api.py:40 post``, innermost first."""
    frames = traceback.extract_tb(trace)[::-1]
    steps = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return f"{kind.__name__} at {' < '.join(steps)}"


def _place_only(_logger: Any, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    if isinstance(given, BaseException):
        event["error"] = place(type(given), given.__traceback__)
    elif given:
        kind, _, trace = sys.exc_info()
        if kind is not None:
            event["error"] = place(kind, trace)
    return event


class _PlaceOnly(logging.Formatter):
    """The first line of what a library says: asyncio, for one, puts an exception's words on the second."""

    def format(self, record: logging.LogRecord) -> str:
        kind, _, trace = record.exc_info or (None, None, None)
        line = record.getMessage().partition("\n")[0]
        where = f" {place(kind, trace)}" if kind else ""
        return f"{self.formatTime(record)} {record.name} {line}{where}"
