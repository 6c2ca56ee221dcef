"""The sandbox as somebody at a terminal runs it: a process, its output, and a way to end it at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.services.ports import free_run

READY = "Stop with Ctrl+C"
AGENCIES = 11


def free_base_port() -> int:
    """A base port with everything free that a sandbox binds."""
    return free_run([0, 1, *range(101, 101 + AGENCIES)])


@dataclass
class Process:
    """A running ``candour-sandbox up``. Waiting is reading its output: no clock is involved."""

    data: Path
    base_port: int
    popen: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    @classmethod
    def up(
        cls, data: Path, base_port: int, *options: str, environment: Mapping[str, str] = os.environ
    ) -> Process:
        command = [sys.executable, "-m", "candour_sandbox", "up", "--data", str(data)]
        popen = subprocess.Popen(  # noqa: S603 -- our own program
            [*command, "--base-port", str(base_port), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env={**environment, "NO_COLOR": "1"},
        )
        return cls(data, base_port, popen)

    @property
    def _output(self) -> IO[str]:
        assert self.popen.stdout is not None
        return self.popen.stdout

    def until(self, words: str) -> None:
        """Read on until a line has these words.

        Raises:
            AssertionError: the process ended before; with all that it said.
        """
        for line in self._output:
            self.lines.append(line)
            if words in line:
                return
        raise AssertionError(f"ended before saying {words!r}:\n{''.join(self.lines)}")

    def ready(self) -> dict[str, Any]:
        """The manifest, once there is one."""
        self.until(READY)
        return self.manifest()

    def follow(self) -> None:
        """Go on reading: it would wait for ever once the pipe is full of what nobody reads."""
        self.reader = threading.Thread(target=lambda: self.lines.extend(self._output), daemon=True)
        self.reader.start()

    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads((self.data / "sandbox.json").read_bytes())
        return manifest

    def kill(self) -> None:
        """``kill -9``."""
        self.popen.kill()
        self._end()

    def stop(self) -> int:
        """Ctrl+C; the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGINT)
        return self._end()

    def _end(self) -> int:
        if self.reader is not None:
            self.reader.join()
        if not self._output.closed:
            self.lines += self._output.readlines()
            self._output.close()
        return self.popen.wait(30)

    def rest(self) -> str:
        """All that it said, once it has ended by itself."""
        self._end()
        return "".join(self.lines)
