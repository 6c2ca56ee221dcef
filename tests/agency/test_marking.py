"""Illness that may be induced is kept from the family, unless the family was told. Source: domain 2.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agency.partnership import CSC, GP, Office, a_concern, a_request

FII = {"categories": ["PERPLEXING_FII"]}
AGREED = {"position": "INFORMED_AGREED"}


@pytest.mark.parametrize(
    ("members", "marks", "said"),
    [
        (FII, ["NOT_FAMILY"], True),
        ({"categories": ["neglect", "perplexing_fii"]}, ["NOT_FAMILY"], True),
        (FII | {"openness": {"position": "NOT_INFORMED", "reason": "RISK_TO_CHILD"}}, ["NOT_FAMILY"], True),
        (FII | {"handling": ["NO_ONWARD"]}, ["NO_ONWARD", "NOT_FAMILY"], True),
        (FII | {"handling": ["NOT_FAMILY"]}, ["NOT_FAMILY"], False),
        (FII | {"openness": AGREED}, [], False),
        (FII | {"openness": {"position": "INFORMED_OBJECTED_OVERRIDDEN", "reason": "x"}}, [], False),
        ({"categories": ["NEGLECT"]}, [], False),
    ],
)
async def test_perplexing_illness_is_marked_not_for_the_family_unless_they_were_told(
    gp: Office, csc: Office, members: dict[str, Any], marks: list[str], said: bool
) -> None:
    body = a_concern(CSC) | {"openness": None} | members

    answer = await gp.post("/v1/concerns", body)
    checked = (await gp.call("POST", "/v1/concerns/check", body)).json()

    shown = await csc.until(answer["messages"][0]["id"], "delivered")
    assert (shown["codes"]["marks"], shown["opened"]) == (marks, "sound")
    assert ((shown["content"]["handling"] or {}).get("marks") or []) == marks
    for notices in (answer.get("notices", []), checked["notices"]):
        assert any("NOT_FAMILY" in each for each in notices) is said


async def test_it_is_so_of_a_concern_that_is_told_with_a_question(csc: Office, gp: Office) -> None:
    told = {name: value for name, value in a_concern(GP, **FII).items() if name != "recipients"}

    answer = await csc.post("/v1/requests", a_request(GP, concern_ids=[], concern=told | {"openness": None}))

    concern = await gp.until(answer["messages"][0]["id"], "delivered")
    assert concern["codes"]["marks"] == ["NOT_FAMILY"]
    assert any("NOT_FAMILY" in each for each in answer["notices"])
