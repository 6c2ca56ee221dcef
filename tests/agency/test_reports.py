"""Finding what names a person, on both engines, however it was typed."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from candour_agency import reporting

from tests.agency.partnership import CSC, Office

CHILD = {"name": "Zoë O'Brien-Şahin", "birth_date": "2016-04-01", "nhs_number": "999 000 2053"}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    "person",
    [
        {"nhs_number": "9990002053"},
        {"nhs_number": "999 000 2053"},
        {"name": "zoë o'brien-şahin", "birth_date": "2016-04-01"},
        {"name": "Somebody Else", "aliases": ["ZOË O'BRIEN-ŞAHIN"], "birth_date": "2016-04-01"},
    ],
)
async def test_a_child_is_found_as_people_type(school: Office, csc: Office, person: dict[str, Any]) -> None:
    told = await school.tell(CSC, subject=CHILD)
    other = await school.tell(CSC, subject={"name": "Zoë", "birth_date": "2016-04-02"})
    await csc.until(told, "delivered")
    await csc.until(other, "delivered")

    answers = [
        await each.call("POST", "/v1/disclosure-reports", {"person": person}) for each in (school, csc)
    ]

    assert [[one["id"] for one in answer.json()["items"]] for answer in answers] == [[told], [told]]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    "person",
    [
        {"name": "Zoë" * 15_000, "birth_date": "2016-04-01"},
        {"nhs_number": "9" * 60_000},
        {"nhs_number": "9990002053", "aliases": ["%_\\'\"" * 200] * 60},
    ],
)
async def test_however_much_is_typed_it_is_looked_for(school: Office, person: dict[str, Any]) -> None:
    told = await school.tell(CSC, subject=CHILD)

    answer = await school.call("POST", "/v1/disclosure-reports", {"person": person})

    known = person.get("nhs_number") == "9990002053"
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["items"]] == ([told] if known else [])


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_a_very_long_name_is_found_again(school: Office) -> None:
    child = {"name": "Zoë O'Brien " * 200, "birth_date": "2016-04-01"}
    told = await school.tell(CSC, subject=child)

    answer = await school.call("POST", "/v1/disclosure-reports", {"person": child})

    assert [one["id"] for one in answer.json()["items"]] == [told]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_matters_are_read_together_and_none_is_left_out(
    school: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [await school.tell(CSC, subject=CHILD) for _ in range(5)]
    monkeypatch.setattr(reporting, "THREADS", 2)
    lines = Mock(side_effect=reporting.lines)
    monkeypatch.setattr(reporting, "lines", lines)

    answer = await school.call("POST", "/v1/disclosure-reports", {"person": CHILD})

    assert [one["id"] for one in answer.json()["items"]] == told
    assert [len(call.kwargs["threads"]) for call in lines.call_args_list] == [2, 2, 1]
