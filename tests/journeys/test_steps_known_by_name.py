"""A challenge where whoever decided first gave no staff id: their name tells whether it is somebody else."""

from __future__ import annotations

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.saying import INSPECTOR, MANAGER, SERGEANT, WORKER, an_answer, ask, problem, say, tell
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
WRONG = {"argument": "The man is on bail in another force, and he knows already.", "author": WORKER}


@pytest.mark.parametrize("name", ["DS R. Hallam", " ds  r. hallam"])
async def test_whoever_answered_without_a_staff_id_is_known_again_by_name(town: Town, name: str) -> None:
    asked = await ask(town)
    answer = f"/v1/requests/{asked.request}/answer"
    await say(town, POLICE, answer, an_answer({"name": name, "role": "Sergeant", "training_level": "IC4"}))
    await say(town, CSC, f"/v1/messages/{asked.request}/challenge", WRONG)

    same = await problem(town, POLICE, answer, an_answer(SERGEANT))
    nameless = await problem(town, POLICE, answer, an_answer({"staff_id": "hallam"}))
    await say(town, POLICE, answer, an_answer(INSPECTOR))

    assert same[:2] == (409, "same-decider")
    assert nameless[:2] == (422, "nobody-named")
    assert "decider.name" in nameless[2]["detail"]


async def test_whoever_decided_without_a_staff_id_is_known_again_by_name(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/concerns/{told}/decision"
    body = {"decision": "ADVICE_NFA", "reasons": "A cut lip is no more than that."}
    await say(town, CSC, path, body | {"decider": {"name": WORKER["name"]}})
    await say(town, SCHOOL, f"/v1/messages/{told}/challenge", {"argument": "Nobody saw the child."})

    same = await problem(town, CSC, path, body | {"decider": WORKER})
    await say(town, CSC, path, body | {"decider": MANAGER})

    assert same[:2] == (409, "same-decider")


async def test_two_of_one_name_are_told_apart_by_their_staff_ids(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/concerns/{told}/decision"
    body = {"decision": "ADVICE_NFA", "reasons": "A cut lip is no more than that."}
    await say(town, CSC, path, body | {"decider": WORKER})
    await say(town, SCHOOL, f"/v1/messages/{told}/challenge", {"argument": "Nobody saw the child."})

    sent = await say(town, CSC, path, body | {"decider": WORKER | {"staff_id": "okri-2"}})

    assert sent["kind"] == "decision"
