"""Asking the same holder again and again, as a dry run foresees it and as the log then has it. Domain R06."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.saying import SENDERS_LEAD, say_all, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHILD = {"name": "Odile Farrant", "birth_date": "2016-09-09", "nhs_number": "9990002061"}


async def test_a_dry_run_knows_that_a_new_concern_begins_a_new_round(town: Town) -> None:
    told = await tell(town, subject=CHILD)
    line = a_request_for(CSC, told)["lines"][0] | {"person": CHILD | {"role": "SUBJECT_CHILD"}}
    again = a_request_for(CSC, told, subject=CHILD, author=SENDERS_LEAD, lines=[line])
    for _ in range(3):
        await say_all(town, SCHOOL, "/v1/requests", again)
    news = {name: value for name, value in a_concern_for(CSC).items() if name != "recipients"}
    with_news = again | {"concern_ids": [], "concern": news | {"subject": CHILD}}

    foreseen = [await _check(town, body) for body in (again, with_news)]
    sent = [await _ask(town, body) for body in (again, with_news)]

    assert foreseen == sent == [("held", {"R06"}), ("passed", set())]


async def _check(town: Town, body: dict[str, Any]) -> tuple[str, set[str]]:
    found = (await town.post(SCHOOL, "/v1/requests/check", body)).json()
    return found["outcome"], {each["rule"] for each in found["violations"]}


async def _ask(town: Town, body: dict[str, Any]) -> tuple[str, set[str]]:
    asked = (await town.post(SCHOOL, "/v1/requests", body)).json()["messages"][-1]
    verdict = (await town.message(SCHOOL, asked["id"]))["verdict"]
    return verdict["outcome"], set(verdict["rules"])
