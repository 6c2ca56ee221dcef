"""A challenged outcome, transfer or correction, as people meet it: somebody else says it again, or why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.saying import (
    INSPECTOR,
    MANAGER,
    SENDERS_LEAD,
    SERGEANT,
    WORKER,
    an_answer,
    ask,
    problem,
    say,
    states,
    tell,
)
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
HEAD = {"staff_id": "vance", "name": "H. Vance", "role": "Head teacher"}
WRONG = {"argument": "That is not what his mother was told on Monday."}
STANDS = [{"what": "The minutes say the same; his mother signed them on Monday."}]


async def test_a_challenged_outcome_is_told_again_by_somebody_else(town: Town) -> None:
    asked = await ask(town)
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(SERGEANT, "DISCLOSED_FULL"))
    path, body = f"/v1/requests/{asked.request}/outcome", {"outcome": "ADVICE_NFA", "author": WORKER}
    told = await say(town, CSC, path, body)
    challenge = await say(town, POLICE, f"/v1/messages/{told['id']}/challenge", WRONG | {"author": INSPECTOR})

    same = await problem(town, CSC, path, body)
    nobody = await problem(town, CSC, path, {"came_of_it": "A plan was made."})
    before = await states(town, challenge["id"], CSC, POLICE)
    await say(town, CSC, path, {"outcome": "ASSESS_S17", "author": MANAGER})

    assert same[:2] == (409, "same-decider")
    assert nobody[:2] == (422, "nobody-named")
    assert "`author.staff_id`" in nobody[2]["detail"]
    assert before == ["delivered", "delivered"]
    assert await states(town, challenge["id"], CSC, POLICE) == ["answered", "answered"]


async def test_a_challenged_transfer_is_changed_by_somebody_else(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/concerns/{told}/transfer"
    first = await say(town, CSC, path, {"to": f"{CSC}/restricted", "author": WORKER})
    challenge = await say(town, SCHOOL, f"/v1/messages/{first['id']}/challenge", WRONG | {"author": HEAD})

    again = await _sent(town, CSC, path, {"to": CSC, "author": WORKER})
    before = await states(town, challenge["id"], CSC, SCHOOL)
    changed = await _sent(town, CSC, path, {"to": CSC, "author": MANAGER})

    assert any("stays open" in note for note in again.get("notices", []))
    assert before == ["delivered", "delivered"]
    assert "notices" not in changed
    assert await states(town, challenge["id"], CSC, SCHOOL) == ["answered", "answered"]


async def test_a_challenged_correction_is_made_again_by_somebody_else(town: Town) -> None:
    told = await tell(town)
    path = f"/v1/messages/{told}/correction"
    right = {"correction_kind": "UPDATE", "what_is_right": "It was on Tuesday."}
    first = await say(town, SCHOOL, path, right | {"author": HEAD})
    challenge = await say(town, CSC, f"/v1/messages/{first['id']}/challenge", WRONG | {"author": WORKER})

    again = await _sent(town, SCHOOL, path, right | {"author": HEAD})
    before = await states(town, challenge["id"], CSC, SCHOOL)
    await say(town, SCHOOL, path, right | {"what_is_right": "It was on Monday.", "author": SENDERS_LEAD})

    assert any("stays open" in note for note in again.get("notices", []))
    assert before == ["delivered", "delivered"]
    assert await states(town, challenge["id"], CSC, SCHOOL) == ["answered", "answered"]


async def test_it_stands_by_a_second_persons_word_with_reasons(town: Town) -> None:
    told = await tell(town)
    right = {"correction_kind": "UPDATE", "what_is_right": "It was on Tuesday.", "author": HEAD}
    first = await say(town, SCHOOL, f"/v1/messages/{told}/correction", right)
    challenge = await say(town, CSC, f"/v1/messages/{first['id']}/challenge", WRONG | {"author": WORKER})
    path = f"/v1/threads/{(await town.message(SCHOOL, told))['thread']}/replies"
    about: dict[str, Any] = {"in_reply_to": challenge["id"]}

    silent = await problem(town, SCHOOL, path, about | {"author": SENDERS_LEAD})
    same = await _sent(town, SCHOOL, path, about | {"facts": STANDS, "author": HEAD})
    before = await states(town, challenge["id"], CSC, SCHOOL)
    other = await _sent(town, SCHOOL, path, about | {"facts": STANDS, "author": SENDERS_LEAD})

    assert silent[:2] == (422, "invalid-body")
    assert [each["pointer"] for each in silent[2]["errors"]] == ["/facts"]
    assert any("stays open" in note for note in same["notices"])
    assert before == ["delivered", "delivered"]
    assert "notices" not in other
    assert await states(town, challenge["id"], CSC, SCHOOL) == ["answered", "answered"]


async def test_whoever_it_was_handed_on_to_hears_from_somebody_else_why(town: Town) -> None:
    told = await tell(town)
    sent = await _sent(town, CSC, f"/v1/concerns/{told}/transfer", {"to": POLICE, "author": WORKER})
    handed = next(one for one in sent["messages"] if (one["kind"], one["recipient"]) == ("transfer", POLICE))
    challenge = await say(
        town, POLICE, f"/v1/messages/{handed['id']}/challenge", WRONG | {"author": SERGEANT}
    )
    path = f"/v1/threads/{sent['thread']}/replies"

    await _sent(town, CSC, path, {"in_reply_to": challenge["id"], "facts": STANDS, "author": MANAGER})

    assert await states(town, challenge["id"], CSC, POLICE) == ["answered", "answered"]


async def test_another_line_answered_by_somebody_else_meets_no_challenge(town: Town) -> None:
    asked = await ask(town, lines=2)
    path = f"/v1/requests/{asked.request}/answer"
    await say(town, POLICE, path, an_answer(SERGEANT))
    challenge = await say(town, CSC, f"/v1/messages/{asked.request}/challenge", WRONG)
    second = an_answer(INSPECTOR, "DISCLOSED_FULL")
    second["outcomes"][0]["line"] = 2

    await say(town, POLICE, path, second)
    before = await states(town, challenge["id"], CSC, POLICE)
    await say(town, POLICE, path, an_answer(INSPECTOR, "DISCLOSED_FULL"))

    assert before == ["delivered", "delivered"]
    assert await states(town, challenge["id"], CSC, POLICE) == ["answered", "answered"]


async def _sent(town: Town, who: Any, path: str, body: Any) -> dict[str, Any]:
    """The whole answer to a call, once the courier has brought its messages."""
    answer = await town.call(who, "POST", path, json=body, headers={"Prefer": "wait=10"})
    assert answer.status_code == 202, answer.text
    await town.courier.settle()
    found: dict[str, Any] = answer.json()
    return found
