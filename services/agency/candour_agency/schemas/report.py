"""The body of ``POST /v1/disclosure-reports``."""

from __future__ import annotations

from typing import Annotated

from candour_protocol.kinds import Person
from pydantic import Field

from candour_agency.schemas.fields import Body

Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class ReportBody(Body):
    """Whom a report is about, and of which days, UTC, both included.

    Attributes:
        after: ``next`` of the page before this one.
    """

    person: Person
    since: Day | None = None
    until: Day | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100
    after: Annotated[str, Field(max_length=64)] | None = None
