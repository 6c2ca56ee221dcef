"""``candour practice``: somebody new tells, asks and answers in a running sandbox, and hears why it is so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from candour_protocol.cli import app
from candour_protocol.cli.exercises import EXERCISES
from candour_protocol.codes import known
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from tests.sandbox.conftest import Partner
from tests.sandbox.process import Process, free_base_port

Practise = Callable[..., Result]

TELL = ["physical adult", "Oval bruise, about 3 cm, under the left side of his jaw", "2026-11-23", "OBSERVED"]
ASK = ["yes", "EDU_ATTEND", "6", "to tell neglect, bullying and illness apart", "Dr A. Pell", "IC4"]
ANSWER = [
    "REFUSED",
    "prejudice_investigation",
    "An arrest is planned for next week and word of it would warn him",
    "the arrest is made",
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A partnership in which nothing has been said yet."""
    process = Process.up(tmp_path_factory.mktemp("practice") / "data", free_base_port(), "--no-story")
    process.ready()
    yield process
    process.kill()


@pytest.fixture(scope="module")
def practise(sandbox: Process) -> Practise:
    """Run the command on these lines."""

    def run(*lines: str, case: int | None = None, folder: Path = sandbox.data) -> Result:
        options = ["--sandbox", str(folder)] + ([] if case is None else ["--case", str(case)])
        typed = "".join(f"{line}\n" for line in lines)
        return CliRunner().invoke(
            app, ["practice", *options], input=typed, env={"COLUMNS": "200", "NO_COLOR": "1"}
        )

    return run


def test_whoever_meets_the_rules_is_through_all_three(practise: Practise) -> None:
    result = practise(*TELL, *ASK, *ANSWER)

    assert result.exit_code == 0, result.output
    assert [f"{number} of 3" in result.output for number in (1, 2, 3)] == [True] * 3
    assert "Once more" not in result.output


def test_each_case_is_in_the_log_and_with_whom_it_was_for(practise: Practise, sandbox: Process) -> None:
    result = practise(*TELL, *ASK, *ANSWER)

    doors = json.loads((sandbox.data / "sandbox.json").read_text())["agencies"]
    for kind, holder in (("concern", "csc"), ("request", "hill"), ("answer", "csc")):
        index = re.search(rf"The {kind}, entry (\d+) of the log: passed checks", result.output)
        assert index, result.output
        with Partner(doors[f"testborough-{holder}"]) as system:
            found = [system.message(one["id"]) for one in system.inbox() if one["kind"] == kind]
        assert int(index[1]) in [message["log_index"] for message in found]


def test_what_is_owed_is_said_with_its_time(practise: Practise) -> None:
    result = practise(*TELL, case=1)

    assert re.search(r"Owed by testborough-csc until \w+day \d\d \w+, \d\d:\d\d: a decision", result.output)


def test_every_list_that_is_offered_has_what_the_example_says() -> None:
    coded = [(one, question) for one in EXERCISES for question in one.questions if question.codes is not None]

    assert coded
    for exercise, question in coded:
        assert question.codes is not None
        assert known(question.codes, exercise.example[question.name])


def test_a_label_alone_is_delivered_and_does_not_unlock_anything(practise: Practise) -> None:
    result = practise("neglect", "Neglect", "", "observed", *TELL, case=1)

    assert result.exit_code == 0
    assert "R02, The concern has substance: not met." in result.output
    assert "R03, Category and narrative go together: not met." in result.output
    assert "testborough-csc has it" in result.output


def test_the_proposal_of_2005_is_returned_with_every_rule_that_it_does_not_meet(practise: Practise) -> None:
    result = practise("no", "full record", "24", "for the assessment", "the clinic", "IC1", *ASK, case=2)

    assert result.exit_code == 0
    for rule in ("R01", "R05", "R07"):
        assert f"\n  {rule}, " in result.output
    assert result.output.count("Why: ") == result.output.count("To mend it: ") == 3
    assert result.output.count("testborough-hill has not seen a word of it") == 1


def test_data_protection_is_no_reason_on_its_own(practise: Practise) -> None:
    words = ["We cannot share this because of the rules on data protection", "nothing at all"]

    result = practise("REFUSED", "GDPR", *words, *ANSWER, case=3)

    assert "R11, Every ask gets a reasoned answer: not met." in result.output
    assert "testborough-csc has not seen" not in result.output
    assert result.exit_code == 0


def test_what_was_said_before_is_kept_by_an_empty_line(practise: Practise) -> None:
    first = [TELL[0], "A bruise", *TELL[2:]]

    result = practise(*first, "", TELL[1], "", "", case=1)

    assert result.exit_code == 0
    assert "[PHYSICAL_ADULT]" in result.output


def test_codes_are_listed_and_the_nearest_is_suggested(practise: Practise) -> None:
    result = practise("?", "neglekt", *TELL[1:], *TELL, case=1)

    assert "NON_MOBILE_BRUISE" in result.output
    assert "Did you mean NEGLECT?" in " ".join(result.output.split())
    assert result.exit_code == 0


def test_whoever_does_not_know_how_to_say_how_is_told(practise: Practise) -> None:
    result = practise(*TELL[:3], "OBSERVD", *TELL, case=1)

    assert "Say how you know this, by a code of the list" in " ".join(result.output.split())
    assert "Did you mean OBSERVED?" in " ".join(result.output.split())
    assert result.exit_code == 0


def test_a_way_that_works_is_shown_to_whoever_asks(practise: Practise) -> None:
    result = practise("example", "example", "example")

    assert result.exit_code == 0
    assert result.output.count("One way that meets every rule") == 3


def test_months_are_a_number(practise: Practise) -> None:
    result = practise(*ASK[:2], "half a year", "99999", *ASK[2:], case=2)

    assert result.output.count("A whole number is wanted") == 2
    assert result.exit_code == 0


def test_the_end_of_the_input_ends_it_and_says_how_to_go_on(practise: Practise) -> None:
    result = practise(*TELL, *ASK[:3])

    assert result.exit_code == 1
    assert "--case 2" in result.output


def test_without_a_sandbox_it_says_how_to_start_one(practise: Practise, tmp_path: Path) -> None:
    result = practise(*TELL, folder=tmp_path)

    assert result.exit_code == 2
    assert "make run" in result.stderr
    assert "You tell" not in result.output


def test_a_sandbox_that_was_stopped_meanwhile_ends_it_in_words(practise: Practise, tmp_path: Path) -> None:
    gone = f"http://127.0.0.1:{free_base_port()}"
    door = {"url": gone, "token": "none"}
    agencies = {kind: door | {"kind": kind} for kind in ("CSC", "SCHOOL", "GP", "POLICE")}
    (tmp_path / "sandbox.json").write_text(json.dumps({"agencies": agencies}))

    result = practise(*TELL, folder=tmp_path)

    assert result.exit_code == 2
    assert "does not answer" in result.stderr


def test_a_sandbox_without_an_agency_that_is_needed_says_which(practise: Practise, tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text(json.dumps({"agencies": {}}))

    result = practise(*TELL, folder=tmp_path)

    assert result.exit_code == 2
    assert "CSC" in result.stderr


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40), max_size=14
    )
)
def test_whatever_somebody_types_the_rules_have_an_answer(practise: Practise, lines: list[str]) -> None:
    result = practise(*lines)

    assert result.exit_code in (0, 1), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
