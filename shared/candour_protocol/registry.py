"""Who may say what in a partnership: a pure fold over the registry statements of the log, in log order.

A node trusts a key by this chain and by nothing else; its one root is the registrar's public key. Who speaks:

    =====================  ==========================================================================
    fact                   signed by
    =====================  ==========================================================================
    admit, policy,         the registrar
    any about the gateway
    key-revoke             the agency's current sign key, or the registrar at any time; that a sign key was
                           compromised, only the registrar: a thief could cast doubt on honest statements
    key-add, key-retire,   the agency's current sign key; only the registrar once no sign key is current,
    profile                or after a compromise until the registrar has added a new sign key
    =====================  ==========================================================================

A key's bytes are registered once, for one agency and one use. Source: protocol section 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from candour_protocol.errors import RegistryError, UnauthenticError
from candour_protocol.ids import GATEWAY, REGISTRAR, AgencyId, Kid, StatementHash
from candour_protocol.keys import VerifyKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.registered_key import RegisteredKey
from candour_protocol.registry_facts import DocumentSet, Event, Fact, KeyAdded, KeyEnded, KeyUse, read_fact
from candour_protocol.statement import Statement, authenticate

__all__ = ["RecordedFact", "RegisteredKey", "Registry"]


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """A fact that the chain allowed, and where it stands. ``signed_by`` is an agency or the registrar."""

    index: int
    at: datetime
    hash: StatementHash
    signed_by: AgencyId
    kid: Kid
    fact: Fact

    @property
    def digest(self) -> str | None:
        """The profile or policy that it set, where it did."""
        return self.fact.digest if isinstance(self.fact, DocumentSet) else None


class Registry:
    """The state after the registry statements applied so far.

    ``apply`` judges before it changes anything, so a fact that fails leaves no trace; ``copy`` is cheap, for
    trying facts in a transaction that may not commit.
    """

    def __init__(self, registrar: VerifyKey, net: str) -> None:
        self.net = net
        self._registrar = RegisteredKey(
            registrar, REGISTRAR, KeyUse.SIGN, None, 0, datetime.fromtimestamp(0, UTC), registrar.kid
        )
        self._keys: dict[Kid, RegisteredKey] = {}
        self._kids: dict[AgencyId, tuple[Kid, ...]] = {}
        self._about: dict[AgencyId, tuple[RecordedFact, ...]] = {}
        self._awaiting: frozenset[AgencyId] = frozenset()  # compromised; no sign key from the registrar since
        self._last: RecordedFact | None = None

    def copy(self) -> Registry:
        """An independent registry in the same state."""
        twin = Registry(self._registrar.verify_key, self.net)
        twin._keys = dict(self._keys)
        twin._kids = dict(self._kids)
        twin._about = dict(self._about)
        twin._awaiting = self._awaiting
        twin._last = self._last
        return twin

    # -- what is known ------------------------------------------------------------------------------

    @property
    def last_index(self) -> int:
        """The log index of the last fact applied; −1 before the first."""
        return self._last.index if self._last else -1

    @property
    def agencies(self) -> tuple[AgencyId, ...]:
        """The agencies admitted, in that order, without the gateway."""
        return tuple(agency for agency in self._about if agency != GATEWAY)

    @property
    def policies(self) -> tuple[RecordedFact, ...]:
        """The facts that adopted a policy, in that order; the last one's is current."""
        return tuple(recorded for recorded in self.facts_about(GATEWAY) if recorded.digest)

    @property
    def policy_digests(self) -> tuple[str, ...]:
        """The ids of the policies adopted, in that order; the last one is current."""
        return tuple(recorded.digest for recorded in self.policies if recorded.digest)

    def profile_digest(self, agency: AgencyId) -> str | None:
        """The agency's profile: the latest that no compromised key set."""
        set_by_trusted = (
            recorded.digest
            for recorded in reversed(self.facts_about(agency))
            if recorded.digest and not self._signer_of(recorded).doubted_at(recorded.at)
        )
        return next(set_by_trusted, None)

    def facts_about(self, agency: AgencyId) -> tuple[RecordedFact, ...]:
        """Everything said about an agency; its node alarms on what it finds here and did not make itself."""
        return self._about.get(agency, ())

    def keys_of(self, agency: AgencyId) -> tuple[RegisteredKey, ...]:
        """Every key that it ever had, in the order of registration."""
        return tuple(self._keys[kid] for kid in self._kids.get(agency, ()))

    def issuer_key(self, iss: str, kid: str) -> RegisteredKey | None:
        """This issuer's sign key under this kid, whether or not it is still valid; the registrar's too."""
        key = self._registrar if iss == REGISTRAR else self._keys.get(Kid(kid))
        if key is None or (key.agency, key.kid, key.use) != (iss, kid, KeyUse.SIGN):
            return None
        return key

    def client_key(self, kid: str) -> RegisteredKey | None:
        """The client key under this kid, while it is valid."""
        key = self._keys.get(Kid(kid))
        return key if key and key.use is KeyUse.CLIENT and key.ended is None else None

    def find_client_key(self, agency: str, kid: str) -> VerifyKey | None:
        """The agency's client key under this kid, while it is valid: what ``verify_agency_token`` asks."""
        key = self.client_key(kid)
        return key.verify_key if key and key.agency == agency else None

    def seal_key(self, agency: AgencyId, inbox: str) -> RegisteredKey | None:
        """The key to seal to now: the newest of the inbox that is valid."""
        keys = [key for key in self.keys_of(agency) if key.inbox == inbox and key.ended is None]
        return keys[-1] if keys else None

    def seal_kid_ok(self, agency: str, inbox: str, kid: str, at: datetime) -> bool:
        """Whether something sealed to this key may be admitted in an entry of time ``at``.

        A retired key is accepted until 7 days after the time of the entry that retired it, a revoked one
        never.
        """
        key = self._keys.get(Kid(kid))
        if key is None or (key.agency, key.inbox, key.use) != (agency, inbox, KeyUse.SEAL):
            return False
        return key.opens_at(at)

    def valid_at(self, key: RegisteredKey, index: int) -> bool:
        """Whether the key was valid for entry ``index``: from that of its own fact until that of its end.

        A function of indexes only, so that every verdict replays alike whenever it is asked. A compromise
        found out later does not change what was valid then: that is ``trusted_at``.
        """
        return key.valid_at(index)

    def trusted_at(self, key: RegisteredKey, index: int, at: datetime) -> bool:
        """Whether what the key signed in entry ``index``, of time ``at``, is still believed today."""
        return key.valid_at(index) and not key.doubted_at(at)

    def speaks_for_itself(self, agency: AgencyId) -> bool:
        """Whether the agency's own key signs its next facts; otherwise only the registrar's does."""
        current = any(key.use is KeyUse.SIGN and key.ended is None for key in self.keys_of(agency))
        return current and agency not in self._awaiting

    # -- what happens -------------------------------------------------------------------------------

    def apply(self, statement: Statement, index: int, at: datetime) -> RecordedFact:
        """Take in the registry statement of entry ``index``, whose time ``t`` is ``at``.

        Only statements that passed are facts: a refused one is in the log too, and does not come here.

        Raises:
            UnauthenticError: ``unknown-kid`` or ``signature``: the issuer named did not make it.
            RegistryError: the issuer did, and the chain does not allow it: ``key`` (no longer valid),
                ``not-allowed`` (somebody else's to say), ``fact``, ``weak-key``, ``order``, ``kid-taken`` …
        """
        self._check_place(statement, index, at)
        self._authenticate(statement, index)
        fact = read_fact(statement.claims.facts)
        self._check_speaker(fact, statement.claims.iss)
        self._check_event(fact, statement.claims.iss, at)
        self._check_fresh(fact, statement.hash)
        recorded = RecordedFact(
            index, at, statement.hash, AgencyId(statement.claims.iss), statement.kid, fact
        )
        self._record(recorded)
        return recorded

    def _check_place(self, statement: Statement, index: int, at: datetime) -> None:
        claims = statement.claims
        if (claims.kind, claims.aud) != (Kind.REGISTRY, GATEWAY):
            raise RegistryError("form", "not a registry statement to the gateway")
        if claims.net != self.net:
            raise RegistryError("net", "a fact of another partnership", pointer="/net")
        in_order = index == 0 if self._last is None else index > self._last.index and at >= self._last.at
        if not in_order:
            raise RegistryError("order", "registry facts are read in log order")

    def _authenticate(self, statement: Statement, index: int) -> None:
        key = self.issuer_key(statement.claims.iss, statement.kid)
        if key is None:
            raise UnauthenticError("unknown-kid", "no sign key of this issuer under this kid")
        authenticate(statement, key.verify_key)
        if not self.valid_at(key, index):
            raise RegistryError("key", "the key was retired or revoked before this")

    def _check_speaker(self, fact: Fact, iss: str) -> None:
        if self._last is None and (fact.event, fact.agency) != (Event.ADMIT, GATEWAY):
            raise RegistryError("order", "the first entry admits the gateway")
        if not self._may_speak(fact, iss):
            raise RegistryError("not-allowed", "this issuer may not say this about this agency")

    def _may_speak(self, fact: Fact, iss: str) -> bool:
        if fact.agency == GATEWAY or fact.event in (Event.ADMIT, Event.POLICY):
            return iss == REGISTRAR
        if iss == REGISTRAR:
            return fact.event is Event.KEY_REVOKE or not self.speaks_for_itself(fact.agency)
        return iss == fact.agency and self.speaks_for_itself(fact.agency)

    def _check_event(self, fact: Fact, iss: str, at: datetime) -> None:
        known = fact.agency in self._about
        if known == (fact.event is Event.ADMIT):
            raise RegistryError(
                "admitted", "admitted already" if known else "not admitted yet", pointer="/agency"
            )
        match fact:
            case KeyAdded():
                self._check_new_key(fact)
            case KeyEnded():
                self._check_end(fact, iss, at)
            case DocumentSet():
                _check_document(fact)

    def _check_fresh(self, fact: Fact, name: StatementHash) -> None:
        """An old profile or policy said again would bring back an old telephone number or rule."""
        if any(recorded.hash == name for recorded in self.facts_about(fact.agency)):
            raise RegistryError("replay", "this statement was taken in before")

    def _check_new_key(self, fact: KeyAdded) -> None:
        if fact.key.kid in self._keys or fact.key.kid == self._registrar.kid:
            raise RegistryError(
                "kid-taken", "a key is registered once, for one agency and one use", pointer="/jwk"
            )
        if fact.event is Event.ADMIT and fact.use is not KeyUse.SIGN:
            raise RegistryError("fact", "an admission brings a sign key", pointer="/use")
        if fact.agency == GATEWAY and fact.use is not KeyUse.SIGN:
            raise RegistryError(
                "fact", "the gateway signs; it opens nothing and calls nobody", pointer="/use"
            )

    def _check_end(self, fact: KeyEnded, iss: str, at: datetime) -> None:
        key = self._keys.get(fact.key.kid)
        if key is None or key.agency != fact.agency:
            raise RegistryError("unknown-key", "not a key of this agency", pointer="/jwk")
        if fact.compromised_since is not None:
            _check_compromise(key.use, fact.compromised_since, iss, at)
        if not key.can_end_by(fact):
            raise RegistryError("ended", "the key was ended already", pointer="/jwk")

    def _record(self, recorded: RecordedFact) -> None:
        """The only place where state changes; nothing here can fail."""
        fact = recorded.fact
        self._last = recorded
        self._about[fact.agency] = (*self.facts_about(fact.agency), recorded)
        match fact:
            case KeyAdded():
                self._add_key(fact, recorded)
            case KeyEnded(event=Event.KEY_RETIRE):
                retired = replace(self._keys[fact.key.kid], retired=recorded.index, retired_at=recorded.at)
                self._keys[fact.key.kid] = retired
            case KeyEnded():
                self._revoke(fact, recorded.index)
            case DocumentSet():
                pass  # the fact itself is what is asked for later

    def _add_key(self, fact: KeyAdded, recorded: RecordedFact) -> None:
        self._keys[fact.key.kid] = RegisteredKey(
            fact.key, fact.agency, fact.use, fact.inbox, recorded.index, recorded.at, recorded.kid
        )
        self._kids[fact.agency] = (*self._kids.get(fact.agency, ()), fact.key.kid)
        if fact.use is KeyUse.SIGN and recorded.signed_by == REGISTRAR:
            self._awaiting -= {fact.agency}

    def _revoke(self, fact: KeyEnded, index: int) -> None:
        key = self._end(self._keys[fact.key.kid], index, fact.compromised_since)
        if fact.compromised_since is None or key.use is not KeyUse.SIGN or key.revoked is None:
            return
        if not self._vouched_for_since(key.revoked, key.agency):
            self._awaiting |= {key.agency}

    def _end(self, key: RegisteredKey, index: int, since: int | None) -> RegisteredKey:
        """End a key; and, where it was compromised, every key that it vouched for since then, and so on.

        What a compromised key ended stays ended: the agency loses the use of it, and nobody gains any.
        """
        times = [time for time in (since, key.compromised_since) if time is not None]
        revoked = index if key.revoked is None else key.revoked
        ended = replace(key, revoked=revoked, compromised_since=min(times, default=None))
        self._keys[key.kid] = ended
        if since is None:
            return ended
        for other in self.keys_of(key.agency):
            if other.added_by == key.kid and other.added_at.timestamp() >= since:
                self._end(other, index, int(other.added_at.timestamp()))
        return ended

    def _vouched_for_since(self, index: int, agency: AgencyId) -> bool:
        """Whether the registrar has given the agency a sign key, still valid, after this entry."""
        return any(
            key.use is KeyUse.SIGN
            and key.ended is None
            and key.added > index
            and key.added_by == self._registrar.kid
            for key in self.keys_of(agency)
        )

    def _signer_of(self, recorded: RecordedFact) -> RegisteredKey:
        return self._keys.get(recorded.kid, self._registrar)


def _check_compromise(use: KeyUse, since: int, iss: str, at: datetime) -> None:
    if use is KeyUse.SIGN and iss != REGISTRAR:
        raise RegistryError("not-allowed", "only the registrar says that a sign key was compromised")
    if since > at.timestamp():
        raise RegistryError("fact", "a compromise in the future", pointer="/compromised_since")


def _check_document(fact: DocumentSet) -> None:
    if (fact.event is Event.POLICY) != (fact.agency == GATEWAY):
        raise RegistryError("fact", "the gateway has the policy, agencies have profiles", pointer="/agency")
