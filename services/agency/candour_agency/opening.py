"""Opening a proven statement and checking again what its sender attests. Nothing is stored or refused.

What is found goes back to the sender in the ``delivery``: ``sound``; ``thin``, where the facts say nothing;
``mismatch``, where its parts do not fit together; ``unreadable``, where it is sealed to no key held here.
Source: protocol sections 3, 3.1 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from candour_protocol import rules
from candour_protocol.children import recomputes
from candour_protocol.disclosures import Disclosure
from candour_protocol.errors import CandourError, MismatchError, UnreadableError
from candour_protocol.ids import GENERAL, RESTRICTED, ChildToken, PolicyId
from candour_protocol.kinds import ConcernCodes, ConcernContent, Kind, RequestCodes, parse_codes
from candour_protocol.sealing import unseal
from candour_protocol.statement import Body, Statement, authenticate, match, parse
from candour_protocol.strict_json import JsonObject

from candour_agency.matters import open_original, read_matter
from candour_agency.messages import Message
from candour_agency.office import Office

SOUND, THIN, MISMATCH, UNREADABLE = "sound", "thin", "mismatch", "unreadable"
_SUBSTANCE = ("R02", "R03")


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


def open_statement(office: Office, statement: Statement, body: Body, cited: Sequence[Message]) -> Opened:
    """Open a statement.

    Args:
        cited: of a request, the concerns that it cites, as they are kept here.

    Raises:
        CourierError: what came is not what was signed; its author did not send it.
    """
    codes = _codes(statement, body)
    inbox = _inbox(office, statement, codes)
    try:
        disclosed = unseal(statement, body, office.keys.opening)
    except UnreadableError:
        return Opened(UNREADABLE, inbox, codes)
    except MismatchError:
        return Opened(MISMATCH, inbox, codes)
    content: JsonObject = {one.name: one.value for one in disclosed}
    found, checks = _judge(office, statement, codes, content, cited)
    return Opened(found, inbox, codes, content, _texts(disclosed), checks)


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


def _inbox(office: Office, statement: Statement, codes: JsonObject | None) -> str:
    """The inbox addressed; where T1 and the key differ, the one that fewer people read."""
    stated = (codes or {}).get("inbox")
    sealed = statement.claims.sealed
    named = {stated, office.keys.inboxes.get(sealed.kid) if sealed else None} - {None}
    if RESTRICTED in named:
        return RESTRICTED
    return str(min(named, key=str)) if named else GENERAL


def _judge(
    office: Office,
    statement: Statement,
    codes: JsonObject | None,
    content: JsonObject,
    cited: Sequence[Message],
) -> tuple[str, Mapping[str, str]]:
    if codes is None:
        return MISMATCH, {}
    try:
        matter = read_matter(statement.claims.kind, codes, content)
        _check_original(office, matter)
        told = [read_matter(one.kind, one.codes or {}, one.content or {}) for one in cited]
    except CandourError:
        return MISMATCH, {}
    if not _names_its_child(office, matter, cited) or rules.check_subject(matter, told):
        return MISMATCH, {}
    return _rerun(office, matter, told, statement.claims.iat)


def _check_original(office: Office, matter: rules.Matter) -> None:
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
    key = office.directory.registry.issuer_key(original.claims.iss, original.kid)
    if key is None or (original.hash, original.claims.net) != (codes.relays, office.net):
        raise MismatchError("mismatch", "the original is not what is relayed", pointer="/original")
    authenticate(original, key.verify_key)
    open_original(original, content.original)


def _names_its_child(office: Office, matter: rules.Matter, cited: Sequence[Message]) -> bool:
    """Whether the tokens that the gateway reads are those of the child in the sealed part."""
    codes = matter.codes
    if not isinstance(codes, ConcernCodes | RequestCodes):
        return True
    inherited = [_tokens(one.codes) for one in cited]
    return recomputes(codes.child, matter.subject, office.keys.partnership, inherited)


def _tokens(codes: JsonObject | None) -> list[ChildToken]:
    tokens = (codes or {}).get("child")
    return (
        [ChildToken(token) for token in tokens if isinstance(token, str)] if isinstance(tokens, list) else []
    )


def _rerun(
    office: Office, matter: rules.Matter, told: Sequence[rules.Matter], iat: int
) -> tuple[str, Mapping[str, str]]:
    """Run the sender's rule set again, and compare with what it attests."""
    attested: Mapping[str, str] | None = getattr(matter.codes, "checks", None)
    if attested is None:
        return SOUND, {}
    policy = office.directory.policies.get(PolicyId(attested["ruleset"]))
    if policy is None:
        return SOUND, {}
    checks = dict(rules.check_matter(matter, told, iat, policy).checks)
    if checks != dict(attested):
        return MISMATCH, checks
    thin = matter.kind is Kind.CONCERN and any(checks.get(rule) == "fail" for rule in _SUBSTANCE)
    return (THIN if thin else SOUND), checks
