"""Tokens that are not what they say, at a node and at the gateway: 401, and nothing is sent or shown."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from candour_protocol import base64url
from candour_protocol.keys import SigningKey
from candour_protocol.tokens import access_token, agency_token, audience_of, client_assertion
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from tests.gateway.partnership import CSC, GP, NET, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.hostile import segment, sign
from tests.journeys.personal import SEEN
from tests.journeys.spoiled import HOSTILE
from tests.journeys.town import EVERYTHING, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

PARTY = audience_of(NET, SCHOOL)


def header_of(key: SigningKey, **members: Any) -> dict[str, Any]:
    return {"alg": "Ed25519", "kid": key.public.kid, "typ": "at+jwt"} | members


def claims_of(town: Town, **claims: Any) -> dict[str, Any]:
    now = int(town.clock().timestamp())
    proper = {"iss": PARTY, "aud": PARTY, "sub": "desktop", "client_id": "desktop", "jti": "1"}
    given = proper | {"scope": " ".join(sorted(EVERYTHING)), "iat": now, "exp": now + 600} | claims
    return {name: value for name, value in given.items() if value is not None}


def signed(town: Town, header: dict[str, Any] | None = None, **claims: Any) -> str:
    key = town.tokens[SCHOOL]
    return sign(key, claims_of(town, **claims), header_of(key, **(header or {})))


def with_mac(town: Town, secret: bytes) -> str:
    text = f"{segment(header_of(town.tokens[SCHOOL], alg='HS256'))}.{segment(claims_of(town))}"
    return f"{text}.{base64url.encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def pem(town: Town) -> bytes:
    key = Ed25519PublicKey.from_public_bytes(town.tokens[SCHOOL].public.raw)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, spki)


def es256(town: Town) -> str:
    text = f"{segment(header_of(town.tokens[SCHOOL], alg='ES256'))}.{segment(claims_of(town))}"
    signature = ec.generate_private_key(ec.SECP256R1()).sign(text.encode(), ec.ECDSA(SHA256()))
    return f"{text}.{base64url.encode(signature[:64])}"


def unsigned(town: Town, alg: str) -> str:
    return f"{segment(header_of(town.tokens[SCHOOL], alg=alg))}.{segment(claims_of(town))}."


def of_agency(town: Town) -> str:
    """What an agency shows the gateway, shown to a node."""
    return agency_token(town.partnership.parties[SCHOOL].client, SCHOOL, PARTY, town.clock())


def of_another_node(town: Town) -> str:
    party = audience_of(NET, CSC)
    return access_token(town.tokens[CSC], party, party, "desktop", EVERYTHING, town.clock())


def by_another_node_for_this_one(town: Town) -> str:
    return access_token(town.tokens[CSC], PARTY, PARTY, "desktop", EVERYTHING, town.clock())


def altered(town: Town) -> str:
    head, payload, signature = signed(town).split(".")
    more = json.loads(base64url.decode(payload)) | {"scope": "inbox.restricted audit.read"}
    return f"{head}.{segment(more)}.{signature}"


TOKENS: dict[str, Callable[[Town], str]] = {
    "alg none": lambda town: unsigned(town, "none"),
    "alg None": lambda town: unsigned(town, "None"),
    "no signature": lambda town: unsigned(town, "Ed25519"),
    "HS256 with the raw public key": lambda town: with_mac(town, town.tokens[SCHOOL].public.raw),
    "HS256 with the public key as PEM": lambda town: with_mac(town, pem(town)),
    "HS256 with the public JWK": lambda town: with_mac(
        town, json.dumps(dict(town.tokens[SCHOOL].public.jwk)).encode()
    ),
    "ES256": es256,
    "alg EdDSA": lambda town: signed(town, {"alg": "EdDSA"}),
    "an agency's token": of_agency,
    "a client's assertion": lambda town: client_assertion(
        town.tokens[SCHOOL], "desktop", PARTY, town.clock()
    ),
    "typ JWT": lambda town: signed(town, {"typ": "JWT"}),
    "typ of a statement": lambda town: signed(town, {"typ": "candour-msg+sd-jwt"}),
    "a jwk header": lambda town: signed(town, {"jwk": dict(town.tokens[SCHOOL].public.jwk)}),
    "a jku header": lambda town: signed(town, {"jku": "https://evil.example"}),
    "an empty crit": lambda town: signed(town, {"crit": []}),
    "b64 false": lambda town: signed(town, {"b64": False}),
    "expired": lambda town: signed(town, iat=claims_of(town)["iat"] - 700, exp=claims_of(town)["iat"]),
    "from tomorrow": lambda town: signed(town, iat=claims_of(town)["iat"] + 61),
    "for a hundred years": lambda town: signed(town, exp=claims_of(town)["iat"] + 3_000_000_000),
    "exp as text": lambda town: signed(town, exp=str(claims_of(town)["exp"])),
    "no exp": lambda town: signed(town, exp=None),
    "another node's": of_another_node,
    "by another node for this one": by_another_node_for_this_one,
    "another audience": lambda town: signed(town, aud=audience_of(NET, "gateway")),
    "an array of audiences": lambda town: signed(town, aud=[PARTY, "x"]),
    "another issuer": lambda town: signed(town, iss=audience_of(NET, CSC)),
    "another kid": lambda town: signed(town, {"kid": town.tokens[CSC].public.kid}),
    "altered scopes": altered,
    "scopes as a list": lambda town: signed(town, scope=["inbox.read"]),
    "an actor that is no object": lambda town: signed(town, act="vance"),
    "padded": lambda town: signed(town) + "==",
    "eight megabytes": lambda town: "e" * 8 * 1024 * 1024,
    "words": lambda _: SEEN.replace(" ", "-"),
    "dots": lambda _: "...",
}


def assert_unauthenticated(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert SEEN.replace(" ", "-") not in answer.text


@pytest.mark.parametrize("make", TOKENS.values(), ids=TOKENS.keys())
async def test_a_token_that_is_not_what_it_says_sends_and_shows_nothing(
    town: Town, make: Callable[[Town], str]
) -> None:
    token, size = make(town), await town.log_size()

    told = await town.call(SCHOOL, "POST", "/v1/concerns", token=token, json=a_concern_for(CSC))
    shown = await town.call(SCHOOL, "GET", "/v1/inbox", token=token)

    assert_unauthenticated(told)
    assert_unauthenticated(shown)
    assert await town.log_size() == size


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_json_inside_a_token(town: Town, name: str) -> None:
    key, claims = town.tokens[SCHOOL], claims_of(town, n=1)
    proper = json.dumps({"n": 1} | claims, separators=(",", ":")).encode()

    token = sign(key, HOSTILE[name](proper), header_of(key))

    assert_unauthenticated(await town.call(SCHOOL, "GET", "/v1/inbox", token=token))


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic c2Nob29sOnBhc3N3b3Jk", "bearer", "Token x", "Bearer \t", "Bearer é"],
)
async def test_no_token_at_all(town: Town, value: str) -> None:
    headers = {"Authorization": value.encode()}

    node = await town.call(SCHOOL, "GET", "/v1/inbox", token="", headers=headers)
    gateway = await town.ask_gateway("GET", "/v1/stats", token="", headers=headers)

    assert_unauthenticated(node)
    assert_unauthenticated(gateway)


async def test_the_proper_token_is_let_in_and_says_what_it_may(town: Town) -> None:
    """What everything above differs from in one thing."""
    answer = await town.call(SCHOOL, "GET", "/v1/inbox", token=signed(town))
    lesser = await town.call(SCHOOL, "GET", "/v1/inbox", token=signed(town, scope="concerns.send"))

    assert (answer.status_code, lesser.status_code) == (200, 403)
    assert lesser.json()["code"] == "missing-scope"


async def test_a_token_that_was_good_is_refused_once_it_has_expired(town: Town) -> None:
    """Also by a node that has just looked at it."""
    token = signed(town)
    before = await town.call(SCHOOL, "GET", "/v1/inbox", token=token)

    town.clock.advance(timedelta(seconds=601))

    assert before.status_code == 200
    assert_unauthenticated(await town.call(SCHOOL, "GET", "/v1/inbox", token=token))


async def test_a_token_that_expires_within_seconds_of_being_checked(town: Town) -> None:
    token = signed(town, exp=claims_of(town)["iat"] + 5)
    before = await town.call(SCHOOL, "GET", "/v1/inbox", token=token)

    town.clock.advance(timedelta(seconds=6))

    assert before.status_code == 200
    assert_unauthenticated(await town.call(SCHOOL, "GET", "/v1/inbox", token=token))


# -- the gateway -------------------------------------------------------------------------------------


def _agency_claims(town: Town, **claims: Any) -> dict[str, Any]:
    now = int(town.clock().timestamp())
    return {"iss": GP, "iat": now, "exp": now + 120, "aud": audience_of(NET, "gateway"), "jti": "1"} | claims


def _agency(town: Town, header: dict[str, Any] | None = None, **claims: Any) -> str:
    key = town.partnership.parties[GP].client
    head = header_of(key, typ="candour-client+jwt") | (header or {})
    return sign(key, _agency_claims(town, **claims), head)


def _agency_mac(town: Town) -> str:
    key = town.partnership.parties[GP].client
    head = header_of(key, typ="candour-client+jwt", alg="HS256")
    text = f"{segment(head)}.{segment(_agency_claims(town))}"
    return f"{text}.{base64url.encode(hmac.new(key.public.raw, text.encode(), hashlib.sha256).digest())}"


AGENCY_TOKENS: dict[str, Callable[[Town], str]] = {
    "alg none": lambda town: _agency(town, {"alg": "none"}).rpartition(".")[0] + ".",
    "HS256 with the public key": _agency_mac,
    "ES256": lambda town: _agency(town, {"alg": "ES256"}),
    "typ of an access token": lambda town: _agency(town, {"typ": "at+jwt"}),
    "in another agency's name": lambda town: _agency(town, iss=SCHOOL),
    "in the gateway's name": lambda town: _agency(town, iss="gateway"),
    "for a node": lambda town: _agency(town, aud=PARTY),
    "expired": lambda town: _agency(town, iat=1, exp=100),
    "for ten minutes": lambda town: _agency(town, exp=_agency_claims(town)["iat"] + 600),
    "by its sign key": lambda town: agency_token(
        town.partnership.parties[GP].sign, GP, audience_of(NET, "gateway"), town.clock()
    ),
    "a node's access token": lambda town: town.token(SCHOOL),
    "by nobody": lambda town: agency_token(
        SigningKey.generate(), GP, audience_of(NET, "gateway"), town.clock()
    ),
}


@pytest.mark.parametrize("make", AGENCY_TOKENS.values(), ids=AGENCY_TOKENS.keys())
@pytest.mark.parametrize(
    "path", ["/v1/entries", "/v1/deliveries", "/v1/obligations", "/v1/incidents", "/v1/stats"]
)
async def test_the_gateway_shows_nothing_to_a_token_that_is_not_what_it_says(
    town: Town, make: Callable[[Town], str], path: str
) -> None:
    assert_unauthenticated(await town.ask_gateway("GET", path, token=make(town)))


async def test_an_agency_sees_its_own_entries_and_no_bundle(town: Town) -> None:
    own = town.agency_token(GP)

    entries = await town.ask_gateway("GET", "/v1/entries", token=own)
    bundle = await town.ask_gateway("GET", "/log/tile/entries/000.p/1", token=own)
    nobody = await town.ask_gateway("GET", "/log/tile/entries/000.p/1", token="")

    assert entries.status_code == 200
    assert (bundle.status_code, nobody.status_code) == (403, 401)


# -- the token endpoints -----------------------------------------------------------------------------


FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"grant_type=client_credentials&grant_type=client_credentials", 400),
        (b"grant_type=password&username=a&password=b", 400),
        (b"&".join(b"a%d=1" % n for n in range(100)), 400),
        (b"a" * 200_000, 400),
        (b"a=" + b"%00" * 1000, 400),
    ],
    ids=["nothing", "bytes", "twice", "a password", "a hundred fields", "no form", "NULs"],
)
async def test_a_form_that_is_none(town: Town, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    node = await town.call(SCHOOL, "POST", "/oauth/token", token="", content=content, headers=headers)
    gateway = await town.ask_gateway("POST", "/oauth/token", token="", content=content, headers=headers)

    assert (node.status_code, gateway.status_code) == (status, status)


async def test_a_form_of_eight_megabytes(town: Town) -> None:
    content = b"a=" + b"b" * 8 * 1024 * 1024

    node = await town.call(SCHOOL, "POST", "/oauth/token", token="", content=content)
    gateway = await town.ask_gateway("POST", "/oauth/token", token="", content=content)

    assert (node.status_code, gateway.status_code) == (413, 413)


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256"])
async def test_an_assertion_that_nobody_signed(town: Town, alg: str) -> None:
    key = SigningKey.generate()
    head = header_of(key, typ="client-authentication+jwt", alg=alg)
    form = FORM | {"client_assertion": sign(key, claims_of(town), head)}

    node = await town.call(SCHOOL, "POST", "/oauth/token", token="", data=form)
    gateway = await town.ask_gateway("POST", "/oauth/token", token="", data=form)

    assert (node.status_code, gateway.status_code) == (401, 401)
    assert (node.json()["error"], gateway.json()["error"]) == ("invalid_client", "invalid_client")
