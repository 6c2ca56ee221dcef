"""``concern``: what somebody has seen, heard or recorded about a child. Source: protocol 3.1, domain 3.1."""

from __future__ import annotations

from pydantic import Field

from candour_protocol.kinds.fields import (
    Actor,
    AddressText,
    Adults,
    AgencyList,
    Checks,
    Child,
    Code,
    CodeList,
    Content,
    DateText,
    Hash,
    Inbox,
    NamingAdults,
    Openness,
    Rows,
    WireModel,
)
from candour_protocol.kinds.people import Attachment, Author, Person, Professional, Reach, Signer


class Withheld(WireModel):
    """Whom a concern is kept from, why, and who holds it whole instead (domain R10)."""

    kept_from: AddressText | None = Field(alias="from")
    reason: Code | None
    lodged_with: AddressText | None
    second: Actor | None
    review_on: DateText | None


class ConcernCodes(NamingAdults):
    """T1 of a concern; ``adults`` is optional on the wire."""

    child: Child
    categories: CodeList
    need_level: Code | None
    urgency: Code | None
    inbox: Inbox
    marks: CodeList
    openness: Openness | None
    onward_to: AgencyList | None
    relays: Hash | None
    pays_back: Hash | None
    withheld: Withheld | None
    checks: Checks | None
    adults: Adults = Field(default_factory=tuple)


class Fact(WireModel):
    """One line of what happened.

    Attributes:
        when: a date, a span, or ``ongoing since …``; as typed.
        basis: domain 2.10, which keeps fact and opinion apart.
    """

    what: str | None = None
    when: str | None = None
    basis: str | None = None


class ChildView(WireModel):
    """What the child says or wants, or why nobody asked (domain 2.6)."""

    code: str | None = None
    text: str | None = None
    reason: str | None = None


class Handling(WireModel):
    """Marks with their arguments (``NOT_NAMED_PERSON:father``), and what T1 must not say in words."""

    marks: Rows[str] | None = None
    openness_reason: str | None = None
    second_signer: Signer | None = None


class ConfirmsCall(WireModel):
    """The telephone call that this confirms in writing."""

    name: str | None = None
    at: str | None = None


class Original(WireModel):
    """What a relay or an answer to a relayed matter brings: the originator's own signed statement.

    Attributes:
        statement: the originator's issuer JWT.
        disclosures: those of its T2 disclosures that go on.
    """

    statement: str
    disclosures: Rows[str]


class ConcernContent(Content):
    """T2 of a concern."""

    subject: Person | None = None
    household: Rows[Person] | None = None
    professionals: Rows[Professional] | None = None
    facts: Rows[Fact] | None = None
    impact: str | None = None
    safe_tonight: str | None = None
    whereabouts: str | None = None
    done_so_far: str | None = None
    outcome_wanted: str | None = None
    author: Author | None = None
    reach: Reach | None = None
    child_view: ChildView | None = None
    handling: Handling | None = None
    confirms_call: ConfirmsCall | None = None
    attachments: Rows[Attachment] | None = None
    original: Original | None = None
