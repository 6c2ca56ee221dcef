"""A request is answered once every line has an outcome; till then its holder has it in hand. Domain 4.2."""

from __future__ import annotations

from typing import Any

import pytest
from candour_agency import words

from tests.agency.partnership import POLICE, Office, a_request, an_answer
from tests.agency.places import ON_BOTH

WHY = "Police have not answered all, and the child sleeps at her aunt's from tonight."


async def _two_lines(csc: Office, police: Office) -> tuple[str, str]:
    """What social care told the police, and what it asks them on the strength of that."""
    told = await csc.tell(POLICE)
    asked = await csc.ask(POLICE, concern_ids=[told], lines=a_request(POLICE)["lines"] * 2)
    await police.until(asked, "delivered")
    return told, asked


async def _answer(police: Office, csc: Office, asked: str, outcomes: dict[int, str]) -> None:
    lines = [an_answer()["outcomes"][0] | {"line": line, "outcome": one} for line, one in outcomes.items()]
    sent = await police.post(f"/v1/requests/{asked}/answer", an_answer(outcomes=lines))
    await csc.until(sent["messages"][0]["id"], "delivered")
    await police.until(sent["messages"][0]["id"], "delivered")


async def _open(office: Office) -> set[str]:
    return {one["id"] for one in (await office.get("/v1/inbox?limit=200&state=open"))["items"]}


async def _owed(office: Office, asked: str) -> list[bool]:
    found = (await office.message(asked))["obligations"]
    return [one["settled_at"] is None for one in found if one["kind"] == "answer"]


PARTS: Any = [{1: "NEED_MORE"}, {1: "NEED_MORE", 2: "NEED_MORE"}, {2: "DISCLOSED_FULL", 1: "NEED_MORE"}]


@ON_BOTH
@pytest.mark.parametrize("part", PARTS)
async def test_a_request_with_an_open_line_stays_in_its_holders_list(
    csc: Office, police: Office, part: dict[int, str]
) -> None:
    _, asked = await _two_lines(csc, police)

    await _answer(police, csc, asked, part)
    in_hand, owed = asked in await _open(police), [await _owed(csc, asked), await _owed(police, asked)]
    partly = {(await one.message(asked))["state"] for one in (csc, police)}
    await _answer(police, csc, asked, {1: "DISCLOSED_FULL", 2: "DISCLOSED_FULL"})

    assert (in_hand, owed, partly) == (True, [[True], [True]], {"acknowledged"})
    assert asked not in await _open(police)
    assert (await csc.message(asked))["state"] == (await police.message(asked))["state"] == "answered"


@pytest.mark.parametrize("part", [*PARTS, {1: "DISCLOSED_FULL"}])
async def test_a_matter_whose_check_has_an_open_line_closes_with_a_reason_and_takes_it_with_it(
    csc: Office, police: Office, part: dict[int, str]
) -> None:
    told, asked = await _two_lines(csc, police)
    await _answer(police, csc, asked, part)
    path = f"/v1/concerns/{told}/closure"

    silent = await csc.call("POST", path, {})
    await csc.post(path, {"reason": "CHECKS_UNANSWERED", "text": WHY})
    await police.until(asked, "closed")

    assert (silent.status_code, silent.json()["code"]) == (409, "reason-needed")
    assert [one["id"] for one in silent.json()["checks"]] == [asked]
    assert "`reason`" in silent.json()["detail"]
    assert asked not in await _open(police)
    assert await _owed(police, asked) == [False]


async def test_that_what_came_of_one_line_was_told_leaves_the_other_a_check_to_wait_for(
    csc: Office, police: Office
) -> None:
    told, asked = await _two_lines(csc, police)
    await _answer(police, csc, asked, {1: "DISCLOSED_FULL"})
    sent = await csc.post(f"/v1/requests/{asked}/outcome", {"came_of_it": "Strategy discussion today."})
    await police.until(sent["messages"][0]["id"], "delivered")

    silent = await csc.call("POST", f"/v1/concerns/{told}/closure", {})

    assert silent.json()["code"] == "reason-needed"
    assert asked in await _open(police)


def test_a_closure_that_the_gateway_sends_back_says_which_reason_it_wants() -> None:
    assert "CHECKS_UNANSWERED" in str(words.violation("reason-needed", "/reason")["fix"])
