"""What the rules are given: opened statements at a node, codes and the log's memory at the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from candour_protocol.codes import Urgency
from candour_protocol.ids import ActorToken, AgencyId, StatementHash
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
        rules: the rule ids of its entry.
        opened: what its ``delivery`` says, if that is logged: ``sound thin mismatch unreadable``.
        refreshed: a later reply or concern of its author added a fact, or a challenge to its delivery is
            open.
        live: nobody has withdrawn, closed or superseded it.
    """

    hash: StatementHash
    issuer: AgencyId
    audience: AgencyId
    inbox: str
    outcome: Outcome
    at: datetime
    codes: ConcernCodes
    opened: str | None = None
    refreshed: bool = False
    rules: tuple[str, ...] = ()
    live: bool = True


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

    @property
    def emergency(self) -> bool:
        return is_emergency(self.codes)

    @property
    def second_signed(self) -> bool:
        """Whether somebody else than the author signed it, beforehand or by an approval."""
        signers = {self.codes.countersigned, self.second} - {None, self.codes.actor}
        return bool(signers)


def is_emergency(codes: RequestCodes) -> bool:
    """Whether a request borrows now and pays back: life is at risk, and no concern is cited."""
    return codes.urgency == Urgency.EMERGENCY and not codes.concern_refs
