"""One pair of servers for all workers of a test run."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import pair
from tests.services.pair import AMQP_URL, DATABASE_URL, Pair


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, str]]:
    """The two URLs, by the names of their variables: as set outside, otherwise of servers of our own.

    Args:
        folder: the same for all workers of one run, and of no other. The first worker that asks starts the
            servers, the last that is done ends them.
    """
    outside = {name: os.environ[name] for name in (AMQP_URL, DATABASE_URL) if os.environ.get(name)}
    if len(outside) == len((AMQP_URL, DATABASE_URL)):
        yield outside
        return
    found = _enter(folder)
    try:
        yield {**found.environment, **outside}
    finally:
        _leave(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """The file that tells who uses what; one worker at a time."""
    with (folder / "services.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / "services.json"


def _enter(folder: Path) -> Pair:
    with _locked(folder) as file:
        if file.exists():
            state = json.loads(file.read_text())
        else:
            state = {"users": 0, "pair": pair.start().to_json()}
        state["users"] += 1
        file.write_text(json.dumps(state))
    return Pair.from_json(state["pair"])


def _leave(folder: Path) -> None:
    with _locked(folder) as file:
        state = json.loads(file.read_text())
        state["users"] -= 1
        file.write_text(json.dumps(state))
        if state["users"] == 0:
            file.unlink()
            pair.stop(Pair.from_json(state["pair"]))
