"""In which condition a partnership is left: for whoever reads a failing trial."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from candour_sandbox.estate import Estate

_LAST = 12  # lines of each log
_WIDEST = 400  # characters


def told(parked: Iterable[str], waiting: Mapping[str, int], logs: Iterable[Path]) -> str:
    """Why what was parked, how many wait in each queue, and the last words of every process."""
    lines = ["parked:", *(f"  {each}" for each in parked), "waiting:"]
    lines += [f"  {queue}: {count}" for queue, count in sorted(waiting.items())]
    for log in logs:
        lines += [f"{log.name}:", *(f"  {line}" for line in _last(log))]
    return "\n".join(lines)


def _last(log: Path) -> Iterator[str]:
    if log.exists():
        for line in log.read_text(errors="replace").splitlines()[-_LAST:]:
            yield line[:_WIDEST]


def of_one_process(data: Path) -> str:
    """A sandbox on the embedded courier; its file is only looked at."""
    estate = Estate(data)
    with closing(sqlite3.connect(f"file:{estate.transport}?mode=ro", uri=True)) as courier:
        parked = [f"{queue}: {why}" for queue, why in courier.execute("SELECT queue, reason FROM parked")]
        waiting = dict(courier.execute("SELECT queue, count(*) FROM messages GROUP BY queue").fetchall())
    return told(parked, waiting, [estate.log])
