"""Where to mend what was returned, as exactly as the author's own node can say it.

The gateway reads codes: of a rule that only nodes can run it knows no more than that it failed. The node
finds the same again from the same statement, with the place and, for an unknown code, the nearest known one.
Receipts name rule and place alone; what each fault does is found again too, for the words depend on it.
Source: protocol section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from candour_protocol import rules
from candour_protocol.errors import CandourError
from candour_protocol.ids import StatementHash, parse_address
from candour_protocol.kinds import AnswerCodes, ConcernCodes, Kind, RequestCodes, parse_codes
from candour_protocol.policy import Policy
from candour_protocol.rules import Ask, Matter, Severity, Violation
from candour_protocol.rules.advice import severities
from sqlalchemy import Connection

from candour_agency import additions, store
from candour_agency.matters import matter_of, read_codes
from candour_agency.messages import Message, Place
from candour_agency.moments import from_ms

ATTESTED = frozenset({"/facts", "/concern_ids", "/lines", "/author", "/danger_line", "/subject"})
"""Where the gateway points for a rule that it cannot run itself."""

_DOES = {"refused": Severity.REFUSE, "held": Severity.HOLD, "flagged": Severity.FLAG}


@dataclass(frozen=True, slots=True)
class _Known:
    """What this node finds again: by rule and pointer what a fault does, and a hint."""

    does: Mapping[tuple[str, str], Severity]
    hints: Mapping[tuple[str, str], str]
    lodgees: Mapping[str, str]


def places(
    connection: Connection, message: Message, verdict: str, found: Sequence[tuple[str, str]], policy: Policy
) -> list[Place]:
    """What the gateway found about an own statement, each place once, with what this node knows of it.

    Args:
        verdict: the outcome that these violations led to. An approval's is about what it approves.
    """
    if not found:
        return []
    about = _about(connection, message)
    try:
        return _places(connection, about, verdict, found, policy)
    except CandourError:
        return [(rule, pointer, "", "") for rule, pointer in dict.fromkeys(found)]


def _about(connection: Connection, message: Message) -> Message:
    if message.kind is not Kind.APPROVAL or message.about is None:
        return message
    return store.messages.by_hash(connection, [message.about]).get(message.about, message)


def _places(
    connection: Connection, message: Message, verdict: str, found: Sequence[tuple[str, str]], policy: Policy
) -> list[Place]:
    concerns = _cited(connection, message)
    cited = _matters(connection, message, concerns.values())
    failed = {rule for rule, _ in found}
    own = rules.check_matter(matter_of(message), cited, message.issued_at, policy).violations
    local = [violation for violation in own if violation.rule in failed]
    better = {violation.rule for violation in local}
    known = _known([*_judged(connection, message, matter_of(message), policy), *local], message, concerns)
    kept = [pair for pair in found if pair[0] not in better or pair[1] not in ATTESTED]
    pairs = dict.fromkeys([*kept, *((violation.rule, violation.pointer) for violation in local)])
    return sorted(_place(rule, pointer, verdict, known) for rule, pointer in pairs)


def _known(
    violations: Iterable[Violation], message: Message, concerns: Mapping[StatementHash, Message]
) -> _Known:
    found = list(violations)
    return _Known(
        {(one.rule, one.pointer): one.severity for one in found},
        {(one.rule, one.pointer): one.hint for one in found if one.hint},
        {
            f"/concern_ids/{place}": _lodgee(concerns.get(name))
            for place, name in enumerate(_references(message))
        },
    )


def _place(rule: str, pointer: str, verdict: str, known: _Known) -> Place:
    does = _does(rule, pointer, verdict, known)
    hint = known.hints.get((rule, pointer), "")
    if rule == "R10" and does is Severity.HOLD:
        hint = known.lodgees.get(pointer, "")
    return rule, pointer, hint, does or ""


def _does(rule: str, pointer: str, verdict: str, known: _Known) -> Severity | None:
    """What a fault does: as found again here, or else what it can do and the verdict bears out.

    All that a request is refused for at a place where it can be held too shows in its codes, but for a
    concern that is hidden and not lodged.
    """
    if (rule, pointer) in known.does:
        return known.does[rule, pointer]
    able = severities(rule, pointer)
    if Severity.HOLD in able:
        hidden = rule == "R10" and verdict == "refused" and not known.lodgees.get(pointer)
        return Severity.REFUSE if hidden else Severity.HOLD
    wanted = _DOES.get(verdict)
    return wanted if wanted in able or not able else able[-1]


def _lodgee(concern: Message | None) -> str:
    """With whom a cited concern is lodged, signed by a second person; ``""`` where it is not so."""
    codes = read_codes(concern) if concern is not None else None
    withheld = codes.withheld if isinstance(codes, ConcernCodes) else None
    if withheld is None or withheld.lodged_with is None or withheld.second is None:
        return ""
    return parse_address(withheld.lodged_with).agency


def _matters(connection: Connection, message: Message, concerns: Iterable[Message]) -> list[Matter]:
    """The cited concerns, and the replies that added facts to them before."""
    known = [one for one in concerns if one.codes is not None]
    added = [reply for one in known for reply in additions.to(connection, one, message.log_index)]
    return [matter_of(one) for one in (*known, *added)]


def _cited(connection: Connection, message: Message) -> dict[StatementHash, Message]:
    return store.messages.by_hash(connection, _references(message))


def _references(message: Message) -> list[StatementHash]:
    codes = read_codes(message)
    return list(codes.concern_refs) if isinstance(codes, RequestCodes) else []


def _judged(connection: Connection, message: Message, matter: Matter, policy: Policy) -> Sequence[Violation]:
    """What the codes alone show, for its hints; what was told stays out of it."""
    match matter.codes:
        case ConcernCodes() as codes:
            original = _original(connection, message)
            return rules.judge_concern(codes, original, message.counterparty, policy).violations
        case RequestCodes() as codes:
            return rules.judge_request(_ask(message, codes), policy).violations
        case AnswerCodes() as codes:
            return _judged_answer(connection, message, codes, policy)
        case _:
            return ()


def _original(connection: Connection, message: Message) -> ConcernCodes | None:
    """Of a relay, the codes of what it relays, where those are at hand."""
    for original in store.messages.by_hash(connection, [message.relays or ""]).values():
        codes = read_codes(original)
        return codes if isinstance(codes, ConcernCodes) else None
    return None


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
