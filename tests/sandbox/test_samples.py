"""The package's copy of the samples, and how placeholders are filled."""

from __future__ import annotations

from datetime import date

import pytest
from candour_sandbox.samples import samples

TODAY = date(2026, 12, 30)


def test_an_id_stands_for_an_earlier_calls_message() -> None:
    filled = samples().call("R-01").filled({"C-01": "an-id"}, TODAY)

    assert filled["concern_ids"] == ["an-id"]


def test_a_date_is_counted_from_today() -> None:
    filled = samples().call("C-07").filled({}, TODAY)

    assert filled["withheld"]["review_on"] == "2027-01-02"


def test_a_call_that_needs_one_not_made_yet_is_an_error() -> None:
    with pytest.raises(KeyError):
        samples().call("R-01").filled({}, TODAY)


def test_there_are_eighteen_calls_by_members_of_the_partnership() -> None:
    calls = samples().calls

    assert len(calls) == len({call.id for call in calls})
    assert {call.sender for call in calls} <= set(samples().kinds)
