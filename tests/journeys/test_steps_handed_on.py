"""Handing on: an open case to a worker or another agency, a request to a colleague."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from candour_protocol.ids import AgencyId

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.saying import (
    INSPECTOR,
    MANAGER,
    SERGEANT,
    WORKER,
    an_answer,
    ask,
    events,
    problem,
    say,
    say_all,
    states,
    tell,
)
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = timedelta(hours=1)
IRIS = {"name": "Iris Marrable", "birth_date": "2016-03-02", "nhs_number": "9990004110"}
ILO = {
    "concern": {"name": "Ilo Marrable", "birth_date": "2016-03-02", "nhs_number": "9990004129"},
    "request": {"name": "Ola Marrable", "birth_date": "2016-03-02", "nhs_number": "9990004137"},
}
FORWARDED = {"decision": "OPEN_CASE_FORWARDED", "reasons": "An open case.", "decider": MANAGER}


async def test_an_open_case_goes_to_another_agency_which_gets_the_concern_first(town: Town) -> None:
    told = await tell(town)

    sent = await say_all(
        town,
        CSC,
        f"/v1/concerns/{told}/transfer",
        {
            "to": POLICE,
            "why": "The family lives there now.",
            "worker": {"name": "R. Hallam"},
            "author": WORKER,
        },
    )

    assert [(each["kind"], each["recipient"]) for each in sent] == [
        ("concern", POLICE),
        ("transfer", POLICE),
        ("transfer", SCHOOL),
    ]
    handed = await town.message(POLICE, sent[1]["id"])
    copy = await town.message(SCHOOL, sent[2]["id"])
    assert handed["codes"]["to"] == copy["codes"]["to"] == POLICE
    assert copy["about"] == told
    for who in (SCHOOL, CSC):
        assert "transferred" in await events(town, who, told)
    due = [each["kind"] for each in handed["obligations"]]
    assert due == ["acknowledgement"]
    await say(town, POLICE, f"/v1/inbox/{handed['id']}/acknowledgement", {"name": "R. Hallam"}, method="PUT")
    assert await states(town, handed["id"], CSC, POLICE) == ["acknowledged", "acknowledged"]


async def test_an_open_case_goes_to_a_worker_of_ones_own_and_who_told_hears_the_name(town: Town) -> None:
    told = await tell(town)

    sent = await say_all(
        town,
        CSC,
        f"/v1/concerns/{told}/transfer",
        {"to": CSC, "worker": {"name": "B. Okri", "phone": "01632 960077"}},
    )

    assert [(each["kind"], each["recipient"]) for each in sent] == [("transfer", SCHOOL)]
    assert (await town.message(SCHOOL, sent[0]["id"]))["content"]["worker"]["name"] == "B. Okri"


async def test_the_clock_starts_again_for_a_colleague_who_says_that_they_have_it(town: Town) -> None:
    told = await tell(town, urgency="RED")
    acknowledge = f"/v1/inbox/{told}/acknowledgement"
    await say(town, CSC, acknowledge, {"name": "M. Tesfaye"}, method="PUT")
    town.clock.advance(HOUR / 2)
    worker = {"to": CSC, "worker": {"name": "B. Okri"}, "author": WORKER}

    await say(town, CSC, f"/v1/concerns/{told}/transfer", worker)
    waiting = [await _acknowledgement(town, who, told) for who in (SCHOOL, CSC)]
    stand = await states(town, told, SCHOOL, CSC)
    town.clock.advance(HOUR * 2)
    await town.gateway.remind()
    await town.courier.settle()
    late = [each["text"] for each in await town.inbox(SCHOOL) if each["about"] == told and each["reminder"]]
    await say(town, CSC, acknowledge, {"name": "B. Okri"}, method="PUT")
    taken = [await _acknowledgement(town, who, told) for who in (SCHOOL, CSC)]

    assert stand == ["delivered", "delivered"]
    assert waiting[0] == waiting[1]
    assert waiting[0]["settled_at"] is None
    transferred = await _at(town, told, "transferred")
    assert datetime.fromisoformat(waiting[0]["due_at"]) - transferred == HOUR
    assert [text.split(":")[0] for text in late] == [
        "still owed at the end of its time",
        "still owed after half as long again",
        "still owed after twice its time",
    ]
    assert [each["settled_at"] is not None for each in taken] == [True, True]
    assert await states(town, told, SCHOOL, CSC) == ["acknowledged", "acknowledged"]
    assert (await town.message(SCHOOL, told))["state_text"] == "opened by B. Okri"


async def _acknowledgement(town: Town, who: AgencyId, jti: str) -> dict[str, Any]:
    owed = (await town.message(who, jti))["obligations"]
    return next(each for each in owed if each["kind"] == "acknowledgement")


async def _at(town: Town, jti: str, event: str) -> datetime:
    timeline = (await town.message(SCHOOL, jti))["timeline"]
    return next(datetime.fromisoformat(each["at"]) for each in timeline if each["event"] == event)


async def test_only_a_received_concern_is_handed_on_and_to_somebody_known(town: Town) -> None:
    told = await tell(town)

    assert (await problem(town, SCHOOL, f"/v1/concerns/{told}/transfer", {"to": POLICE}))[:2] == (
        409,
        "wrong-kind",
    )
    status, code, found = await problem(town, CSC, f"/v1/concerns/{told}/transfer", {"to": "nobody-at-all"})
    assert (status, code) == (422, "unknown-recipient")
    assert [each["pointer"] for each in found["errors"]] == ["/to"]


async def test_a_request_goes_to_a_colleague_whose_answer_counts(town: Town) -> None:
    asked = await ask(town, child=IRIS)
    path = f"/v1/requests/{asked.request}/transfer"
    acknowledge = f"/v1/inbox/{asked.request}/acknowledgement"
    await say(town, POLICE, acknowledge, {"name": "DS R. Hallam"}, method="PUT")
    body = {"to": POLICE, "why": "She keeps the force index.", "worker": {"name": "DI Brace"}}

    sent = await say_all(town, POLICE, path, body | {"author": SERGEANT})
    stands = await states(town, asked.request, CSC, POLICE)
    shown = await town.message(CSC, sent[0]["id"])
    await say(town, POLICE, acknowledge, {"name": "DI Brace"}, method="PUT")
    taken = (await town.message(CSC, asked.request))["state_text"]
    await say(town, POLICE, f"/v1/requests/{asked.request}/answer", an_answer(INSPECTOR, "DISCLOSED_FULL"))

    assert [(each["kind"], each["recipient"]) for each in sent] == [("transfer", CSC)]
    assert (shown["about"], shown["content"]["worker"]["name"]) == (asked.request, "DI Brace")
    assert (stands, taken) == (["delivered", "delivered"], "opened by DI Brace")
    assert await states(town, asked.request, CSC, POLICE) == ["answered", "answered"]


@pytest.mark.parametrize("kind", ["concern", "request"])
async def test_what_is_handed_on_in_the_moment_it_is_decided_or_answered_waits_for_the_colleague(
    town: Town, kind: str
) -> None:
    """What is logged in one go has one time: its place in the log tells what came first."""
    asked = await ask(town, child=ILO[kind])
    holder, other, jti, path, body, decided = {
        "concern": (CSC, SCHOOL, asked.concern, f"/v1/concerns/{asked.concern}/decision", FORWARDED, MANAGER),
        "request": (
            *(POLICE, CSC, asked.request, f"/v1/requests/{asked.request}/answer"),
            *(an_answer(SERGEANT, "DISCLOSED_FULL"), SERGEANT),
        ),
    }[kind]
    await say(town, holder, path, body)

    to = {"to": holder, "worker": {"name": "B. New"}, "author": decided}
    await say(town, holder, f"/v1/{kind}s/{jti}/transfer", to)
    waiting = [await _acknowledgement(town, who, jti) for who in (other, holder)]
    listed = [one["id"] for one in await town.inbox(holder, state="open")]
    await say(town, holder, f"/v1/inbox/{jti}/acknowledgement", {"name": "B. New"}, method="PUT")
    taken = [await _acknowledgement(town, who, jti) for who in (other, holder)]
    owed = (await town.ask_gateway("GET", "/v1/obligations?limit=500")).json()["items"]

    assert [one["settled_at"] for one in waiting] == [None, None]
    assert jti in listed
    assert [one["settled_at"] is not None for one in taken] == [True, True]
    assert jti not in [one["id"] for one in await town.inbox(holder, state="open")]
    assert "acknowledgement" not in {each["kind"] for each in owed if each["id"] == jti}


async def test_nothing_is_handed_to_whom_a_mark_keeps_it_from(town: Town) -> None:
    told = await tell(town, handling=["NOT_NAMED_PERSON:okri"])
    path = f"/v1/concerns/{told}/transfer"

    kept = await problem(town, CSC, path, {"to": CSC, "worker": {"name": "OKRI"}, "author": MANAGER})
    await say(town, CSC, path, {"to": CSC, "worker": {"name": "B. New"}, "author": MANAGER})

    assert (kept[0], [each["pointer"] for each in kept[2]["errors"]]) == (422, ["/worker/name"])


async def test_a_request_is_not_handed_to_another_agency_which_nobody_asked(town: Town) -> None:
    asked = await ask(town, child=IRIS)
    path = f"/v1/requests/{asked.request}/transfer"

    elsewhere = [await problem(town, POLICE, path, {"to": to}) for to in (SCHOOL, CSC)]
    by_asker = await problem(town, CSC, path, {"to": CSC})
    concern = await problem(town, POLICE, f"/v1/concerns/{asked.request}/transfer", {"to": POLICE})
    await say(town, CSC, f"/v1/requests/{asked.request}/withdrawal".replace("requests", "messages"), {})
    over = await problem(town, POLICE, path, {"to": POLICE})

    for status, code, found in elsewhere:
        assert (status, code, [each["pointer"] for each in found["errors"]]) == (422, "invalid-body", ["/to"])
        assert "WRONG_HOLDER" in found["detail"]
    assert [by_asker[:2], concern[:2]] == [(409, "wrong-kind")] * 2
    assert over[:2] == (409, "already-done")
