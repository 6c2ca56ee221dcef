"""The keys that this agency alone holds, read from files that only it can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from candour_protocol import strict_json
from candour_protocol.ids import Kid
from candour_protocol.keys import OpeningKey, SigningKey, VerifyKey
from candour_protocol.strict_json import JsonObject

from candour_agency.settings import Settings

MIN_SECRET = 32  # bytes


@dataclass(frozen=True, slots=True)
class Keyring:
    """Everything secret, and the one public key that everything else is trusted by.

    Attributes:
        inboxes: which inbox each opening key belongs to.
        partnership: the keys of child tokens, the current one first.
    """

    sign: SigningKey
    client: SigningKey
    token: SigningKey
    opening: Mapping[Kid, OpeningKey]
    inboxes: Mapping[Kid, str]
    actor: bytes
    partnership: tuple[bytes, ...]
    registrar: VerifyKey

    @property
    def own_kids(self) -> frozenset[Kid]:
        """The thumbprints of everything that this agency may have registered."""
        return frozenset({self.sign.public.kid, self.client.public.kid, *self.opening})


def load(settings: Settings) -> Keyring:
    """Read the files that the settings name.

    Raises:
        MalformedError: a file is not the key that it must be.
        OSError: a file cannot be read.
    """
    opening: dict[Kid, OpeningKey] = {}
    inboxes: dict[Kid, str] = {}
    for inbox, paths in settings.seal_keys.items():
        for key in (OpeningKey.from_jwk(_jwk(path)) for path in paths):
            opening[key.public.kid] = key
            inboxes[key.public.kid] = inbox
    return Keyring(
        sign=SigningKey.from_jwk(_jwk(settings.sign_key)),
        client=SigningKey.from_jwk(_jwk(settings.client_key)),
        token=SigningKey.from_jwk(_jwk(settings.token_key)),
        opening=opening,
        inboxes=inboxes,
        actor=_secret(settings.actor_key),
        partnership=tuple(map(_secret, settings.partnership_keys)),
        registrar=VerifyKey.from_jwk(_jwk(settings.registrar)),
    )


def _jwk(path: Path) -> JsonObject:
    return strict_json.load_object(path.read_bytes())


def _secret(path: Path) -> bytes:
    raw = path.read_bytes()
    if len(raw) < MIN_SECRET:
        raise ValueError(f"a secret key file holds at least {MIN_SECRET} bytes")
    return raw
