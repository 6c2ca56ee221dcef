"""``request``: questions to one holder, on the strength of concerns it was told. Source: protocol 3.1."""

from __future__ import annotations

from pydantic import Field

from candour_protocol.kinds.concern import Original
from candour_protocol.kinds.fields import (
    Actor,
    Adults,
    Checks,
    Child,
    Code,
    Content,
    HashList,
    Inbox,
    Line,
    Months,
    NamingAdults,
    Openness,
    Rows,
    WireModel,
)
from candour_protocol.kinds.people import Author, Person, Reach


class Asked(WireModel):
    """One line of a request as the gateway sees it; ``line`` counts from 1."""

    line: Line
    role: Code | None
    category: Code | None
    months: Months | None


class RequestCodes(NamingAdults):
    """T1 of a request; ``adults`` is optional on the wire."""

    child: Child
    concern_refs: HashList
    urgency: Code | None
    inbox: Inbox
    purpose: Code | None
    power: Code | None
    lawful_basis: Code | None
    special_category: Code | None
    openness: Openness | None
    asked: Rows[Asked]
    countersigned: Actor | None
    author_level: Code | None
    still_current: bool | None
    checks: Checks | None
    adults: Adults = Field(default_factory=tuple)


class Question(WireModel):
    """One line of a request as its recipient reads it.

    Attributes:
        line: counts from 1, as in ``asked``.
        person: position in ``persons``, counted from 0.
        exception: why a line outside the need-to-know matrix is needed all the same.
        still_current_because: what has changed since an older concern.
    """

    line: int
    person: int | None = None
    question: str | None = None
    because: str | None = None
    exception: str | None = None
    still_current_because: str | None = None


class MayTellFamily(WireModel):
    """Whether the holder may tell the family that it was asked, and the openness reason in words."""

    allowed: bool | None = None
    reason: str | None = None
    openness_reason: str | None = None


class RequestContent(Content):
    """T2 of a request."""

    subject: Person | None = None
    persons: Rows[Person] | None = None
    questions: Rows[Question] | None = None
    danger_line: str | None = None
    author: Author | None = None
    reach: Reach | None = None
    may_tell_family: MayTellFamily | None = None
    original: Original | None = None
