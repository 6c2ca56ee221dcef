"""What becomes of the lines of a request, each by itself. Source: domain 4.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from candour_protocol.kinds import AnswerCodes, LineOutcome
from candour_protocol.lines import Lines, pause_ends
from candour_protocol.policy import load_policy, policy_for
from hypothesis import given
from hypothesis import strategies as st

ASKED = (1, 2, 3)
FRIDAY = datetime(2026, 11, 20, 16, tzinfo=UTC)


def _answer(**outcomes: str) -> AnswerCodes:
    """``line_1="NEED_MORE"`` and so on."""
    rows = [LineOutcome(line=int(name[-1]), outcome=one, reason=None) for name, one in outcomes.items()]
    members: dict[str, Any] = {"outcomes": tuple(rows)}
    return AnswerCodes.model_construct(**members)


def test_to_be_sent_back_for_more_is_no_outcome() -> None:
    lines = Lines().answer(_answer(line_1="NEED_MORE", line_2="NO_INFO_HELD"), 5)

    assert lines.open(ASKED) == {1, 3}


def test_what_has_an_outcome_is_not_opened_again_by_a_question() -> None:
    lines = Lines().answer(_answer(line_1="REFUSED"), 5).answer(_answer(line_1="NEED_MORE"), 9)

    assert lines == Lines(frozenset({1}))


def test_while_a_line_was_never_sent_back_the_time_counts_as_it_did() -> None:
    two = Lines().answer(_answer(line_1="NEED_MORE", line_2="NEED_MORE"), 5)

    assert two.counts_from(ASKED) is None
    assert two.answer(_answer(line_3="REFUSED"), 9).counts_from(ASKED) == 5


def test_the_line_that_is_due_first_counts() -> None:
    lines = Lines().answer(_answer(line_1="NEED_MORE"), 5).answer(_answer(line_2="NEED_MORE"), 9)

    assert lines.counts_from((1, 2)) == 5
    assert lines.say_more(3).counts_from((1, 2)) == 3
    assert lines.answer(_answer(line_1="REFUSED"), 9).counts_from((1, 2)) == 9


@given(st.lists(st.sampled_from([*ASKED, None]), max_size=12))
def test_no_line_waits_twice(steps: list[int | None]) -> None:
    lines = Lines()
    for at, line in enumerate(steps):
        before = lines
        asks = line is not None
        lines = lines.answer(_answer(**{f"line_{line}": "NEED_MORE"}), at + 5) if asks else lines.say_more(at)
        assert all(lines.begins[each] <= begins for each, begins in before.begins.items())


@pytest.mark.parametrize("hours", [1, 3])
def test_how_long_a_question_back_stops_the_clock_is_for_the_policy_to_say(hours: int) -> None:
    written = policy_for("anytown").decode()
    changed = written.replace('need_more = "1 working days"', f'need_more = "{hours} hours"')

    ends = pause_ends("AMBER", FRIDAY, None, load_policy(changed.encode()))

    assert ends == FRIDAY + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("urgency", "hours"), [("EMERGENCY", 1), ("RED", 4), ("AMBER", 24), ("GREEN", 24), (None, 24)]
)
def test_what_runs_day_and_night_is_put_off_no_longer_than_it_may_take(
    urgency: str | None, hours: int
) -> None:
    ends = pause_ends(urgency, FRIDAY, None, load_policy(policy_for("anytown")))

    assert ends == FRIDAY + timedelta(hours=hours)
