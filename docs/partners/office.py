"""Who this agency is: ``partner.json``, the keys that it alone holds, and the one key that it trusts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from candour_protocol.actors import actor_token
from candour_protocol.ids import ActorToken, AgencyId, Kid, Txn, parse_agency
from candour_protocol.keys import OpeningKey, SigningKey, VerifyKey
from candour_protocol.note import Verifier


@dataclass(frozen=True, slots=True)
class Office:
    """One agency in one partnership.

    Attributes:
        amqp: ``amqps://user:password@host:port/vhost``; the user is the agency's id.
        opening: seal keys, those retired in the last 30 days included.
        inboxes: which inbox each of them belongs to.
        actor_key: makes tokens of members of staff; it never leaves the agency.
        partnership: the keys of child tokens, the current one first.
        log: the key that signs checkpoints. Together with ``registrar`` it is what everything is proven by.
        policy: the rule set's bytes.
    """

    net: str
    agency: AgencyId
    amqp: str
    gateway_url: str
    sign: SigningKey
    client: SigningKey
    opening: Mapping[Kid, OpeningKey]
    inboxes: Mapping[Kid, str]
    actor_key: bytes
    partnership: tuple[bytes, ...]
    log: Verifier
    origin: str
    registrar: VerifyKey
    policy: bytes

    def actor(self, txn: Txn, staff_id: str | None) -> ActorToken | None:
        """The pseudonym of a member of staff, which is another in every thread."""
        return actor_token(self.actor_key, txn, staff_id) if staff_id else None

    @property
    def own_kids(self) -> frozenset[Kid]:
        """Every key that may be registered in this agency's name."""
        return frozenset({self.sign.public.kid, self.client.public.kid, *self.opening})


def now() -> datetime:
    """This machine's clock; keep it right to a few seconds, or your statements are refused as ``clock``."""
    return datetime.now(UTC)


def read_office(file: Path) -> Office:
    """Read ``partner.json``; paths in it that are not absolute begin where it lies.

    Raises:
        MalformedError: a file is not the key that it must be.
        OSError: a file cannot be read.
    """
    given, folder = json.loads(file.read_text()), file.parent
    keys = given["keys"]
    seal = [
        (inbox, _opening(folder / path)) for inbox, paths in keys["seal"].items() for path in _each(paths)
    ]
    return Office(
        net=given["net"],
        agency=parse_agency(given["agency"]),
        amqp=given["amqp"],
        gateway_url=given["gateway"]["url"],
        sign=SigningKey.from_jwk(_jwk(folder / keys["sign"])),
        client=SigningKey.from_jwk(_jwk(folder / keys["client"])),
        opening={key.public.kid: key for _, key in seal},
        inboxes={key.public.kid: inbox for inbox, key in seal},
        actor_key=(folder / keys["actor"]).read_bytes(),
        partnership=tuple((folder / path).read_bytes() for path in given["partnership_keys"]),
        log=Verifier.from_vkey(given["log"]["vkey"]),
        origin=given["log"]["origin"],
        registrar=VerifyKey.from_jwk(_jwk(folder / given["registrar"])),
        policy=(folder / given["policy"]).read_bytes(),
    )


def _each(paths: str | list[str]) -> list[str]:
    """An inbox has one key; and for 30 days after another took its place, the one before it."""
    return [paths] if isinstance(paths, str) else paths


def _opening(path: Path) -> OpeningKey:
    return OpeningKey.from_jwk(_jwk(path))


def _jwk(path: Path) -> dict[str, object]:
    jwk: dict[str, object] = json.loads(path.read_text())
    return jwk
