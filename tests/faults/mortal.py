"""A sandbox in one process, killed and started again on the same folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from candour_protocol.failpoints import VARIABLE

from tests.faults.condition import of_one_process
from tests.faults.disk import Disk
from tests.faults.rejudging import Court
from tests.sandbox.process import Process, free_base_port

_PATIENCE = 300  # seconds


class Mortal:
    """It is up when made; ``manifest`` stays true, for ports and keys stay. Its data lie on ``disk``."""

    def __init__(self, data: Path, disk: Disk | None = None) -> None:
        self.disk = disk
        self._data, self._port = data, free_base_port()
        self.court = Court(data)
        self.process = self._up()
        self._ready()

    def _up(self, failpoint: str = "") -> Process:
        environment = {**os.environ, VARIABLE: failpoint}
        return Process.up(self._data, self._port, "--no-story", environment=environment)

    def _ready(self) -> None:
        """It serves; whatever it says from here on is read, and nobody waits for it."""
        self.manifest = self.process.ready()
        self.process.follow()

    def kill(self) -> None:
        """``kill -9``, and start again."""
        self.end()
        self.process = self._up()
        self._ready()

    def die_at(self, place: str, times: int) -> None:
        """Start again, die when the place is reached for that time, and start again."""
        self.end()
        self.process = self._up(f"{place}:{times}")
        self.process.follow()
        self.process.popen.wait(_PATIENCE)
        self.kill()

    def condition(self) -> str:
        """What is parked, what waits, and its last words."""
        return of_one_process(self._data)

    def end(self) -> None:
        """Whatever it is doing."""
        with suppress(ProcessLookupError):
            self.process.kill()
