"""Registry facts: what a ``registry`` statement may say, read from its claims and made for signing.

The plain claims are ``{agency, event, jwk?, use?, inbox?, compromised_since?, sha-256?}``; each event has
exactly the members of ``_MEMBERS``. Whether a fact is allowed is the chain's to say: ``registry``. Source:
protocol section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from candour_protocol.errors import MalformedError, RegistryError
from candour_protocol.ids import (
    GATEWAY,
    REGISTRAR,
    AgencyId,
    Jti,
    new_uuid7,
    parse_agency,
    parse_hash,
    parse_inbox,
)
from candour_protocol.keys import SealKey, SigningKey, VerifyKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Draft, issue
from candour_protocol.strict_json import JsonObject, JsonValue

LIFETIME: Final = timedelta(days=7)


class Event(StrEnum):
    """What a fact does."""

    ADMIT = "admit"
    KEY_ADD = "key-add"
    KEY_RETIRE = "key-retire"
    KEY_REVOKE = "key-revoke"
    PROFILE = "profile"
    POLICY = "policy"


class KeyUse(StrEnum):
    """What a key is for: statements, REST tokens, or opening what one inbox receives."""

    SIGN = "sign"
    CLIENT = "client"
    SEAL = "seal"


_MEMBERS: Final[Mapping[Event, frozenset[str]]] = {
    Event.ADMIT: frozenset({"jwk", "use"}),
    Event.KEY_ADD: frozenset({"jwk", "use"}),
    Event.KEY_RETIRE: frozenset({"jwk"}),
    Event.KEY_REVOKE: frozenset({"jwk"}),
    Event.PROFILE: frozenset({"sha-256"}),
    Event.POLICY: frozenset({"sha-256"}),
}
_OPTIONAL: Final[Mapping[Event, frozenset[str]]] = {
    Event.KEY_ADD: frozenset({"inbox"}),  # there for a seal key, and only there
    Event.KEY_REVOKE: frozenset({"compromised_since"}),
}


@dataclass(frozen=True, slots=True)
class KeyAdded:
    """A key begins, by ``admit`` or ``key-add``; ``inbox`` is there for a seal key, and only there."""

    agency: AgencyId
    event: Event
    key: VerifyKey | SealKey
    use: KeyUse
    inbox: str | None


@dataclass(frozen=True, slots=True)
class KeyEnded:
    """A key ends. ``compromised_since``, in Unix seconds, may stand with ``key-revoke``."""

    agency: AgencyId
    event: Event
    key: VerifyKey | SealKey
    compromised_since: int | None


@dataclass(frozen=True, slots=True)
class DocumentSet:
    """A profile or policy begins, named by the base64url SHA-256 of its bytes."""

    agency: AgencyId
    event: Event
    digest: str


Fact = KeyAdded | KeyEnded | DocumentSet
"""One registry fact, well-formed but not yet judged."""


def read_fact(claims: Mapping[str, JsonValue]) -> Fact:
    """Read the plain claims of a registry statement.

    Raises:
        RegistryError: ``fact`` with a pointer when they have the wrong shape; ``weak-key`` or the like when
            the key is one that nobody may use.
    """
    event = _event(claims)
    allowed = {"agency", "event"} | _MEMBERS[event] | _OPTIONAL.get(event, frozenset())
    if not {"agency", "event"} | _MEMBERS[event] <= set(claims) <= allowed:
        raise RegistryError("fact", f"a {event} fact has other members than this")
    try:
        return _read(event, claims)
    except MalformedError as error:
        raise RegistryError(error.code, error.detail, pointer=error.pointer) from None


def _event(claims: Mapping[str, JsonValue]) -> Event:
    try:
        return Event(_text(claims, "event"))
    except ValueError:
        raise RegistryError("fact", "an unknown event", pointer="/event") from None


def _read(event: Event, claims: Mapping[str, JsonValue]) -> Fact:
    agency = _party(_text(claims, "agency"))
    match event:
        case Event.ADMIT | Event.KEY_ADD:
            return _key_added(agency, event, claims)
        case Event.KEY_RETIRE | Event.KEY_REVOKE:
            return KeyEnded(agency, event, _key(claims["jwk"]), _since(claims))
        case Event.PROFILE | Event.POLICY:
            return DocumentSet(agency, event, parse_hash(_text(claims, "sha-256")))


def _key_added(agency: AgencyId, event: Event, claims: Mapping[str, JsonValue]) -> KeyAdded:
    key = _key(claims["jwk"])
    use = _use(claims, key)
    inbox = parse_inbox(_text(claims, "inbox")) if "inbox" in claims else None
    if (use is KeyUse.SEAL) != (inbox is not None):
        raise RegistryError(
            "fact", "a seal key belongs to one inbox, and no other key to any", pointer="/inbox"
        )
    return KeyAdded(agency, event, key, use, inbox)


def _party(text: str) -> AgencyId:
    return GATEWAY if text == GATEWAY else parse_agency(text)


def _key(jwk: JsonValue) -> VerifyKey | SealKey:
    if not isinstance(jwk, dict):
        raise RegistryError("fact", "a key is a JWK", pointer="/jwk")
    return SealKey.from_jwk(jwk) if jwk.get("crv") == "X25519" else VerifyKey.from_jwk(jwk)


def _use(claims: Mapping[str, JsonValue], key: VerifyKey | SealKey) -> KeyUse:
    try:
        use = KeyUse(_text(claims, "use"))
    except ValueError:
        raise RegistryError("fact", "an unknown use", pointer="/use") from None
    if (use is KeyUse.SEAL) != isinstance(key, SealKey):
        raise RegistryError("fact", "an Ed25519 key signs, an X25519 key seals", pointer="/use")
    return use


def _since(claims: Mapping[str, JsonValue]) -> int | None:
    since = claims.get("compromised_since", 0)
    if not isinstance(since, int) or isinstance(since, bool) or since < 0:
        raise RegistryError("fact", "compromised_since is in Unix seconds", pointer="/compromised_since")
    return since if "compromised_since" in claims else None


def _text(claims: Mapping[str, JsonValue], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise RegistryError("fact", f"{name} is text", pointer=f"/{name}")
    return value


@dataclass(frozen=True, slots=True)
class Voice:
    """Who signs a fact: an agency with its current sign key, or the registrar (``iss`` is ``registrar``)."""

    net: str
    iss: AgencyId
    key: SigningKey

    def draft(self, kind: Kind, now: datetime) -> Draft:
        """A word to the gateway in plain claims alone; what it says is still to be added."""
        iat = int(now.timestamp())
        return Draft(
            net=self.net,
            iss=self.iss,
            aud=GATEWAY,
            jti=Jti(new_uuid7(now)),
            iat=iat,
            exp=iat + int(LIFETIME.total_seconds()),
            kind=kind,
        )


def registrar(net: str, key: SigningKey) -> Voice:
    """The registrar's voice."""
    return Voice(net, REGISTRAR, key)


def admit(by: Voice, agency: AgencyId, key: VerifyKey, now: datetime) -> str:
    """The first fact about an agency, or the gateway: its sign key, vouched for by the registrar."""
    return _signed(by, now, agency, Event.ADMIT, {"jwk": _jwk(key), "use": KeyUse.SIGN.value})


def key_add(
    by: Voice,
    agency: AgencyId,
    key: VerifyKey | SealKey,
    use: KeyUse,
    now: datetime,
    *,
    inbox: str | None = None,
) -> str:
    """One more key. ``inbox`` goes with a seal key, and with no other."""
    claims: JsonObject = {"jwk": _jwk(key), "use": use.value}
    return _signed(by, now, agency, Event.KEY_ADD, claims | ({"inbox": inbox} if inbox is not None else {}))


def key_retire(by: Voice, agency: AgencyId, key: VerifyKey | SealKey, now: datetime) -> str:
    """An orderly end: nothing that the key did is doubted; a seal key is accepted for 7 more days."""
    return _signed(by, now, agency, Event.KEY_RETIRE, {"jwk": _jwk(key)})


def key_revoke(
    by: Voice,
    agency: AgencyId,
    key: VerifyKey | SealKey,
    now: datetime,
    *,
    compromised_since: datetime | None = None,
) -> str:
    """An end at once; with ``compromised_since`` (whole seconds), what it signed from then on is doubted."""
    claims: JsonObject = {"jwk": _jwk(key)}
    if compromised_since is not None:
        claims["compromised_since"] = int(compromised_since.timestamp())
    return _signed(by, now, agency, Event.KEY_REVOKE, claims)


def profile(by: Voice, agency: AgencyId, digest: str, now: datetime) -> str:
    """The agency's profile from now on; ``digest`` is the base64url SHA-256 of its bytes."""
    return _signed(by, now, agency, Event.PROFILE, {"sha-256": digest})


def policy(by: Voice, digest: str, now: datetime) -> str:
    """The partnership's policy from now on; ``digest`` is its id."""
    return _signed(by, now, GATEWAY, Event.POLICY, {"sha-256": digest})


def _jwk(key: VerifyKey | SealKey) -> JsonObject:
    return dict(key.jwk)


def _signed(by: Voice, now: datetime, agency: AgencyId, event: Event, claims: JsonObject) -> str:
    facts: JsonObject = {"agency": agency, "event": event.value, **claims}
    return issue(replace(by.draft(Kind.REGISTRY, now), facts=facts), by.key, None).statement.jwt
