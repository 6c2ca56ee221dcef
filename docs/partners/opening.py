"""Opening a proven statement, and checking again what its sender attests.

What is found goes back in the ``delivery``: ``sound``; ``thin``, where the facts say nothing; ``mismatch``,
where the parts do not fit together; ``unreadable``, where it is sealed to no key held here. Nothing is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from candour_protocol import rules
from candour_protocol.children import recomputes
from candour_protocol.disclosures import open_disclosures
from candour_protocol.errors import CandourError, MismatchError, UnreadableError
from candour_protocol.ids import GENERAL
from candour_protocol.kinds import (
    ConcernCodes,
    ConcernContent,
    Kind,
    Original,
    RequestCodes,
    parse_codes,
    parse_content,
)
from candour_protocol.sealing import open_sealed
from candour_protocol.statement import Body, Statement, authenticate, match, parse
from candour_protocol.strict_json import JsonObject

from book import Message
from directory import Directory
from office import Office
from writing import matter_of, tokens_of

SOUND, THIN, MISMATCH, UNREADABLE = "sound", "thin", "mismatch", "unreadable"


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found; ``rules`` is what the rules found again, empty without the sender's rule set."""

    opened: str
    inbox: str
    codes: JsonObject | None = None
    content: JsonObject | None = None
    rules: Mapping[str, str] = field(default_factory=dict)


class Opener:
    """Opens what was proven."""

    def __init__(self, office: Office, directory: Directory) -> None:
        self._office = office
        self._directory = directory

    def open(self, statement: Statement, body: Body, cited: Sequence[Message]) -> Opened:
        """Open a statement; ``cited`` are the concerns of a request that are in the book.

        Raises:
            CourierError: what came is not what was signed; its author did not send it.
        """
        codes = _codes(statement, body)
        sealed = statement.claims.sealed
        inbox = self._office.inboxes.get(sealed.kid, GENERAL) if sealed else GENERAL
        try:
            content = open_sealed(statement, body, self._office.opening)
        except UnreadableError:
            return Opened(UNREADABLE, inbox, codes)
        except MismatchError:
            return Opened(MISMATCH, inbox, codes)
        found, again = self._judge(statement, codes, content, cited)
        return Opened(found, inbox, codes, content, again)

    def _judge(
        self, statement: Statement, codes: JsonObject | None, content: JsonObject, cited: Sequence[Message]
    ) -> tuple[str, Mapping[str, str]]:
        if codes is None:
            return MISMATCH, {}
        try:
            matter = self._with_original(matter_of(statement.claims.kind, codes, content))
            told = [matter_of(one.kind, one.codes or {}, one.content or {}) for one in cited]
        except CandourError:
            return MISMATCH, {}
        if not self._names_its_child(matter, cited) or rules.check_subject(matter, told):
            return MISMATCH, {}
        return self._rerun(matter, told, statement.claims.iat)

    def _names_its_child(self, matter: rules.Matter, cited: Sequence[Message]) -> bool:
        """Whether the tokens that the gateway reads are those of the child in the sealed part."""
        if not isinstance(matter.codes, ConcernCodes | RequestCodes):
            return True
        inherited = [tokens_of(one) for one in cited]
        return recomputes(matter.codes.child, matter.subject, self._office.partnership, inherited)

    def _rerun(
        self, matter: rules.Matter, told: Sequence[rules.Matter], iat: int
    ) -> tuple[str, Mapping[str, str]]:
        """Run the sender's own rule set again, and compare with what it attests."""
        attested: Mapping[str, str] | None = getattr(matter.codes, "checks", None)
        policy = self._directory.rule_set(attested["ruleset"]) if attested else None
        if attested is None or policy is None:
            return SOUND, {}
        again = dict(rules.check_matter(matter, told, iat, policy).checks)
        if again != dict(attested):
            return MISMATCH, again
        thin = matter.kind is Kind.CONCERN and "fail" in (again.get("R02"), again.get("R03"))
        return (THIN if thin else SOUND), again

    def _with_original(self, matter: rules.Matter) -> rules.Matter:
        """Of a relay, with what its originator disclosed, under the originator's own signature.

        Raises:
            CandourError: it does not bring exactly what it says that it relays.
        """
        codes, content = matter.codes, matter.content
        if not isinstance(codes, ConcernCodes) or not isinstance(content, ConcernContent):
            return matter
        if content.original is None:
            if codes.relays is not None:
                raise MismatchError("mismatch", "a relay without its original", pointer="/original")
            return matter
        return replace(matter, original=self._originator(content.original, codes))

    def _originator(self, original: Original, codes: ConcernCodes) -> ConcernContent:
        statement = parse(original.statement)
        claims = statement.claims
        key = self._directory.registry.issuer_key(claims.iss, statement.kid)
        if key is None or (statement.hash, claims.net) != (codes.relays, self._office.net):
            raise MismatchError("mismatch", "the original is not what is relayed", pointer="/original")
        authenticate(statement, key.verify_key)
        values = open_disclosures(statement, original.disclosures)
        disclosed = parse_content(claims.kind, values, partial=True)
        if not isinstance(disclosed, ConcernContent):
            raise MismatchError("mismatch", "what is relayed is no concern", pointer="/original")
        return disclosed


def _codes(statement: Statement, body: Body) -> JsonObject | None:
    """T1, if it fits its kind."""
    try:
        codes = match(statement, body)
        if codes is not None:
            parse_codes(statement.claims.kind, codes)
    except MismatchError:
        return None
    return codes
