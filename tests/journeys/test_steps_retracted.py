"""What its author no longer stands by: what is over with it, and what a dry run says of it (R14, 2.16)."""

from __future__ import annotations

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.saying import SENDERS_LEAD, WORKER, ask, say, states, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("kind", "stands"),
    [
        ("WRONG_CHILD", "withdrawn"),
        ("DUPLICATE", "withdrawn"),
        ("FACT_WRONG", "withdrawn"),
        ("UPDATE", "delivered"),
    ],
)
async def test_a_request_that_its_author_does_not_stand_by_is_over(
    town: Town, kind: str, stands: str
) -> None:
    asked = await ask(town)
    path = f"/v1/messages/{asked.request}/correction"

    await say(town, CSC, path, {"correction_kind": kind, "what_is_right": "It is the other address."})

    assert await states(town, asked.request, CSC, POLICE) == [stands, stands]
    due = (await town.message(POLICE, asked.request))["obligations"]
    assert all(each["settled_at"] for each in due) is (stands == "withdrawn")


@pytest.mark.parametrize(
    ("kind", "rules"),
    [("WRONG_CHILD", ["R04", "R14"]), ("FACT_WRONG", ["R04", "R14"]), ("UPDATE", [])],
)
async def test_a_dry_run_knows_what_its_author_took_back(town: Town, kind: str, rules: list[str]) -> None:
    told = await tell(town)
    right = {"correction_kind": kind, "what_is_right": "It was on Monday."}
    await say(town, SCHOOL, f"/v1/messages/{told}/correction", right)
    body = a_request_for(CSC, told, author=SENDERS_LEAD)

    checked = (await town.post(SCHOOL, "/v1/requests/check", body)).json()
    sent = (await town.call(SCHOOL, "POST", "/v1/requests", json=body, headers={"Prefer": "wait=10"})).json()

    assert sorted({each["rule"] for each in checked["violations"]}) == rules
    assert sorted({each["rule"] for each in sent.get("violations", [])}) == rules


@pytest.mark.parametrize(
    ("path", "fall"),
    [
        ("withdrawal", {"reason": "SENT_IN_ERROR"}),
        ("correction", {"correction_kind": "FACT_WRONG", "what_is_right": "Nor was it on Tuesday."}),
    ],
)
async def test_what_was_told_instead_is_no_ground_once_it_has_fallen_too(
    town: Town, path: str, fall: dict[str, str]
) -> None:
    told = await tell(town)
    right = {"correction_kind": "FACT_WRONG", "what_is_right": "It was on Monday."}
    await say(town, SCHOOL, f"/v1/messages/{told}/correction", right)
    thread = (await town.message(SCHOOL, told))["thread"]
    instead = await tell(town, thread=thread)
    body = a_request_for(CSC, told, author=SENDERS_LEAD)
    before = (await town.post(SCHOOL, "/v1/requests/check", body)).json()

    await say(town, SCHOOL, f"/v1/messages/{instead}/{path}", fall)
    checked = (await town.post(SCHOOL, "/v1/requests/check", body)).json()
    sent = (await town.post(SCHOOL, "/v1/requests", body)).json()

    assert before["violations"] == []
    assert {each["rule"] for each in checked["violations"]} == {"R04", "R14"}
    assert {each["rule"] for each in sent["violations"]} == {"R04", "R14"}


async def test_a_dry_run_passes_nothing_on_that_waits_to_be_put_right(town: Town) -> None:
    told = await tell(town)
    right = {"correction_kind": "FACT_WRONG", "what_is_right": "It was on Monday."}
    sent = await say(town, SCHOOL, f"/v1/messages/{told}/correction", right)
    body = a_request_for(POLICE, told, author=WORKER, purpose="TRIAGE", power="CA89_S47")
    back = a_request_for(SCHOOL, told, author=WORKER, purpose="TRIAGE", power="CA89_S47")

    before = (await town.post(CSC, "/v1/requests/check", body)).json()
    waits = (await town.post(CSC, "/v1/requests/check", back)).json()
    await say(town, CSC, f"/v1/inbox/{sent['id']}/applied", {"applied": "yes"})
    thread = (await town.message(CSC, told))["thread"]
    await say(town, SCHOOL, "/v1/concerns", a_concern_for(CSC, thread=thread))
    after = (await town.post(CSC, "/v1/requests/check", back)).json()

    assert [each["outcome"] for each in before["messages"]] == ["refused", "refused"]
    assert {each["rule"] for each in waits["violations"]} == {"R04", "R14"}
    assert after["violations"] == []


@pytest.mark.parametrize(("kind", "breach"), [("WRONG_CHILD", True), ("FACT_WRONG", False)])
async def test_word_of_the_wrong_child_reminds_both_ends_of_a_data_breach(
    town: Town, kind: str, breach: bool
) -> None:
    told = await tell(town)
    body = {"correction_kind": kind, "what_is_right": "It was his twin.", "author": SENDERS_LEAD}

    answer = (await town.post(SCHOOL, f"/v1/messages/{told}/correction", body)).json()

    await town.courier.settle()
    shown = await town.message(CSC, answer["messages"][0]["id"])
    said = [*answer.get("notices", []), *(one["text"] for one in shown["next_steps"])]
    assert len(said) == (2 if breach else 0)
    assert all("data protection officer" in one and "72 hours" in one for one in said)
