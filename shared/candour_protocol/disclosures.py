"""Flat selective disclosures: ``[salt, name, value]`` as base64url of its JSON, named by its SHA-256.

Source: protocol section 3, RFC 9901 section 4.2. No digests inside values, no decoys.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from candour_protocol import base64url, ids, strict_json
from candour_protocol.errors import CourierError, MalformedError, MismatchError
from candour_protocol.ids import StatementHash
from candour_protocol.kinds.lists import T1, T2
from candour_protocol.strict_json import JsonObject, JsonValue

if TYPE_CHECKING:
    from candour_protocol.statement import Statement

CODES = "codes"  # the name of the one T1 disclosure

_SALT_BYTES = 16
_MEMBERS = 3
_SALT = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]\Z")  # 16 bytes in canonical base64url
_RESERVED = frozenset({"_sd", "_sd_alg", "..."})


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure that was read: its exact text, and what it says."""

    text: str
    name: str
    value: JsonValue


def fresh_salt() -> bytes:
    """16 random bytes."""
    return secrets.token_bytes(_SALT_BYTES)


def digest(text: str) -> StatementHash:
    """The digest that a statement signs for a disclosure: base64url SHA-256 of its ASCII text.

    Raises:
        MalformedError: ``disclosure``; not ASCII.
    """
    if not text.isascii():
        raise MalformedError("disclosure", "a disclosure is base64url")
    return StatementHash(ids.sha256_text(text.encode("ascii")))


def make(name: str, value: JsonValue, salt: bytes) -> str:
    """The text that discloses ``name`` as ``value``; the same salt gives the same text."""
    return base64url.encode(strict_json.dumps_utf8([base64url.encode(salt), name, value]))


def read(text: str) -> Disclosure:
    """Read one disclosure.

    Raises:
        MalformedError: ``base64url``, ``json`` or ``disclosure``.
    """
    raw = base64url.decode(text)
    triple = strict_json.loads(raw)
    if not isinstance(triple, list) or len(triple) != _MEMBERS:
        raise MalformedError("disclosure", "a disclosure is a salt, a name and a value")
    salt, name, value = triple
    if not isinstance(salt, str) or not _SALT.match(salt) or not isinstance(name, str):
        raise MalformedError("disclosure", "a salt is 16 bytes in base64url, a name is a string")
    refuse_reserved(raw, value)
    return Disclosure(text, name, value)


def refuse_reserved(raw: bytes, value: JsonValue) -> None:
    """Refuse members named ``_sd``, ``_sd_alg`` or ``...`` at any depth of ``value``, as read from ``raw``.

    Raises:
        MalformedError: ``disclosure``.
    """
    possible = b"_sd" in raw or b"..." in raw or b"\\u" in raw  # cheap, and nearly always enough
    if possible and _has_reserved(value):
        raise MalformedError("disclosure", "digests inside a disclosure")


def _has_reserved(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return not _RESERVED.isdisjoint(value) or any(map(_has_reserved, value.values()))
    return isinstance(value, list) and any(map(_has_reserved, value))


def open_disclosures(statement: Statement, disclosures: Sequence[str]) -> JsonObject:
    """What some of a statement's disclosures say, by name; a relay passes on as many as may go on.

    Raises:
        CourierError: ``body-mismatch``; one that was not signed, or one given twice.
        MismatchError: ``mismatch``; signed, but not a disclosure of this kind.
    """
    signed = set(statement.claims.sd)
    if len(set(disclosures)) != len(disclosures) or not signed.issuperset(map(_digest_sent, disclosures)):
        raise CourierError("body-mismatch", "a disclosure is not one that was signed, or is given twice")
    opened = [read_signed(text) for text in disclosures]
    values = {one.name: one.value for one in opened}
    if len(values) != len(opened) or not values.keys() <= _names(statement):
        raise MismatchError("mismatch", "a disclosure that this kind of statement does not have")
    return values


def read_signed(text: str) -> Disclosure:
    """Read a disclosure whose digest was signed, so that its author answers for what is wrong with it.

    Raises:
        MismatchError: ``mismatch``.
    """
    try:
        return read(text)
    except MalformedError as error:
        raise MismatchError("mismatch", f"a signed disclosure cannot be read: {error.detail}") from None


def _digest_sent(text: str) -> str:
    return digest(text) if text.isascii() else ""


def _names(statement: Statement) -> set[str]:
    kind = statement.claims.kind
    return {*T2[kind], CODES} if T1[kind] else set()
