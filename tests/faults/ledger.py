"""What the driver attempted, was told and saw: on disk before it is believed, outside the system."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Attempted:
    """A call is about to be made, again and again under the same key until it is answered."""

    key: str
    agency: str
    path: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A call was answered with a statement's id.

    Attributes:
        expected: whether the rules must let it pass; what is returned must reach nobody.
    """

    key: str
    message: str
    kind: str
    sender: str
    recipient: str
    expected: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """An item of an agency's worklist."""

    agency: str
    message: str
    kind: str
    sender: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint that the gateway showed to a stranger."""

    checkpoint: str


@dataclass(frozen=True, slots=True)
class Harmed:
    """What was done to the system, for whoever reads a failing run's ledger."""

    what: str


Line = Attempted | Accepted | Seen | Shown | Harmed
_KINDS = {each.__name__: each for each in (Attempted, Accepted, Seen, Shown, Harmed)}


@dataclass(slots=True)
class Ledger:
    """Lines in the order in which they were written; each is synced before ``write`` returns."""

    path: Path
    lines: list[Line] = field(default_factory=list)

    def write(self, line: Line) -> None:
        """Keep a line."""
        text = json.dumps({"line": type(line).__name__, **asdict(line)}) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.lines.append(line)


def read(path: Path) -> Iterator[Line]:
    """The lines of a ledger that another process, or an earlier run, has written."""
    for text in path.read_text("utf-8").splitlines():
        members: dict[str, Any] = json.loads(text)
        yield _KINDS[members.pop("line")](**members)
