from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.kinds import Kind
from candour_protocol.rules import Outcome
from candour_protocol.rules.rehearsal import Case

from tests.protocol.cases import a_line, a_policy, places, request_with

SECOND = {"name": "S. Oduya", "role": "Team manager", "training_level": "IC4"}
SIX = "to judge whether Rowan is safe"
EXCEPTION = "court of protection asked for exactly this"


def judged(concern: dict[str, Any] | None = None, **around: Any) -> Any:
    return Case(Kind.REQUEST, concern=concern, **around).judge(a_policy())


def test_a_reason_has_six_words() -> None:
    assert request_with(a_line(because=SIX)).outcome is Outcome.PASSED
    five = request_with(a_line(because=SIX.removesuffix(" safe")))
    assert (five.outcome, five.rules) == (Outcome.REFUSED, ("R05",))


@pytest.mark.parametrize("because", [None, "", "– – – – – –", "safeguarding"])
def test_a_line_without_a_reason_is_refused(because: str | None) -> None:
    assert request_with(a_line(because=because)).rules == ("R05",)


@pytest.mark.parametrize(
    ("category", "cap"),
    [
        ("HEALTH_ATTEND", 24),
        ("EDU_ATTEND", 24),
        ("KNOWN_YN", 60),
        ("DEMOG_HOUSEHOLD", 60),
        ("POLICE_CONV", 120),
        ("CSC_HISTORY", 120),
        ("PROB_RISK", 120),
    ],
)
def test_each_kind_of_information_has_its_longest_period(category: str, cap: int) -> None:
    for months in (1, cap):
        assert request_with(a_line(category=category, months=months)).outcome is Outcome.PASSED
    for wrong in (None, 0, -1, cap + 1):
        judgement = request_with(a_line(category=category, months=wrong))
        assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R05",))
        assert "/lines/0/months" in places(judgement, "R05")


def test_a_whole_file_is_never_asked_for() -> None:
    judgement = request_with(a_line(category="FULL_RECORD", months=1), countersigned_by=SECOND)

    assert judgement.rules == ("R05",)


@pytest.mark.parametrize(("category", "nearest"), [("HEALTH_ATEND", "HEALTH_ATTEND"), (None, "")])
def test_an_unknown_category_is_refused_by_name_with_the_nearest(category: str | None, nearest: str) -> None:
    judgement = request_with(a_line(category=category))

    assert judgement.rules == ("R05",)
    assert ("/lines/0/category", nearest) in [(found.pointer, found.hint) for found in judgement.violations]


def test_a_request_that_asks_nothing_is_refused() -> None:
    assert judged(request={"lines": []}).rules == ("R05",)


def test_what_is_outside_the_matrix_waits_for_a_second_person() -> None:
    intelligence = a_line(category="POLICE_INTEL")

    alone = request_with(intelligence)
    signed = request_with(intelligence, countersigned_by=SECOND)

    assert (alone.outcome, alone.rules) == (Outcome.HELD, ("R05",))
    assert signed.outcome is Outcome.PASSED


def test_the_exception_wants_a_second_person_and_a_reason() -> None:
    sexual = a_line(category="HEALTH_SEXUAL")

    assert request_with(sexual).outcome is Outcome.REFUSED
    assert request_with(sexual, countersigned_by=SECOND).outcome is Outcome.REFUSED
    assert request_with({**sexual, "exception": EXCEPTION}).outcome is Outcome.HELD
    assert request_with({**sexual, "exception": EXCEPTION}, countersigned_by=SECOND).outcome is Outcome.PASSED
    short = {**sexual, "exception": "the court asked for this"}
    assert request_with(short, countersigned_by=SECOND).outcome is Outcome.REFUSED


def test_the_freest_cell_over_all_categories_counts() -> None:
    line = a_line(category="HEALTH_MH_ADULT")
    both = {"categories": ["SELF_HARM", "PARENT_MH"]}

    assert judged({"categories": ["SELF_HARM"]}, request={"lines": [line]}).outcome is Outcome.REFUSED
    assert judged(both, request={"lines": [line]}).outcome is Outcome.PASSED


def test_a_category_without_a_row_is_judged_as_unsure() -> None:
    line = a_line(category="POLICE_INTEL", exception=EXCEPTION)

    assert judged({"categories": ["RADICALISATION"]}, request={"lines": [line]}).outcome is Outcome.HELD
    assert judged({"categories": ["HUNGER"]}, request={"lines": [line]}).outcome is Outcome.HELD


@pytest.mark.parametrize(
    ("concern", "category", "role", "outcome"),
    [
        ("CSE", "HEALTH_SUBST", "OTHER_CHILD_SAME_RISK", Outcome.PASSED),
        ("CSE", "HEALTH_SUBST", "PARENT_PR", Outcome.REFUSED),
        ("PREBIRTH", "EDU_ATTEND", "SIBLING_OTHER", Outcome.PASSED),
        ("PREBIRTH", "EDU_ATTEND", "PARENT_PR", Outcome.REFUSED),
    ],
)
def test_some_cells_hold_for_children_or_siblings_alone(
    concern: str, category: str, role: str, outcome: Outcome
) -> None:
    line = a_line(category=category, person={"name": "Kit Marlpost", "role": role})

    assert judged({"categories": [concern]}, request={"lines": [line]}, asked_before=1).outcome is outcome
