"""Where to mend what was returned, as exactly as the author's own node can say it.

The gateway reads codes: of a rule that only nodes can run it knows no more than that it failed. The node
finds the same again from the same statement, with the place and, for an unknown code, the nearest known one.
Source: protocol section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from candour_protocol import rules
from candour_protocol.errors import CandourError
from candour_protocol.kinds import AnswerCodes, ConcernCodes, RequestCodes, parse_codes
from candour_protocol.policy import Policy
from candour_protocol.rules import Ask, Matter, Violation
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import additions, store
from candour_agency.matters import matter_of
from candour_agency.messages import Message
from candour_agency.moments import from_ms

ATTESTED = frozenset({"/facts", "/concern_ids", "/lines", "/author", "/danger_line", "/subject"})
"""Where the gateway points for a rule that it cannot run itself."""

Place = tuple[str, str, str]
"""Rule, pointer, and a code or number that helps, or ``""``."""


def places(
    connection: Connection, message: Message, found: Sequence[tuple[str, str]], policy: Policy
) -> list[Place]:
    """What the gateway found about an own statement, each place once, with what this node knows of it."""
    if not found:
        return []
    try:
        return _places(connection, message, found, policy)
    except CandourError:
        return [(rule, pointer, "") for rule, pointer in dict.fromkeys(found)]


def _places(
    connection: Connection, message: Message, found: Sequence[tuple[str, str]], policy: Policy
) -> list[Place]:
    matter, cited = matter_of(message), _cited(connection, message)
    failed = {rule for rule, _ in found}
    own = rules.check_matter(matter, cited, message.issued_at, policy).violations
    local = [violation for violation in own if violation.rule in failed]
    better = {violation.rule for violation in local}
    hints = _hints([*_judged(connection, message, matter, policy), *local])
    kept = [pair for pair in found if pair[0] not in better or pair[1] not in ATTESTED]
    pairs = dict.fromkeys([*kept, *((violation.rule, violation.pointer) for violation in local)])
    return sorted((rule, pointer, hints.get((rule, pointer), "")) for rule, pointer in pairs)


def _hints(violations: Iterable[Violation]) -> dict[tuple[str, str], str]:
    return {(one.rule, one.pointer): one.hint for one in violations if one.hint}


def _cited(connection: Connection, message: Message) -> list[Matter]:
    named = _references(message.codes)
    known = [one for one in store.messages.by_hash(connection, named).values() if one.codes is not None]
    added = [reply for one in known for reply in additions.to(connection, one, message.log_index)]
    return [matter_of(one) for one in (*known, *added)]


def _references(codes: JsonObject | None) -> list[str]:
    named = (codes or {}).get("concern_refs")
    return [str(name) for name in named] if isinstance(named, list) else []


def _judged(connection: Connection, message: Message, matter: Matter, policy: Policy) -> Sequence[Violation]:
    """What the codes alone show, for its hints; what was told stays out of it."""
    match matter.codes:
        case ConcernCodes() as codes:
            return rules.judge_concern(codes, None, message.counterparty, policy).violations
        case RequestCodes() as codes:
            return rules.judge_request(_ask(message, codes), policy).violations
        case AnswerCodes() as codes:
            return _judged_answer(connection, message, codes, policy)
        case _:
            return ()


def _ask(message: Message, codes: RequestCodes) -> Ask:
    return Ask(
        issuer=message.counterparty,
        issuer_kind="",
        holder=message.counterparty,
        inbox=message.inbox,
        codes=codes,
        at=from_ms(message.made_at),
        told={},
        has_directory_phone=True,
    )


def _judged_answer(
    connection: Connection, message: Message, codes: AnswerCodes, policy: Policy
) -> Sequence[Violation]:
    asked = store.messages.by_hash(connection, [message.about] if message.about else [])
    for request in asked.values():
        read = parse_codes(request.kind, request.codes or {})
        if isinstance(read, RequestCodes):
            return rules.judge_answer(codes, read, policy).violations
    return ()
