"""``notice``: the gateway tells a party that something is due, or has happened. Source: protocol 3.1."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from candour_protocol.kinds.fields import (
    AddressText,
    Code,
    CodeList,
    Codes,
    Content,
    DateText,
    Hash,
    JtiField,
    WireModel,
)


class Notice(StrEnum):
    """What a notice says about the statement that it names."""

    CLOCK = "clock"
    DEBT = "debt"
    PATTERN = "pattern"
    ESCALATION = "escalation"
    INCIDENT = "incident"
    RELAY = "relay"
    LODGED = "lodged"
    RELEASED = "released"
    LAPSE = "lapse"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    CORRECTION = "correction"
    CLOSED = "closed"
    ERASURE = "erasure"
    ERASED = "erased"


class Pattern(WireModel):
    """Concerns that together may be more than each alone: counts, kinds of agency, days and ids, no story.

    Attributes:
        seen: which pattern: about one ``CHILD``, about one who went ``OUT_OF_SIGHT``, or about unrelated
            children to whom one adult is an ``ALLEGED_RISK``.
        agency_kinds: of those who told, each kind once.
        dates: the day of each concern, oldest first; ``ids`` in the same order.
    """

    seen: Annotated[str, Field(pattern=r"^(CHILD|OUT_OF_SIGHT|ALLEGED_RISK)$")]
    concerns: Annotated[int, Field(ge=1)]
    agencies: Annotated[int, Field(ge=1)]
    agency_kinds: CodeList
    dates: Annotated[tuple[DateText, ...], Field(strict=False, max_length=64)]
    ids: Annotated[tuple[JtiField, ...], Field(strict=False, max_length=64)]


_Class = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class Lodged(WireModel):
    """What the holder of a lodged concern may know of it (R10): codes alone, no story.

    Attributes:
        statement: the concern; the holder cannot open it.
        classes: groups of the need-to-know matrix, and ``staff_allegation``; that is not told where the
            inbox which reads this must not see the concern. Empty in notices of before it was.
        lodged_with: who holds it whole and can judge it.
    """

    statement: Hash
    classes: Annotated[tuple[_Class, ...], Field(strict=False, max_length=64)] = ()
    urgency: Code | None
    need_level: Code | None
    lodged_with: AddressText | None


class NoticeCodes(Codes):
    """T1 of a notice.

    ``about`` is the statement that it concerns, the pattern that was seen, or the concern that is lodged. A
    pattern that names a request is what its asker has asked about one adult (R06).
    """

    notice: Annotated[Notice, Field(strict=False)]
    about: Hash | Pattern | Lodged | None


class NoticeContent(Content):
    """A notice has no T2."""
