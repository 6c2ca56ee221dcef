"""The fields that REST bodies share. Everything is optional but a recipient: rules judge, not schemas.

Source: protocol section 8.
"""

from __future__ import annotations

from typing import Annotated, Any

from candour_protocol.kinds import Signer
from candour_protocol.kinds.fields import MAX_LINES, MAX_REFERENCES
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_RECIPIENTS = 40
MAX_SUBJECTS = 20
MAX_MARKS = 20


class Body(BaseModel):
    """A closed, strict model: another type or an unknown member is refused with its place."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False)


def _as_rows(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


# What a person typed where a code belongs; `codes.as_code` makes of it what T1 carries, or UNKNOWN.
Code = Annotated[str, Field(max_length=200)]
Codes = Annotated[tuple[Code, ...], Field(strict=False, max_length=MAX_LINES)]
Recipients = Annotated[tuple[str, ...], Field(strict=False, min_length=1, max_length=MAX_RECIPIENTS)]
Agencies = Annotated[tuple[str, ...], Field(strict=False, max_length=64)]
Ids = Annotated[tuple[str, ...], Field(strict=False, max_length=MAX_REFERENCES)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_rows), Field(strict=False, max_length=64)]
Marks = Annotated[tuple[str, ...], BeforeValidator(_as_rows), Field(strict=False, max_length=MAX_MARKS)]


class AuthorBody(Signer):
    """Who tells or asks; ``interest``: what they are to the family beside their job, such as an employer.

    ``original_source``: who first raised it, where somebody from outside came to the author's agency with it.
    ``need_level_scheme``: by which levels of need they judged, where their area has its own.
    """

    interest: str | None = None
    original_source: Code | None = None
    need_level_scheme: str | None = None


class OpennessBody(Body):
    """What the family was told; ``reason`` is a code of domain 2.6, or the author's own words."""

    position: Code | None = None
    reason: str | None = None


class WithheldBody(Body):
    """Whom a concern is kept from, and who holds it whole instead."""

    kept_from: str | None = Field(default=None, alias="from")
    reason: Code | None = None
    lodged_with: str | None = None
    second_signer: Signer | None = None
    review_on: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
