"""A program of the tests' that holds something of a database until it is told to go on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[2]


@contextmanager
def holding(module: str, address: str, word: str) -> Iterator[subprocess.Popen[str]]:
    """``python -m module address``, from when it has said the word; killed at the end."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", module, address],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{word}\n"
        yield process
    finally:
        process.kill()
        process.communicate()
