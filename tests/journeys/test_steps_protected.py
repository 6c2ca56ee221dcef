"""A concern that an inbox must not see; requests whose ground falls away, and that go on again."""

from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.ids import AgencyId

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.hostile import Surgery
from tests.journeys.saying import (
    INSPECTOR,
    MANAGER,
    SERGEANT,
    WORKER,
    ask,
    events,
    problem,
    say,
    say_all,
    states,
)
from tests.journeys.town import EVERYTHING, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lodge(town: Town, kept_from: str = SCHOOL, **changes: Any) -> str:
    """The police tell social care what somebody's ordinary inbox must not see; the concern's id."""
    withheld = {
        "from": kept_from,
        "reason": "POLICE_PREJUDICE",
        "lodged_with": f"{CSC}/restricted",
        "second_signer": INSPECTOR,
        "review_on": "2026-11-22",
    }
    concern = a_concern_for(f"{CSC}/restricted", withheld=withheld, author=SERGEANT, **changes)
    return str((await say(town, POLICE, "/v1/concerns", concern))["id"])


async def test_a_lodgees_word_lets_a_request_go_on(town: Town) -> None:
    told = await lodge(town)
    body = a_request_for(SCHOOL, told, author=SERGEANT)
    answer = await town.post(POLICE, "/v1/requests", body)
    asked = answer.json()["messages"][-1]
    await town.courier.settle()
    before = [each for each in await town.inbox(SCHOOL) if each["id"] == asked["id"]]
    notice = [each for each in await town.inbox(CSC) if each["notice"] == "lodged"][-1]

    await say(town, CSC, f"/v1/inbox/{notice['id']}/word", {"who": MANAGER, "why": "I have read it."})

    assert (asked["state"], before) == ("held", [])
    assert notice["inbox"] == "restricted"
    assert "waits for your word" in notice["text"]
    assert await states(town, asked["id"], POLICE, SCHOOL) == ["delivered", "delivered"]
    assert "released" in await events(town, POLICE, asked["id"])
    again = await problem(
        town, CSC, f"/v1/requests/{notice['id']}/approval", {"as": "lodgee", "who": MANAGER}
    )
    assert again[:2] == (409, "already-done")


async def test_a_lodgees_word_reaches_whoever_is_asked_where_a_thread_is_kept_from_several(
    town: Town, surgery: Surgery
) -> None:
    child = {"name": "Ira Sallow", "birth_date": "2015-03-04", "nhs_number": "9990002037"}
    first = await lodge(town, surgery.id, subject=child)
    told = await lodge(town, subject=child, thread=(await town.message(POLICE, first))["thread"])
    line = a_request_for(SCHOOL, told)["lines"][0] | {"person": child | {"role": "SUBJECT_CHILD"}}
    body = a_request_for(SCHOOL, told, author=SERGEANT, subject=child, lines=[line])
    asked = (await town.post(POLICE, "/v1/requests", body)).json()["messages"][-1]["id"]
    await town.courier.settle()
    notice = [each for each in await town.inbox(CSC) if each["notice"] == "lodged"][-1]["id"]
    word = {"who": MANAGER, "why": "I have read it."}

    given = await town.post(CSC, f"/v1/inbox/{notice}/word", word)
    await town.courier.settle()

    assert given.status_code == 202
    assert await states(town, asked, POLICE, SCHOOL) == ["delivered", "delivered"]
    again = await problem(town, CSC, f"/v1/inbox/{notice}/word", word)
    assert again[:2] == (409, "already-done")


async def test_what_waits_for_a_lodgee_says_so_by_name_and_no_more_once_the_word_is_given(town: Town) -> None:
    told = await lodge(town)
    body = a_request_for(SCHOOL, told, author=SERGEANT)
    asked = (await town.post(POLICE, "/v1/requests", body)).json()["messages"][-1]["id"]
    who = {"who": INSPECTOR, "why": "I have read it."}
    approval = (await town.post(POLICE, f"/v1/requests/{asked}/approval", who)).json()["messages"][-1]["id"]
    await town.courier.settle()
    waiting = [await town.message(POLICE, one) for one in (asked, approval)]
    notice = [each for each in await town.inbox(CSC) if each["notice"] == "lodged"][-1]

    await say(town, CSC, f"/v1/inbox/{notice['id']}/word", {"who": MANAGER, "why": "I have read it."})

    after = [await town.message(POLICE, one) for one in (asked, approval)]
    for one in waiting:
        assert (one["state_text"], one["verdict"]["text"]) == (f"waiting for the word of {CSC}",) * 2
        (violation,) = one["verdict"]["violations"]
        assert (violation["rule"], violation["hint"]) == ("R10", CSC)
        assert f"waits for the word of {CSC}" in violation["fix"]
    for one in after:
        assert one["verdict"] == {"outcome": "passed", "rules": [], "text": "passed checks", "violations": []}
    assert [one["state"] for one in after] == ["delivered", "passed"]


async def test_what_waits_for_both_a_colleague_and_a_lodgee_names_both(town: Town) -> None:
    told = await lodge(town)
    why = {"category": "POLICE_INTEL", "exception": "Only the school knows who collected her last winter."}
    wide = a_request_for(SCHOOL, told)["lines"][0] | why
    body = a_request_for(SCHOOL, told, author=SERGEANT, lines=[wide])

    checked = (await town.post(POLICE, "/v1/requests/check", body)).json()
    asked = (await town.post(POLICE, "/v1/requests", body)).json()["messages"][-1]["id"]

    shown = await town.message(POLICE, asked)
    fixes = {one["rule"]: one["fix"] for one in shown["verdict"]["violations"]}
    assert shown["state_text"] == f"waiting for a second person, and for the word of {CSC}"
    assert set(fixes) == {"R05", "R10"}
    assert "second person of your agency" in fixes["R05"]
    assert [(one["rule"], one["fix"]) for one in checked["violations"]] == sorted(fixes.items())


async def test_the_holder_learns_in_its_restricted_inbox_alone_that_something_is_lodged(town: Town) -> None:
    ordinary = town.token(SCHOOL, EVERYTHING - {"inbox.restricted"})
    await lodge(town)

    shown = [each for each in await town.inbox(SCHOOL) if each["notice"] == "lodged"]
    hidden = (await town.call(SCHOOL, "GET", "/v1/inbox", token=ordinary)).json()["items"]

    assert {each["inbox"] for each in shown} == {"restricted"}
    assert shown[0]["text"].startswith("a concern (")
    assert "lodged whole with" in shown[0]["text"]
    assert "urgency AMBER, level" in shown[0]["text"]
    assert shown[0]["id"] not in [each["id"] for each in hidden]
    word = await problem(town, SCHOOL, f"/v1/inbox/{shown[0]['id']}/word", {"who": WORKER})
    assert word[:2] == (409, "wrong-kind")


async def test_both_ends_see_by_when_it_is_reviewed_and_that_it_was(town: Town) -> None:
    told = await lodge(town)
    before = [await _review(town, who, told) for who in (POLICE, CSC)]
    ledger = (await town.ask_gateway("GET", "/v1/obligations", params={"limit": "500"})).json()["items"]

    right = {"correction_kind": "UPDATE", "what_is_right": "Looked at again: until the arrest on Tuesday."}
    await say(town, POLICE, f"/v1/messages/{told}/correction", right | {"author": INSPECTOR})

    assert before[0] == before[1]
    assert (before[0]["owed_by"], before[0]["due_at"]) == (POLICE, "2026-11-23T00:00:00.000Z")
    [owed] = [each for each in ledger if (each["kind"], each["id"]) == ("review", told)]
    assert (owed["owed_by"], owed["due_at"]) == (POLICE, "2026-11-23T00:00:00+00:00")
    assert all([(await _review(town, who, told))["settled_at"] for who in (POLICE, CSC)])


async def _review(town: Town, who: str, told: str) -> dict[str, Any]:
    shown = (await town.message(AgencyId(who), told))["obligations"]
    found: dict[str, Any] = next(each for each in shown if each["kind"] == "review")
    return found


async def test_a_request_waits_while_what_it_rests_on_was_taken_back(town: Town) -> None:
    asked = await ask(town)

    await say(town, SCHOOL, f"/v1/messages/{asked.concern}/correction", {"correction_kind": "FACT_WRONG"})

    assert await states(town, asked.request, CSC, POLICE) == ["suspended", "suspended"]
    assert "suspended" in await events(town, CSC, asked.request)


async def test_told_anew_and_passed_on_it_goes_on(town: Town) -> None:
    asked = await ask(town)
    await say(town, SCHOOL, f"/v1/messages/{asked.concern}/correction", {"correction_kind": "FACT_WRONG"})
    correction = [each for each in await town.inbox(CSC) if each["kind"] == "correction"][-1]
    await say(town, CSC, f"/v1/inbox/{correction['id']}/applied", {"applied": "yes"})
    anew = await say(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, thread=asked.thread))

    await say_all(
        town,
        CSC,
        "/v1/requests",
        a_request_for(POLICE, anew["id"], author=WORKER, purpose="TRIAGE", power="CA89_S47"),
    )

    assert await states(town, asked.request, CSC, POLICE) == ["delivered", "delivered"]
    assert (await events(town, POLICE, asked.request))[-2:] == ["suspended", "resumed"]


async def test_a_dry_run_knows_what_was_asked_before_and_what_is_lodged(town: Town) -> None:
    asked = await ask(town)
    body = a_request_for(POLICE, asked.concern, author=WORKER, purpose="TRIAGE", power="CA89_S47")
    for _ in range(2):
        await say_all(town, CSC, "/v1/requests", body)

    checked = (await town.post(CSC, "/v1/requests/check", body)).json()
    sent = (await town.post(CSC, "/v1/requests", body)).json()["messages"][-1]

    assert [each["rule"] for each in checked["violations"]] == ["R06"]
    assert (checked["outcome"], sent["state"]) == ("held", "held")
