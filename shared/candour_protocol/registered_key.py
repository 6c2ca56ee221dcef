"""A registered key and its life: when it was valid, and whether what it signed is still believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from candour_protocol.ids import AgencyId, Kid
from candour_protocol.keys import SealKey, VerifyKey
from candour_protocol.registry_facts import Event, KeyEnded, KeyUse
from candour_protocol.strict_json import JsonObject

SEAL_GRACE: Final = timedelta(days=7)
"""How long after its retirement something may still arrive sealed to a key."""


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key and its life.

    ``added``, ``retired``, ``revoked`` are log indexes; ``added_at`` and ``retired_at`` those entries' times.
    ``compromised_since`` is in Unix seconds: what the key signed in an entry whose ``t`` is at or after it is
    not trusted any more. ``added_by`` is the kid that signed the fact which added it.
    """

    public: VerifyKey | SealKey
    agency: AgencyId
    use: KeyUse
    inbox: str | None
    added: int
    added_at: datetime
    added_by: Kid
    retired: int | None = None
    retired_at: datetime | None = None
    revoked: int | None = None
    compromised_since: int | None = None

    @property
    def kid(self) -> Kid:
        """The RFC 7638 thumbprint."""
        return self.public.kid

    @property
    def jwk(self) -> JsonObject:
        """The public JWK."""
        return self.public.jwk

    @property
    def verify_key(self) -> VerifyKey:
        """The public half of a sign or client key; a seal key has none, and asking for it is a bug."""
        if not isinstance(self.public, VerifyKey):
            raise TypeError("a seal key verifies nothing")
        return self.public

    @property
    def ended(self) -> int | None:
        """The log index from which it is no longer valid; ``None`` while it is."""
        ends = [index for index in (self.retired, self.revoked) if index is not None]
        return min(ends, default=None)

    def valid_at(self, index: int) -> bool:
        """Whether it was valid for entry ``index``: from that of its own fact until that of its end."""
        return self.added <= index and (self.ended is None or index < self.ended)

    def doubted_at(self, at: datetime) -> bool:
        """Whether what it signed in an entry of time ``at`` is not trusted any more."""
        return self.compromised_since is not None and at.timestamp() >= self.compromised_since

    def opens_at(self, at: datetime) -> bool:
        """Whether what is sealed to it may be admitted at ``at``: until 7 days after it was retired."""
        return self.revoked is None and (self.retired_at is None or at - self.retired_at <= SEAL_GRACE)

    def can_end_by(self, fact: KeyEnded) -> bool:
        """A retired key can still be revoked, and a revoked one only found compromised from earlier on."""
        if fact.event is Event.KEY_RETIRE:
            return self.ended is None
        if self.revoked is None:
            return True
        since = fact.compromised_since
        return since is not None and (self.compromised_since is None or since < self.compromised_since)
