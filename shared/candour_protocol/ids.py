"""Identifiers: what they look like, and the types that keep them apart.

Source: protocol sections 1 and 3. Text on the wire; whatever the ``parse_*`` functions return is valid.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from candour_protocol import base64url
from candour_protocol.errors import MalformedError

AgencyId = NewType("AgencyId", str)
Kid = NewType("Kid", str)
Jti = NewType("Jti", str)
Txn = NewType("Txn", str)
StatementHash = NewType("StatementHash", str)
PolicyId = NewType("PolicyId", str)
ActorToken = NewType("ActorToken", str)
ChildToken = NewType("ChildToken", str)
AdultToken = NewType("AdultToken", str)

GATEWAY = AgencyId("gateway")
REGISTRAR = AgencyId("registrar")
GENERAL = "general"
RESTRICTED = "restricted"

_AGENCY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
HASH = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"  # a base64url SHA-256, canonical
_HASH = re.compile(rf"{HASH}\Z")


def parse_agency(text: str) -> AgencyId:
    """An agency's id: 3 to 48 characters of ``[a-z0-9]``, single hyphens between; not a reserved word.

    Raises:
        MalformedError: ``agency-id``.
    """
    if not (3 <= len(text) <= 48 and _AGENCY.match(text)) or text in (GATEWAY, REGISTRAR):
        raise MalformedError("agency-id", "not the id of an agency")
    return AgencyId(text)


def parse_inbox(text: str) -> str:
    """An inbox's name; the same alphabet as an agency's id, 2 to 32 characters.

    Raises:
        MalformedError: ``inbox``.
    """
    if not (2 <= len(text) <= 32 and _AGENCY.match(text)):
        raise MalformedError("inbox", "not the name of an inbox")
    return text


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: ``agency`` (its general inbox) or ``agency/inbox``."""

    agency: AgencyId
    inbox: str = GENERAL

    def __str__(self) -> str:
        return self.agency if self.inbox == GENERAL else f"{self.agency}/{self.inbox}"


def parse_address(text: str) -> Address:
    """Read ``agency`` or ``agency/inbox``.

    Raises:
        MalformedError: ``agency-id`` or ``inbox``.
    """
    agency, slash, inbox = text.partition("/")
    return Address(parse_agency(agency), parse_inbox(inbox) if slash else GENERAL)


def parse_uuid7(text: str) -> str:
    """A UUIDv7 in its canonical lower-case text (RFC 9562 section 5.7).

    Raises:
        MalformedError: ``uuid7``.
    """
    if not _UUID7.match(text):
        raise MalformedError("uuid7", "not a UUIDv7")
    return text


def new_uuid7(now: datetime) -> str:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    return _uuid7(now, secrets.randbits(80))


def smallest_uuid7(now: datetime) -> str:
    """What no UUIDv7 of this millisecond, or of a later one, is smaller than."""
    return _uuid7(now, 0)


def _uuid7(now: datetime, rest: int) -> str:
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | rest
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def sha256_text(raw: bytes) -> str:
    """base64url SHA-256, 43 characters: how the protocol names bytes."""
    return base64url.encode(hashlib.sha256(raw).digest())


def statement_hash(issuer_jwt: str) -> StatementHash:
    """The hash by which a statement is named: base64url SHA-256 of its issuer JWT."""
    return StatementHash(sha256_text(issuer_jwt.encode("ascii")))


def is_hash(text: str) -> bool:
    """Whether this can be a base64url SHA-256: 43 characters, canonical."""
    return _HASH.match(text) is not None


def parse_hash(text: str) -> StatementHash:
    """A base64url SHA-256, canonical.

    Raises:
        MalformedError: ``hash``.
    """
    if not is_hash(text):
        raise MalformedError("hash", "not a base64url SHA-256")
    return StatementHash(text)
