"""REST tokens: what is let in, and every way in which a token can lie."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from candour_protocol import base64url, tokens
from candour_protocol.errors import UnauthenticError
from candour_protocol.ids import AgencyId
from candour_protocol.keys import SigningKey, VerifyKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

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


# -- agencies at the gateway ------------------------------------------------------------------------


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


# -- clients at a node's token endpoint -------------------------------------------------------------


def assertion_refused(token: str, now: datetime = NOW) -> str:
    with pytest.raises(UnauthenticError) as error:
        tokens.verify_client_assertion(token, find, NODE, now)
    return error.value.code


def test_a_client_proves_itself_without_a_secret() -> None:
    token = tokens.client_assertion(KEY, SCHOOL, NODE, NOW)

    assertion = tokens.verify_client_assertion(token, find, NODE, NOW)

    assert assertion.client_id == SCHOOL
    assert assertion.expires_at == NOW + timedelta(seconds=60)
    assert assertion.jti


def test_each_assertion_can_be_told_from_the_next() -> None:
    made = {tokens.client_assertion(KEY, SCHOOL, NODE, NOW) for _ in range(3)}

    jtis = {tokens.verify_client_assertion(token, find, NODE, NOW).jti for token in made}

    assert len(jtis) == 3


def test_an_assertion_by_an_ordinary_oauth_library_is_accepted() -> None:
    claims = {"iss": SCHOOL, "sub": SCHOOL, "aud": NODE, "iat": AT, "exp": AT + 300, "jti": "a"}

    token = sign(HEADER | {"typ": "JWT"}, claims)

    assert tokens.verify_client_assertion(token, find, NODE, NOW).client_id == SCHOOL


def test_an_assertion_about_somebody_else_or_that_lives_too_long_is_refused() -> None:
    header = HEADER | {"typ": tokens.ASSERTION_TYP}
    claims = {"iss": SCHOOL, "sub": SCHOOL, "aud": NODE, "iat": AT, "exp": AT + 60, "jti": "a"}

    assert assertion_refused(sign(header, claims | {"sub": "testshire-police"})) == "token-claims"
    assert assertion_refused(sign(header, claims | {"exp": AT + 301})) == "token-time"
    assert assertion_refused(sign(header, claims | {"aud": GATEWAY})) == "token-audience"
    assert assertion_refused(sign(header, claims | {"jti": ""})) == "token-claims"


def test_tokens_of_one_kind_are_not_taken_for_another() -> None:
    agency = tokens.agency_token(KEY, SCHOOL, NODE, NOW)
    assertion = tokens.client_assertion(KEY, SCHOOL, NODE, NOW)
    access = tokens.access_token(KEY, NODE, NODE, SCHOOL, ["inbox.read"], NOW)

    assert assertion_refused(agency) == "token-header"
    assert assertion_refused(access) == "token-header"
    assert refused(access) == "token-header"
    assert refused(assertion) == "token-header"
    assert access_refused(agency) == "token-header"
    assert access_refused(assertion) == "token-header"


# -- callers of a node ------------------------------------------------------------------------------


def access_of(token: str, now: datetime = NOW) -> tokens.Access:
    return tokens.verify_access_token(token, KEY.public, NODE, NODE, now)


def access_refused(token: str, now: datetime = NOW) -> str:
    with pytest.raises(UnauthenticError) as error:
        access_of(token, now)
    return error.value.code


def test_an_access_token_lasts_ten_minutes_and_carries_scopes_and_the_person_who_acts() -> None:
    token = tokens.access_token(
        KEY, NODE, NODE, "records", ["inbox.read", "concerns.send"], NOW, acts_as="pell"
    )

    access = access_of(token, NOW + timedelta(minutes=10, seconds=-1))

    scopes = frozenset({"inbox.read", "concerns.send"})
    assert access == tokens.Access("records", scopes, NOW + timedelta(minutes=10), "pell", False)
    assert access_refused(token, NOW + timedelta(minutes=10)) == "token-expired"


def test_a_client_may_be_allowed_to_name_persons_itself() -> None:
    token = tokens.access_token(KEY, NODE, NODE, "records", [], NOW, may_assert=True)

    assert access_of(token) == tokens.Access("records", frozenset(), NOW + timedelta(minutes=10), None, True)


def test_the_sandboxs_tokens_last_thirty_days() -> None:
    month = timedelta(days=30)
    token = tokens.access_token(KEY, NODE, NODE, "sandbox", ["inbox.read"], NOW, month)

    assert access_of(token, NOW + month - timedelta(seconds=1)).client_id == "sandbox"
    with pytest.raises(ValueError, match="31 days"):
        tokens.access_token(KEY, NODE, NODE, "sandbox", [], NOW, timedelta(days=32))


ACCESS_HEADER = HEADER | {"typ": tokens.ACCESS_TYP}
ACCESS_CLAIMS: dict[str, Any] = CLAIMS | {
    "iss": NODE,
    "aud": NODE,
    "sub": "records",
    "client_id": "records",
    "scope": "inbox.read",
}


def test_a_hand_made_access_token_of_the_right_shape_is_accepted() -> None:
    assert access_of(sign(ACCESS_HEADER, ACCESS_CLAIMS)).scopes == {"inbox.read"}


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": GATEWAY},
        {"aud": GATEWAY},
        {"aud": [NODE]},
        {"sub": "somebody"},
        {"client_id": None},
        {"scope": ["inbox.read"]},
        {"scope": None},
        {"act": "pell"},
        {"act": {}},
        {"act": {"sub": 7}},
        {"act": {"sub": ""}},
        {"may_assert": "yes"},
        {"may_assert": 1},
        {"exp": AT + 32 * 86400},
    ],
    ids=str,
)
def test_an_access_token_with_a_claim_out_of_shape_is_refused(claims: dict[str, Any]) -> None:
    assert access_refused(sign(ACCESS_HEADER, ACCESS_CLAIMS | claims)).startswith("token-")


def test_an_access_token_of_another_key_is_refused() -> None:
    forged = sign(ACCESS_HEADER, ACCESS_CLAIMS, OTHER)
    unknown = sign(ACCESS_HEADER | {"kid": OTHER.public.kid}, ACCESS_CLAIMS, OTHER)

    assert access_refused(forged) == "signature"
    assert access_refused(unknown) == "unknown-kid"


def test_the_published_keys_hold_public_members_only() -> None:
    published = tokens.jwks([KEY.public, OTHER.public])

    assert published == {
        "keys": [
            {**key.public.jwk, "kid": key.public.kid, "use": "sig", "alg": "Ed25519"} for key in (KEY, OTHER)
        ]
    }
    assert '"d"' not in json.dumps(published)
