"""What an issuer signs: a closed set of claims, read into ``Claims`` and written from it.

Source: protocol section 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from candour_protocol import ids
from candour_protocol.errors import MalformedError, MismatchError
from candour_protocol.ids import GATEWAY, REGISTRAR, AgencyId, Jti, Kid, StatementHash
from candour_protocol.kinds.fields import MAX_REFERENCES
from candour_protocol.kinds.lists import IN_FORCE, PLAIN, Kind
from candour_protocol.strict_json import JsonObject, JsonValue

MAX_LIFETIME = timedelta(days=7)

_NET = re.compile(r"[a-z0-9](?:[a-z0-9./-]{0,62}[a-z0-9])?\Z")
_TYPE = re.compile(r"org\.candour\.([a-z][a-z-]{0,31})\.v1\Z")

_SEALED = ("kid", "sha-256")
_KINDS: Mapping[str, Kind] = {f"org.candour.{kind}.v1": kind for kind in IN_FORCE}
_DIGEST = re.compile(rf"{ids.HASH}\Z")

_ALWAYS = frozenset({"net", "iss", "aud", "jti", "iat", "exp", "type"})
_DISCLOSING = _ALWAYS | {"_sd_alg", "_sd"}
_REFERENCES = frozenset({"irt", "reissues"})
_FACTS = frozenset({"agency", "event", "jwk", "use", "inbox", "compromised_since", "sha-256"})
_PLAIN: Mapping[Kind, frozenset[str]] = {Kind.REGISTRY: _FACTS, Kind.ERASURE: frozenset({"erases"})}
_MUST: Mapping[Kind, frozenset[str]] = {
    **dict.fromkeys(IN_FORCE - PLAIN, _DISCLOSING),
    Kind.REGISTRY: _ALWAYS,
    Kind.ERASURE: _ALWAYS | _PLAIN[Kind.ERASURE],
}
_MAY: Mapping[Kind, frozenset[str]] = {
    kind: _MUST[kind] | _REFERENCES | _PLAIN.get(kind, frozenset({"sealed"})) for kind in IN_FORCE
}


@dataclass(frozen=True, slots=True)
class SealedRef:
    """The signed name of a sealed part: the inbox key it is for, and the SHA-256 of its exact text."""

    kid: Kid
    digest: str


@dataclass(frozen=True, slots=True)
class Claims:
    """A statement's payload, well formed; whether it fits its body is for ``statement.match``.

    Attributes:
        iss: an agency, ``gateway`` or ``registrar``.
        aud: an agency or ``gateway``.
        iat: seconds since 1970; so is ``exp``. Both are the author's word.
        sd: digests in ascending order.
        facts: the plain claims of a ``registry`` statement; empty for every other kind.
        erases: of an ``erasure``, the statements that it names, each once.
    """

    net: str
    iss: AgencyId
    aud: AgencyId
    jti: Jti
    iat: int
    exp: int
    kind: Kind
    irt: StatementHash | None
    reissues: StatementHash | None
    sd: tuple[str, ...]
    sealed: SealedRef | None
    facts: Mapping[str, JsonValue]
    erases: tuple[StatementHash, ...] = ()


def read_claims(payload: JsonObject) -> Claims:
    """Read a payload that came through the strict loader.

    Raises:
        MalformedError: ``claims`` (the pointer names the member), or ``unknown-kind``.
    """
    kind = _kind(payload.get("type"))
    _refuse_other_members(payload, kind)
    plain = kind in PLAIN
    return Claims(
        net=_match(payload, "net", _NET),
        iss=_party(payload, "iss", GATEWAY, REGISTRAR),
        aud=_party(payload, "aud", GATEWAY),
        jti=Jti(_parsed(payload, "jti", ids.parse_uuid7)),
        iat=_instant(payload, "iat"),
        exp=_instant(payload, "exp"),
        kind=kind,
        irt=_reference(payload, "irt"),
        reissues=_reference(payload, "reissues"),
        sd=() if plain else _digests(payload),
        sealed=_sealed(payload["sealed"]) if "sealed" in payload else None,
        facts={name: payload[name] for name in payload if name in _FACTS} if plain else {},
        erases=_erased(payload["erases"]) if kind is Kind.ERASURE else (),
    )


def write_claims(claims: Claims) -> JsonObject:
    """The payload that ``read_claims`` reads, absent members left out."""
    payload: JsonObject = {
        "net": claims.net,
        "iss": claims.iss,
        "aud": claims.aud,
        "jti": claims.jti,
        "iat": claims.iat,
        "exp": claims.exp,
        "type": f"org.candour.{claims.kind}.v1",
    }
    references = {"irt": claims.irt, "reissues": claims.reissues}
    payload |= {name: named for name, named in references.items() if named is not None}
    if claims.kind is Kind.ERASURE:
        return payload | {"erases": list(claims.erases)}
    if claims.kind in PLAIN:
        return payload | dict(claims.facts)
    payload |= {"_sd_alg": "sha-256", "_sd": list(claims.sd)}
    if claims.sealed is not None:
        payload["sealed"] = {"kid": claims.sealed.kid, "sha-256": claims.sealed.digest}
    return payload


def check_lifetime(claims: Claims) -> None:
    """Check that a statement ends after it begins, and at most seven days later.

    Raises:
        MismatchError: ``form``.
    """
    if not 0 < claims.exp - claims.iat <= MAX_LIFETIME.total_seconds():
        raise MismatchError(
            "form", "a statement lives for more than no time and at most 7 days", pointer="/exp"
        )


def _refuse(name: str, what: str) -> NoReturn:
    raise MalformedError("claims", what, pointer=f"/{name}")


def _kind(value: JsonValue) -> Kind:
    if not isinstance(value, str) or (found := _TYPE.match(value)) is None:
        raise MalformedError(
            "unknown-kind", "not a type of statement that this version knows", pointer="/type"
        )
    kind = _KINDS.get(value)
    if kind is None:
        raise MalformedError(
            "unknown-kind", f"statements of kind {found[1]} are not in force", pointer="/type"
        )
    return kind


def _refuse_other_members(payload: JsonObject, kind: Kind) -> None:
    members = payload.keys()
    if missing := _MUST[kind] - members:
        _refuse(min(missing), "a claim is missing")
    if not _MAY[kind].issuperset(members):
        raise MalformedError("claims", "a claim that this kind of statement does not have")
    if kind in PLAIN and payload["aud"] != GATEWAY:
        _refuse("aud", "registry facts and erasures are addressed to the gateway")


def _match(payload: JsonObject, name: str, pattern: re.Pattern[str]) -> str:
    value = payload[name]
    if not isinstance(value, str) or not pattern.match(value):
        _refuse(name, "not of the form it must have")
    return value


def _parsed(payload: JsonObject, name: str, parse: Callable[[str], str]) -> str:
    value = payload[name]
    if not isinstance(value, str):
        _refuse(name, "not a string")
    try:
        return parse(value)
    except MalformedError as error:
        _refuse(name, error.detail)


def _party(payload: JsonObject, name: str, *reserved: AgencyId) -> AgencyId:
    value = payload[name]
    return AgencyId(value) if value in reserved else AgencyId(_parsed(payload, name, ids.parse_agency))


def _instant(payload: JsonObject, name: str) -> int:
    value = payload[name]
    if type(value) is not int or value < 0:
        _refuse(name, "not whole seconds since 1970")
    return value


def _reference(payload: JsonObject, name: str) -> StatementHash | None:
    return StatementHash(_parsed(payload, name, ids.parse_hash)) if name in payload else None


def _digests(payload: JsonObject) -> tuple[str, ...]:
    listed = payload["_sd"]
    if payload["_sd_alg"] != "sha-256":
        _refuse("_sd_alg", "digests are sha-256")
    digests = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if digests != listed or not all(map(_DIGEST.match, digests)):
        _refuse("_sd", "not a list of SHA-256 digests")
    if digests != sorted(digests):
        _refuse("_sd", "the digests are not in ascending order")
    return tuple(digests)


def _erased(value: JsonValue) -> tuple[StatementHash, ...]:
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
    if names != value or not all(map(_DIGEST.match, names)) or len(set(names)) != len(names):
        _refuse("erases", "not a list of statements, each named once")
    if not 0 < len(names) <= MAX_REFERENCES:
        _refuse("erases", f"an erasure names 1 to {MAX_REFERENCES} statements")
    return tuple(map(StatementHash, names))


def _sealed(value: JsonValue) -> SealedRef:
    members = value if isinstance(value, dict) else {}
    kid, digest = members.get("kid"), members.get("sha-256")
    if len(members) != len(_SEALED) or not (isinstance(kid, str) and isinstance(digest, str)):
        _refuse("sealed", f"not exactly the strings {' '.join(_SEALED)}")
    if not (ids.is_hash(kid) and ids.is_hash(digest)):
        _refuse("sealed", "not a key id and a SHA-256")
    return SealedRef(Kid(kid), digest)
