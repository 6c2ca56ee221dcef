"""Bodies of ``POST /v1/requests`` and its dry run."""

from __future__ import annotations

from typing import Annotated

from candour_protocol.kinds import MayTellFamily, Person, Reach, Signer
from candour_protocol.kinds.fields import MAX_LINES, Months
from pydantic import Field

from candour_agency.schemas.concern import Matter
from candour_agency.schemas.fields import AuthorBody, Body, Code, Ids, OpennessBody, Recipients, Texts


class LineBody(Body):
    """One question about one person; ``of`` names those recipients that it is for, all of them if absent."""

    person: Person | None = None
    category: Code | None = None
    months: Months | None = None
    question: str | None = None
    because: str | None = None
    exception: str | None = None
    still_current_because: str | None = None
    of: Texts | None = None


Lines = Annotated[tuple[LineBody, ...], Field(strict=False, max_length=MAX_LINES)]


class RequestBody(Body):
    """Questions to holders, on the strength of concerns named by id, or of one told in the same call."""

    recipients: Recipients
    concern_ids: Ids = ()
    concern: Matter | None = None
    subject: Person | None = None
    urgency: Code | None = None
    purpose: Code | None = None
    power: Code | None = None
    lawful_basis: Code | None = None
    special_category: Code | None = None
    openness: OpennessBody | None = None
    lines: Lines = ()
    danger_line: str | None = None
    still_current_because: str | None = None
    author: AuthorBody | None = None
    countersigned_by: Signer | None = None
    reach: Reach | None = None
    may_tell_family: MayTellFamily | None = None
