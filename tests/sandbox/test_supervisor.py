"""What dies is started again; what must end ends; nothing outlives whoever started it."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from candour_sandbox import leash, supervisor
from candour_sandbox.supervisor import Program, Supervisor

PATIENCE = 60  # seconds; everything here takes a tenth of one on an idle machine
SLEEPER = "import signal; signal.pause()"
STUBBORN = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write({}, b"x")
while True:
    signal.pause()
"""


class Watch:
    """Lets a test wait for what the supervisor says."""

    def __init__(self) -> None:
        self.supervisor = Supervisor(self._note)
        self.full_disk = False
        self._changed = asyncio.Event()

    def _note(self) -> None:
        self._changed.set()
        if self.full_disk:
            raise OSError(errno.ENOSPC, "no room to note it")

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self._changed.clear()
                await self._changed.wait()

    async def pid(self, name: str, *, other_than: int = 0) -> int:
        await self.until(lambda: self.supervisor.pids.get(name, other_than) != other_than)
        return self.supervisor.pids[name]


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    watch = Watch()
    yield watch
    await watch.supervisor.stop()


def a_program(folder: Path, text: str, name: str = "some") -> Program:
    return Program(name, ("-c", text), {"CANDOUR_SOME": "thing"}, (), folder / "logs" / f"{name}.log")


def is_gone(pid: int) -> bool:
    """Ended; somebody may still have to take note of it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    return "State:\tZ" in status


async def test_a_program_that_was_killed_is_started_again_under_its_name(
    watch: Watch, tmp_path: Path
) -> None:
    watch.supervisor.keep(a_program(tmp_path, SLEEPER))
    first = await watch.pid("some")

    os.kill(first, signal.SIGKILL)
    second = await watch.pid("some", other_than=first)

    assert is_gone(first)
    assert not is_gone(second)


async def test_a_program_that_ends_at_once_is_started_again_ever_more_slowly(
    watch: Watch, tmp_path: Path
) -> None:
    program = a_program(tmp_path, "import time; print(time.monotonic())")
    watch.supervisor.keep(program)

    def starts() -> list[float]:
        return [float(line) for line in program.log.read_text().split()] if program.log.exists() else []

    await watch.until(lambda: len(starts()) >= 4)

    times = starts()
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert all(pause >= supervisor.FIRST_PAUSE * 2 ** (n + 1) for n, pause in enumerate(pauses[:3]))


async def test_a_program_that_cannot_even_be_started_is_tried_again(watch: Watch, tmp_path: Path) -> None:
    program = a_program(tmp_path, SLEEPER)
    program.log.parent.write_text("a file where the folder should be")
    watch.supervisor.keep(program)
    await asyncio.sleep(0)  # the first attempt

    program.log.parent.unlink()

    assert await watch.pid("some")


async def test_a_program_is_kept_while_nobody_can_note_what_has_become_of_it(
    watch: Watch, tmp_path: Path
) -> None:
    watch.supervisor.keep(a_program(tmp_path, SLEEPER))
    first = await watch.pid("some")
    watch.full_disk = True

    os.kill(first, signal.SIGKILL)
    second = await watch.pid("some", other_than=first)
    await watch.supervisor.stop()

    assert is_gone(second)


async def test_a_program_has_its_settings_its_own_log_and_the_files_that_it_inherits(
    watch: Watch, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    text = f"import os, signal; os.write({writing}, os.environ['CANDOUR_SOME'].encode()); signal.pause()"
    program = Program("some", ("-c", text), {"CANDOUR_SOME": "thing"}, (writing,), tmp_path / "some.log")

    watch.supervisor.keep(program)

    assert await asyncio.to_thread(os.read, reading, 100) == b"thing"
    assert program.log.stat().st_mode & 0o077 == 0
    os.close(reading)
    os.close(writing)


async def test_a_program_that_does_not_end_by_itself_is_ended(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "GRACE", 0.2)
    reading, writing = os.pipe()
    watch.supervisor.keep(Program("some", ("-c", STUBBORN.format(writing)), {}, (writing,), tmp_path / "log"))
    pid = await watch.pid("some")
    await asyncio.to_thread(os.read, reading, 1)

    await watch.supervisor.stop()
    os.close(reading)
    os.close(writing)

    assert is_gone(pid)
    assert watch.supervisor.pids == {}


def test_a_program_ends_with_whoever_started_it_even_when_that_was_killed() -> None:
    starter = (
        "import os, subprocess, sys, signal\n"
        f"it = subprocess.Popen([sys.executable, '-I', '-S', {leash.__file__!r}, str(os.getpid()),"
        f" sys.executable, '-c', {'print(1, flush=True);' + SLEEPER!r}], stdout=subprocess.PIPE)\n"
        "it.stdout.readline(); print(it.pid, flush=True); signal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE)  # noqa: S603 -- our own text
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    end = os.pidfd_open(child)

    parent.kill()
    parent.communicate()

    ended, _, _ = select.select([end], [], [], PATIENCE)
    os.close(end)
    assert ended, "it has outlived its starter"


def test_a_program_whose_starter_has_gone_already_does_not_begin() -> None:
    done = subprocess.run(  # noqa: S603 -- our own text
        [sys.executable, "-I", "-S", leash.__file__, "1", sys.executable, "-c", "print('begun')"],
        capture_output=True,
        check=False,
    )

    assert done.stdout == b""
