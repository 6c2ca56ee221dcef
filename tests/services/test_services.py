"""What ``make services`` starts, and what it asks for where that is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import pair
from tests.services.pair import Pair

NEEDS = Path(__file__).parents[2] / ".ci" / "needs"
BASH = shutil.which("bash") or "/bin/bash"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    """A process that works where the broker of a pair does."""
    (tmp_path / "rabbitmq").mkdir()
    process = subprocess.Popen(["sleep", "600"], cwd=tmp_path / "rabbitmq")  # noqa: S607
    yield process.pid
    process.kill()
    process.wait()


def test_servers_of_which_only_one_is_left_are_not_said_to_run(tmp_path: Path, broker: int) -> None:
    (tmp_path / "postgresql" / "data").mkdir(parents=True)
    half = Pair("amqp://", "postgresql://", str(tmp_path), [broker])
    ended = pair.runs(half)

    (tmp_path / "postgresql" / "data" / "postmaster.pid").write_text("1\n")
    killed = pair.runs(half)

    assert (ended, killed) == (False, False)


@pytest.mark.parametrize(("what", "asked"), [((), ["chromium"]), (("servers",), [])])
def test_servers_need_no_browser(tmp_path: Path, what: tuple[str, ...], asked: list[str]) -> None:
    """On a machine where nobody may install anything, and the servers are there."""
    folder = tmp_path / "commands"
    folder.mkdir()
    (folder / "id").write_text(f"#!{BASH}\necho 1000\n")
    (folder / "id").chmod(0o755)

    done = subprocess.run(  # noqa: S603 - our own script
        [BASH, NEEDS, *what],
        env={**os.environ, "PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.split()[-len(asked) :] == asked if asked else done.stderr == ""
    assert done.returncode == bool(asked)
