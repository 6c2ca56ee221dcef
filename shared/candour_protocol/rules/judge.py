"""The entry points: what a node checks before signing and after opening, and what the gateway decides.

All are pure and total: whatever parses is judged, nothing raises. Source: protocol section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from candour_protocol.ids import AgencyId, PolicyId
from candour_protocol.kinds import (
    AnswerCodes,
    AnswerContent,
    ConcernCodes,
    CorrectionCodes,
    Kind,
    RequestCodes,
    RequestContent,
)
from candour_protocol.policy import Policy
from candour_protocol.rules import (
    answers,
    asker,
    corrected,
    emergency,
    fishing,
    identity,
    legal,
    lodging,
    onward,
    persons,
    scope,
    substance,
    told,
)
from candour_protocol.rules.attested import ATTESTED, attestation, unattested
from candour_protocol.rules.facts import Ask, Matter, Telling
from candour_protocol.rules.judgement import Findings, Judgement, Violation


def check_matter(matter: Matter, cited: Sequence[Matter], iat: int, policy: Policy) -> Findings:
    """Run the rules that only nodes can run: at the sender before signing, at the recipient after opening.

    A function of its arguments alone, so that both find the same. Kinds other than concern, request and
    answer attest nothing.

    Args:
        cited: the concerns that a request cites, opened, and the replies by which their authors added to
            them.
        iat: the statement's; a rule set may depend on it, today's does not.
    """
    if matter.kind not in ATTESTED:
        return Findings()
    found = tuple(sorted(set(_node_rules(matter, cited, policy))))
    return Findings({"ruleset": policy.id, **attestation(matter.kind, found)}, found)


def check_subject(request: Matter, cited: Sequence[Matter]) -> tuple[Violation, ...]:
    """R04 after opening, which a recipient runs beside ``check_matter``: does the sealed subject fit?"""
    return tuple(identity.r04_sealed_subject(request, tuple(cited)))


def judge_concern(
    codes: ConcernCodes,
    original: ConcernCodes | None,
    holder: AgencyId,
    policy: Policy,
    admitted: Collection[PolicyId] = (),
    *,
    above: Sequence[ConcernCodes] = (),
    telling: Telling | None = None,
) -> Judgement:
    """Judge a concern by its codes; one that relays nothing is never worse than flagged (INV-2).

    Args:
        original: of a relay, the codes of what it relays.
        admitted: earlier policies whose attestations still count.
        above: where the original is itself a relay, what that relays, up to its originator's own concern.
        telling: who tells it and when; without that only its codes are judged.
    """
    found = [*unattested(Kind.CONCERN, codes.checks, policy, admitted), *substance.r03_codes(codes)]
    if telling is not None:
        found += lodging.r10_withheld(codes, telling, holder, policy)
    if codes.relays is not None and original is not None:
        found += onward.r15_onward(codes, (original, *above), holder, policy)
        found += onward.r04_relays_the_same_child(codes, original)
        found += corrected.r14_relays_what_stands(telling) if telling is not None else ()
    return Judgement.of(found)


def judge_correction(codes: CorrectionCodes) -> Judgement:
    """Judge a correction by its codes; it always goes out."""
    return Judgement.of(corrected.r14_correction(codes))


def judge_request(ask: Ask, policy: Policy, admitted: Collection[PolicyId] = ()) -> Judgement:
    """Judge a request by its codes, by what the log knows it was told, and by what its node attests."""
    waived = _waived(ask, policy)
    attested = unattested(Kind.REQUEST, ask.codes.checks, policy, admitted, second_signed=ask.second_signed)
    lacking = [violation for violation in attested if violation.rule not in waived]
    return Judgement.of([*lacking, *_gateway_rules(ask, policy)])


def judge_answer(
    codes: AnswerCodes,
    request: RequestCodes,
    policy: Policy,
    admitted: Collection[PolicyId] = (),
    cited: Collection[ConcernCodes] = (),
) -> Judgement:
    """Judge an answer by its codes; one that says no more than "too thin" always passes (INV-4).

    Args:
        cited: the concerns that the request cites, where they are at hand.
    """
    found = [*answers.r11_codes(codes, request), *answers.r11_reasons(codes, policy, cited)]
    found += answers.r11_level(codes, policy)
    found += answers.r05_second_at_the_holder(codes, request, policy, cited)
    if not answers.costs_nothing(codes):
        found += unattested(Kind.ANSWER, codes.checks, policy, admitted)
    return Judgement.of(found)


def _waived(ask: Ask, policy: Policy) -> tuple[str, ...]:
    """Rules not wanted in ``checks``: in an emergency, and where a newer concern stands in for a thin one."""
    if ask.emergency:
        return ("R02", "R03", "R12")
    return ("R02", "R03") if told.rests_on_a_later_fact(ask, policy) else ()


def _gateway_rules(ask: Ask, policy: Policy) -> Iterator[Violation]:
    yield from told.r01_concern_first(ask, policy)
    yield from told.r02_told_with_substance(ask, policy)
    yield from told.r04_same_child_live_concern(ask, policy)
    yield from scope.r05_scope(ask, policy)
    yield from fishing.r06_no_fishing(ask, policy)
    yield from asker.r07_accountable(ask, policy)
    yield from legal.r08_purpose_and_power(ask, policy)
    yield from emergency.r09_urgency(ask)
    yield from emergency.r09_override(ask, policy)
    yield from lodging.r10_lodged(ask, policy)
    yield from persons.r12_roles(ask)
    yield from persons.r12_known_first(ask)
    yield from corrected.r14_rests_on_what_stands(ask)


def _node_rules(matter: Matter, cited: Sequence[Matter], policy: Policy) -> Iterator[Violation]:
    codes, content = matter.codes, matter.content
    if isinstance(codes, ConcernCodes):
        yield from substance.r02_has_substance(matter, policy)
        yield from substance.r03_category_and_narrative(matter)
        yield from identity.r13_on_concern(matter, policy)
    elif isinstance(codes, RequestCodes) and isinstance(content, RequestContent):
        yield from _request_rules(codes, content, cited, policy)
    elif isinstance(codes, AnswerCodes) and isinstance(content, AnswerContent):
        yield from answers.r11_texts(codes, content, policy)


def _request_rules(
    codes: RequestCodes, content: RequestContent, cited: Sequence[Matter], policy: Policy
) -> Iterator[Violation]:
    relied_on = scope.relied_on(content, cited, policy)
    yield from substance.r02_cites_substance(relied_on, policy)
    yield from substance.r03_cites_narrative(relied_on)
    yield from scope.r05_because(codes, content, relied_on, policy)
    yield from asker.r07_named(codes, content, policy)
    yield from emergency.r09_danger_line(codes, content, policy)
    yield from persons.r12_one_person_one_reason(codes, content, cited, policy)
    yield from identity.r13_on_request(content, policy)
    yield from identity.r13_cites_somebody(relied_on, cited)
