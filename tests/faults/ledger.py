"""What the driver attempted, was told and saw: on disk before it is believed, outside the system."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path


class Fate(StrEnum):
    """What the rules must make of a statement, and whether its recipient then has it."""

    PASSES = "passes"
    RETURNED = "returned"  # and reaches nobody
    RELEASED = "released"  # held, and approved later on
    WAITS = "waits"  # held, and nobody approves
    RIDES = "rides"  # passes, and comes with what it approves, without a line of its own

    @property
    def arrives(self) -> bool:
        return self in (Fate.PASSES, Fate.RELEASED)

    @property
    def verdicts(self) -> frozenset[str]:
        """What the log may say of it."""
        return _VERDICTS[self]


_VERDICTS = {
    Fate.PASSES: frozenset({"passed", "flagged"}),
    Fate.RETURNED: frozenset({"refused"}),
    Fate.RELEASED: frozenset({"held"}),
    Fate.WAITS: frozenset({"held"}),
    Fate.RIDES: frozenset({"passed", "flagged"}),
}


@dataclass(frozen=True, slots=True)
class Attempted:
    """A call is about to be made, again and again under the same key until it is answered."""

    key: str
    agency: str
    path: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A call was answered with a statement's id, which stands at this place of its answer."""

    key: str
    message: str
    kind: str
    sender: str
    recipient: str
    fate: Fate
    place: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """An item of an agency's worklist."""

    agency: str
    message: str
    kind: str
    sender: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a machine must say by itself, once: the gateway's notice, or a correction that chases a copy.

    Attributes:
        about: the message that it is about.
        notice: its code, where it is a notice.
    """

    kind: str
    sender: str
    recipient: str
    about: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Where the steps taken leave a message, at its sender and at its recipient.

    Attributes:
        settled: an obligation about it that must be settled; empty for none.
    """

    message: str
    state: str
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint that the gateway showed to a stranger."""

    checkpoint: str


@dataclass(frozen=True, slots=True)
class Harmed:
    """What was done to the system, for whoever reads a failing run's ledger."""

    what: str


Line = Attempted | Accepted | Seen | Foreseen | Ended | Shown | Harmed


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
