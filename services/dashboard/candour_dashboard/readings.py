"""What was read from the partnership's services at one moment: ids, kinds, codes and times, nobody's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Owed:
    """One open obligation. ``message`` is the id of the message that caused it."""

    kind: str
    by: str
    to: str
    message: str
    urgency: str | None
    since: datetime
    due_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now


@dataclass(frozen=True, slots=True)
class Pair:
    """How much of one kind one agency owes another; ``late`` was counted when the ledger was read."""

    kind: str
    by: str
    to: str
    count: int
    late: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the gateway says about its log and the obligations that follow from it.

    ``pairs`` count everything that is owed; ``owed`` are the obligations that are due first, not all of them;
    ``oldest`` is the one of each kind that has been open longest.
    """

    at: datetime
    entries: int
    verdicts: Mapping[str, int]
    returned_by_rule: Mapping[str, int]
    incidents: int
    pairs: tuple[Pair, ...]
    oldest: Mapping[str, Owed]
    owed: tuple[Owed, ...]

    @property
    def total(self) -> int:
        return sum(pair.count for pair in self.pairs)

    def waiting(self, kind: str) -> int:
        return sum(pair.count for pair in self.pairs if pair.kind == kind)

    def late(self, kind: str, now: datetime) -> int:
        """How many are late: as counted, or more by now among those that are known singly."""
        counted = sum(pair.late for pair in self.pairs if pair.kind == kind)
        return max(counted, sum(one.kind == kind and one.is_late(now) for one in self.owed))

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(pair.kind for pair in self.pairs)


class Condition(StrEnum):
    WELL = "well"
    WARNING = "warning"
    FAILED = "failed"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """``reasons`` are the dependencies that are not well, in the service's own words."""

    name: str
    condition: Condition
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proven:
    """How far this page itself has checked the log.

    ``problem`` is set once a checkpoint did not verify; it stays until somebody restarts the page.
    """

    size: int
    at: datetime | None
    since_size: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything one viewing of the page shows. ``ledger`` is the last known one, however old."""

    at: datetime
    ledger: Ledger | None
    gateway_problem: str
    proven: Proven
    services: tuple[ServiceHealth, ...]
