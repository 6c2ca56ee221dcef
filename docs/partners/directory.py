"""Whom this agency knows: the registry's facts, proven by the log and by the registrar's key.

The gateway's REST interface only brings them. What counts is that each fact is in the log and that the chain
of signatures allows it; so a gateway cannot slip in a key.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from candour_protocol import ids, profiles
from candour_protocol.errors import CandourError, RegistryError, UnauthenticError
from candour_protocol.ids import Address, AgencyId, PolicyId
from candour_protocol.keys import SealKey, VerifyKey
from candour_protocol.kinds import Kind
from candour_protocol.policy import Policy, load_policy
from candour_protocol.profiles import Profile
from candour_protocol.receipt import VerifiedReceipt
from candour_protocol.registry import Registry
from candour_protocol.statement import Statement, parse

from book import Book
from office import Office, now
from proof import prove

if TYPE_CHECKING:
    from candour_protocol.client import GatewayClient

_READ = "entries"  # how far the log was read, in the book


class Directory:
    """The registry as far as it was read, and the documents that it names."""

    def __init__(self, office: Office, book: Book) -> None:
        self._office = office
        self._book = book
        self.policy = load_policy(office.policy)
        self.registry = Registry(office.registrar, office.net)
        for index, t, jwt in book.facts():
            self.registry.apply(parse(jwt), index, _moment(t))

    # -- reading --------------------------------------------------------------------------------------

    async def refresh(self, gateway: GatewayClient) -> None:
        """Read the log's entries that concern everybody, or this agency, to their end.

        Raises:
            ClientError: the gateway cannot be read now.
            ProofError: what it gave is not in the log.
        """
        async for item in gateway.every_entry(self._book.read_to(_READ)):
            registry = self.registry.copy()
            with self._book.writing():
                self._learn(registry, prove(self._office, self._book, item.receipt))
            self.registry = registry
        await self._fetch_documents(gateway)
        self._alarm()

    def _learn(self, registry: Registry, proven: VerifiedReceipt) -> None:
        entry = proven.entry
        statement = parse(entry.jwt)
        if statement.claims.kind is Kind.REGISTRY:
            if entry.verdict == "passed" and _apply(registry, statement, proven):
                self._book.keep_fact(proven.index, entry.t_ms, entry.jwt)
        elif statement.claims.iss == self._office.agency and self._book.by_hash(statement.hash) is None:
            self._note("own-statement-unknown", statement.hash)
        self._book.note_read(_READ, proven.index)

    async def _fetch_documents(self, gateway: GatewayClient) -> None:
        """Policies and profiles, by their SHA-256, which the client checks."""
        for digest in self.registry.policy_digests:
            if self._book.document(digest) is None:
                self._book.keep_document(digest, await gateway.policy(digest))
        for named in map(self.registry.profile_digest, self.registry.agencies):
            if named and self._book.document(named) is None:
                self._book.keep_document(named, await gateway.profile(named))

    def _alarm(self) -> None:
        """A valid key of this agency that it does not hold: somebody may speak in its name."""
        keys = self.registry.keys_of(self._office.agency)
        for strange in {key.kid for key in keys if key.ended is None} - self._office.own_kids:
            self._note("strange-key", strange)

    def _note(self, code: str, digest: str) -> None:
        self._book.incident(code, digest, int(now().timestamp() * 1000))

    # -- asking ---------------------------------------------------------------------------------------

    def seal_to(self, address: Address) -> SealKey | None:
        """The key to seal to now."""
        key = self.registry.seal_key(address.agency, address.inbox)
        return key.public if key and isinstance(key.public, SealKey) else None

    def sign_key(self, statement: Statement, proven: VerifiedReceipt) -> VerifyKey:
        """The issuer's key for a logged statement.

        Raises:
            UnauthenticError: ``unknown-kid`` (perhaps not read yet) or ``key``: not valid at that index.
        """
        key = self.registry.issuer_key(statement.claims.iss, statement.kid)
        if key is None:
            raise UnauthenticError("unknown-kid", "no sign key of this issuer under this kid is known")
        if not self.registry.trusted_at(key, proven.index, proven.entry.moment):
            raise UnauthenticError("key", "the key was not valid when this was logged")
        return key.verify_key

    def rule_set(self, digest: str) -> Policy | None:
        """A policy by its id, if it is here."""
        if digest == self.policy.id:
            return self.policy
        raw = self._book.document(PolicyId(digest))
        return load_policy(raw) if raw is not None else None

    def phone(self, agency: AgencyId, inbox: str) -> str | None:
        """The number to ring; this exchange never replaces the call."""
        profile = self.profile(agency)
        return profile.phone_of(inbox) if profile else None

    def profile(self, agency: AgencyId) -> Profile | None:
        """What an agency says of itself: its hours, and who covers for it."""
        digest = self.registry.profile_digest(agency)
        raw = self._book.document(digest) if digest else None
        if raw is None or ids.sha256_text(raw) != digest:
            return None
        try:
            return profiles.parse(raw)
        except CandourError:
            return None


def _apply(registry: Registry, statement: Statement, proven: VerifiedReceipt) -> bool:
    try:
        registry.apply(statement, proven.index, proven.entry.moment)
    except (RegistryError, UnauthenticError):
        return False  # logged, and no fact: the chain does not allow it
    return True


def _moment(t: int) -> datetime:
    return datetime.fromtimestamp(t / 1000, UTC)
