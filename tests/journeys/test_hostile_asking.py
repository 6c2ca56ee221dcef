"""Questions without telling, answers that nobody asked for, and what is said twice, late or too early."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from candour_protocol.ids import StatementHash, sha256_text
from candour_protocol.strict_json import JsonValue
from candour_protocol.transport.port import Ack, Outbound
from candour_protocol.wire import Answered

from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL
from tests.journeys.asked import asked
from tests.journeys.bodies import a_concern_for, a_request_for
from tests.journeys.hostile import Parts, Signed, Surgery
from tests.journeys.personal import IDRIS, TAMSIN, THIN_FACTS
from tests.journeys.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def told(surgery: Surgery, parts: Parts) -> Signed:
    """A concern that was logged and delivered."""
    concern = parts.signed()
    assert (await surgery.judge(concern))[0] in ("passed", "flagged")
    await surgery.reached(concern)
    return concern


# -- asking without telling --------------------------------------------------------------------------


async def test_a_request_with_no_concern(surgery: Surgery) -> None:
    assert await surgery.refused(surgery.request([]).signed()) == ("R01",)


async def test_a_request_on_a_concern_that_was_never_sent(surgery: Surgery) -> None:
    kept_back = surgery.concern().signed()

    assert await surgery.refused(surgery.request([kept_back]).signed()) == ("R01",)


async def test_a_request_on_a_thin_concern(surgery: Surgery) -> None:
    """The concern itself is delivered, and flagged."""
    thin = surgery.concern(facts=THIN_FACTS).signed()

    verdict = await surgery.judge(thin)

    assert verdict == ("flagged", ("R02",))
    assert (await surgery.reached(thin))["opened"] == "thin"
    assert await surgery.refused(surgery.request([thin]).signed()) == ("R02",)


async def test_a_request_that_attests_substance_where_there_is_none(surgery: Surgery) -> None:
    """The recipient's node finds out; from then on the concern does not count."""
    honest, thin = surgery.concern(), surgery.concern(facts=THIN_FACTS)
    lied = replace(thin, shown=honest.shown)
    concern = await told(surgery, lied)
    await surgery.town.courier.until(lambda: surgery.opened(concern) == ["mismatch"])

    assert await surgery.refused(surgery.request_resting_on(concern).signed()) == ("R01",)


async def test_a_request_on_another_childs_concern(surgery: Surgery) -> None:
    concern = await told(surgery, surgery.concern(subject=IDRIS))

    refused = await surgery.refused(surgery.request_resting_on(concern).signed())

    assert refused == ("R04",)


async def test_a_request_that_borrows_another_childs_tokens_is_found_out_by_its_holder(
    surgery: Surgery,
) -> None:
    """The gateway cannot know: it passes, and the holder is told by its own node that the parts differ."""
    concern = await told(surgery, surgery.concern(subject=IDRIS))
    tokens = [*surgery.tokens(IDRIS), *surgery.tokens(TAMSIN)]
    request = surgery.request_resting_on(concern).with_codes(child=[*sorted(map(str, tokens))]).signed()

    assert await surgery.judge(request) == ("passed", ())
    assert (await surgery.reached(request))["opened"] == "mismatch"


async def test_a_request_on_a_concern_told_to_somebody_else(surgery: Surgery) -> None:
    concern = await told(surgery, surgery.concern(CSC))

    assert await surgery.refused(surgery.request([concern], SCHOOL).signed()) == ("R01",)


async def test_a_request_on_a_concern_told_to_another_inbox(surgery: Surgery) -> None:
    concern = await told(surgery, surgery.concern(inbox="restricted"))

    assert await surgery.refused(surgery.request([concern]).signed()) == ("R10",)


async def test_a_request_on_somebody_elses_concern(surgery: Surgery, town: Town) -> None:
    sent = await town.post(CSC, "/v1/concerns", a_concern_for(SCHOOL))
    theirs = await town.message(CSC, sent.json()["messages"][0]["id"])
    request = surgery.request_resting_on(surgery.concern().signed())

    stolen = request.with_codes(concern_refs=[theirs["hash"]]).signed()

    assert await surgery.refused(stolen) == ("R01",)


async def test_a_request_that_names_ten_concerns_and_one_more(surgery: Surgery) -> None:
    names = [sha256_text(bytes([n])) for n in range(11)]

    request = surgery.request([]).with_codes(concern_refs=list(names)).signed()

    assert await surgery.refused(request) == ("mismatch",)


# -- answering what was not asked --------------------------------------------------------------------


async def test_an_answer_to_what_was_asked_goes_through(surgery: Surgery, town: Town) -> None:
    answer = surgery.answer(await asked(town, surgery), SCHOOL).signed()

    assert await surgery.judge(answer) == ("passed", ())
    assert (await surgery.reached(answer))["opened"] == "sound"


async def test_an_answer_without_a_request(surgery: Surgery) -> None:
    nothing = StatementHash(sha256_text(b"nothing"))

    assert await surgery.refused(surgery.answer(nothing, SCHOOL).signed()) == ("not-a-party",)


async def test_an_answer_that_names_no_request(surgery: Surgery) -> None:
    answer = surgery.answer(StatementHash(sha256_text(b"nothing")), SCHOOL)

    assert await surgery.refused(replace(answer, irt=None).signed()) == ("not-a-party",)


async def test_an_answer_to_a_request_that_was_returned(surgery: Surgery, town: Town) -> None:
    reply = await town.post(SCHOOL, "/v1/requests", a_request_for(GP, "") | {"concern_ids": []})
    returned = reply.json()["message"]["hash"]

    assert reply.status_code == 422
    assert await surgery.refused(surgery.answer(returned, SCHOOL).signed()) == ("not-a-party",)


async def test_an_answer_to_a_concern(surgery: Surgery, town: Town) -> None:
    sent = await town.post(SCHOOL, "/v1/concerns", a_concern_for(GP))
    concern = await town.message(SCHOOL, sent.json()["messages"][0]["id"])

    assert await surgery.refused(surgery.answer(concern["hash"], SCHOOL).signed()) == ("not-a-party",)


async def test_an_answer_from_somebody_who_was_not_asked(surgery: Surgery, town: Town) -> None:
    request = await asked(town, surgery, CSC)

    assert await surgery.refused(surgery.answer(request, SCHOOL).signed()) == ("not-a-party",)


async def test_an_answer_to_somebody_who_did_not_ask(surgery: Surgery, town: Town) -> None:
    request = await asked(town, surgery)

    assert await surgery.refused(surgery.answer(request, POLICE).signed()) == ("not-a-party",)


@pytest.mark.parametrize("lines", [[7], [1, 2], [1, 1], []])
async def test_an_answer_for_lines_that_were_not_asked(
    surgery: Surgery, town: Town, lines: list[int]
) -> None:
    request = await asked(town, surgery)
    outcomes: list[JsonValue] = [
        {"line": line, "outcome": "DISCLOSED_FULL", "reason": None} for line in lines
    ]

    answer = surgery.answer(request, SCHOOL).with_codes(outcomes=outcomes).signed()

    assert await surgery.refused(answer) == ("R11",)


async def test_an_answer_before_the_request_was_opened(surgery: Surgery, town: Town) -> None:
    """Nobody discloses what they cannot have read."""
    sent = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(GP))).json()["messages"][0]["id"]
    reply = (await town.post(SCHOOL, "/v1/requests", a_request_for(GP, sent))).json()
    request = await town.message(SCHOOL, reply["messages"][-1]["id"])

    assert await surgery.refused(surgery.answer(request["hash"], SCHOOL).signed()) == ("not-opened",)


# -- a stranger's word that something arrived --------------------------------------------------------


async def test_a_strangers_delivery_does_not_stop_the_sending(surgery: Surgery, town: Town) -> None:
    town.courier.keep_from(CSC)
    sent = (await town.post(SCHOOL, "/v1/concerns", a_concern_for(CSC))).json()["messages"][0]["id"]
    concern = await town.message(SCHOOL, sent)
    stranger = surgery.delivery(concern["hash"], SCHOOL).signed()

    reasons = await surgery.refused(stranger)
    town.courier.let_through()
    lost = await town.call(CSC, "GET", f"/v1/messages/{sent}")
    town.clock.advance(timedelta(seconds=2))
    await town.gateway.drive()

    assert reasons == ("not-a-party",)
    assert (concern["state"], lost.status_code) == ("passed", 404)
    assert (await town.arrived(CSC, sent))["opened"] == "sound"


async def test_the_senders_own_word_that_it_arrived_does_not_count(surgery: Surgery, town: Town) -> None:
    concern = surgery.concern().signed()
    town.courier.keep_from(SCHOOL)
    await surgery.judge(concern)

    own = surgery.delivery(concern.hash, SCHOOL).signed()
    reasons = await surgery.refused(own)
    town.courier.let_through()
    town.clock.advance(timedelta(seconds=2))
    await town.gateway.drive()

    assert reasons == ("not-a-party",)
    assert (await surgery.reached(concern))["opened"] == "sound"


# -- the same again ----------------------------------------------------------------------------------


async def test_the_same_bytes_again_get_the_same_receipt_and_nothing_more(
    surgery: Surgery, town: Town
) -> None:
    concern = await told(surgery, surgery.concern())
    size = await town.log_size()

    for _ in range(3):
        assert await surgery.judge(concern) == ("passed", ())

    indexes = {receipt.index for receipt in surgery.answers(concern)}
    assert (len(indexes), len(surgery.answers(concern))) == (1, 4)
    assert len(town.courier.passed_on(concern.body.jwt)) == 1
    assert [item["id"] for item in await town.inbox(SCHOOL)].count(concern.jti) == 1
    assert await town.log_size() - size <= 1  # the school's own word that it came


async def test_other_bytes_under_the_same_id(surgery: Surgery) -> None:
    first = await told(surgery, surgery.concern())
    second = replace(surgery.concern(), jti=first.jti).signed()
    third = replace(surgery.concern(subject=IDRIS), jti=first.jti).signed()

    for other in (second, third, second):
        assert await surgery.refused(other) == ("equivocation",)

    assert await surgery.judge(first) == ("passed", ())


async def test_another_agencys_id(surgery: Surgery, town: Town) -> None:
    sent = await town.post(CSC, "/v1/concerns", a_concern_for(SCHOOL))
    theirs = sent.json()["messages"][0]["id"]

    stolen = replace(surgery.concern(), jti=theirs).signed()

    assert await surgery.refused(stolen) == ("equivocation",)
    assert (await town.arrived(SCHOOL, theirs))["counterparty"] == CSC


async def test_nobody_bars_what_another_agency_says(surgery: Surgery, town: Town) -> None:
    sent = await town.post(CSC, "/v1/concerns", a_concern_for(SCHOOL))
    theirs = await town.message(CSC, sent.json()["messages"][0]["id"])

    attack = replace(surgery.concern(), claims={"reissues": theirs["hash"]}).signed()

    assert await surgery.refused(attack) == ("not-a-party",)


async def test_all_at_once_in_one_batch(surgery: Surgery, town: Town) -> None:
    """Two statements under one id and a request that rests on the wrong one, before anybody has looked."""
    first = surgery.concern().signed()
    second = replace(surgery.concern(), jti=first.jti).signed()
    request = surgery.request([second]).signed()
    key = f"{GP}.concern.ordinary"

    await town.courier.publish(
        [Outbound("candour.submit", key, each.raw, GP) for each in (first, second, request)]
    )
    await town.courier.settle()

    verdicts = [(await surgery.receipt(each)).entry for each in (first, second, request)]
    assert [(entry.verdict, entry.rules) for entry in verdicts] == [
        ("passed", ()),
        ("refused", ("equivocation",)),
        ("refused", ("R01",)),
    ]


# -- time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [8, 100 * 365, -1, 0])
async def test_a_statement_that_lives_a_hundred_years_or_not_at_all(surgery: Surgery, days: int) -> None:
    lives = replace(surgery.concern(), claims={"exp": surgery.now + days * 86_400}).signed()

    assert await surgery.refused(lives) == ("form",)


async def test_a_clock_61_seconds_ahead_is_refused_with_the_logs_time(surgery: Surgery, town: Town) -> None:
    ahead = replace(surgery.concern(), iat=surgery.now + 61).signed()
    within = replace(surgery.concern(), iat=surgery.now + 60).signed()

    assert await surgery.refused(ahead) == ("clock",)
    assert (await surgery.receipt(ahead)).entry.moment == town.clock()
    assert await surgery.judge(within) == ("passed", ())


async def test_a_node_whose_clock_is_61_seconds_ahead_says_it_again_by_itself(town: Town) -> None:
    town.clocks[CSC].ahead = timedelta(seconds=61)
    sent = (await town.post(CSC, "/v1/concerns", a_concern_for(SCHOOL))).json()["messages"][0]["id"]
    await town.courier.until(
        lambda: any("clock" in repr(each.delivery.body) for each in town.courier.handled)
    )
    first = await _once_reissued(town, sent)
    town.clocks[CSC].ahead = timedelta(0)

    assert first["verdict"]["outcome"] == "passed"
    assert (await town.arrived(SCHOOL, first["reissued_as"]))["opened"] == "sound"
    assert (await town.call(SCHOOL, "GET", f"/v1/messages/{sent}")).status_code == 404


async def _once_reissued(town: Town, jti: str) -> dict[str, Any]:
    """What was refused for its clock, once its successor has a verdict."""
    await town.courier.settle()
    while (found := await town.message(CSC, jti))["state"] not in ("passed", "delivered"):
        already = len(town.courier.handled)
        await town.courier.until(lambda already=already: len(town.courier.handled) > already)  # type: ignore[misc]
    return found


async def test_a_request_after_its_time_is_refused_and_a_concern_passes_late(
    surgery: Surgery, town: Town
) -> None:
    first = await told(surgery, surgery.concern())
    soon = {"exp": surgery.now + 5}
    request = replace(surgery.request([first]), claims=soon).signed()
    concern = replace(surgery.concern(), claims=soon).signed()
    town.clock.advance(timedelta(seconds=6))

    assert await surgery.refused(request) == ("late",)
    assert await surgery.judge(concern) == ("flagged", ("late",))
    assert (await surgery.reached(concern))["verdict"]["rules"] == ["late"]


async def test_what_was_passed_in_time_stays_passed_when_it_is_sent_again_after_its_time(
    surgery: Surgery, town: Town
) -> None:
    concern = await told(surgery, surgery.concern())
    request = replace(surgery.request([concern]), claims={"exp": surgery.now + 5}).signed()
    await surgery.judge(request)
    town.clock.advance(timedelta(seconds=6))

    assert await surgery.judge(request) == ("passed", ())


async def test_nothing_is_silent(surgery: Surgery) -> None:
    """Whatever authenticates gets an answer: one message for every submission."""
    before = len([each for each in surgery.post if isinstance(each, Answered)])
    statements = [surgery.request([]).signed(), surgery.concern().signed()]

    settlements = [await surgery.send(each.raw) for each in (*statements, *statements)]
    await surgery.town.courier.settle()

    assert settlements == [Ack()] * 4
    assert len([each for each in surgery.post if isinstance(each, Answered)]) == before + 4
