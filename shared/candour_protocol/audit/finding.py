"""What an audit says in the end: that a log verifies, or what does not and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from candour_protocol.checkpoint import Checkpoint
from candour_protocol.errors import ProofError


@dataclass(frozen=True, slots=True)
class AuditFailure:
    """The first thing in a log that does not verify.

    Attributes:
        why: one sentence for people.
        file: the file at fault, as a path below the log's prefix; None if it is an entry's content.
        entries: the entries concerned; None for a fault of the whole, such as the checkpoint's.
    """

    why: str
    file: str | None = None
    entries: range | None = None

    @property
    def index(self) -> int | None:
        """The entry at fault, or the first of those concerned."""
        return self.entries.start if self.entries else None

    @property
    def what(self) -> str:
        """What is at fault, named for people."""
        concerned = _named(self.entries) if self.entries else ""
        if self.file is None:
            return concerned
        return f"{self.file} ({concerned})" if concerned else self.file


def _named(entries: range) -> str:
    if len(entries) == 1:
        return f"entry {entries.start}"
    return f"entries {entries.start} to {entries.stop - 1}"


class AuditError(ProofError):
    """Stops an audit at what it found; ``audit_log`` returns its ``failure``."""

    def __init__(self, why: str, *, file: str | None = None, entries: range | None = None) -> None:
        super().__init__("audit", why)
        self.failure = AuditFailure(why, file, entries)


@dataclass(frozen=True, slots=True)
class StatementsReport:
    """What stands in a log of this protocol.

    Attributes:
        authenticated: whether signatures and keys were checked, which needs the registrar's key.
        verdicts: how many entries have each verdict.
        kinds: how many statements there are of each kind.
        agencies: how many agencies the registry has admitted; 0 unless ``authenticated``.
        first: when the first entry was judged; ``last`` likewise.
    """

    authenticated: bool
    verdicts: Mapping[str, int]
    kinds: Mapping[str, int]
    agencies: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class AuditReport:
    """A log that verifies: the checkpoint, every entry and every tile below it."""

    checkpoint: Checkpoint
    tiles: int
    statements: StatementsReport | None
