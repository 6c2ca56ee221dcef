"""Builders of statements: fixed keys, valid defaults, and a forger's tools."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from candour_protocol import base64url, disclosures, strict_json
from candour_protocol.disclosures import CODES
from candour_protocol.errors import MalformedError
from candour_protocol.ids import AgencyId, Jti
from candour_protocol.keys import OpeningKey, SealKey, SigningKey
from candour_protocol.kinds.lists import T1, T2, Kind
from candour_protocol.statement import Body, Draft, Issued, issue, parse
from candour_protocol.strict_json import JsonObject, JsonValue
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

IAT = 1_764_000_000


def signing_key(name: str) -> SigningKey:
    """The same key for the same name, always."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def opening_key(name: str) -> OpeningKey:
    """The same key for the same name, always."""
    return OpeningKey(X25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


SCHOOL = signing_key("school")
SOCIAL_CARE = opening_key("social care")
HELD = {SOCIAL_CARE.public.kid: SOCIAL_CARE}

_CONTENT: Mapping[Kind, JsonObject] = {
    Kind.ACKNOWLEDGEMENT: {"name": "Sam Okoro", "role": "Duty social worker", "questions": []},
}


def a_draft(kind: Kind = Kind.ACKNOWLEDGEMENT, **changes: object) -> Draft:
    """A draft of any kind with disclosures; keyword arguments replace fields."""
    draft = Draft(
        net="test.example",
        iss=AgencyId("oak-school"),
        aud=AgencyId("northshire-csc"),
        jti=Jti("0198f0a0-0000-7000-8000-000000000001"),
        iat=IAT,
        exp=IAT + 86_400,
        kind=kind,
        codes={"txn": "0198f0a0-0000-7000-8000-000000000000"},
        content=_CONTENT.get(kind),
    )
    return replace(draft, **changes)  # type: ignore[arg-type]


def a_registry_draft(**changes: object) -> Draft:
    """A draft with plain claims."""
    draft = a_draft(Kind.REGISTRY, aud=AgencyId("gateway"), codes=None, facts={"event": "admit"})
    return replace(draft, **changes)  # type: ignore[arg-type]


def seal_to(kind: Kind) -> SealKey | None:
    """The inbox key that a statement of this kind is sealed to."""
    return SOCIAL_CARE.public if T2[kind] else None


def issued(kind: Kind = Kind.ACKNOWLEDGEMENT, **changes: object) -> Issued:
    """A valid statement by the school to social care."""
    return issue(a_draft(kind, **changes), SCHOOL, seal_to(kind))


def counted_salts() -> Callable[[], bytes]:
    """Salts 0, 1, 2 …, so that bytes can be repeated."""
    numbers = iter(range(1_000))
    return lambda: next(numbers).to_bytes(16, "big")


HEADER: JsonObject = {"alg": "Ed25519", "kid": SCHOOL.public.kid, "typ": "candour-msg+sd-jwt"}


def segment(value: JsonValue | bytes) -> str:
    """One segment of a compact serialisation."""
    raw = value if isinstance(value, bytes) else strict_json.dumps_utf8(value)
    return base64url.encode(raw)


def signed(payload: JsonValue | bytes, header: JsonValue | bytes = HEADER) -> str:
    """What the school's key signs, however wrong."""
    signing_input = f"{segment(header)}.{segment(payload)}"
    return f"{signing_input}.{base64url.encode(SCHOOL.sign(signing_input.encode('ascii')))}"


def payload_of(jwt: str) -> JsonObject:
    """The claims inside a JWT."""
    return strict_json.load_object(base64url.decode(jwt.split(".")[1]))


def codes_text(value: JsonValue = None, name: str = CODES) -> str:
    """A T1 disclosure with a fixed salt."""
    return disclosures.make(name, {} if value is None else value, bytes(16))


def signing_other_disclosures(*texts: str, kind: Kind = Kind.DELIVERY, shown: int = 1) -> Body:
    """A body whose author signed exactly the digests of these texts, and sends the first of them."""
    payload = payload_of(issued(kind).statement.jwt)
    payload["_sd"] = [*sorted(map(disclosures.digest, texts))]
    return Body(signed(payload), texts[:shown], "")


def all_codes(kind: Kind) -> JsonObject:
    """Every T1 field of the kind, null."""
    return dict.fromkeys(T1[kind])


def refused(jwt: str, code: str, pointer: str = "") -> None:
    """That it is no statement, for this reason and at this place."""
    with pytest.raises(MalformedError) as caught:
        parse(jwt)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


def changed(**claims: JsonValue) -> str:
    """What the school signs with some claims replaced."""
    return signed(payload_of(issued().statement.jwt) | claims)
