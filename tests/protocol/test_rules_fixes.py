"""What a rule says to somebody mends what that somebody has done."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from candour_protocol import rules
from candour_protocol.rules import Severity, Violation
from candour_protocol.rules.advice import fix_for, severities
from candour_protocol.rules.attested import ATTESTED
from candour_protocol.rules.fixes import FIXES
from candour_protocol.rules.table import BY_ID

from tests.protocol.cases import a_line, answer_with, concern_with, places, request_with

SOURCES = sorted(Path(str(rules.__file__)).parent.glob("*.py"))
EMERGENCY = {
    "urgency": "EMERGENCY",
    "purpose": "EMERGENCY_SAFETY",
    "concern_refs": [],
    "danger_line": "Baby not breathing, four months old, at home",
}


def _fix_of(found: rules.Judgement, rule: str) -> str:
    one = next(one for one in found.violations if one.rule == rule)
    return fix_for(one.rule, one.pointer, one.severity, one.hint)


def _found_in_the_code() -> Iterator[tuple[str, str, Severity]]:
    """Every fault that is written out in the rules: its rule, its place, and what it does."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Violation":
                yield from _written_out(node.args)


def _written_out(arguments: list[ast.expr]) -> Iterator[tuple[str, str, Severity]]:
    rule, pointer, severity = map(ast.unparse, arguments[:3])
    place = re.fullmatch(r"f?'(/[^']*)'", pointer)
    does = re.fullmatch(r"Severity\.([A-Z]+)", severity)
    if place and does and "{pointer}" not in pointer:
        yield ast.literal_eval(rule), re.sub(r"\{[^}]*\}", "*", place[1]), Severity[does[1]]


def test_every_fault_that_a_rule_can_find_has_words_of_its_own() -> None:
    found = set(_found_in_the_code())

    assert len(found) > 40
    assert [one for one in sorted(found) if one[2] not in severities(*one[:2])] == []


def test_every_rule_that_a_node_attests_has_words_where_only_its_failing_is_known() -> None:
    for by_rule in ATTESTED.values():
        for rule, pointer in by_rule.items():
            assert severities(rule, pointer)


def test_no_words_stand_for_a_rule_that_does_not_exist_and_each_place_says_one_thing() -> None:
    assert list(FIXES) == list(BY_ID)
    for fixes in FIXES.values():
        assert len({(fix.pointer, fix.severity) for fix in fixes}) == len(fixes)
        assert all(fix.words.endswith(".") for fix in fixes)


def test_what_waits_for_a_second_signature_is_not_told_to_give_a_period() -> None:
    # For a physical injury intelligence wants a second signature; the period is in order.
    found = request_with(a_line(category="POLICE_INTEL"))

    assert [(one.rule, one.severity) for one in found.violations] == [("R05", Severity.HOLD)]
    assert "second person of your agency" in _fix_of(found, "R05")
    assert "period" not in _fix_of(found, "R05")


def test_a_disclosure_with_one_signature_where_two_are_wanted_asks_the_holder_for_the_other() -> None:
    said = fix_for("R05", "/outcomes/0", Severity.FLAG)

    assert "second person of your agency" in said
    assert "drop the line" not in said


def test_a_lodged_concern_waits_for_a_named_agency_and_there_is_nothing_to_mend() -> None:
    waits = fix_for("R10", "/concern_ids/0", Severity.HOLD, "the-designated-officer")
    hidden = fix_for("R10", "/concern_ids/0", Severity.REFUSE)

    assert "nothing to mend" in waits
    assert "the word of the-designated-officer" in waits
    assert "lodge it with somebody" in hidden


def test_a_refusal_below_the_level_asks_for_a_lead_or_a_countersignature() -> None:
    found = answer_with(
        {
            "line": 1,
            "outcome": "REFUSED",
            "reason": "PREJUDICE_INVESTIGATION",
            "text": "An arrest is planned and telling anybody now would warn him.",
            "would_change_if": "the arrest is made",
        },
        decider={"name": "L. Quist", "role": "Officer", "training_level": "IC1"},
    )

    assert places(found, "R11") == ["/decider/training_level"]
    assert "countersigns" in _fix_of(found, "R11")


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("handling", ["NO_SUCH_MARK"], "handling mark"),
        ("need_level", "L9", "level of need"),
        ("urgency", "PURPLE", "an urgency"),
    ],
)
def test_an_unknown_code_is_mended_where_it_stands(member: str, value: object, named: str) -> None:
    found = concern_with(**{member: value})

    assert named in _fix_of(found, "R03")
    assert "category" not in _fix_of(found, "R03")


def test_an_emergency_in_order_is_told_what_it_owes_and_not_to_say_the_danger() -> None:
    found = request_with(a_line(category="KNOWN_YN", months=60), **EMERGENCY)

    assert [(one.rule, one.severity) for one in found.violations] == [("R09", Severity.FLAG)]
    assert "four hours" in _fix_of(found, "R09")
    assert "Say the danger" not in _fix_of(found, "R09")


def test_each_child_of_a_call_about_several_is_mended_like_one() -> None:
    assert fix_for("R13", "/subjects/1/nhs_number", Severity.FLAG) == fix_for(
        "R13", "/subject/nhs_number", Severity.FLAG
    )


def test_what_a_fault_does_need_not_be_known() -> None:
    unknown = Violation("R05", "/lines/3/category", Severity.REFUSE)

    assert fix_for(unknown.rule, unknown.pointer) == fix_for(unknown.rule, unknown.pointer, Severity.REFUSE)
    assert fix_for("R07", "/somewhere/else") == BY_ID["R07"].fix
