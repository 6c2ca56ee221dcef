"""A challenge, its receipt, or a thin reason that comes late: both nodes show what they would have shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol.kinds import Kind

from tests.agency.gateway_double import Says
from tests.agency.owing import answer_by, flagging, settled
from tests.agency.partnership import POLICE, Office, Partnership


async def _answered(csc: Office, police: Office, person: str = "brace") -> tuple[str, str]:
    """A request, and an answer that came."""
    asked = await csc.ask(POLICE, concern_ids=[await csc.tell(POLICE)])
    await police.until(asked, "delivered")
    sent = await police.post(f"/v1/requests/{asked}/answer", answer_by(person))
    await csc.until(answer := sent["messages"][0]["id"], "delivered")
    return asked, answer


async def _said_late(csc: Office, partnership: Partnership, answer: str) -> str:
    """A challenge that is in the log, and has not come yet."""
    partnership.gateway.keeps_back = {Kind.CHALLENGE}
    wrong = {"argument": "He is on bail in another force."}
    challenge = (await csc.post(f"/v1/messages/{answer}/challenge", wrong))["messages"][0]["id"]
    await csc.until(challenge, "passed")
    return str(challenge)


async def _said_without_receipt(csc: Office, partnership: Partnership, answer: str) -> str:
    """A challenge that came, and whose author does not hear of that yet."""
    partnership.gateway.mute = True
    wrong = {"argument": "He is on bail in another force."}
    sent = await csc.post(f"/v1/messages/{answer}/challenge", wrong)
    await partnership.gateway.logged(Kind.CHALLENGE)
    partnership.gateway.mute = False
    return str(sent["messages"][0]["id"])


async def _receipt_comes(csc: Office, partnership: Partnership, challenge: str) -> None:
    partnership.gateway.answer(partnership.gateway.of_kind(Kind.CHALLENGE)[-1])
    await csc.until(challenge, "delivered")
    await partnership.courier.quiet()


async def _comes(partnership: Partnership, kind: Kind) -> None:
    partnership.gateway.deliver(partnership.gateway.of_kind(kind)[-1])
    await partnership.courier.quiet()


async def _open(kind: str, message: str, *offices: Office) -> list[list[bool]]:
    return [await settled(office, message, kind) for office in offices]


@pytest.mark.parametrize("ends", ["closure", "withdrawal"])
async def test_a_challenge_that_comes_after_its_request_was_ended_is_owed_by_nobody(
    csc: Office, police: Office, partnership: Partnership, ends: str
) -> None:
    asked, answer = await _answered(csc, police)
    challenge = await _said_late(csc, partnership, answer)
    where = {"closure": "requests", "withdrawal": "messages"}[ends]
    ended = (await csc.post(f"/v1/{where}/{asked}/{ends}", {}))["messages"][0]["id"]
    await police.until(ended, "delivered")

    await _comes(partnership, Kind.CHALLENGE)

    assert await _open("challenge", challenge, csc, police) == [[True], [True]]


async def test_a_challenge_that_was_made_after_its_request_was_ended_is_owed(
    csc: Office, police: Office, partnership: Partnership
) -> None:
    asked, answer = await _answered(csc, police)
    await csc.post(f"/v1/requests/{asked}/closure", {})
    await partnership.courier.quiet()
    partnership.clock.forward(timedelta(minutes=1))
    challenge = await _said_late(csc, partnership, answer)

    await _comes(partnership, Kind.CHALLENGE)

    assert await _open("challenge", challenge, csc, police) == [[False], [False]]


@pytest.mark.parametrize(("person", "meets"), [("oduya", True), ("brace", False)])
async def test_a_challenge_that_comes_after_it_was_met_is_met(
    csc: Office, police: Office, partnership: Partnership, person: str, meets: bool
) -> None:
    asked, answer = await _answered(csc, police)
    challenge = await _said_late(csc, partnership, answer)
    again = (await police.post(f"/v1/requests/{asked}/answer", answer_by(person)))["messages"][0]["id"]
    await csc.until(again, "delivered")

    await _comes(partnership, Kind.CHALLENGE)

    assert await _open("challenge", challenge, csc, police) == [[meets], [meets]]


async def test_a_challenge_whose_receipt_comes_after_it_was_met_is_met(
    csc: Office, police: Office, partnership: Partnership
) -> None:
    asked, answer = await _answered(csc, police)
    challenge = await _said_without_receipt(csc, partnership, answer)
    await police.until(challenge, "delivered")
    again = (await police.post(f"/v1/requests/{asked}/answer", answer_by("oduya")))["messages"][0]["id"]
    await csc.until(again, "delivered")

    await _receipt_comes(csc, partnership, challenge)

    assert await _open("challenge", challenge, csc, police) == [[True], [True]]


async def test_a_challenge_whose_receipt_comes_after_its_request_was_ended_is_owed_by_nobody(
    csc: Office, police: Office, partnership: Partnership
) -> None:
    asked, answer = await _answered(csc, police)
    challenge = await _said_without_receipt(csc, partnership, answer)
    await csc.post(f"/v1/requests/{asked}/closure", {})
    await partnership.courier.quiet()

    await _receipt_comes(csc, partnership, challenge)

    assert await _open("challenge", challenge, csc, police) == [[True], [True]]


async def test_what_was_said_before_a_challenge_does_not_meet_it_however_late_it_comes(
    csc: Office, police: Office, partnership: Partnership
) -> None:
    asked, answer = await _answered(csc, police)
    partnership.gateway.keeps_back = {Kind.ANSWER}
    again = (await police.post(f"/v1/requests/{asked}/answer", answer_by("oduya")))["messages"][0]["id"]
    await police.until(again, "passed")
    partnership.clock.forward(timedelta(minutes=1))
    wrong = {"argument": "He is on bail in another force."}
    challenge = (await csc.post(f"/v1/messages/{answer}/challenge", wrong))["messages"][0]["id"]
    await police.until(challenge, "delivered")

    await _comes(partnership, Kind.ANSWER)

    assert await _open("challenge", challenge, csc, police) == [[False], [False]]


@pytest.mark.parametrize("ends", ["closure", "another answer"])
async def test_a_reason_that_is_not_enough_and_comes_late_is_looked_at_by_nobody_once_that_is_done(
    csc: Office, police: Office, partnership: Partnership, ends: str
) -> None:
    asked = await csc.ask(POLICE, concern_ids=[await csc.tell(POLICE)])
    await police.until(asked, "delivered")
    partnership.gateway.keeps_back, partnership.gateway.judge = {Kind.ANSWER}, flagging(Kind.ANSWER)
    answer = (await police.post(f"/v1/requests/{asked}/answer", answer_by("brace")))["messages"][0]["id"]
    await police.until(answer, "flagged", "passed")
    [late] = partnership.gateway.of_kind(Kind.ANSWER)
    partnership.gateway.keeps_back, partnership.gateway.judge = set(), lambda statement: Says()
    partnership.clock.forward(timedelta(minutes=1))
    if ends == "closure":
        await csc.post(f"/v1/requests/{asked}/closure", {})
    else:
        await police.post(f"/v1/requests/{asked}/answer", answer_by("oduya"))
    await partnership.courier.quiet()

    partnership.gateway.deliver(late)
    await partnership.courier.quiet()

    assert await _open("challenge", answer, csc, police) == [[True], [True]]
