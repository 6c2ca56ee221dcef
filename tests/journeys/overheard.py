"""Everything that the services say in their logs while a test runs, and what must never be in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from structlog.testing import capture_logs

_ALARMS = frozenset({"incident"})  # errors that a service may well report


class _Listener(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{record.levelname} {record.name} {record.getMessage()} {record.exc_info or ''}")


@dataclass(slots=True)
class Overheard:
    """``events`` are structlog's, ``lines`` the standard library's."""

    events: list[MutableMapping[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def named(self, event: str) -> list[MutableMapping[str, Any]]:
        """The events of one name."""
        return [each for each in self.events if each["event"] == event]

    def defects(self) -> list[object]:
        """Whatever went wrong inside a service."""
        failed = [each for each in self.events if each["log_level"] in ("error", "critical")]
        said = [line for line in self.lines if line.startswith(("ERROR", "CRITICAL"))]
        return [*(each for each in failed if each["event"] not in _ALARMS), *said]

    def says(self, text: str) -> bool:
        """Whether a text is anywhere in the logs."""
        return any(text in repr(each) for each in (*self.events, *self.lines))


@contextmanager
def overhearing() -> Iterator[Overheard]:
    """Listen to all loggers of this process."""
    overheard = Overheard()
    listener = _Listener(overheard.lines)
    logging.getLogger().addHandler(listener)
    try:
        with capture_logs() as events:
            overheard.events = events
            yield overheard
    finally:
        logging.getLogger().removeHandler(listener)
