"""The people that a narrative names. Lenient: people type what they know. Source: domain 2.9, 3.1 and 3.2."""

from __future__ import annotations

from typing import Final

from candour_protocol.kinds.fields import Rows, WireModel

NUMBERS: Final = ("nhs_number", "upn", "chi", "hcn", "mother_nhs_number")
"""The members of a person that are numbers which somebody gave out."""


class Person(WireModel):
    """A child or an adult, as far as the author knows them.

    Attributes:
        birth_date: ``YYYY-MM-DD`` where it is known exactly; whatever the author typed otherwise.
        born_about: a year.
        edd: expected date of delivery of an unborn child, as ``birth_date``.
        identifier_absent_reason: domain 1, s16LC.
    """

    key: str | None = None
    name: str | None = None
    aliases: Rows[str] | None = None
    role: str | None = None
    relationship: str | None = None
    has_pr: str | None = None
    contact_level: str | None = None
    birth_date: str | None = None
    born_about: int | None = None
    nhs_number: str | None = None
    upn: str | None = None
    chi: str | None = None
    hcn: str | None = None
    mother_nhs_number: str | None = None
    edd: str | None = None
    identifier_absent_reason: str | None = None
    gender: str | None = None
    ethnicity: str | None = None
    religion: str | None = None
    language: str | None = None
    interpreter: str | None = None
    disability: str | None = None
    address: str | None = None
    school: str | None = None
    gp: str | None = None
    parent: str | None = None
    phone: str | None = None
    note: str | None = None


class Professional(WireModel):
    """Somebody who works with the family."""

    name: str | None = None
    role: str | None = None
    agency: str | None = None
    phone: str | None = None
    email: str | None = None


class Signer(WireModel):
    """A member of staff who signs something off."""

    staff_id: str | None = None
    name: str | None = None
    role: str | None = None
    training_level: str | None = None


class Author(Signer):
    """Who says it.

    Attributes:
        as_stated: the name was typed by the sender and is not the person who was signed in.
        countersigned_by: the second person of the asking agency, where one signed beforehand.
        interest: what the author is to the family beside their job, such as an employer or a relative.
        original_source: who first raised it, where that is not the author's agency; domain 2.1.
        need_level_scheme: by which area's levels the author judged the need, as it calls them; domain 2.3.
    """

    as_stated: bool | None = None
    countersigned_by: Signer | None = None
    interest: str | None = None
    original_source: str | None = None
    need_level_scheme: str | None = None


class Reach(WireModel):
    """How to reach the author; a rule never reads it, the directory's number counts."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    hours: str | None = None


class Attachment(WireModel):
    """Something kept at the sender, named by its hash (base64url SHA-256)."""

    name: str | None = None
    media_type: str | None = None
    sha_256: str | None = None
    size: int | None = None
    note: str | None = None
