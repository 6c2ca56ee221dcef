"""Dry runs: everything that sending would do, on local knowledge, and nothing kept.

What the gateway would say can differ in what only it knows: debts that are overdue, deliveries not seen here
yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from candour_protocol import rules
from candour_protocol.ids import GENERAL, Address, AgencyId, StatementHash, parse_address
from candour_protocol.kinds import ConcernCodes, Kind, RequestCodes, parse_codes
from candour_protocol.matters import read_matter
from candour_protocol.rules import Ask, Judgement, Outcome, Severity, Telling, Told, Violation
from candour_protocol.strict_json import MAX_INTEGER, JsonObject, JsonValue

from candour_agency.calls import Call, Composed, Composition
from candour_agency.drafts.requests import Cited
from candour_agency.instead import instead
from candour_agency.mending import ATTESTED
from candour_agency.messages import Message
from candour_agency.moments import from_ms
from candour_agency.office import Office
from candour_agency.recalling import Asked, about_child
from candour_agency.views import Views
from candour_agency.words import found_here

NO_SECOND = (
    "This will wait for a second person, and nobody can approve it while its author is known by no staff id. "
    "Ask with `author.staff_id`, or by that person's token; withdraw what was asked without."
)
_NOT_YET: Final = MAX_INTEGER  # in the log: behind everything that is

InBody = Callable[[str, Address], str]
"""From a pointer into one message, and whom it is for, to one into the call's body."""


def rehearse(
    call: Call,
    composition: Composition,
    own_kind: Kind,
    views: Views,
    in_body: InBody,
    asked: Sequence[Asked] = (),
) -> JsonObject:
    """What would happen to each message of a call, all violations, whom it would reach.

    Args:
        own_kind: the kind that the call is for; what it sends on the way is listed too, and not judged by it,
            but for why a concern cannot be passed on.
        in_body: where a place in a message to somebody stands in the call's body.
        asked: what was asked before.
    """
    outcomes: dict[StatementHash, Outcome] = {}
    parts = [(part, _judge(call, part, outcomes, asked)) for part in composition.parts]
    own = [(part, judged) for part, judged in parts if part.plan.kind is own_kind]
    found = [
        _placed(violation, part, in_body)
        for part, judged in parts
        for violation in _shown(part, judged, own_kind)
    ]
    worst = max((judged.outcome for _, judged in own), key=list(Outcome).index, default=Outcome.PASSED)
    reached = dict.fromkeys(part.plan.to for part in composition.parts)
    shown: list[JsonValue] = [_part(part, judged) for part, judged in parts]
    return {
        "outcome": worst.value,
        "violations": list(found_here(found)),
        "messages": shown,
        "recipients": [views.reached(to) for to in reached],
        "next_steps": list(_ways_on(own)),
    }


def _ways_on(own: Sequence[tuple[Composed, Judgement]]) -> Iterator[JsonObject]:
    """What to do in place of the first request that would come back."""
    refused = [(part, judged) for part, judged in own if judged.outcome is Outcome.REFUSED]
    for part, judged in refused[:1]:
        if part.plan.kind is Kind.REQUEST:
            yield from instead(part.plan.codes, judged.rules)


def waits_in_vain(call: Call, composition: Composition, asked: Sequence[Asked]) -> bool:
    """Whether a request would wait for a second person; beside an author without a staff id nobody is one."""
    outcomes: dict[StatementHash, Outcome] = {}
    judged = [_judge(call, part, outcomes, asked) for part in composition.parts]
    held = [one for one in judged if one.outcome is Outcome.HELD]
    return any(
        found.severity is Severity.HOLD and found.rule != "R10" for one in held for found in one.violations
    )


def _shown(part: Composed, judged: Judgement, own_kind: Kind) -> Sequence[Violation]:
    """What a call is told of one message: of a relay on its way, only what would have it returned."""
    if part.plan.kind is own_kind:
        return judged.violations
    relayed = part.plan.codes.get("relays") is not None
    return [one for one in judged.violations if relayed and one.severity is Severity.REFUSE]


def _placed(violation: Violation, part: Composed, in_body: InBody) -> Violation:
    return replace(violation, pointer=in_body(violation.pointer, part.plan.to))


def _part(part: Composed, judged: Judgement) -> JsonObject:
    return {
        "kind": part.plan.kind.value,
        "recipient": str(part.plan.to),
        "outcome": judged.outcome.value,
        "rules": list(judged.rules),
    }


def _judge(
    call: Call, part: Composed, outcomes: dict[StatementHash, Outcome], asked: Sequence[Asked]
) -> Judgement:
    """The verdict to expect, noted in ``outcomes`` for what cites it."""
    judged = _judge_part(call, part, outcomes, asked)
    outcomes[part.written.hash] = judged.outcome
    return judged


def _judge_part(
    call: Call, part: Composed, outcomes: Mapping[StatementHash, Outcome], asked: Sequence[Asked]
) -> Judgement:
    """The gateway's rules, and in place of what the node would attest, what it finds.

    With places and hints.
    """
    policy = call.office.directory.policy
    plan = part.plan
    codes = parse_codes(plan.kind, plan.codes)
    told = [matter for one in part.cited for matter in one.matters]
    local = rules.check_matter(read_matter(plan.kind, plan.codes, plan.content), told, call.iat, policy)
    if isinstance(codes, RequestCodes):
        ask = replace(_ask(call, part, codes, outcomes), earlier=about_child(asked, codes))
        judged = rules.judge_request(ask, policy)
    elif isinstance(codes, ConcernCodes):
        judged = rules.judge_concern(
            codes, _original(part), plan.to.agency, policy, telling=_telling(call, part)
        )
    else:
        return Judgement.of(local.violations)
    return Judgement.of(_merged(judged.violations, local.violations))


def _merged(gateway: Sequence[Violation], local: Sequence[Violation]) -> Iterator[Violation]:
    """Of one rule the node knows the places better than the gateway, which reads only that it failed."""
    better = {violation.rule for violation in local}
    yield from local
    for violation in gateway:
        if violation.rule not in better or violation.pointer not in ATTESTED:
            yield violation


def _telling(call: Call, part: Composed) -> Telling:
    """Who tells it and when; of a relay, also whether what it relays still stands."""
    gone = any(one.standing.taken_back for one in part.cited)
    return Telling(call.office.agency, call.now, taken_back=gone)


def _original(part: Composed) -> ConcernCodes | None:
    message = next((one.message for one in part.cited if one.message is not None), None)
    if message is None or message.codes is None:
        return None
    codes = parse_codes(Kind.CONCERN, message.codes)
    return codes if isinstance(codes, ConcernCodes) else None


def _ask(call: Call, part: Composed, codes: RequestCodes, outcomes: Mapping[StatementHash, Outcome]) -> Ask:
    office = call.office
    own = office.directory.contact(Address(office.agency, GENERAL))
    told = (_told(office, one, part, call.now, outcomes) for one in part.cited)
    return Ask(
        issuer=office.agency,
        issuer_kind=own.kind,
        holder=part.plan.to.agency,
        inbox=part.plan.to.inbox,
        codes=codes,
        at=call.now,
        told={one.hash: one for one in told if one is not None},
        has_directory_phone=own.phone is not None,
    )


def _told(
    office: Office, cited: Cited, part: Composed, now: datetime, outcomes: Mapping[StatementHash, Outcome]
) -> Told | None:
    """A cited concern as the log has it, or will have it once this call's own are sent."""
    message = cited.message
    if cited.matter is None or not isinstance(cited.matter.codes, ConcernCodes):
        return None
    if message is None:
        to, outcome = part.plan.to, outcomes.get(cited.hash, Outcome.PASSED)
        codes = cited.matter.codes
        return Told(
            cited.hash, office.agency, to.agency, to.inbox, outcome, now, codes, cited.since, index=_NOT_YET
        )
    told = _logged(office, message, cited.matter.codes, part.plan.to, now)
    return replace(
        told,
        since=cited.since,
        taken_back=cited.standing.taken_back,
        unapplied=cited.standing.unapplied,
    )


def _logged(office: Office, message: Message, codes: ConcernCodes, to: Address, now: datetime) -> Told:
    parties = (office.agency, message.counterparty)
    issuer, audience = reversed(parties) if message.received else parties
    return Told(
        hash=message.hash,
        issuer=issuer,
        audience=audience,
        inbox=codes.inbox,
        outcome=Outcome(message.verdict or Outcome.PASSED),
        at=from_ms(message.logged_at) if message.logged_at else now,
        codes=codes,
        opened=message.opened,
        replied=message.refreshed_at is not None,
        rules=message.rules,
        live=message.withdrawn_at is None and message.closed_at is None,
        index=_NOT_YET if message.log_index is None else message.log_index,
        lodgees=_lodgees(codes, audience, {issuer, to.agency}),
    )


def _lodgees(codes: ConcernCodes, audience: AgencyId, parties: set[AgencyId]) -> frozenset[AgencyId]:
    """Whoever was told it whole instead of the inbox that must not see it: neither asker nor holder."""
    named = codes.withheld.lodged_with if codes.withheld else None
    lodgee = parse_address(named).agency if named else None
    return frozenset({audience} - parties) if lodgee == audience else frozenset()
