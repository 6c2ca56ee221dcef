"""What a sender's node attests in ``checks``, and what that means here. Source: protocol section 4."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from candour_protocol.ids import PolicyId
from candour_protocol.kinds import Kind
from candour_protocol.policy import Policy
from candour_protocol.rules.judgement import Severity, Violation

SUBSTANCE = ("R02", "R03")
"""The rules about whether a concern says anything."""

# The place in the REST body that each rule is about, where nothing nearer is known.
ATTESTED: Mapping[Kind, Mapping[str, str]] = {
    Kind.CONCERN: {"R02": "/facts", "R03": "/facts", "R13": "/subject"},
    Kind.REQUEST: {
        "R02": "/concern_ids",
        "R03": "/concern_ids",
        "R05": "/lines",
        "R07": "/author",
        "R09": "/danger_line",
        "R12": "/lines",
        "R13": "/subject",
    },
    Kind.ANSWER: {"R11": "/outcomes"},
}

_MAY_WAIT = frozenset({"R07"})
"""The rules of a node that a second person can mend: a declared interest. Nobody's signature makes a fact."""


def attestation(kind: Kind, found: Collection[Violation]) -> Mapping[str, str]:
    """What a node attests, by rule: ``pass``, ``fail``, or ``hold`` where a second person can mend it."""
    held = {each.rule for each in found if each.severity is Severity.HOLD}
    failed = {each.rule for each in found if each.severity is not Severity.HOLD}
    results = {rule: "hold" if rule in held else "pass" for rule in ATTESTED[kind]}
    return results | {rule: "fail" for rule in results if rule in failed}


def attests(checks: Mapping[str, object] | None, rule: str) -> bool:
    """Whether a node says that it found this rule met."""
    return (checks or {}).get(rule) == "pass"


def has_substance(checks: Mapping[str, object] | None, found: Collection[str] = ()) -> bool:
    """Whether a concern says something: its sender's node attests it, and nobody has found otherwise.

    Args:
        found: the rules that the gateway has marked it by.
    """
    return all(attests(checks, rule) and rule not in found for rule in SUBSTANCE)


def unattested(
    kind: Kind,
    checks: Mapping[str, str] | None,
    policy: Policy,
    admitted: Collection[PolicyId],
    *,
    second_signed: bool = False,
) -> Iterator[Violation]:
    """The rules of a kind that its sender's node does not attest as met, by a rule set admitted here.

    Args:
        admitted: earlier policies that are still admitted, beside the current one.
        second_signed: somebody else than the author signed, which is all that a ``hold`` waits for.
    """
    gravest = Severity.FLAG if kind is Kind.CONCERN else Severity.REFUSE
    ruleset = (checks or {}).get("ruleset")
    current = ruleset == policy.id or ruleset in admitted
    for rule, pointer in ATTESTED[kind].items():
        may_wait = current and kind is Kind.REQUEST and rule in _MAY_WAIT
        waits = may_wait and (checks or {}).get(rule) == "hold"
        if waits and not second_signed:
            yield Violation(rule, pointer, Severity.HOLD)
        elif not waits and not (current and attests(checks, rule)):
            yield Violation(rule, pointer, gravest)
