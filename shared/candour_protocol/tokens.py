"""JWTs of the REST interfaces: an agency at the gateway, a client at a node's token endpoint and its API.

Three kinds, told apart by ``typ``, all signed with Ed25519 under its RFC 9864 name; PyJWT does the signature
and nothing else. It reads a wall clock, accepts padding, an ``aud`` array and a string ``exp``, so size,
header and claims are checked here, by the strict JSON loader and against the time that the caller gives.
Source: protocol section 8; RFC 7519, RFC 7523, RFC 8725, RFC 9068, RFC 9864.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from candour_protocol import base64url, strict_json
from candour_protocol.errors import MalformedError, UnauthenticError
from candour_protocol.ids import AgencyId, Kid, parse_agency
from candour_protocol.keys import SigningKey, VerifyKey
from candour_protocol.strict_json import JsonObject, JsonValue

FindKey = Callable[[str, Kid], VerifyKey | None]
"""The key that this issuer registered under this ``kid``, valid now; ``None`` when there is none."""

MAX_TOKEN: Final = 8 * 1024  # characters, before anything is decoded
MAX_AGENCY_TOKEN: Final = timedelta(seconds=120)
MAX_ASSERTION: Final = timedelta(minutes=5)
MAX_ACCESS: Final = timedelta(days=31)  # ordinary ones last 10 minutes; the sandbox's 30 days
ACCESS_LIFETIME: Final = timedelta(minutes=10)
MAX_AHEAD: Final = timedelta(seconds=60)  # how far another's clock may be before ours

AGENCY_TYP: Final = "candour-client+jwt"
ASSERTION_TYP: Final = "client-authentication+jwt"
ACCESS_TYP: Final = "at+jwt"
_ASSERTION_TYPS: Final = frozenset(
    {ASSERTION_TYP, "JWT"}
)  # what OAuth libraries send, which set no typ of their own

_ALG: Final = "Ed25519"
_MAX_DEPTH: Final = 4
_MAX_SECONDS: Final = 1 << 37  # the year 6325; a datetime holds little more


def _signatures() -> PyJWS:
    """PyJWT's signatures with one algorithm registered and every other one, ``none`` included, unknown."""
    jws = PyJWS(algorithms=[_ALG])
    jws.register_algorithm(_ALG, OKPAlgorithm())
    return jws


_JWS: Final = _signatures()


@dataclass(frozen=True, slots=True)
class Assertion:
    """An authenticated client (RFC 7523). Who takes it refuses ``jti`` again until ``expires_at``."""

    client_id: str
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller may do at a node. ``acts_as`` is the staff id of the person who acts, where one does;
    ``may_assert`` lets the client itself name that person in each call."""

    client_id: str
    scopes: frozenset[str]
    expires_at: datetime
    acts_as: str | None = None
    may_assert: bool = False


def audience_of(net: str, party: str) -> str:
    """The ``aud`` that names a service: ``net/gateway`` or ``net/<agency>``, never a URL."""
    return f"{net}/{party}"


def agency_token(key: SigningKey, agency: AgencyId, audience: str, now: datetime) -> str:
    """What a node shows the gateway, signed by its client key; lasts 120 seconds."""
    return _sign(key, AGENCY_TYP, {"iss": agency, **_when(now, MAX_AGENCY_TOKEN), "aud": audience})


def verify_agency_token(token: str, find_key: FindKey, audience: str, now: datetime) -> AgencyId:
    """The agency that calls.

    Raises:
        UnauthenticError: anything wrong with the token, whatever it is.
    """
    claims = _open(token, frozenset({AGENCY_TYP}), lambda claims, kid: find_key(_text(claims, "iss"), kid))
    _check_claims(claims, audience, now, MAX_AGENCY_TOKEN)
    try:
        return parse_agency(_text(claims, "iss"))
    except MalformedError:
        raise UnauthenticError("token-claims", "the token's issuer is no agency", pointer="/iss") from None


def client_assertion(key: SigningKey, client_id: str, audience: str, now: datetime) -> str:
    """What a client sends to ``POST /oauth/token`` in place of a secret; lasts 60 seconds."""
    claims = {"iss": client_id, "sub": client_id, "aud": audience, **_when(now, timedelta(seconds=60))}
    return _sign(key, ASSERTION_TYP, claims)


def verify_client_assertion(token: str, find_key: FindKey, audience: str, now: datetime) -> Assertion:
    """The client that asks for a token. ``find_key`` gets the client id as issuer.

    Raises:
        UnauthenticError: anything wrong with the assertion, whatever it is.
    """
    claims = _open(token, _ASSERTION_TYPS, lambda claims, kid: find_key(_text(claims, "iss"), kid))
    _check_claims(claims, audience, now, MAX_ASSERTION)
    if _text(claims, "sub") != _text(claims, "iss"):
        raise UnauthenticError("token-claims", "issuer and subject are not one client", pointer="/sub")
    expires_at = datetime.fromtimestamp(_seconds(claims, "exp"), UTC)
    return Assertion(_text(claims, "iss"), _text(claims, "jti"), expires_at)


def access_token(
    key: SigningKey,
    issuer: str,
    audience: str,
    client_id: str,
    scopes: Iterable[str],
    now: datetime,
    lifetime: timedelta = ACCESS_LIFETIME,
    acts_as: str | None = None,
    may_assert: bool = False,
) -> str:
    """An RFC 9068 access token. ``lifetime`` at most 31 days; ``acts_as`` becomes ``act.sub`` (RFC 8693)."""
    if not timedelta(0) < lifetime <= MAX_ACCESS:
        raise ValueError("an access token lasts more than nothing and at most 31 days")
    claims: dict[str, Any] = {"iss": issuer, "aud": audience, "sub": client_id, "client_id": client_id}
    claims |= {"scope": " ".join(sorted(set(scopes))), **_when(now, lifetime)}
    if acts_as is not None:
        claims["act"] = {"sub": acts_as}
    if may_assert:
        claims["may_assert"] = True
    return _sign(key, ACCESS_TYP, claims)


def verify_access_token(token: str, key: VerifyKey, issuer: str, audience: str, now: datetime) -> Access:
    """What the bearer may do here.

    Raises:
        UnauthenticError: anything wrong with the token, whatever it is.
    """
    claims = _open(token, frozenset({ACCESS_TYP}), lambda _, kid: key if kid == key.kid else None)
    _check_claims(claims, audience, now, MAX_ACCESS)
    if _text(claims, "iss") != issuer:
        raise UnauthenticError("token-claims", "the token is from another issuer", pointer="/iss")
    scopes = frozenset(_text(claims, "scope", empty=True).split())
    client_id = _text(claims, "client_id")
    if _text(claims, "sub") != client_id:
        raise UnauthenticError("token-claims", "subject and client are not one", pointer="/sub")
    expires_at = datetime.fromtimestamp(_seconds(claims, "exp"), UTC)
    return Access(client_id, scopes, expires_at, _acts_as(claims), _flag(claims, "may_assert"))


def jwks(keys: Iterable[VerifyKey]) -> JsonObject:
    """The JWK Set served at ``/.well-known/jwks.json`` (RFC 7517 section 5): public members only."""
    return {"keys": [{**key.jwk, "kid": key.kid, "use": "sig", "alg": _ALG} for key in keys]}


def _when(now: datetime, lifetime: timedelta) -> dict[str, Any]:
    issued = int(now.timestamp())
    return {"iat": issued, "exp": issued + int(lifetime.total_seconds()), "jti": str(uuid.uuid4())}


def _sign(key: SigningKey, typ: str, claims: Mapping[str, Any]) -> str:
    payload = strict_json.dumps(dict(claims)).encode("ascii")
    private = Ed25519PrivateKey.from_private_bytes(base64url.decode(str(key.private_jwk["d"])))
    return _JWS.encode(payload, private, algorithm=_ALG, headers={"typ": typ, "kid": key.public.kid})


def _open(
    token: str, typs: frozenset[str], choose: Callable[[JsonObject, Kid], VerifyKey | None]
) -> JsonObject:
    """The claims, once the signature verifies under the key that ``choose`` names for them."""
    if len(token) > MAX_TOKEN:
        raise UnauthenticError("token-size", "the token is too long")
    parts = token.split(".")
    if len(parts) != 3:
        raise UnauthenticError("token-form", "not a compact JWS")
    kid = _check_header(_object(parts[0]), typs)
    claims = _object(parts[1])
    key = choose(claims, kid)
    if key is None:
        raise UnauthenticError("unknown-kid", "no valid key of this issuer under this kid")
    _check_signature(token, key)
    return claims


def _object(part: str) -> JsonObject:
    try:
        return strict_json.load_object(base64url.decode(part), max_depth=_MAX_DEPTH)
    except MalformedError:
        raise UnauthenticError("token-form", "not base64url of one strict JSON object") from None


def _check_header(header: JsonObject, typs: frozenset[str]) -> Kid:
    """Exactly ``alg kid typ``: so no jwk, jku, x5u, x5c, crit, b64, zip or cty (RFC 8725 section 3.10)."""
    kid = header.get("kid")
    if set(header) != {"alg", "kid", "typ"} or not isinstance(kid, str):
        raise UnauthenticError("token-header", "the header has other members than alg, kid and typ")
    if header["alg"] != _ALG:
        raise UnauthenticError("token-header", "the algorithm is not Ed25519", pointer="/alg")
    if header["typ"] not in typs:
        raise UnauthenticError("token-header", "a token of another type", pointer="/typ")
    return Kid(kid)


def _check_signature(token: str, key: VerifyKey) -> None:
    try:
        base64url.decode(token.rpartition(".")[2])  # PyJWT would let padding pass
        _JWS.decode(token, Ed25519PublicKey.from_public_bytes(key.raw), algorithms=[_ALG])
    except (MalformedError, PyJWTError, ValueError):
        raise UnauthenticError("signature", "the signature is not of the key named") from None


def _check_claims(claims: JsonObject, audience: str, now: datetime, longest: timedelta) -> None:
    """Audience, presence and times; ``exp`` is the first second at which the token is no longer good."""
    if _text(claims, "aud") != audience:
        raise UnauthenticError("token-audience", "the token is for another service", pointer="/aud")
    _text(claims, "jti")
    iat, exp, at = _seconds(claims, "iat"), _seconds(claims, "exp"), now.timestamp()
    if iat > at + MAX_AHEAD.total_seconds():
        raise UnauthenticError("token-time", "the token was issued in the future", pointer="/iat")
    if exp <= at:
        raise UnauthenticError("token-expired", "the token has expired", pointer="/exp")
    if not 0 < exp - iat <= longest.total_seconds():
        raise UnauthenticError("token-time", "the token lasts too long", pointer="/exp")
    if "nbf" in claims and _seconds(claims, "nbf") > at + MAX_AHEAD.total_seconds():
        raise UnauthenticError("token-time", "the token is not yet valid", pointer="/nbf")


def _text(claims: JsonObject, name: str, *, empty: bool = False) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise UnauthenticError("token-claims", "a claim is missing or not one string", pointer=f"/{name}")
    return value


def _seconds(claims: JsonObject, name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnauthenticError("token-claims", "a time is missing or not an integer", pointer=f"/{name}")
    if not 0 <= value < _MAX_SECONDS:
        raise UnauthenticError("token-claims", "a time is out of range", pointer=f"/{name}")
    return value


def _flag(claims: JsonObject, name: str) -> bool:
    value: JsonValue = claims.get(name, False)
    if not isinstance(value, bool):
        raise UnauthenticError("token-claims", "a claim is not true or false", pointer=f"/{name}")
    return value


def _acts_as(claims: JsonObject) -> str | None:
    act = claims.get("act")
    if act is None:
        return None
    if not isinstance(act, dict):
        raise UnauthenticError("token-claims", "the actor is not an object", pointer="/act")
    return _text(act, "sub")
