"""Both servers in one private folder, and what another process needs to use and to end them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.services import database
from tests.services.broker import Broker
from tests.services.database import Database

AMQP_URL = "CANDOUR_TEST_AMQP_URL"
DATABASE_URL = "CANDOUR_TEST_DATABASE_URL"

_STARTED: list[Broker] = []  # for as long as this process lives: others may end what it started


@dataclass(frozen=True, slots=True)
class Pair:
    """Running servers.

    Attributes:
        folder: everything that they write; gone when they end.
        pids: leaders of the broker's process groups.
    """

    amqp_url: str
    database_url: str
    folder: str
    pids: list[int]

    @property
    def environment(self) -> dict[str, str]:
        """The two variables that point tests and programs at these servers."""
        return {AMQP_URL: self.amqp_url, DATABASE_URL: self.database_url}

    def to_json(self) -> str:
        """For a file; see `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Pair:
        """What `to_json` wrote."""
        return cls(**json.loads(text))


def start() -> Pair:
    """Start both; return when both answer."""
    folder = Path(tempfile.mkdtemp(prefix="candour-services-"))
    folder.chmod(0o711)  # PostgreSQL runs as a user of its own, whose folder lies below
    broker, base = Broker(folder / "rabbitmq"), Database(folder / "postgresql")
    try:
        broker.start()
        base.start()
    except BaseException:
        broker.stop()
        database.stop(base.folder)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _STARTED.append(broker)
    return Pair(broker.url, base.url, str(folder), broker.pids)


def runs(pair: Pair) -> bool:
    """Whether they still do: a machine may have been restarted since, and each can end alone."""
    pids = [*pair.pids, database.pid(Path(pair.folder) / "postgresql")]
    return all(_is_ours(pid, pair.folder) for pid in pids)


def stop(pair: Pair) -> None:
    """End them, whoever started them, and throw away what they stored."""
    for pid in pair.pids:
        if _is_ours(pid, pair.folder):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
    for broker in _STARTED:
        if broker.pids == pair.pids:
            broker.stop()  # it is dead; this is to note it
    database.stop(Path(pair.folder) / "postgresql")
    shutil.rmtree(pair.folder, ignore_errors=True)


def _is_ours(pid: int, folder: str) -> bool:
    """Whether the process still is what was started: its number may be another's by now."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink().is_relative_to(folder)
    except OSError:
        return False
