"""What the driver attempted and what it was told, on disk before it is believed."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class DriversLedger:
    """Attempts by idempotency key; an acceptance counts once its line is synced. Shared by threads."""

    path: Path
    attempted: set[str] = field(default_factory=set)
    accepted: dict[str, str] = field(default_factory=dict)
    contradicted: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def attempt(self, key: str) -> None:
        """Something is about to be sent under this key."""
        with self._changed:
            self.attempted.add(key)
            self._write({"attempted": key})

    def accept(self, key: str, message: str) -> None:
        """A 202 named this message; another name for the same key is a broken promise."""
        with self._changed:
            if self.accepted.setdefault(key, message) != message:
                self.contradicted.append(key)
            self._write({"accepted": key, "message": message})
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Until this many were accepted.

        Raises:
            TimeoutError: the system accepts nothing any more.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.accepted) >= count, timeout=60):
                raise TimeoutError(f"{len(self.accepted)} accepted where {count} were expected")

    def _write(self, line: dict[str, str]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
