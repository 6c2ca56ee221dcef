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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from tests.faults.condition import told
from tests.faults.disk import Disk
from tests.faults.post import Post
from tests.faults.rejudging import Court
from tests.sandbox.process import Process, free_base_port
from tests.services.broker import Broker
from tests.services.database import Database

_PATIENCE = 180.0  # seconds until what died is there again
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Disks:
    """Of the two servers, with little room."""

    broker: Disk
    database: Disk


@dataclass(slots=True)
class Fleet:
    """``candour-sandbox up --processes``, with two gateway workers."""

    process: Process
    broker: Broker
    database: Database
    disks: Disks | None = None

    @property
    def manifest(self) -> dict[str, Any]:
        """As it stands now: processes change."""
        return self.process.manifest()

    @property
    def post(self) -> Post:
        return Post(self.broker, self.process.data)

    @property
    def court(self) -> Court:
        return Court(self.process.data, self.database.url)

    def condition(self) -> str:
        """What is parked, what waits, and the last words of every process, the servers' included."""
        logs = [self.process.data / "sandbox.log", *sorted((self.process.data / "logs").glob("*.log"))]
        servers = [self.broker.folder / "output", self.database.folder / "log"]
        try:
            parked, waiting = self.post.parked(), self.post.waiting()
        except httpx.HTTPError as error:
            return told([f"the broker does not say: {error!r}"], {}, [*logs, *servers])
        reasons = [f"{why}, {sha256(body).hexdigest()[:12]}" for why, body in parked]
        return told(reasons, waiting, [*logs, *servers])

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

    def is_ready(self, agency: str) -> bool:
        """Whether a node says so; the port of one that is being started is open, and does not answer yet."""
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"{self.manifest['agencies'][agency]['url']}/readyz", timeout=_PATIENCE)
            return answer.status_code == httpx.codes.OK
        return False

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
def launched(folder: Path, *, small_disks: bool = False) -> Iterator[Fleet]:
    """Servers, and the partnership on them; all gone at the end."""
    servers = Path(tempfile.mkdtemp(prefix="candour-faults-"))
    servers.chmod(0o711)  # PostgreSQL runs as a user of its own, whose folder lies below
    try:
        with ExitStack() as stack:
            disks = stack.enter_context(_mounted(servers)) if small_disks else None
            broker, database = stack.enter_context(_running(servers))
            process = stack.enter_context(_up(folder / "data", broker, database))
            yield Fleet(process, broker, database, disks)
    finally:
        shutil.rmtree(servers, ignore_errors=True)


@contextmanager
def _mounted(servers: Path) -> Iterator[Disks]:
    disks = Disks(Disk(servers / "rabbitmq" / "data", 256), Disk(servers / "postgresql" / "data", 512))
    with disks.broker.mounted(), disks.database.mounted("postgres"):
        yield disks


@contextmanager
def _running(servers: Path) -> Iterator[tuple[Broker, Database]]:
    broker, database = Broker(servers / "rabbitmq"), Database(servers / "postgresql")
    try:
        broker.start()
        database.start()
        yield broker, database
    finally:
        broker.thaw()
        broker.stop()
        database.stop()


@contextmanager
def _up(data: Path, broker: Broker, database: Database) -> Iterator[Process]:
    process = Process.up(
        data, free_base_port(), "--no-story", "--processes", "--workers", "2",
        "--amqp", broker.url, "--database", database.url,
    )  # fmt: skip
    try:
        process.ready()
        process.follow()
        yield process
    finally:
        with suppress(subprocess.TimeoutExpired):
            process.kill()
