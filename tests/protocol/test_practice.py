"""``candour practice``: somebody new tells, asks and answers, and hears what the rules say and why."""

from __future__ import annotations

import pytest
from candour_protocol.cli import app
from candour_protocol.cli.exercises import EXERCISES, Exercise
from candour_protocol.codes import known
from candour_protocol.policy import load_policy, policy_for
from candour_protocol.rules import Outcome
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

POLICY = load_policy(policy_for("practice", identifiers="test"))

TELL = ["physical adult", "Oval bruise, about 3 cm, under the left side of his jaw", "2026-11-23", "OBSERVED"]
ASK = ["yes", "EDU_ATTEND", "6", "to tell neglect, bullying and illness apart", "Dr A. Pell", "IC4"]
ANSWER = [
    "REFUSED",
    "prejudice_investigation",
    "An arrest is planned for next week and word of it would warn him",
    "the arrest is made",
]


def practise(*lines: str, case: int | None = None) -> Result:
    options = [] if case is None else ["--case", str(case)]
    typed = "".join(f"{line}\n" for line in lines)
    return CliRunner().invoke(
        app, ["practice", *options], input=typed, env={"COLUMNS": "200", "NO_COLOR": "1"}
    )


def test_whoever_meets_the_rules_is_through_all_three() -> None:
    result = practise(*TELL, *ASK, *ANSWER)

    assert result.exit_code == 0, result.output
    assert [f"{number} of 3" in result.output for number in (1, 2, 3)] == [True] * 3
    assert "Once more" not in result.output


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.title)
def test_the_way_that_is_shown_meets_every_rule(exercise: Exercise) -> None:
    assert exercise.case(exercise.example).judge(POLICY).outcome is Outcome.PASSED
    for question in exercise.questions:
        shown = exercise.example[question.name]
        assert question.codes is None or known(question.codes, shown)


def test_a_label_alone_is_delivered_and_does_not_unlock_anything() -> None:
    result = practise("neglect", "Neglect", "", "observed", *TELL, case=1)

    assert result.exit_code == 0
    assert "R02, The concern has substance: delivered with a mark." in result.output
    assert "R03, Category and narrative go together: delivered with a mark." in result.output
    assert "It is delivered all the same" in result.output


def test_the_proposal_of_2005_is_returned_with_every_rule_that_it_does_not_meet() -> None:
    result = practise("no", "full record", "24", "for the assessment", "the clinic", "IC1", *ASK, case=2)

    assert result.exit_code == 0
    for rule in ("R01", "R05", "R07"):
        assert f"\n  {rule}, " in result.output
    assert result.output.count("Why: ") == result.output.count("To mend it: ") == 3


def test_data_protection_is_no_reason_on_its_own() -> None:
    words = ["We cannot share this because of the rules on data protection", "nothing at all"]

    result = practise("REFUSED", "GDPR", *words, *ANSWER, case=3)

    assert "R11, Every ask gets a reasoned answer: delivered with a mark." in result.output
    assert result.exit_code == 0


def test_what_was_said_before_is_kept_by_an_empty_line() -> None:
    first = [TELL[0], "A bruise", *TELL[2:]]

    result = practise(*first, "", TELL[1], "", "", case=1)

    assert result.exit_code == 0
    assert "[PHYSICAL_ADULT]" in result.output


def test_codes_are_listed_and_the_nearest_is_suggested() -> None:
    result = practise("?", "neglekt", *TELL[1:], *TELL, case=1)

    assert "NON_MOBILE_BRUISE" in result.output
    assert "Did you mean NEGLECT?" in result.output
    assert result.exit_code == 0


def test_a_way_that_works_is_shown_to_whoever_asks() -> None:
    result = practise("example", "example", "example")

    assert result.exit_code == 0
    assert result.output.count("One way that meets every rule") == 3


def test_months_are_a_number() -> None:
    result = practise(*ASK[:2], "half a year", "99999", *ASK[2:], case=2)

    assert result.output.count("A whole number is wanted") == 2
    assert result.exit_code == 0


def test_the_end_of_the_input_ends_it_and_says_how_to_go_on() -> None:
    result = practise(*TELL, *ASK[:3])

    assert result.exit_code == 1
    assert "candour practice --case 2" in result.output


@settings(max_examples=50)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40), max_size=14
    )
)
def test_whatever_somebody_types_the_rules_have_an_answer(lines: list[str]) -> None:
    result = practise(*lines)

    assert result.exit_code in (0, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit)
