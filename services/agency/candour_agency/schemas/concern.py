"""Bodies of ``POST /v1/concerns`` and its dry run."""

from __future__ import annotations

from typing import Annotated

from candour_protocol.kinds import (
    Attachment,
    ChildView,
    ConfirmsCall,
    Fact,
    Person,
    Professional,
    Reach,
)
from candour_protocol.kinds.fields import Rows
from pydantic import Field

from candour_agency.schemas.fields import (
    MAX_SUBJECTS,
    Agencies,
    AuthorBody,
    Body,
    Code,
    Codes,
    Marks,
    OpennessBody,
    Recipients,
    WithheldBody,
)

Subjects = Annotated[tuple[Person, ...], Field(strict=False, max_length=MAX_SUBJECTS)]


class Matter(Body):
    """What somebody is worried about; the part of a concern that an inline one has too."""

    subject: Person | None = None
    subjects: Subjects | None = None
    household: Rows[Person] | None = None
    professionals: Rows[Professional] | None = None
    categories: Codes = ()
    need_level: Code | None = None
    urgency: Code | None = None
    facts: Rows[Fact] | None = None
    impact: str | None = None
    safe_tonight: str | None = None
    whereabouts: str | None = None
    done_so_far: str | None = None
    outcome_wanted: str | None = None
    author: AuthorBody | None = None
    reach: Reach | None = None
    child_view: ChildView | None = None
    handling: Marks = ()
    openness: OpennessBody | None = None
    onward_to: Agencies | None = None
    withheld: WithheldBody | None = None
    confirms_call: ConfirmsCall | None = None
    attachments: Rows[Attachment] | None = None


class ConcernBody(Matter):
    """A concern to one or more recipients (``agency`` or ``agency/inbox``), about one child or more.

    ``thread`` continues a thread; ``pays_back`` is the id of an own emergency request.
    """

    recipients: Recipients
    thread: str | None = None
    pays_back: str | None = None
