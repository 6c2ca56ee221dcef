"""Whom this node knows: the registry as far as it was read, the profiles that it names, and the policies.

What a message may be sealed to, whose signature counts and which number to ring all come from here; the chain
of registry statements is the only thing that it believes. Source: protocol section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from candour_protocol import ids, profiles
from candour_protocol.calendars import Opening, opening
from candour_protocol.codes import AgencyKind
from candour_protocol.errors import CandourError, MalformedError, UnauthenticError
from candour_protocol.ids import GATEWAY, Address, AgencyId, PolicyId, parse_address
from candour_protocol.keys import SealKey, VerifyKey
from candour_protocol.policy import Policy, load_policy
from candour_protocol.profiles import Profile
from candour_protocol.registry import Registry
from candour_protocol.statement import Statement, parse

from candour_agency.faults import CallError, Code, Place


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a message reaches, and the number to ring about it."""

    address: Address
    name: str
    kind: str
    phone: str | None
    phone_24h: str | None
    cover: str | None


@dataclass(slots=True)
class Directory:
    """Changes only by ``learn`` and ``take_document``, on the loop."""

    agency: AgencyId
    registry: Registry
    policy: Policy
    policies: dict[PolicyId, Policy] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    _profiles: dict[str, Profile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.policies[self.policy.id] = self.policy

    # -- asking ---------------------------------------------------------------------------------------

    def recipient(self, text: str, pointer: str) -> Address:
        """Where a message goes.

        Raises:
            CallError: nobody is known under this, or it is this agency itself.
        """
        try:
            address = parse_address(text.strip().lower())
        except MalformedError:
            raise _unknown(pointer, "A recipient is written agency or agency/inbox.") from None
        if address.agency == self.agency:
            raise _unknown(pointer, "This is your own agency; name another.")
        if self.registry.seal_key(address.agency, address.inbox) is None:
            raise _unknown(pointer, "Nobody is known under this recipient. See /v1/agencies of the gateway.")
        return address

    def is_member(self, agency: AgencyId) -> bool:
        """Whether an agency takes part."""
        return bool(self.registry.keys_of(agency))

    def seal_to(self, address: Address) -> SealKey | None:
        """The key that a message to this inbox is sealed to now."""
        key = self.registry.seal_key(address.agency, address.inbox)
        return key.public if key is not None and isinstance(key.public, SealKey) else None

    def sign_key(self, statement: Statement, index: int, at: datetime) -> VerifyKey:
        """The issuer's key for the statement of log entry ``index``.

        Raises:
            UnauthenticError: ``unknown-kid`` (perhaps not read yet), or ``key``: not valid at that index.
        """
        key = self.registry.issuer_key(statement.claims.iss, statement.kid)
        if key is None:
            raise UnauthenticError("unknown-kid", "no sign key of this issuer under this kid is known")
        if not self.registry.trusted_at(key, index, at):
            raise UnauthenticError("key", "the key was not valid when this was logged")
        return key.verify_key

    def profile(self, agency: AgencyId) -> Profile | None:
        """What an agency says of itself; the gateway, whose documents are policies, says nothing."""
        digest = self.registry.profile_digest(agency) if agency != GATEWAY else None
        if digest is None or digest not in self.documents:
            return None
        if digest not in self._profiles:
            self._profiles[digest] = profiles.parse(self.documents[digest])
        return self._profiles[digest]

    def inboxes(self, agency: AgencyId) -> tuple[str, ...]:
        """The names of an agency's inboxes; the two that every agency has come first."""
        profile = self.profile(agency)
        named = [one.name for one in profile.inboxes] if profile else []
        return tuple(dict.fromkeys((ids.GENERAL, ids.RESTRICTED, *named)))

    def is_lado(self, agency: AgencyId) -> bool:
        """Whether it is a designated officer, whose ordinary work allegations against staff are."""
        profile = self.profile(agency)
        return profile is not None and profile.kind is AgencyKind.LADO

    def opening(self, agency: AgencyId, inbox: str) -> Opening | None:
        """When an agency reads one of its inboxes, once its profile was read."""
        profile = self.profile(agency)
        return opening(profile, inbox) if profile else None

    def contact(self, address: Address) -> Contact:
        """Name and numbers of a recipient; the id alone where its profile was not read yet."""
        profile = self.profile(address.agency)
        if profile is None:
            return Contact(address, address.agency, "", None, None, None)
        inbox = profile.inbox(address.inbox)
        return Contact(
            address,
            profile.name,
            str(profile.kind),
            profile.phone_of(address.inbox),
            profile.phone_24h_of(address.inbox),
            inbox.cover if inbox else None,
        )

    def missing(self) -> tuple[tuple[str, str], ...]:
        """Documents that the registry names and that are not here: (kind, SHA-256)."""
        named = [("profile", self.registry.profile_digest(agency)) for agency in self.registry.agencies]
        named += [("policy", digest) for digest in self.registry.policy_digests]
        return tuple((kind, digest) for kind, digest in named if digest and digest not in self.documents)

    # -- learning -------------------------------------------------------------------------------------

    def learn(self, jwt: str, index: int, at: datetime) -> bool:
        """Take in a registry fact; ``False`` when the chain does not allow it, or it was taken in before."""
        if index <= self.registry.last_index:
            return False
        try:
            self.registry.apply(parse(jwt), index, at)
        except CandourError:
            return False
        return True

    def take_document(self, kind: str, sha256: str, raw: bytes) -> bool:
        """Take in a document; ``False`` when its bytes are not those named, or cannot be read."""
        if ids.sha256_text(raw) != sha256:
            return False
        try:
            if kind == "policy":
                self.policies[PolicyId(sha256)] = load_policy(raw)
            else:
                self._profiles[sha256] = profiles.parse(raw)
        except CandourError:
            return False
        self.documents[sha256] = raw
        return True

    def take_documents(self, kept: Mapping[str, bytes]) -> None:
        """Take in what was kept from an earlier run, without reading it yet; policies are read now."""
        for digest in self.registry.policy_digests:
            if digest in kept:
                self.take_document("policy", digest, kept[digest])
        self.documents.update(kept)


def _unknown(pointer: str, detail: str) -> CallError:
    return CallError(Code.UNKNOWN_RECIPIENT, detail, places=[Place(pointer, detail)])
