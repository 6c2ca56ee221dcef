"""A partnership's registry for tests: the log is a list, an hour passes with each entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from candour_protocol import registry_facts as facts
from candour_protocol.errors import RegistryError, UnauthenticError
from candour_protocol.ids import GATEWAY, AgencyId, Jti, Kid, new_uuid7, sha256_text
from candour_protocol.keys import OpeningKey, SigningKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.registry import RecordedFact, RegisteredKey, Registry
from candour_protocol.registry_facts import KeyUse, Voice
from candour_protocol.statement import Draft, issue, parse

NET = "testshire"
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SCHOOL = AgencyId("testborough-hill")
POLICE = AgencyId("testshire-police")
PROFILE = sha256_text(b"a profile")
OTHER_PROFILE = sha256_text(b"another profile")
POLICY = sha256_text(b"a policy")


@dataclass(slots=True)
class Chain:
    """Entry 0 admits the gateway, as always."""

    registrar_key: SigningKey = field(default_factory=SigningKey.generate)
    gateway_key: SigningKey = field(default_factory=SigningKey.generate)
    now: datetime = START
    index: int = -1
    registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self.registry = Registry(self.registrar_key.public, NET)
        self.log(facts.admit(self.registrar, GATEWAY, self.gateway_key.public, self.now))

    @property
    def registrar(self) -> Voice:
        return facts.registrar(NET, self.registrar_key)

    def voice(self, agency: AgencyId, key: SigningKey) -> Voice:
        return Voice(NET, agency, key)

    def log(self, jwt: str) -> RecordedFact:
        """Apply a statement at the next index; a failure uses no index and no time."""
        at = self.now + timedelta(hours=1)
        recorded = self.registry.apply(parse(jwt), self.index + 1, at)
        self.index, self.now = self.index + 1, at
        return recorded

    def wait(self, duration: timedelta) -> None:
        self.now += duration

    def admit(self, agency: AgencyId = SCHOOL) -> SigningKey:
        key = SigningKey.generate()
        self.log(facts.admit(self.registrar, agency, key.public, self.now))
        return key

    def add_sign_key(self, by: Voice, agency: AgencyId = SCHOOL) -> SigningKey:
        key = SigningKey.generate()
        self.log(facts.key_add(by, agency, key.public, KeyUse.SIGN, self.now))
        return key

    def add_seal_key(self, by: Voice, agency: AgencyId = SCHOOL, inbox: str = "general") -> OpeningKey:
        key = OpeningKey.generate()
        self.log(facts.key_add(by, agency, key.public, KeyUse.SEAL, self.now, inbox=inbox))
        return key

    def key(self, agency: AgencyId, kid: Kid) -> RegisteredKey:
        return next(key for key in self.registry.keys_of(agency) if key.kid == kid)


def raw_fact(by: Voice, **claims: Any) -> str:
    """A registry statement that says anything at all."""
    iat = int(START.timestamp())
    jti = Jti(new_uuid7(START))
    return issue(
        Draft(by.net, by.iss, GATEWAY, jti, iat, iat + 60, Kind.REGISTRY, facts=claims), by.key, None
    ).statement.jwt


def refusal(act: Callable[..., object], *arguments: object) -> str:
    with pytest.raises((RegistryError, UnauthenticError)) as refused:
        act(*arguments)
    return refused.value.code
