"""Founding a partnership: keys, policy, profiles and the registry's first facts, made exactly once.

All of it is written into a folder with a passing name, flushed, and then renamed. Whoever kills the process
before the rename has founded nothing; afterwards nothing is ever made again. What is signed here is submitted
at every start, and admission knows a replay.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from candour_gateway import keyring
from candour_protocol import profiles, registry_facts, strict_json
from candour_protocol.ids import GATEWAY, GENERAL, RESTRICTED, AgencyId, sha256_text
from candour_protocol.keys import OpeningKey, SigningKey
from candour_protocol.policy import load_policy, policy_for
from candour_protocol.registry_facts import KeyUse, Voice
from candour_protocol.strict_json import JsonValue

from candour_sandbox import cast, durable
from candour_sandbox.estate import AgencyEstate, Estate

INBOXES = (GENERAL, RESTRICTED)


@dataclass(frozen=True, slots=True)
class Keys:
    """One agency's private keys."""

    sign: SigningKey
    client: SigningKey
    seal: Mapping[str, OpeningKey]


@dataclass(frozen=True, slots=True)
class Charter:
    """What is settled at the first start; None keeps what there is.

    Attributes:
        clock_speed: how many times faster limits run; 1 unless said otherwise.
        patterns: whether social care is shown several concerns about one child, or about one adult, together;
            it is not unless said otherwise.
        rate: how many statements a minute each agency may send; the shipped policy's number unless said
            otherwise.
    """

    clock_speed: int | None = None
    patterns: bool | None = None
    rate: int | None = None


class CharterError(Exception):
    """The partnership was founded otherwise, which its policy states for good; in words for whoever asked."""


def found(estate: Estate, now: datetime, charter: Charter = Charter()) -> None:
    """Make the partnership below ``estate.made`` unless it is there already.

    Raises:
        CharterError: it is there, and was founded otherwise.
    """
    if estate.made.exists():
        _check_charter(estate, charter)
        return
    estate.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    passing = Estate(estate.root / ".founding")
    shutil.rmtree(passing.root, ignore_errors=True)
    passing.made.mkdir(parents=True, mode=0o700)
    _Founding(passing, now, charter).write()
    for folder in sorted(path for path in passing.root.rglob("*") if path.is_dir()):
        durable.sync_folder(folder)
    passing.made.rename(estate.made)
    durable.sync_folder(estate.root)
    shutil.rmtree(passing.root, ignore_errors=True)


def _check_charter(estate: Estate, wanted: Charter) -> None:
    policy = load_policy(estate.policy.read_bytes())
    if wanted.clock_speed not in (None, policy.clock_speed):
        raise CharterError(f"This sandbox was founded with --clock-speed {policy.clock_speed}, and keeps it.")
    if wanted.patterns not in (None, policy.patterns.shown):
        was = "--patterns" if policy.patterns.shown else "--no-patterns"
        raise CharterError(f"This sandbox was founded with {was}, and keeps it.")
    if wanted.rate not in (None, policy.rates.ordinary_per_minute):
        raise CharterError(
            f"This sandbox was founded with --rate {policy.rates.ordinary_per_minute}, and keeps it."
        )


class _Founding:
    """The state of one founding: the facts signed so far, in the order in which the log will hold them."""

    def __init__(self, estate: Estate, now: datetime, charter: Charter) -> None:
        self._estate = estate
        self._now = now
        self._charter = charter
        self._registrar = SigningKey.generate()
        self._voice = registry_facts.registrar(cast.NET, self._registrar)
        self._facts: list[JsonValue] = []

    def write(self) -> None:
        self._gateway()
        self._policy()
        said = [self._agency(AgencyId(agency), self._estate.agency(agency)) for agency in cast.PARTS]
        for fact, document in said:  # once all are members: they cover for each other
            self._fact(fact, document)
        self._secret(self._estate.partnership_key, secrets.token_bytes(32))
        self._secret(self._estate.made / "registrar.jwk", _jwk(self._registrar.private_jwk))
        durable.write(self._estate.registrar, _jwk(self._registrar.public.jwk))
        durable.write(self._estate.facts, strict_json.dumps(self._facts))

    def _gateway(self) -> None:
        keys = keyring.make(self._estate.gateway, cast.ORIGIN)
        durable.write(self._estate.log_vkey, keys.log.verifier.vkey + "\n")
        self._fact(registry_facts.admit(self._voice, GATEWAY, keys.sign.public, self._now))

    def _policy(self) -> None:
        policy = policy_for(
            cast.NET,
            identifiers="test",
            clock_speed=self._charter.clock_speed or 1,
            patterns=bool(self._charter.patterns),
            adults=bool(self._charter.patterns),
            rate=self._charter.rate,
        )
        durable.write(self._estate.policy, policy)
        self._fact(registry_facts.policy(self._voice, sha256_text(policy), self._now), self._estate.policy)

    def _agency(self, agency: AgencyId, estate: AgencyEstate) -> tuple[str, Path]:
        """Its keys, and the facts that admit it; its profile, which is still to be said."""
        keys = Keys(
            SigningKey.generate(), SigningKey.generate(), {inbox: OpeningKey.generate() for inbox in INBOXES}
        )
        estate.folder.mkdir(parents=True, mode=0o700)
        self._secret(estate.sign_key, _jwk(keys.sign.private_jwk))
        self._secret(estate.client_key, _jwk(keys.client.private_jwk))
        self._secret(estate.token_key, _jwk(SigningKey.generate().private_jwk))
        self._secret(estate.actor_key, secrets.token_bytes(32))
        for inbox, key in keys.seal.items():
            self._secret(estate.seal_key(inbox), _jwk(key.private_jwk))
        durable.write(estate.profile, profiles.dump(cast.profile(agency)))
        return self._admit(agency, keys, estate), estate.profile

    def _admit(self, agency: AgencyId, keys: Keys, estate: AgencyEstate) -> str:
        """The registrar vouches for the sign key; the agency itself says the rest."""
        own = Voice(cast.NET, agency, keys.sign)
        self._fact(registry_facts.admit(self._voice, agency, keys.sign.public, self._now))
        self._fact(registry_facts.key_add(own, agency, keys.client.public, KeyUse.CLIENT, self._now))
        for inbox, key in keys.seal.items():
            fact = registry_facts.key_add(own, agency, key.public, KeyUse.SEAL, self._now, inbox=inbox)
            self._fact(fact)
        digest = sha256_text(estate.profile.read_bytes())
        return registry_facts.profile(own, agency, digest, self._now)

    def _fact(self, statement: str, document: Path | None = None) -> None:
        name = None if document is None else str(document.relative_to(self._estate.made))
        self._facts.append({"statement": statement, "document": name})

    def _secret(self, path: Path, content: bytes | str) -> None:
        durable.write(path, content, mode=0o600)


def _jwk(jwk: Mapping[str, JsonValue]) -> str:
    return strict_json.dumps(dict(jwk))
