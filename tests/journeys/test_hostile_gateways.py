"""What a gateway can do that holds the log's key and lies: nothing in anybody's name, and not two stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from candour_protocol import registry_facts
from candour_protocol.ids import AgencyId
from candour_protocol.keys import SigningKey
from candour_protocol.note import Signer
from candour_protocol.registry_facts import KeyUse
from candour_protocol.transport.port import Ack, Park
from candour_protocol.wire import Answered, render_answered

from tests.gateway.partnership import CSC, NET, ORIGIN, SCHOOL
from tests.journeys.bodies import a_concern_for
from tests.journeys.false_log import FalseLog
from tests.journeys.hostile import Signed, Surgery, header_of, payload_of, sign
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def false_log(town: Town) -> FalseLog:
    return FalseLog(town)


async def test_a_receipt_of_another_log(surgery: Surgery, town: Town) -> None:
    other = FalseLog(town, Signer(ORIGIN, SigningKey.generate()))

    assert await town.parked(SCHOOL, other.delivers(surgery.concern().signed())) == "unsigned"


async def test_a_receipt_of_a_log_with_another_name(surgery: Surgery, town: Town) -> None:
    other = FalseLog(town, Signer("log.example/elsewhere", SigningKey.generate()))

    assert await town.parked(SCHOOL, other.delivers(surgery.concern().signed())) == "unsigned"


async def test_a_forged_statement_with_a_good_receipt(
    surgery: Surgery, town: Town, false_log: FalseLog
) -> None:
    """The log's key alone makes nobody say anything."""
    concern = surgery.concern().signed()
    forged = sign(SigningKey.generate(), payload_of(concern), header_of(surgery.key))

    raw = false_log.delivers(replace(concern, body=replace(concern.body, jwt=forged)))

    assert await town.parked(SCHOOL, raw) == "signature"


async def test_a_statement_by_a_key_that_nobody_registered(
    surgery: Surgery, town: Town, false_log: FalseLog
) -> None:
    """The node reads the registry further before it gives up."""
    concern = replace(surgery.concern(), key=SigningKey.generate()).signed()

    assert await town.parked(SCHOOL, false_log.delivers(concern)) == "unknown-kid"


async def test_a_statement_in_the_name_of_the_school_itself(
    surgery: Surgery, town: Town, false_log: FalseLog
) -> None:
    concern = replace(surgery.concern(), claims={"iss": SCHOOL}).signed()

    assert await town.parked(SCHOOL, false_log.delivers(concern)) == "unknown-kid"


async def test_a_statement_by_a_key_that_has_ended(surgery: Surgery, town: Town, false_log: FalseLog) -> None:
    partnership, key = town.partnership, SigningKey.generate()
    voice, admit = partnership.parties[surgery.id].voice, town.gateway.admit_registry
    await admit(registry_facts.key_add(voice, surgery.id, key.public, KeyUse.SIGN, town.clock()))
    await admit(registry_facts.key_revoke(partnership.voice, surgery.id, key.public, town.clock()))

    concern = replace(surgery.concern(), key=key).signed()

    assert await town.parked(SCHOOL, false_log.delivers(concern)) == "key"


async def test_a_statement_of_another_partnership(surgery: Surgery, town: Town, false_log: FalseLog) -> None:
    concern = replace(surgery.concern(), claims={"net": "elsewhere"}).signed()

    assert await town.parked(SCHOOL, false_log.delivers(concern)) == "not-for-us"
    assert NET != "elsewhere"


@pytest.mark.parametrize("verdict", ["refused", "held"])
async def test_a_statement_without_a_verdict_that_lets_it_through(
    surgery: Surgery, town: Town, false_log: FalseLog, verdict: str
) -> None:
    assert await town.parked(SCHOOL, false_log.delivers(surgery.concern().signed(), verdict)) == "not-passed"


async def test_a_second_story_under_the_same_id(surgery: Surgery, town: Town, false_log: FalseLog) -> None:
    """Gateway and author together cannot put another text in place of the one that was delivered."""
    first = surgery.concern().signed()
    await surgery.judge(first)
    await surgery.reached(first)
    incidents = len(town.overheard.named("incident"))

    second = replace(surgery.concern(), jti=first.jti).signed()
    settlement = await town.courier.drop_in(SCHOOL, false_log.delivers(second))

    assert settlement == Ack() or isinstance(settlement, Park)
    assert [each["code"] for each in town.overheard.named("incident")[incidents:]] == ["equivocation"]
    assert (await surgery.reached(first))["hash"] == first.hash


async def _lost(town: Town) -> dict[str, Any]:
    """A concern by the school that passed, and that social care never gets."""
    town.courier.keep_from(CSC)
    sent = await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC))
    found = await town.message(SCHOOL, sent.json()["messages"][0]["id"])
    assert (found["state"], found["verdict"]["outcome"]) == ("passed", "passed")
    return found


@pytest.mark.parametrize("who", [CSC, None], ids=["in its name", "a stranger's"])
async def test_a_false_word_that_a_concern_arrived_does_not_stop_the_sending(
    surgery: Surgery, town: Town, false_log: FalseLog, who: AgencyId | None
) -> None:
    concern = await _lost(town)
    delivery = surgery.delivery(concern["hash"], SCHOOL)
    said = (replace(delivery, claims={"iss": who}) if who else delivery).signed()
    incidents = len(town.overheard.named("incident"))

    await town.courier.drop_in(SCHOOL, false_log.delivers(said))

    noted = [each["code"] for each in town.overheard.named("incident")[incidents:]]
    assert noted == (["unknown-kid"] if who else ["stray-delivery"])
    assert (await town.message(SCHOOL, concern["id"]))["state"] == "passed"
    town.courier.let_through()
    town.clock.advance(timedelta(seconds=2))
    await town.gateway.drive()
    assert (await town.arrived(CSC, concern["id"]))["opened"] == "sound"


async def test_a_false_verdict_on_an_own_statement_needs_that_very_statement(
    surgery: Surgery, town: Town, false_log: FalseLog
) -> None:
    """What it says of bytes that the school did not sign is not about the school's concern."""
    concern = await _lost(town)
    town.courier.let_through()
    other: Signed = surgery.concern().signed()
    raw = render_answered(Answered(concern["id"], false_log.receipt(other.body.jwt, "refused", ("R01",))))
    incidents = len(town.overheard.named("incident"))

    await town.courier.drop_in(SCHOOL, raw)

    assert [each["code"] for each in town.overheard.named("incident")[incidents:]] == ["foreign-receipt"]
    assert (await town.message(SCHOOL, concern["id"]))["verdict"]["outcome"] == "passed"


async def test_two_trees_of_one_size_are_a_fork(surgery: Surgery, town: Town) -> None:
    """The pair of checkpoints proves the misbehaviour; the second story is not believed."""
    one, another = FalseLog(town), FalseLog(town)
    first, second = surgery.concern().signed(), surgery.concern().signed()
    settlement = await town.courier.drop_in(CSC, one.delivers(_to_csc(surgery)))

    assert settlement == Ack()
    assert await town.parked(CSC, another.delivers(_to_csc(surgery))) == "fork"
    assert first.hash != second.hash


def _to_csc(surgery: Surgery) -> Signed:
    return surgery.concern(CSC).signed()
