"""What the rules are given: opened statements at a node, codes and the log's memory at the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from candour_protocol.codes import Urgency
from candour_protocol.ids import ActorToken, AgencyId, ChildToken, StatementHash
from candour_protocol.kinds import (
    Codes,
    ConcernCodes,
    ConcernContent,
    Content,
    Fact,
    Kind,
    Person,
    ReplyContent,
    RequestCodes,
)
from candour_protocol.rules.judgement import Outcome
from candour_protocol.rules.signers import are_two


@dataclass(frozen=True, slots=True)
class Matter:
    """An opened statement.

    Attributes:
        original: of a relay, what its originator disclosed, opened from ``content.original``.
    """

    kind: Kind
    codes: Codes
    content: Content
    original: ConcernContent | None = None

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts of a concern, with those of the one it relays; or those that a reply adds."""
        own = self.content.facts or () if isinstance(self.content, ConcernContent | ReplyContent) else ()
        return (*own, *(self.original.facts or ())) if self.original else own

    @property
    def subject(self) -> Person:
        """Whom a concern or request is about; empty where nobody said."""
        own: Person | None = getattr(self.content, "subject", None)
        relayed = self.original.subject if self.original else None
        return own or relayed or Person()


@dataclass(frozen=True, slots=True)
class Told:
    """A concern in the log that a request cites.

    Attributes:
        at: when it was logged.
        since: of a copy that was passed on, when its originator told it; to pass it on makes nothing new.
        rules: the rule ids of its entry.
        opened: what its ``delivery`` says, if that is logged: ``sound thin mismatch unreadable``.
        refreshed: a later concern of its author stands in for it, or a challenge to its delivery is open.
        replied: its author has added to it by a reply. What that says is sealed, so a request that rests on
            it has to attest that there is a fact.
        live: nobody has withdrawn, closed or superseded it.
        index: its place in the log; ``refreshed_by`` that of the newest concern which was told in its
            place and stands.
        taken_back: its author has corrected it away, and has told nothing in its place.
        unapplied: a correction of it waits for the asker to apply it.
        lodgees: those who hold it whole and are neither asker nor holder (R10).
    """

    hash: StatementHash
    issuer: AgencyId
    audience: AgencyId
    inbox: str
    outcome: Outcome
    at: datetime
    codes: ConcernCodes
    since: datetime | None = None
    opened: str | None = None
    refreshed: bool = False
    replied: bool = False
    rules: tuple[str, ...] = ()
    live: bool = True
    index: int = 0
    refreshed_by: int | None = None
    taken_back: bool = False
    unapplied: bool = False
    lodgees: frozenset[AgencyId] = frozenset()


@dataclass(frozen=True, slots=True)
class Telling:
    """What the log knows of who tells a concern, and when.

    Attributes:
        taken_back: of a relay, whether what it relays no longer stands.
    """

    issuer: AgencyId
    at: datetime
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class Earlier:
    """A request that the asker made about this child before (R06). ``lines`` counts what it asked.

    Attributes:
        index: its place in the log.
        looked_for: the roles of those about whom it asked only whether they are known.
        concerns: those that it cites.
        outcome_due: when its holder is to hear what came of the answer, as long as it has not; None if
            nothing is owed.
    """

    holder: AgencyId
    txn: str
    purpose: str | None
    lines: int
    at: datetime
    index: int
    looked_for: tuple[str, ...]
    concerns: frozenset[StatementHash] = frozenset()
    outcome_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as the gateway judges it.

    Attributes:
        issuer_kind: of the asking agency; R08 alone may read it.
        told: by hash, those cited concerns that are in the log; the others are missing.
        has_directory_phone: whether the directory gives a number for the asker.
        second: who approved it, if an approval is judged together with it.
        overdue_debts: how many emergency requests of the asker still owe their concern, past its time.
        acting_for_kind: of the agency on whose behalf the asker acts, where the registry says so.
        earlier: what the asker has asked about this child before, of anybody, and was let through.
        lodgees: those who approved it as somebody with whom its concern is lodged.
        kin: tokens that a ``link`` between asker and holder joins to the child's.
    """

    issuer: AgencyId
    issuer_kind: str
    holder: AgencyId
    inbox: str
    codes: RequestCodes
    at: datetime
    told: Mapping[StatementHash, Told]
    has_directory_phone: bool
    second: ActorToken | None = None
    overdue_debts: int = 0
    acting_for_kind: str | None = None
    earlier: tuple[Earlier, ...] = ()
    lodgees: frozenset[AgencyId] = frozenset()
    kin: frozenset[ChildToken] = frozenset()

    @property
    def emergency(self) -> bool:
        return is_emergency(self.codes)

    @property
    def child(self) -> frozenset[ChildToken]:
        """The child's tokens, with those that a named person has joined to them."""
        return frozenset(self.codes.child) | self.kin

    @property
    def second_signed(self) -> bool:
        """Whether somebody else than the author signed it, beforehand or by an approval."""
        author = self.codes.actor
        return are_two(author, self.codes.countersigned) or are_two(author, self.second)


def is_emergency(codes: RequestCodes) -> bool:
    """Whether a request borrows now and pays back: life is at risk, and no concern is cited."""
    return codes.urgency == Urgency.EMERGENCY and not codes.concern_refs
