"""Where everything of one sandbox lies below its data folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from candour_protocol.keys import SigningKey, VerifyKey
from candour_protocol.note import Verifier


@dataclass(frozen=True, slots=True)
class AgencyEstate:
    """One agency's keys and database. ``folder`` holds what was made once; ``database`` is what lives."""

    folder: Path
    database: Path

    @property
    def sign_key(self) -> Path:
        return self.folder / "sign.jwk"

    @property
    def client_key(self) -> Path:
        return self.folder / "client.jwk"

    @property
    def token_key(self) -> Path:
        return self.folder / "token.jwk"

    @property
    def actor_key(self) -> Path:
        return self.folder / "actor.key"

    @property
    def profile(self) -> Path:
        return self.folder / "profile.json"

    def seal_key(self, inbox: str) -> Path:
        return self.folder / f"seal-{inbox}.jwk"


@dataclass(frozen=True, slots=True)
class Estate:
    """``root`` is the data folder; ``made`` below it appears in one rename and never changes again."""

    root: Path

    @property
    def made(self) -> Path:
        return self.root / "partnership"

    @property
    def policy(self) -> Path:
        return self.made / "policy.toml"

    @property
    def facts(self) -> Path:
        """The registry's first facts in their order: ``[{"statement", "document": file name or null}]``."""
        return self.made / "registry.json"

    @property
    def registrar(self) -> Path:
        return self.made / "registrar.public.jwk"

    @property
    def partnership_key(self) -> Path:
        return self.made / "partnership.key"

    @property
    def log_vkey(self) -> Path:
        return self.made / "log.vkey"

    @property
    def gateway(self) -> Path:
        return self.made / "gateway"

    @property
    def transport(self) -> Path:
        return self.root / "transport.db"

    @property
    def gateway_database(self) -> Path:
        return self.root / "gateway.db"

    @property
    def manifest(self) -> Path:
        return self.root / "sandbox.json"

    @property
    def story(self) -> Path:
        return self.root / "story.json"

    @property
    def receipts(self) -> Path:
        return self.root / "receipts"

    @property
    def audit_token(self) -> Path:
        return self.root / "audit.token"

    @property
    def log(self) -> Path:
        return self.root / "sandbox.log"

    @property
    def logs(self) -> Path:
        """A file for each service that runs in a process of its own."""
        return self.root / "logs"

    @property
    def engine(self) -> Path:
        """What was chosen at the first start, and what tells this sandbox from others on its servers."""
        return self.root / "engine.json"

    @property
    def broker_passwords(self) -> Path:
        return self.root / "broker-passwords.json"

    @property
    def partner(self) -> Path:
        return self.root / "partner.json"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    def agency(self, agency: str) -> AgencyEstate:
        return AgencyEstate(self.made / "agencies" / agency, self.root / f"{agency}.db")

    def log_verifier(self) -> Verifier:
        return Verifier.from_vkey(self.log_vkey.read_text("utf-8"))

    def registrar_key(self) -> VerifyKey:
        return VerifyKey.from_jwk(json.loads(self.registrar.read_bytes()))


def signing_key(file: Path) -> SigningKey:
    return SigningKey.from_jwk(json.loads(file.read_bytes()))
