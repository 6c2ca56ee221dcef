"""What an agency shows the gateway: what is let in, and every way in which a token can lie."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from candour_protocol import base64url, tokens
from candour_protocol.errors import UnauthenticError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.made_tokens import (
    AT,
    CLAIMS,
    GATEWAY,
    HEADER,
    KEY,
    NODE,
    NOW,
    OTHER,
    SCHOOL,
    refused,
    segment,
    sign,
    verify,
)


def test_an_agency_shows_who_it_is() -> None:
    token = tokens.agency_token(KEY, SCHOOL, GATEWAY, NOW)

    assert verify(token) == SCHOOL
    assert verify(token, NOW + timedelta(seconds=119)) == SCHOOL
    assert refused(token, NOW + timedelta(seconds=120)) == "token-expired"


def test_a_clock_that_is_a_minute_slow_still_accepts_and_one_second_more_does_not() -> None:
    token = tokens.agency_token(KEY, SCHOOL, GATEWAY, NOW)

    assert verify(token, NOW - timedelta(seconds=60)) == SCHOOL
    assert refused(token, NOW - timedelta(seconds=61)) == "token-time"


def test_a_hand_made_token_of_the_right_shape_is_accepted() -> None:
    assert verify(sign()) == SCHOOL


def _without_key_ids(header: object) -> str:
    """A name that is the same in every process: keys are made anew in each."""
    return str(header).replace(KEY.public.kid, "the kid").replace(str(OTHER.public.jwk), "a jwk")


@pytest.mark.parametrize(
    "header",
    [
        HEADER | {"alg": "EdDSA"},
        HEADER | {"alg": "none"},
        HEADER | {"alg": "HS256"},
        HEADER | {"alg": "ES256"},
        HEADER | {"alg": "ed25519"},
        HEADER | {"alg": ["Ed25519"]},
        HEADER | {"typ": "JWT"},
        HEADER | {"typ": tokens.ACCESS_TYP},
        HEADER | {"typ": "candour-msg+sd-jwt"},
        HEADER | {"typ": None},
        HEADER | {"kid": 7},
        HEADER | {"jwk": OTHER.public.jwk},
        HEADER | {"jku": "https://evil.example/keys"},
        HEADER | {"x5u": "https://evil.example/cert"},
        HEADER | {"x5c": ["MIIB"]},
        HEADER | {"crit": []},
        HEADER | {"crit": ["b64"], "b64": False},
        HEADER | {"b64": True},
        HEADER | {"zip": "DEF"},
        HEADER | {"cty": "JWT"},
        {"alg": "Ed25519", "typ": tokens.AGENCY_TYP},
        {"alg": "Ed25519", "kid": KEY.public.kid},
        {"kid": KEY.public.kid, "typ": tokens.AGENCY_TYP},
    ],
    ids=_without_key_ids,
)
def test_a_header_that_says_anything_else_is_refused_though_the_signature_is_right(header: object) -> None:
    assert refused(sign(header)) == "token-header"


def test_a_token_without_a_signature_is_refused() -> None:
    unsigned = f"{segment(HEADER | {'alg': 'none'})}.{segment(CLAIMS)}."

    assert refused(unsigned) == "token-header"
    assert refused(f"{segment(HEADER)}.{segment(CLAIMS)}.") == "signature"


@pytest.mark.parametrize("alg", ["HS256", "Ed25519"])
def test_the_public_key_is_not_taken_for_a_shared_secret(alg: str) -> None:
    signed = f"{segment(HEADER | {'alg': alg})}.{segment(CLAIMS)}"
    mac = hmac.new(KEY.public.raw, signed.encode(), hashlib.sha256).digest()

    assert refused(f"{signed}.{base64url.encode(mac)}") in {"token-header", "signature"}


def test_a_signature_on_another_curve_is_refused() -> None:
    signed = f"{segment(HEADER)}.{segment(CLAIMS)}"
    der = ec.generate_private_key(ec.SECP256R1()).sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(der)
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")

    assert refused(f"{signed}.{base64url.encode(signature)}") == "signature"


def test_another_key_under_the_same_kid_is_refused() -> None:
    assert refused(sign(key=OTHER)) == "signature"


def test_an_unknown_kid_is_refused() -> None:
    assert refused(sign(HEADER | {"kid": OTHER.public.kid}, key=OTHER)) == "unknown-kid"


def test_a_key_speaks_for_the_agency_that_registered_it_only() -> None:
    assert refused(sign(claims=CLAIMS | {"iss": "testshire-police"})) == "unknown-kid"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_altered_token_is_refused(part: int) -> None:
    parts = tokens.agency_token(KEY, SCHOOL, GATEWAY, NOW).split(".")
    raw = bytearray(base64url.decode(parts[part]))
    raw[-3] ^= 1
    parts[part] = base64url.encode(bytes(raw))

    refused(".".join(parts))


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("padding", ["=", "==", "===", "\n", " ", "+", "é", "\ud800"])
def test_base64url_that_is_not_canonical_is_refused(part: int, padding: str) -> None:
    parts = sign().split(".")
    parts[part] += padding

    assert refused(".".join(parts)) in {"token-form", "signature"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [GATEWAY]},
        {"aud": [GATEWAY, "testshire/other"]},
        {"aud": NODE},
        {"aud": "othershire/gateway"},
        {"aud": ""},
        {"aud": None},
    ],
    ids=str,
)
def test_a_token_for_anybody_else_is_refused(claims: dict[str, Any]) -> None:
    assert refused(sign(claims=CLAIMS | claims)) in {"token-audience", "token-claims"}


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": str(AT + 60)},
        {"exp": AT + 60.5},
        {"exp": True},
        {"exp": None},
        {"exp": AT},
        {"exp": AT - 1},
        {"exp": -1},
        {"exp": 2**53 - 1},
        {"exp": AT + 121},
        {"exp": AT + 100 * 365 * 86400},
        {"iat": AT + 61, "exp": AT + 90},
        {"iat": str(AT)},
        {"iat": AT + 59, "exp": AT + 59},
        {"iat": AT - 200},
        {"nbf": AT + 61},
        {"nbf": "soon"},
    ],
    ids=str,
)
def test_times_that_do_not_hold_are_refused(claims: dict[str, Any]) -> None:
    assert refused(sign(claims=CLAIMS | claims)).startswith("token-")


@pytest.mark.parametrize("name", ["aud", "iat", "exp", "jti"])
def test_a_missing_claim_is_refused(name: str) -> None:
    assert refused(sign(claims={key: CLAIMS[key] for key in CLAIMS if key != name})) == "token-claims"


@pytest.mark.parametrize("issuer", [None, 7, "", [SCHOOL]])
def test_a_token_without_one_issuer_is_refused(issuer: object) -> None:
    assert refused(sign(claims=CLAIMS | {"iss": issuer})) == "token-claims"


@pytest.mark.parametrize("issuer", ["gateway", "registrar", "x", "Testborough"])
def test_an_issuer_that_is_no_agency_is_refused_even_with_a_key(issuer: str) -> None:
    token = sign(claims=CLAIMS | {"iss": issuer})

    with pytest.raises(UnauthenticError):
        tokens.verify_agency_token(token, lambda _issuer, _kid: KEY.public, GATEWAY, NOW)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"iss":"a","iss":"b"}',
        b'{"exp":1e400}',
        b'{"exp":NaN}',
        b'{"exp":1' + b"0" * 5000 + b"}",
        b"[" * 5900,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"\xef\xbb\xbf{}",
        b'{"iss":"\\ud800"}',
        b'{"iss":"\\u0000"}',
        b'{"iss":"\\u202e"}',
        b"\xff",
        b"",
        b"null",
        b"[]",
        b'"text"',
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
@pytest.mark.parametrize("where", ["header", "claims"])
def test_json_that_two_readers_could_read_differently_is_refused(payload: bytes, where: str) -> None:
    token = sign(header=payload) if where == "header" else sign(claims=payload)

    assert refused(token) in {"token-form", "token-size"}


def test_eight_megabytes_are_refused_before_anything_is_decoded() -> None:
    assert refused("a" * 8_000_000) == "token-size"
    assert refused("a" * (tokens.MAX_TOKEN + 1)) == "token-size"
    assert refused("a" * tokens.MAX_TOKEN) == "token-form"


@pytest.mark.parametrize("token", ["", ".", "..", "...", "a.b", "a.b.c.d", "Bearer x", "🙂.🙂.🙂"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token) == "token-form"


@given(st.text(max_size=300))
def test_whatever_text_comes_is_refused_and_nothing_else_happens(text: str) -> None:
    with suppress(UnauthenticError):
        verify(text)
        pytest.fail("a random text was let in")
