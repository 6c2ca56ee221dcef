"""Opening a proven statement and checking again what its sender attests. Nothing is stored or refused.

What is found goes back to the sender in the ``delivery``: ``sound``; ``thin``, where the facts say nothing;
``mismatch``, where its parts do not fit together; ``unreadable``, where it is sealed to no key held here.
Source: protocol sections 3, 3.1 and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from candour_protocol import adults, rules
from candour_protocol.children import recomputes, tokens_in
from candour_protocol.disclosures import Disclosure
from candour_protocol.errors import CandourError, MismatchError, UnreadableError
from candour_protocol.ids import GENERAL, RESTRICTED, Kid, PolicyId
from candour_protocol.keys import OpeningKey
from candour_protocol.kinds import ConcernCodes, ConcernContent, Kind, RequestCodes, parse_codes
from candour_protocol.matters import open_original, read_matter
from candour_protocol.policy import Policy
from candour_protocol.registry import Registry
from candour_protocol.sealing import unseal
from candour_protocol.statement import Body, Statement, authenticate, match, parse
from candour_protocol.strict_json import JsonObject

SOUND, THIN, MISMATCH, UNREADABLE = "sound", "thin", "mismatch", "unreadable"


class Cited(Protocol):
    """A concern that a request cites, or a reply that added to one, as its recipient keeps it."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    @property
    def codes(self) -> JsonObject | None:
        """T1."""

    @property
    def content(self) -> JsonObject | None:
        """T2; ``None`` where it could not be opened."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found.

    Attributes:
        codes: T1; ``None`` where it cannot be read.
        content: T2; ``None`` where it cannot be opened. What does not fit is shown all the same.
        disclosures: the T2 disclosures as they came, for a relay.
        rules: what the rules found again, in the form of ``checks``; empty without the sender's rule set.
    """

    opened: str
    inbox: str
    codes: JsonObject | None = None
    content: JsonObject | None = None
    disclosures: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opener:
    """What one agency opens statements with.

    Attributes:
        keys: its seal keys, those retired in the last 30 days included.
        inboxes: which inbox each of them belongs to.
        partnership: the keys of child tokens, the current one first.
        rule_set: a policy by its id; ``None`` where it is not here.
    """

    net: str
    keys: Mapping[Kid, OpeningKey]
    inboxes: Mapping[Kid, str]
    partnership: Sequence[bytes]
    registry: Registry
    rule_set: Callable[[PolicyId], Policy | None]

    def open(self, statement: Statement, body: Body, cited: Sequence[Cited]) -> Opened:
        """Open a statement.

        Args:
            cited: of a request, the concerns that it cites, and what their authors had added to them by
                replies when it was logged, as they are kept here.

        Raises:
            CourierError: what came is not what was signed; its author did not send it.
        """
        codes = _codes(statement, body)
        inbox = self._inbox(statement, codes)
        try:
            disclosed = unseal(statement, body, self.keys)
        except UnreadableError:
            return Opened(UNREADABLE, inbox, codes)
        except MismatchError:
            return Opened(MISMATCH, inbox, codes)
        content: JsonObject = {one.name: one.value for one in disclosed}
        found, checks = self._judge(statement, codes, content, cited)
        return Opened(found, inbox, codes, content, _texts(disclosed), checks)

    def _inbox(self, statement: Statement, codes: JsonObject | None) -> str:
        """The inbox addressed; where T1 and the key differ, the one that fewer people read."""
        stated = (codes or {}).get("inbox")
        sealed = statement.claims.sealed
        named = {stated, self.inboxes.get(sealed.kid) if sealed else None} - {None}
        if RESTRICTED in named:
            return RESTRICTED
        return str(min(named, key=str)) if named else GENERAL

    def _judge(
        self,
        statement: Statement,
        codes: JsonObject | None,
        content: JsonObject,
        cited: Sequence[Cited],
    ) -> tuple[str, Mapping[str, str]]:
        if codes is None:
            return MISMATCH, {}
        try:
            matter = read_matter(statement.claims.kind, codes, content)
            self._check_original(matter)
            told = [read_matter(one.kind, one.codes or {}, one.content or {}) for one in cited]
        except CandourError:
            return MISMATCH, {}
        if not self._names_its_child(matter, cited) or rules.check_subject(matter, told):
            return MISMATCH, {}
        if not adults.recomputes(matter, told, self._rule_set(matter), self.partnership):
            return MISMATCH, {}
        return self._rerun(matter, told, statement.claims.iat)

    def _check_original(self, matter: rules.Matter) -> None:
        """That a relay brings exactly what it says that it relays, signed by its originator.

        Raises:
            CandourError: it does not.
        """
        codes, content = matter.codes, matter.content
        if not isinstance(codes, ConcernCodes) or not isinstance(content, ConcernContent):
            return
        if codes.relays is None and content.original is None:
            return
        if content.original is None:
            raise MismatchError("mismatch", "a relay without its original", pointer="/original")
        original = parse(content.original.statement)
        key = self.registry.issuer_key(original.claims.iss, original.kid)
        if key is None or (original.hash, original.claims.net) != (codes.relays, self.net):
            raise MismatchError("mismatch", "the original is not what is relayed", pointer="/original")
        authenticate(original, key.verify_key)
        open_original(original, content.original)

    def _names_its_child(self, matter: rules.Matter, cited: Sequence[Cited]) -> bool:
        """Whether the tokens that the gateway reads are those of the child in the sealed part."""
        codes = matter.codes
        if not isinstance(codes, ConcernCodes | RequestCodes):
            return True
        return recomputes(
            codes.child, matter.subject, self.partnership, [tokens_in(one.codes) for one in cited]
        )

    def _rule_set(self, matter: rules.Matter) -> Policy | None:
        """That by which its sender judged it, where it is here."""
        attested: Mapping[str, str] | None = getattr(matter.codes, "checks", None)
        return self.rule_set(PolicyId(attested["ruleset"])) if attested is not None else None

    def _rerun(
        self, matter: rules.Matter, told: Sequence[rules.Matter], iat: int
    ) -> tuple[str, Mapping[str, str]]:
        """Run the sender's rule set again, and compare with what it attests."""
        attested: Mapping[str, str] | None = getattr(matter.codes, "checks", None)
        policy = self._rule_set(matter)
        if attested is None or policy is None:
            return SOUND, {}
        checks = dict(rules.check_matter(matter, told, iat, policy).checks)
        wanting = {rule for rule in rules.SUBSTANCE if checks.get(rule) == "fail"}
        differing = {
            rule for rule in checks.keys() | attested.keys() if checks.get(rule) != attested.get(rule)
        }
        if differing and not (matter.kind is Kind.REQUEST and differing <= wanting):
            return MISMATCH, checks
        # A request may rest on a reply that is still on its way here: until it comes there is nothing in it.
        thin = differing or (matter.kind is Kind.CONCERN and wanting)
        return (THIN if thin else SOUND), checks


def _codes(statement: Statement, body: Body) -> JsonObject | None:
    """T1, if it fits its kind."""
    try:
        codes = match(statement, body)
        if codes is not None:
            parse_codes(statement.claims.kind, codes)
    except MismatchError:
        return None
    return codes


def _texts(disclosed: Sequence[Disclosure]) -> tuple[str, ...]:
    """Those that say something."""
    return tuple(one.text for one in disclosed if one.value is not None)
