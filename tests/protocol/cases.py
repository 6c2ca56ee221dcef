"""Builders for the rules' tests: valid defaults, and only what matters is named."""

from __future__ import annotations

from functools import cache
from typing import Any

from candour_protocol.kinds import Kind
from candour_protocol.policy import Policy, load_policy, policy_for
from candour_protocol.rules import Ask, Judgement, judge_request
from candour_protocol.rules.rehearsal import REQUEST, Case


@cache
def a_policy() -> Policy:
    """The shipped rule set, for made-up children."""
    return load_policy(policy_for("testborough", identifiers="test"))


def a_line(**members: Any) -> dict[str, Any]:
    line: Any = REQUEST["lines"]
    return {**line[0], **members}


def concern_with(**members: Any) -> Judgement:
    return Case(Kind.CONCERN, concern=members).judge(a_policy())


def request_with(*lines: dict[str, Any], **members: Any) -> Judgement:
    if lines:
        members["lines"] = list(lines)
    return Case(Kind.REQUEST, request=members).judge(a_policy())


def answer_with(*outcomes: dict[str, Any], **members: Any) -> Judgement:
    return Case(Kind.ANSWER, answer={"outcomes": list(outcomes), **members}).judge(a_policy())


def a_fact(what: str, when: str | None = "2026-11-09", basis: str | None = "OBSERVED") -> dict[str, Any]:
    return {"what": what, "when": when, "basis": basis}


def places(judgement: Judgement, rule: str) -> list[str]:
    """The pointers under a rule."""
    return [violation.pointer for violation in judgement.violations if violation.rule == rule]


def judged(asking: Ask) -> tuple[str, tuple[str, ...]]:
    """What the gateway says of a request: its verdict, and by which rules."""
    judgement = judge_request(asking, a_policy())
    return judgement.outcome.value, judgement.rules
