"""A partnership of processes on a broker and a database of its own, all of which may be harmed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.process import Process, free_base_port
from tests.services.broker import Broker
from tests.services.database import Database

_PATIENCE = 180.0  # seconds until what died is there again
_LOOK = 0.2


@dataclass(slots=True)
class Fleet:
    """``candour-sandbox up --processes``, with two gateway workers."""

    process: Process
    broker: Broker
    database: Database

    @property
    def manifest(self) -> dict[str, Any]:
        """As it stands now: processes change."""
        return self.process.manifest()

    @property
    def pids(self) -> dict[str, int]:
        """Every process but the supervisor, by its name."""
        found: dict[str, int] = self.manifest["processes"]
        return {name: pid for name, pid in found.items() if name != "sandbox"}

    def kill(self, name: str) -> None:
        """``kill -9`` one, and wait until it runs anew."""
        before = self.pids[name]
        with suppress(ProcessLookupError):
            os.kill(before, signal.SIGKILL)
        self._until_replaced(name, before)

    def _until_replaced(self, name: str, before: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._pid(name) in (before, None):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} does not come back")
            time.sleep(_LOOK)

    def _pid(self, name: str) -> int | None:
        with suppress(OSError, json.JSONDecodeError):  # the manifest is being written
            return self.pids.get(name)
        return None

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """A process that stands still in the middle of whatever it does."""
        pid = self.pids[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def launched(folder: Path) -> Iterator[Fleet]:
    """Servers, and the partnership on them; all gone at the end."""
    servers = Path(tempfile.mkdtemp(prefix="candour-faults-"))
    servers.chmod(0o711)  # PostgreSQL runs as a user of its own, whose folder lies below
    broker, database = Broker(servers / "rabbitmq"), Database(servers / "postgresql")
    broker.start()
    database.start()
    process = Process.up(
        folder / "data", free_base_port(), "--no-story", "--processes", "--workers", "2",
        "--amqp", broker.url, "--database", database.url,
    )  # fmt: skip
    try:
        process.ready()
        yield Fleet(process, broker, database)
    finally:
        with suppress(subprocess.TimeoutExpired):
            process.kill()
        broker.thaw()
        broker.stop()
        database.stop()
        shutil.rmtree(servers, ignore_errors=True)
