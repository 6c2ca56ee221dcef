"""Who is in the partnership, by the registry in the log and the profiles that it names."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta

from candour_protocol.calendars import Opening, opening
from candour_protocol.codes import AgencyKind
from candour_protocol.ids import AgencyId, Kid, PolicyId
from candour_protocol.policy import Policy
from candour_protocol.profiles import Profile, parse
from candour_protocol.registry import Registry
from candour_protocol.registry_facts import KeyUse
from candour_protocol.statement import Statement


class Directory:
    """The registry, and each agency's profile. Documents are the bytes by their SHA-256.

    ``apply`` changes it; work on a ``copy`` within a transaction, and adopt that once it is committed.
    """

    def __init__(self, registry: Registry, documents: Mapping[str, bytes]) -> None:
        self.registry = registry
        self._documents = dict(documents)
        self._profiles: dict[AgencyId, Profile | None] = {}
        self._read_profiles()

    def copy(self) -> Directory:
        """An independent directory in the same state."""
        return Directory(self.registry.copy(), self._documents)

    def apply(self, statement: Statement, index: int, at: datetime) -> None:
        """Take in a registry statement.

        Raises:
            UnauthenticError, RegistryError: as ``Registry.apply`` does; then nothing has changed.
        """
        self.registry.apply(statement, index, at)
        self._read_profiles()

    def know(self, sha256: str, document: bytes) -> None:
        """A profile's bytes, before the fact that names them."""
        self._documents[sha256] = document

    def knows(self, sha256: str) -> bool:
        """Whether these bytes are at hand."""
        return sha256 in self._documents

    @property
    def agencies(self) -> tuple[AgencyId, ...]:
        """Those admitted, in that order."""
        return tuple(self._profiles)

    def is_member(self, agency: str) -> bool:
        """Whether it was admitted."""
        return agency in self._profiles

    def profile(self, agency: AgencyId) -> Profile | None:
        """Its profile, once it has one."""
        return self._profiles.get(agency)

    def kind_of(self, agency: AgencyId) -> AgencyKind | None:
        """What kind of body it is; only R08 may ask."""
        profile = self.profile(agency)
        return profile.kind if profile else None

    def opening(self, agency: AgencyId, inbox: str) -> Opening | None:
        """When one of its inboxes is read, once it has a profile."""
        profile = self.profile(agency)
        return opening(profile, inbox) if profile else None

    def has_phone(self, agency: AgencyId) -> bool:
        """Whether the directory knows a number to call it back on (R07)."""
        profile = self.profile(agency)
        return profile is not None and any(profile.phone_of(inbox.name) for inbox in profile.inboxes)

    def may_seal_to(self, agency: AgencyId, inbox: str | None, kid: Kid, at: datetime) -> bool:
        """Whether a sealed part for this inbox (any, if none is given) may be sealed to this key."""
        for key in self.registry.keys_of(agency):
            if key.kid == kid and key.use is KeyUse.SEAL and key.inbox is not None:
                wanted = inbox or key.inbox
                return self.registry.seal_kid_ok(agency, wanted, kid, at)
        return False

    def admitted_before(self, current: Policy, at: datetime) -> tuple[PolicyId, ...]:
        """The policy before the current one, while the two overlap. Source: protocol section 4."""
        adopted = [each for each in self.registry.policies if each.digest != current.id]
        since = [each.at for each in self.registry.policies if each.digest == current.id]
        if not adopted or not since or at - since[0] > timedelta(days=current.retention.policy_overlap_days):
            return ()
        return (PolicyId(adopted[-1].digest or ""),)

    def _read_profiles(self) -> None:
        self._profiles = {agency: self._profile(agency) for agency in self.registry.agencies}

    def _profile(self, agency: AgencyId) -> Profile | None:
        document = self._documents.get(self.registry.profile_digest(agency) or "")
        return _parsed(document) if document is not None else None


_parsed = functools.lru_cache(maxsize=4096)(parse)
