"""What was said goes when its time is over, at both ends and in between; that it was said stays proven."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from candour_protocol import erasures, receipt
from candour_protocol.ids import StatementHash

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.saying import MANAGER, SENDERS_LEAD, WORKER, events, problem, say, tell
from tests.journeys.test_integration_keys import replace_seal_key
from tests.journeys.town import Town, open_town

KEEP = timedelta(days=730)


@pytest_asyncio.fixture
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One of its own for each: years pass in it."""
    async with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


async def _done(town: Town) -> str:
    """A concern that was decided on."""
    told = await tell(town)
    decision = {"decision": "ADVICE_NFA", "feedback": "Seen and closed.", "decider": MANAGER}
    await say(town, CSC, f"/v1/concerns/{told}/decision", decision)
    return told


async def _ask_for_it(town: Town, jti: str) -> dict[str, Any]:
    """The school wants what it said erased; its message once the verdict is there."""
    answer = await town.post(SCHOOL, f"/v1/messages/{jti}/erasure", {"author": SENDERS_LEAD})
    assert answer.status_code == 202, answer.text
    await town.courier.settle()
    return await town.message(SCHOOL, answer.json()["messages"][0]["id"])


async def test_its_author_has_it_erased_and_both_sides_still_prove_that_it_was_said(town: Town) -> None:
    told = await _done(town)
    town.clock.advance(KEEP)

    asked = await _ask_for_it(town, told)

    assert (asked["kind"], asked["verdict"]["outcome"]) == ("erasure", "passed")
    for agency in (SCHOOL, CSC):
        shown = await town.message(agency, told)
        assert (shown["content"], shown["codes"], shown["state"]) == ({}, None, "closed")
        assert shown["erased_at"] is not None
        assert (await events(town, agency, told))[-1] == "erased"
        text = (await town.call(agency, "GET", f"/v1/messages/{told}/receipt")).text
        assert receipt.verify(text, town.verifier).entry.statement == shown["hash"]


async def test_what_was_said_again_is_erased_under_every_id_that_it_had(town: Town) -> None:
    await replace_seal_key(town, CSC)
    told = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC))).json()["messages"][0]["id"]
    await town.courier.settle()
    again = (await town.message(SCHOOL, told))["reissued_as"]
    decision = {"decision": "ADVICE_NFA", "feedback": "Seen and closed.", "decider": MANAGER}
    await say(town, CSC, f"/v1/concerns/{again}/decision", decision)
    town.clock.advance(KEEP)

    asked = await _ask_for_it(town, told)

    assert (asked["verdict"]["outcome"], asked["about"]) == ("passed", again)
    for agency, jti in ((SCHOOL, told), (SCHOOL, again), (CSC, again)):
        shown = await town.message(agency, jti)
        assert (shown["content"], shown["codes"]) == ({}, None)
        assert shown["erased_at"] is not None


async def test_too_early_it_is_returned_and_says_what_stands_against_it(town: Town) -> None:
    told = await tell(town)

    asked = await _ask_for_it(town, told)

    assert asked["state"] == "refused"
    found = {each["rule"]: each for each in asked["verdict"]["violations"]}
    assert set(found) == {"t1-keep", "thread-open"}
    assert all(len(each["statement"].split()) > 3 and len(each["fix"].split()) > 3 for each in found.values())
    assert (await town.message(CSC, told))["content"]


async def test_early_the_registrar_asks_both_and_it_goes_when_both_have_agreed(town: Town) -> None:
    told = await _done(town)
    name = StatementHash((await town.message(SCHOOL, told))["hash"])
    await town.gateway.admit_registry(erasures.erase(town.partnership.voice, [name], town.clock()))
    town.clock.advance(timedelta(seconds=5))
    await town.gateway.drive()
    await town.courier.settle()

    kept = []
    for agency, person in ((SCHOOL, SENDERS_LEAD), (CSC, MANAGER)):
        kept.append(bool((await town.message(CSC, told))["content"]))
        (notice,) = [one for one in await town.inbox(agency) if one["notice"] == "erasure"]
        assert notice["thread"] == (await town.message(agency, told))["thread"]
        sent = await town.post(agency, f"/v1/inbox/{notice['id']}/agreement", {"author": person})
        assert sent.status_code == 202, sent.text
        await town.courier.settle()

    assert kept == [True, True]
    assert [(await town.message(agency, told))["content"] for agency in (SCHOOL, CSC)] == [{}, {}]


async def test_on_what_is_erased_nobody_asks_any_more(town: Town) -> None:
    told = await _done(town)
    town.clock.advance(KEEP)
    await _ask_for_it(town, told)

    body = a_request_for(POLICE, told, author=WORKER, purpose="TRIAGE", power="CA89_S47")
    answer = await town.post(CSC, "/v1/requests", body)
    corrected = await problem(town, SCHOOL, f"/v1/messages/{told}/correction", {"correction_kind": "UPDATE"})

    assert answer.status_code == 422, answer.text
    assert "R01" in {each["rule"] for each in answer.json()["violations"]}
    assert corrected[:2] == (409, "erased")


async def test_only_its_sender_has_a_message_erased(town: Town) -> None:
    told = await _done(town)
    town.clock.advance(KEEP)

    assert (await problem(town, CSC, f"/v1/messages/{told}/erasure", {}))[:2] == (409, "wrong-kind")
    assert (await problem(town, POLICE, f"/v1/messages/{told}/erasure", {}))[0] == 404
