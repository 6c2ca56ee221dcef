from __future__ import annotations

import json

import pytest
from candour_protocol.rules import Outcome
from candour_protocol.rules.table import BY_ID, RULES, Rule

from tests.protocol.cases import a_policy

IN_FORCE = [rule for rule in RULES if rule.in_force]


def test_all_fifteen_rules_stand_in_the_table_in_order() -> None:
    assert [rule.id for rule in RULES] == [f"R{number:02}" for number in range(1, 16)]
    assert list(BY_ID) == [rule.id for rule in RULES]


def test_every_rule_is_in_force_and_says_why_and_what_mends_it() -> None:
    assert all(rule.in_force for rule in RULES)
    assert all(rule.statement and rule.why and rule.fix for rule in RULES)


@pytest.mark.parametrize("rule", IN_FORCE, ids=lambda rule: rule.id)
def test_the_passing_example_of_a_rule_is_delivered(rule: Rule) -> None:
    assert rule.passing is not None

    judgement = rule.passing.case.judge(a_policy())

    # An emergency that meets R09 is marked with it: it is delivered, and owed.
    expected = (Outcome.FLAGGED, ("R09",)) if rule.id == "R09" else (Outcome.PASSED, ())
    assert (judgement.outcome, judgement.rules) == expected


@pytest.mark.parametrize("rule", IN_FORCE, ids=lambda rule: rule.id)
def test_the_failing_example_of_a_rule_fails_it(rule: Rule) -> None:
    assert rule.failing is not None

    judgement = rule.failing.case.judge(a_policy())

    assert rule.id in judgement.rules
    assert judgement.outcome in (Outcome.REFUSED, Outcome.FLAGGED, Outcome.HELD)


@pytest.mark.parametrize("rule", IN_FORCE, ids=lambda rule: rule.id)
def test_the_examples_can_be_read_as_json(rule: Rule) -> None:
    for example in (rule.passing, rule.failing):
        assert example is not None
        assert json.loads(json.dumps(example.as_json()))["said"] == example.said


def test_no_text_for_people_holds_a_wire_word() -> None:
    for rule in RULES:
        for text in (rule.title, rule.statement, rule.severity):
            assert not any(word in text for word in ("refused", "flagged", "bounce", "payload", "txn"))
