"""Ages: short, human, and never wrong by more than their last word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from candour_dashboard import ages
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-90), "under a minute"),
        (timedelta(seconds=59), "under a minute"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=3, minutes=20), "3 hours 20 minutes"),
        (timedelta(days=1, hours=1), "1 day 1 hour"),
        (timedelta(days=13, hours=23), "13 days 23 hours"),
        (timedelta(days=14), "14 days"),
        (timedelta(days=40_000), "40,000 days"),
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(length: timedelta, words: str) -> None:
    said = ages.in_words(length)

    assert said == words


@given(st.timedeltas())
def test_every_length_of_time_has_words(length: timedelta) -> None:
    assert ages.in_words(length)


def test_an_instant_is_exact_in_utc_whatever_its_offset() -> None:
    instant = datetime(2026, 11, 23, 6, 12, 30, tzinfo=timezone(timedelta(hours=1)))

    said = ages.exact(instant), ages.machine(instant)

    assert said == ("23 November 2026, 05:12:30 UTC", "2026-11-23T05:12:30Z")
    assert datetime.fromisoformat(said[1]) == instant.astimezone(UTC)
