"""Finding what names a person, on both engines, however it was typed."""

from __future__ import annotations

from typing import Any

import pytest

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
