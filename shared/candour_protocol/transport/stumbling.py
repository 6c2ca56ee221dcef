"""When a handler raises: how long until its deliveries come again, and what may be said about the error."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType

FIRST_BACKOFF = timedelta(milliseconds=100)  # doubles with each attempt
MAX_BACKOFF = timedelta(seconds=30)


def backoff(attempt: int) -> timedelta:
    """How long until a message whose handler raised comes again; ``attempt`` from 1."""
    return min(FIRST_BACKOFF * (1 << min(attempt - 1, 20)), MAX_BACKOFF)


def place(traceback: TracebackType | None) -> str:
    """Where it was raised. Not what was raised: the text of an error may quote the message."""
    found = "?"
    while traceback is not None:
        found = f"{traceback.tb_frame.f_globals.get('__name__')}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
