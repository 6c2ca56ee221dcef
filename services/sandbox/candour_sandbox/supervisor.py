"""Keeps programs running: what dies is started again, what is left ends together with the sandbox.

Nothing outlives this process: each program is on a `leash`, so that the kernel ends it even where the sandbox
itself was killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from candour_sandbox import leash
from candour_sandbox.logs import set_aside

GRACE = 12  # seconds that a program gets to end by itself; the services take at most 10
FIRST_PAUSE = 0.1  # seconds before the first start anew; doubles
LONGEST_PAUSE = 5.0
STEADY = 10.0  # seconds; whoever ran that long is started again at once

log = structlog.get_logger("candour.sandbox")


@dataclass(frozen=True, slots=True)
class Program:
    """One service.

    Attributes:
        name: as the manifest calls it.
        arguments: of this Python.
        environment: its settings, beside what the sandbox itself was given.
        descriptors: open files that it inherits under the same numbers.
        log: the file that takes everything it says.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Sequence[int]
    log: Path


class Supervisor:
    """``changed`` is called whenever a program has started or ended."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._pids: dict[str, int] = {}
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def pids(self) -> Mapping[str, int]:
        """Of what runs now, by name, in the order of `keep`."""
        return dict(self._pids)

    def keep(self, program: Program) -> None:
        """Start a program, and start it again whenever it has ended."""
        set_aside(program.log)
        self._keepers.append(asyncio.create_task(self._keep(program), name=f"keep {program.name}"))

    async def stop(self) -> None:
        """Ask all programs to end, all at once, and end those that do not."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers.clear()

    async def _keep(self, program: Program) -> None:
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            since = loop.time()
            status = await self._tried(program)
            pause = FIRST_PAUSE if loop.time() - since > STEADY else min(2 * pause, LONGEST_PAUSE)
            log.warning("service_ended", service=program.name, status=status, again_in=pause)
            await asyncio.sleep(pause)

    async def _tried(self, program: Program) -> int | None:
        """`None` where it could not even be started: no process or open file to be had, a folder gone."""
        try:
            return await self._run(program)
        except OSError as error:
            log.error("service_not_started", service=program.name, error=type(error).__name__)
            return None

    async def _run(self, program: Program) -> int:
        """Run it to its end; its exit status, below zero the signal that ended it."""
        process = await _start(program)
        self._note(program.name, process.pid)
        try:
            return await process.wait()
        finally:
            await _end(process)
            self._note(program.name, None)

    def _note(self, name: str, pid: int | None) -> None:
        """Whoever is told may fail, as on a full disk: that is no reason to leave a service dead."""
        if pid is None:
            self._pids.pop(name, None)
        else:
            self._pids[name] = pid
        try:
            self._changed()
        except OSError as error:
            log.error("change_not_noted", service=name, error=type(error).__name__)


async def _start(program: Program) -> Process:
    program.log.parent.mkdir(mode=0o700, exist_ok=True)
    program.log.touch(0o600)
    with program.log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", leash.__file__, str(os.getpid())),
            *(sys.executable, *program.arguments),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **program.environment},
            pass_fds=tuple(program.descriptors),
            start_new_session=True,  # Ctrl+C is for the sandbox, which ends them in good order
        )


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(GRACE):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
