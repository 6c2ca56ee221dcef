"""A matter with an injury: who is usually heard before it ends, and who else told of the child."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agency.partnership import CSC, POLICE, Office, a_concern, a_request, a_subject, an_answer
from tests.agency.places import ON_BOTH
from tests.agency.prompted import OTHER_FACT

DECIDED = {"decision": "ADVICE_NFA", "reasons": "A fall, seen by two.", "decider": {"name": "S. Oduya"}}


def _not_heard(answer: dict[str, Any]) -> list[str]:
    return [one for one in answer.get("notices", []) if "usually heard" in one]


async def _told(teller: Office, csc: Office, **changes: Any) -> str:
    told = await teller.tell(CSC, **changes)
    await csc.until(told, "delivered")
    return told


# -- before it ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, "the police or a GP"),
        ({"closure_evidence": {"checks_done": ["Police records", "GP rang back"]}}, ""),
        ({"closure_evidence": {"checks_done": ["police"], "seen_child": True}}, "a GP"),
        ({"closure_evidence": {"checks_done": ["Early help record"]}}, "the police or a GP"),
        ({"decision": "STRATEGY_S47"}, ""),
        ({"decision": "EARLY_HELP"}, "the police or a GP"),
        ({"final": False}, ""),
    ],
)
async def test_whoever_ends_a_matter_with_an_injury_hears_who_was_not_heard(
    school: Office, csc: Office, changes: dict[str, Any], missing: str
) -> None:
    told = await _told(school, csc)

    sent = await csc.post(f"/v1/concerns/{told}/decision", DECIDED | changes)

    prompts = _not_heard(sent)
    assert len(prompts) == bool(missing)
    assert all(f"from {missing} about" in one for one in prompts)
    await school.until(sent["messages"][0]["id"], "delivered")  # refuses and holds nothing


async def test_who_took_their_word_back_was_not_heard(school: Office, csc: Office, police: Office) -> None:
    sent = await school.post("/v1/concerns", a_concern(CSC, recipients=[CSC, POLICE]))
    told, at_police = (one["id"] for one in sent["messages"])
    await csc.until(told, "delivered")
    await police.until(at_police, "delivered")
    by_police = await _told(police, csc, thread=sent["thread"], facts=[OTHER_FACT])
    path = f"/v1/concerns/{told}/decision"

    before = await csc.post(path, DECIDED)
    await police.post(f"/v1/messages/{by_police}/withdrawal", {"reason": "SENT_IN_ERROR"})
    await csc.until(by_police, "withdrawn")
    after = await csc.post(path, DECIDED)

    assert ["from a GP about" in one for one in _not_heard(before)] == [True]
    assert ["the police or a GP" in one for one in _not_heard(after)] == [True]


@ON_BOTH
async def test_who_answered_was_heard_and_who_was_only_asked_was_not(
    school: Office, csc: Office, police: Office, gp: Office
) -> None:
    told = await _told(school, csc)
    asked = await csc.ask(POLICE, concern_ids=[told])
    await police.until(asked, "delivered")
    path = f"/v1/concerns/{told}/decision"

    before = await csc.post(path, DECIDED)
    given = await police.post(f"/v1/requests/{asked}/answer", an_answer())
    await csc.until(given["messages"][0]["id"], "delivered")
    after = await csc.post(path, DECIDED)

    assert ["the police or a GP" in one for one in _not_heard(before)] == [True]
    assert ["from a GP about" in one for one in _not_heard(after)] == [True]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, "the police"),
        ({"subject": a_subject(name="Bryn Morrow", birth_date="2016-01-02")}, "the police or a GP"),
    ],
)
async def test_who_told_of_the_same_child_in_another_matter_was_heard(
    school: Office, csc: Office, gp: Office, changes: dict[str, Any], missing: str
) -> None:
    told = await _told(school, csc)
    await _told(gp, csc, facts=[OTHER_FACT], **changes)

    [prompt] = _not_heard(await csc.post(f"/v1/concerns/{told}/decision", DECIDED))

    assert f"from {missing} about" in prompt


async def test_a_matter_that_is_closed_undecided_says_the_same_and_one_that_was_decided_nothing(
    school: Office, csc: Office
) -> None:
    undecided, decided, other = [
        await _told(school, csc, categories=[code])
        for code in ("NON_MOBILE_BRUISE", "PHYSICAL_CHILD", "NEGLECT")
    ]
    await csc.post(f"/v1/concerns/{decided}/decision", DECIDED | {"decision": "ASSESS_S17"})
    await csc.until(decided, "decided")

    closed = [
        await csc.post(f"/v1/concerns/{each}/closure", {"reason": "CHILD_SAFE"})
        for each in (undecided, decided, other)
    ]

    assert [len(_not_heard(each)) for each in closed] == [1, 0, 0]


async def test_only_social_care_is_prompted(school: Office, police: Office) -> None:
    told = await school.tell(POLICE)
    await police.until(told, "delivered")

    sent = await police.post(f"/v1/concerns/{told}/decision", DECIDED)

    assert _not_heard(sent) == []


# -- a strategy discussion ---------------------------------------------------------------------------


def _strategy(shown: dict[str, Any]) -> list[str]:
    return [one["href"] for one in shown["next_steps"] if one["step"] == "strategy-discussion"]


@ON_BOTH
async def test_an_injury_of_which_two_agencies_told_prompts_for_a_strategy_discussion(
    school: Office, csc: Office, gp: Office
) -> None:
    first = await _told(school, csc)
    second = await _told(gp, csc, categories=["NEGLECT"], facts=[OTHER_FACT])

    shown = [await csc.message(each) for each in (first, second)]
    thread = (await csc.get(f"/v1/threads/{shown[1]['thread']}"))["messages"]
    at_teller = await school.message(first)
    await csc.post(f"/v1/concerns/{first}/decision", DECIDED | {"decision": "STRATEGY_S47"})
    await csc.until(first, "decided")

    assert [_strategy(one) for one in shown] == [[f"/v1/messages/{second}"], [f"/v1/messages/{first}"]]
    assert [_strategy(one) for one in thread if one["id"] == second] == [[f"/v1/messages/{first}"]]
    assert not any("Ashbyte" in step["text"] for one in shown for step in one["next_steps"])
    assert _strategy(at_teller) == _strategy(await csc.message(first)) == []


@pytest.mark.parametrize(
    ("changes", "teller"),
    [
        ({"categories": ["NEGLECT"]}, "gp"),
        ({"subject": a_subject(name="Bryn Morrow", birth_date="2016-01-02", nhs_number="9990001022")}, "gp"),
        ({"subject": a_subject(name="Bryn Morrow", birth_date="2016-01-02")}, "gp"),
        ({}, "school"),
    ],
)
async def test_no_injury_another_child_or_one_agency_twice_prompts_for_none(
    school: Office, csc: Office, gp: Office, changes: dict[str, Any], teller: str
) -> None:
    by = {"school": school, "gp": gp}[teller]
    await _told(school, csc, categories=["NEGLECT"] if "categories" in changes else ["PHYSICAL_ADULT"])

    second = await _told(by, csc, facts=[OTHER_FACT], **changes)

    assert _strategy(await csc.message(second)) == []


async def test_what_was_passed_on_in_one_matter_is_one_word_of_it(
    school: Office, csc: Office, police: Office
) -> None:
    sent = await school.post("/v1/concerns", a_concern(CSC, recipients=[CSC, POLICE]))
    direct, at_police = (one["id"] for one in sent["messages"])
    await csc.until(direct, "delivered")
    await police.until(at_police, "delivered")
    asked = await police.post("/v1/requests", a_request(CSC, concern_ids=[at_police]))
    for one in asked["messages"]:
        await csc.until(one["id"], "delivered")

    assert _strategy(await csc.message(direct)) == []
