"""Where something went wrong, without the words: for logs, which hold nothing that anybody wrote.

An exception's message may quote what a database or a parser was given. So a log tells its type and its place.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO


def place(kind: type[BaseException], trace: TracebackType | None) -> str:
    """``ValueError at store.py:12 add < api.py:40 post``, innermost first."""
    frames = traceback.extract_tb(trace)[::-1]
    steps = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return f"{kind.__name__} at {' < '.join(steps)}"


def place_only(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor for structlog: ``exc_info`` becomes ``error``, a type and a place."""
    given = event.pop("exc_info", None)
    if isinstance(given, BaseException):
        event["error"] = place(type(given), given.__traceback__)
    elif given:
        kind, _, trace = sys.exc_info()
        if kind is not None:
            event["error"] = place(kind, trace)
    return event


def handler(stream: TextIO) -> logging.Handler:
    """For what libraries say through ``logging``."""
    made = logging.StreamHandler(stream)
    made.setFormatter(_PlaceOnly())
    return made


class _PlaceOnly(logging.Formatter):
    """The first line of what a library says: asyncio, for one, puts an exception's words on the second."""

    def format(self, record: logging.LogRecord) -> str:
        kind, _, trace = record.exc_info or (None, None, None)
        line = record.getMessage().partition("\n")[0]
        where = f" {place(kind, trace)}" if kind else ""
        return f"{self.formatTime(record)} {record.name} {line}{where}"
