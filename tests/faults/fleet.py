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

from tests.faults.rejudging import Court
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
    def court(self) -> Court:
        return Court(self.process.data, self.database.url)

    @property
    def pids(self) -> dict[str, int]:
        """Every process but the supervisor, by its name."""
        found: dict[str, int] = self.manifest["processes"]
        return {name: pid for name, pid in found.items() if name != "sandbox"}

    def kill(self, name: str) -> None:
        """``kill -9`` one, and wait until it runs anew."""
        self.kill_all(name)

    def kill_all(self, *names: str) -> None:
        """``kill -9`` several at once, and wait until each runs anew."""
        before = {name: self.pids[name] for name in names}
        for pid in before.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for name, pid in before.items():
            self._until_replaced(name, pid)

    def _until_replaced(self, name: str, before: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._pid(name) in (before, None):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} does not come back")
            time.sleep(_LOOK)

    @property
    def workers(self) -> list[str]:
        """The gateway's processes."""
        return sorted(name for name in self.pids if name.startswith("gateway"))

    def _pid(self, name: str) -> int | None:
        with suppress(OSError, json.JSONDecodeError):  # the manifest is being written
            return self.pids.get(name)
        return None

    @contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """Processes that stand still in the middle of whatever they do."""
        pids = [self.pids[name] for name in names]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
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
