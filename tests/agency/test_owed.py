"""What a node shows as owed, by whom and until when: the gateway reckons the same. Domain 4.1 and 4.2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from candour_agency.directory import Directory
from candour_agency.messages import Message
from candour_agency.obligations import Obligation, obligations
from candour_protocol.keys import SigningKey
from candour_protocol.kinds import Kind
from candour_protocol.policy import load_policy, policy_for
from candour_protocol.registry import Registry

from tests.agency.gateway_double import Says
from tests.agency.owing import answer_by, flagging, settled
from tests.agency.partnership import (
    CSC,
    LADO,
    NET,
    POLICE,
    SCHOOL,
    Office,
    Partnership,
    a_request,
    an_answer,
)
from tests.agency.rows import NOW, a_row

HOUR = 3_600_000  # milliseconds
DAY = 24 * HOUR


def _owed(message: Message, kind: str, agency: str = SCHOOL) -> Obligation:
    [found] = [one for one in _all(message, agency) if one.kind == kind]
    return found


def _all(message: Message, agency: str = SCHOOL) -> list[Obligation]:
    """Nobody has hours, so that time runs on."""
    registry = Registry(SigningKey.generate().public, NET)
    own = next(one for one in (SCHOOL, CSC) if one == agency)
    return obligations(
        message, own, Directory(own, registry, load_policy(policy_for(NET, identifiers="test")))
    )


def _came(**changes: Any) -> Message:
    """A request that came in, and whatever has happened to it since."""
    return a_row(direction="in", verdict="passed", logged_at=NOW, **changes)


# -- suspended, and going on -------------------------------------------------------------------------


def test_while_a_request_is_suspended_nobody_owes_its_answer() -> None:
    request = _came(suspended_at=NOW + HOUR)

    assert _owed(request, "answer").settled_at == NOW + HOUR
    assert not _owed(request, "answer").overdue(NOW + 100 * DAY)
    assert _owed(request, "acknowledgement").settled_at is None


@pytest.mark.parametrize(
    ("turns", "begins"),
    [
        ({"resumed_at": 6}, 6),
        ({"resumed_at": 6, "begins_at": 2}, 6),
        ({"resumed_at": 6, "begins_at": 9}, 9),
    ],
)
def test_once_a_request_goes_on_its_answer_has_its_whole_time_again(
    turns: dict[str, int], begins: int
) -> None:
    whole = _owed(_came(), "answer").due_at - NOW
    happened = {name: NOW + hours * HOUR for name, hours in turns.items()}

    owed = _owed(_came(suspended_at=NOW + HOUR, **happened), "answer")

    assert owed.due_at - NOW == whole + begins * HOUR


# -- handed on ---------------------------------------------------------------------------------------


def test_of_a_transfer_only_the_new_holder_owes_anything() -> None:
    handed = _came(kind="transfer", counterparty=CSC, codes=f'{{"to": "{SCHOOL}"}}')
    copy = _came(kind="transfer", counterparty=CSC, codes=f'{{"to": "{POLICE}"}}')

    assert [(one.kind, one.owed_by) for one in _all(handed)] == [("acknowledgement", SCHOOL)]
    assert _all(copy) == []


# -- held, and not enough ----------------------------------------------------------------------------


def _held(**changes: Any) -> Message:
    return a_row(verdict="held", logged_at=NOW, held_at=NOW, **changes)


def test_a_request_that_is_held_waits_for_a_colleague_until_its_own_end() -> None:
    owed = _owed(_held(), "approval")

    assert (owed.owed_by, owed.owed_to, owed.settled_at) == (SCHOOL, SCHOOL, None)
    assert owed.due_at == NOW + 7 * DAY


def test_what_rests_on_a_lodged_concern_waits_for_whoever_that_is_lodged_with() -> None:
    held = _held(violations=f'[["R10", "/concern_ids/0", "{LADO}", "hold"], ["R06", "", "", "hold"]]')

    assert _owed(held, "approval").owed_by == LADO


def test_nobody_waits_for_a_word_on_what_was_taken_back() -> None:
    assert _owed(_held(withdrawn_at=NOW + HOUR), "approval").settled_at == NOW + HOUR
    assert _owed(_held(lapsed_at=NOW + DAY), "approval").settled_at == NOW + DAY


def test_a_reason_that_is_not_enough_is_to_be_looked_at_again_until_it_is_challenged() -> None:
    answer = {"kind": "answer", "rules": '["R11"]'}

    owed = _owed(_came(**answer), "challenge")

    assert (owed.owed_by, owed.owed_to, owed.settled_at) == ("shire-csc", SCHOOL, None)
    assert _owed(_came(**answer, challenged_at=NOW + HOUR), "challenge").settled_at == NOW + HOUR


# -- who has it in hand ------------------------------------------------------------------------------


_INTERIM = {"decision": "MASH_CHECKS", "final": False}


@pytest.mark.parametrize(
    ("signer", "shows"), [({"staff_id": "oduya", "name": "S. Oduya"}, True), (None, False)]
)
async def test_a_decision_that_is_not_final_shows_who_has_it_if_a_person_signs_it(
    school: Office, csc: Office, signer: dict[str, str] | None, shows: bool
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")

    sent = await csc.post(f"/v1/concerns/{told}/decision", {**_INTERIM, "decider": signer})
    await school.until(sent["messages"][0]["id"], "delivered")
    await csc.partnership.courier.quiet()

    for office in (school, csc):
        assert await settled(office, told, "acknowledgement") == [shows]
        assert await settled(office, told, "decision") == [False]


async def test_a_part_of_an_answer_shows_who_has_it(csc: Office, police: Office) -> None:
    [line] = a_request(POLICE)["lines"]
    asked = await csc.ask(POLICE, concern_ids=[await csc.tell(POLICE)], lines=[line, line])
    await police.until(asked, "delivered")

    sent = await police.post(f"/v1/requests/{asked}/answer", an_answer())
    await csc.until(sent["messages"][0]["id"], "delivered")
    await csc.partnership.courier.quiet()

    for office in (csc, police):
        assert await settled(office, asked, "acknowledgement") == [True]
        assert await settled(office, asked, "answer") == [False]
        assert (await office.message(asked))["state_text"] == "opened by DI Brace"


# -- decided again, and ended ------------------------------------------------------------------------


_BRACE = {"staff_id": "brace", "name": "brace", "role": "Social worker", "training_level": "SW_QUALIFIED"}


async def _answered_badly(csc: Office, police: Office, partnership: Partnership) -> tuple[str, str]:
    """A request, and an answer whose reason is not enough."""
    asked = await csc.ask(POLICE, concern_ids=[await csc.tell(POLICE)])
    await police.until(asked, "delivered")
    partnership.gateway.judge = flagging(Kind.ANSWER)
    answer = (await police.post(f"/v1/requests/{asked}/answer", answer_by("brace")))["messages"][0]["id"]
    await csc.until(answer, "delivered")
    await partnership.courier.quiet()
    partnership.gateway.judge = lambda statement: Says()
    partnership.clock.forward(timedelta(minutes=1))
    return asked, answer


@pytest.mark.parametrize(("person", "meets"), [("brace", False), ("oduya", True)])
async def test_a_reason_that_is_not_enough_is_met_by_an_answer_of_somebody_else(
    csc: Office, police: Office, partnership: Partnership, person: str, meets: bool
) -> None:
    asked, answer = await _answered_badly(csc, police, partnership)
    before = [await settled(office, answer, "challenge") for office in (csc, police)]

    called = await police.call("POST", f"/v1/requests/{asked}/answer", answer_by(person))
    await partnership.courier.quiet()

    assert before == [[False], [False]]
    assert called.status_code == (202 if meets else 409)
    assert [await settled(office, answer, "challenge") for office in (csc, police)] == [[meets], [meets]]


async def test_a_request_that_its_author_ends_leaves_nothing_to_be_looked_at_again(
    csc: Office, police: Office, partnership: Partnership
) -> None:
    asked, answer = await _answered_badly(csc, police, partnership)
    wrong = {"argument": "That is no reason.", "author": {"staff_id": "mbeki", "name": "J. Mbeki"}}
    challenge = (await csc.post(f"/v1/messages/{answer}/challenge", wrong))["messages"][0]["id"]
    await police.until(challenge, "delivered")
    await partnership.courier.quiet()
    before = [await settled(office, challenge, "challenge") for office in (csc, police)]

    await csc.post(f"/v1/requests/{asked}/closure", {})
    await partnership.courier.quiet()

    assert before == [[False], [False]]
    assert [await settled(office, challenge, "challenge") for office in (csc, police)] == [[True], [True]]


async def _owing(office: Office, challenge: str) -> list[tuple[str, str]]:
    shown = (await office.message(challenge))["obligations"]
    return [(one["owed_by"], one["owed_to"]) for one in shown if one["kind"] == "challenge"]


async def test_whoever_decided_owes_a_new_look_whichever_side_took_it_further(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    nothing = {"decision": "ADVICE_NFA", "reasons": "Nothing more to do for now.", "decider": _BRACE}
    challenged = (await csc.post(f"/v1/concerns/{told}/decision", nothing))["messages"][0]["id"]
    await school.until(challenged, "delivered")
    wrong = {"argument": "Two reviews were missed since then."}

    for by, of in ((school, csc), (csc, school)):
        stage = await by.post(f"/v1/messages/{challenged}/challenge", wrong)
        challenged = stage["messages"][0]["id"]
        await of.until(challenged, "delivered")
        await partnership.courier.quiet()
    thread = await school.get(f"/v1/threads/{(await school.message(told))['thread']}")
    [item] = [one for one in (await school.get("/v1/inbox"))["items"] if one["id"] == challenged]

    assert [await _owing(office, challenged) for office in (school, csc)] == [[(CSC, SCHOOL)]] * 2
    [shown] = [one for one in thread["messages"] if one["id"] == challenged]
    assert [one["owed_by"] for one in shown["obligations"] if one["kind"] == "challenge"] == [CSC]
    assert item["due_at"] is None
