"""The sandbox as somebody at a terminal runs it: a process, its output, and a way to end it at any moment."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

READY = "Stop with Ctrl+C"
AGENCIES = 11


def free_base_port() -> int:
    """A base port with everything free that a sandbox binds.

    Below what the system hands out for outgoing connections, so that nothing takes a port while a sandbox is
    being restarted; test workers that run at the same time draw from different ports.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slots = list(range(20_000, 32_000, 200))[worker::workers]
    random.shuffle(slots)
    for base in slots:
        if all(_is_free(port) for port in (base, base + 1, *range(base + 101, base + 101 + AGENCIES))):
            return base
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
