"""What can follow from a verdict, as data: applied to the casebook, and written to the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from candour_protocol.ids import AgencyId, Jti, StatementHash
from candour_protocol.kinds import Lodged, Notice, Pattern
from candour_protocol.lines import Lines

from candour_gateway.casebook import Mark, Route
from candour_gateway.clocks import Duty


@dataclass(frozen=True, slots=True)
class Routed:
    """The statement at ``index`` goes out; ``approval`` is the index of what released it."""

    name: StatementHash
    index: int
    route: Route


@dataclass(frozen=True, slots=True)
class Owed:
    """Something is due. ``index`` and ``about`` name the statement that it is about.

    Attributes:
        reminders: when both sides are told of it while it is still open; each later than the last.
    """

    index: int
    about: StatementHash
    jti: Jti
    duty: Duty
    owed_by: AgencyId
    owed_to: AgencyId
    urgent: bool
    since: datetime
    due_at: datetime
    reminders: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Reopened:
    """What was due, and perhaps settled, is due anew."""

    owed: Owed


@dataclass(frozen=True, slots=True)
class Settled:
    """What was due about the statement at ``index`` has been done by the one at ``by``."""

    index: int
    about: StatementHash
    duty: Duty
    by: int


@dataclass(frozen=True, slots=True)
class Opened:
    """The statement at ``index`` is in its recipient's system, as the ``delivery`` at ``by`` says.

    Attributes:
        approval: index of the approval that came with it.
        keep_sealed_until: when the sealed parts may go; None while they are still needed.
    """

    index: int
    name: StatementHash
    by: int
    opened: str
    approval: int | None
    keep_sealed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What its author has told in place of the statement at ``index``; ``None`` where that has fallen too."""

    index: int
    name: StatementHash
    by: int | None


@dataclass(frozen=True, slots=True)
class Barred:
    """``name`` has been replaced for ever."""

    name: StatementHash
    iss: AgencyId
    by: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The statement at ``index`` was on its way, and is sent no more."""

    index: int
    keep_sealed_until: datetime


@dataclass(frozen=True, slots=True)
class Marked:
    """Something has happened to the statement at ``index``; undone again where ``by`` is None."""

    index: int
    name: StatementHash
    mark: Mark
    by: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """How far the request at ``index`` is answered now."""

    index: int
    name: StatementHash
    lines: Lines


@dataclass(frozen=True, slots=True)
class Erased:
    """What the statement at ``index`` said is deleted, with its sealed part and whatever was made of it."""

    index: int
    name: StatementHash


@dataclass(frozen=True, slots=True)
class Notified:
    """The gateway has something to say to a party; whoever judges again does not say it again.

    Attributes:
        because: the statement that brought it about, where that goes with the notice as its proof.
    """

    to: AgencyId
    notice: Notice
    about: StatementHash | Pattern | Lodged
    txn: str
    because: StatementHash | None = None


Effect = (
    Routed
    | Owed
    | Reopened
    | Settled
    | Opened
    | Refreshed
    | Barred
    | Stopped
    | Marked
    | Answered
    | Erased
    | Notified
)
