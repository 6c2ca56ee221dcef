"""What an agency says of itself: how to reach it, when, and who covers when it is closed.

A profile enters the log by the SHA-256 of its bytes, so the bytes are kept as they came; ``dump`` is for
making new ones. Source: protocol section 2; domain.md 2.1, 2.4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from candour_protocol import strict_json
from candour_protocol.codes import AgencyKind
from candour_protocol.errors import MalformedError
from candour_protocol.ids import GENERAL, RESTRICTED, parse_address, parse_agency, parse_inbox

MAX_PROFILE: Final = 64 * 1024  # bytes

_OFFICIAL_ID = r"^(ods|urn|gss|la|force|charity|company):[A-Za-z0-9-]{1,20}$"
_PHONE = re.compile(r"\+?[0-9][0-9 ]{4,19}\Z")
_TIME = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


class Nation(StrEnum):
    """Whose terms, identifiers and law an agency works under. Source: domain.md 1.2."""

    ENGLAND = "ENGLAND"
    WALES = "WALES"
    SCOTLAND = "SCOTLAND"
    NORTHERN_IRELAND = "NORTHERN_IRELAND"


class Day(StrEnum):
    """A day of the week, as opening hours name it."""

    MON = "MON"
    TUE = "TUE"
    WED = "WED"
    THU = "THU"
    FRI = "FRI"
    SAT = "SAT"
    SUN = "SUN"


def _read_by(parse: Callable[[str], object]) -> AfterValidator:
    """Text that ``parse`` accepts; pydantic gives a ValueError, not one of ours, its place."""

    def check(text: str) -> str:
        try:
            parse(text)
        except MalformedError as error:
            raise ValueError(error.detail) from None
        return text

    return AfterValidator(check)


def _phone(text: str) -> str:
    if not _PHONE.match(text):
        raise ValueError("a phone number is digits and spaces, with + before a country code")
    return text


def _date(text: str) -> str:
    try:
        plain = date.fromisoformat(text).isoformat()
    except ValueError:
        plain = ""
    if plain != text:
        raise ValueError("a date is written YYYY-MM-DD")
    return text


Phone = Annotated[str, AfterValidator(_phone)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
TimeOfDay = Annotated[str, Field(pattern=_TIME)]
DateText = Annotated[str, AfterValidator(_date)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Hours(_Part):
    """When an inbox is read: local wall-clock times, ``24:00`` being the day's end; never past midnight."""

    days: tuple[Day, ...] = Field(min_length=1)
    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("hours must open before they close; write a night as two of them")
        return self


class Inbox(_Part):
    """One place where messages arrive.

    ``hours`` is ``"ALWAYS"`` or the weekly opening hours; ``lead`` a role, never a person's name; ``cover``
    the address (``agency`` or ``agency/inbox``) that looks while this one is closed.
    """

    name: Annotated[str, _read_by(parse_inbox)]
    hours: Literal["ALWAYS"] | Annotated[tuple[Hours, ...], Field(min_length=1)]
    lead: Name
    phone: Phone | None = None
    phone_24h: Phone | None = None
    cover: Annotated[str, _read_by(parse_address)] | None = None


class Term(_Part):
    """One school term, half terms apart: its first and its last day."""

    first: DateText
    last: DateText

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.first > self.last:
            raise ValueError("a term must begin before it ends")
        return self


class Calendar(_Part):
    """Days on which nobody reads an inbox that isn't ALWAYS open, beside its nation's bank holidays.

    ``time_zone`` is the IANA name that opening hours and dates are meant in. ``terms`` are a school's: the
    days between two of them are closed. Before the first and after the last nothing is known, and a day that
    is not known to be closed is open, so that no forgotten entry stops a clock.
    """

    time_zone: Literal["Europe/London"] = "Europe/London"
    closed_dates: tuple[DateText, ...] = Field(default=(), max_length=1000)
    terms: tuple[Term, ...] = Field(default=(), max_length=60)
    open_on_bank_holidays: bool = False

    @model_validator(mode="after")
    def _terms_in_order(self) -> Self:
        if any(before.last >= after.first for before, after in pairwise(self.terms)):
            raise ValueError("terms stand in their order, and none begins before the last has ended")
        return self

    def is_closed(self, day: date) -> bool:
        """Whether the agency itself says that nobody is there; bank holidays are not asked."""
        written = day.isoformat()
        return written in self._closed or any(
            before.last < written < after.first for before, after in pairwise(self.terms)
        )

    @cached_property
    def _closed(self) -> frozenset[str]:
        return frozenset(self.closed_dates)


class Profile(_Part):
    """An agency's entry in the directory. Where an inbox has no phone of its own, the agency's counts."""

    id: Annotated[str, _read_by(parse_agency)]
    name: Name
    kind: AgencyKind
    nation: Nation
    inboxes: tuple[Inbox, ...] = Field(min_length=2, max_length=32)
    official_ids: tuple[Annotated[str, Field(pattern=_OFFICIAL_ID)], ...] = Field(default=(), max_length=16)
    phone: Phone | None = None
    phone_24h: Phone | None = None
    calendar: Calendar = Calendar()

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        names = [inbox.name for inbox in self.inboxes]
        if len(set(names)) != len(names):
            raise ValueError("two inboxes have one name")
        if not {GENERAL, RESTRICTED} <= set(names):
            raise ValueError("every agency has the inboxes general and restricted")
        for inbox in self.inboxes:
            self._check_inbox(inbox)
        return self

    def _check_inbox(self, inbox: Inbox) -> None:
        if self.phone_of(inbox.name) is None:
            raise ValueError(f"the inbox {inbox.name} has no phone, and the agency has none")
        if inbox.hours != "ALWAYS" and inbox.cover is None:
            raise ValueError(f"the inbox {inbox.name} is closed at times and names no cover")
        if inbox.cover is not None and str(parse_address(inbox.cover)) == self._address(inbox.name):
            raise ValueError(f"the inbox {inbox.name} cannot cover itself")

    def _address(self, inbox: str) -> str:
        return self.id if inbox == GENERAL else f"{self.id}/{inbox}"

    def inbox(self, name: str) -> Inbox | None:
        """The inbox of this name, if the agency has it."""
        return next((inbox for inbox in self.inboxes if inbox.name == name), None)

    def phone_of(self, name: str) -> str | None:
        """The number to ring: the inbox's own, else the agency's, else one that is answered day and night."""
        inbox = self.inbox(name)
        own = (inbox.phone, inbox.phone_24h) if inbox else ()
        return next((phone for phone in (*own[:1], self.phone, *own[1:], self.phone_24h) if phone), None)

    def phone_24h_of(self, name: str) -> str | None:
        """The number that is answered day and night, where there is one."""
        inbox = self.inbox(name)
        return (inbox.phone_24h if inbox else None) or self.phone_24h


def parse(raw: bytes) -> Profile:
    """Read a profile.

    Raises:
        MalformedError: ``json`` when the bytes are not strict JSON; ``profile`` with a pointer to the first
            member that is wrong.
    """
    if len(raw) > MAX_PROFILE:
        raise MalformedError("profile", "a profile is at most 64 KiB")
    strict_json.load_object(raw)
    try:
        return Profile.model_validate_json(raw)
    except ValidationError as error:
        sentence, pointer = _at_fault(error)
        raise MalformedError("profile", sentence, pointer=pointer) from None


def dump(profile: Profile) -> bytes:
    """Write a profile; ASCII JSON, members in the order of the class, and the same bytes each time."""
    return strict_json.dumps(profile.model_dump(mode="json")).encode("ascii")


def _at_fault(error: ValidationError) -> tuple[str, str]:
    """The first error, but not that hours aren't ``"ALWAYS"`` when they are tried as opening hours next."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    first = next((one for one in errors if one["type"] != "literal_error"), errors[0])
    return first["msg"].removeprefix("Value error, "), _pointer(first["loc"])


def _pointer(location: Iterable[int | str]) -> str:
    """RFC 6901. pydantic adds a step for the branch of a union that it tried; no member has such a name."""
    steps = [str(step) for step in location if not str(step).startswith(("literal[", "tuple["))]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
