"""REST tokens that are signed by hand, so that a test can make them say anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from candour_protocol import base64url, tokens
from candour_protocol.errors import UnauthenticError
from candour_protocol.ids import AgencyId
from candour_protocol.keys import SigningKey, VerifyKey

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
NET = "testshire"
GATEWAY = tokens.audience_of(NET, "gateway")
NODE = tokens.audience_of(NET, "testborough-hill")
SCHOOL = AgencyId("testborough-hill")
KEY = SigningKey.generate()
OTHER = SigningKey.generate()

HEADER: dict[str, Any] = {"alg": "Ed25519", "kid": KEY.public.kid, "typ": tokens.AGENCY_TYP}
CLAIMS: dict[str, Any] = {"iss": SCHOOL, "aud": GATEWAY, "iat": AT, "exp": AT + 60, "jti": "a"}


def find(issuer: str, kid: str) -> VerifyKey | None:
    """One agency (and client) with one key."""
    return KEY.public if (issuer, kid) == (SCHOOL, KEY.public.kid) else None


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64url.encode(raw)


def sign(header: object = HEADER, claims: object = CLAIMS, key: SigningKey = KEY) -> str:
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{base64url.encode(key.sign(signed.encode()))}"


def verify(token: str, now: datetime = NOW) -> AgencyId:
    return tokens.verify_agency_token(token, find, GATEWAY, now)


def refused(token: str, now: datetime = NOW) -> str:
    with pytest.raises(UnauthenticError) as error:
        verify(token, now)
    return error.value.code
