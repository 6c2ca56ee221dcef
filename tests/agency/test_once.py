"""Nothing is lost, nothing happens twice: idempotency keys, crashes, couriers that lose and repeat."""

from __future__ import annotations

import asyncio

from candour_protocol.kinds import Kind
from candour_protocol.transport.port import PublishResult

from tests.agency.partnership import CSC, SCHOOL, Office, Partnership, a_concern
from tests.agency.places import ON_BOTH

pytestmark = ON_BOTH


async def test_the_same_key_gives_the_same_answer_for_ever(school: Office, csc: Office) -> None:
    first = await school.post("/v1/concerns", a_concern(), Idempotency_Key="once")

    await school.restart()
    again = await school.post("/v1/concerns", a_concern(), Idempotency_Key="once")

    assert again == first
    await school.until(first["messages"][0]["id"], "delivered")
    assert len(await csc.inbox()) == 1


async def test_the_same_key_with_another_body_is_refused(school: Office) -> None:
    await school.post("/v1/concerns", a_concern(), Idempotency_Key="once")

    answer = await school.call("POST", "/v1/concerns", a_concern(urgency="GREEN"), Idempotency_Key="once")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_key_belongs_to_its_client(school: Office, partnership: Partnership) -> None:
    await school.post("/v1/concerns", a_concern(), Idempotency_Key="once")
    other = school.with_scopes("requests.send")

    answer = await school.call("POST", "/v1/concerns", a_concern(), Idempotency_Key="once", token=other)

    assert answer.status_code == 403


async def test_calls_under_one_key_at_the_same_time_are_one_message(school: Office, csc: Office) -> None:
    calls = (school.post("/v1/concerns", a_concern(), Idempotency_Key="once") for _ in range(8))

    answers = await asyncio.gather(*calls)

    assert all(answer == answers[0] for answer in answers)
    await school.until(answers[0]["messages"][0]["id"], "delivered")
    assert len(await csc.inbox()) == 1


async def test_a_message_outlives_a_courier_that_is_away(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.courier.away = True
    told = await school.tell()
    await school.restart()

    partnership.courier.away = False
    await school.restart()

    await school.until(told, "delivered")
    assert len(await csc.inbox()) == 1


async def test_what_the_courier_did_not_confirm_is_sent_again_as_the_same_bytes(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.courier.results.extend([PublishResult.UNKNOWN, PublishResult.REJECTED])

    told = await school.tell()

    await school.until(told, "delivered")
    tries = [one.body for one in partnership.courier.submitted if one.user == SCHOOL]
    assert len(tries) == 3
    assert len(set(tries)) == 1


async def test_it_asks_again_until_it_holds_receipt_and_delivery(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.gateway.keeps_back = {Kind.DELIVERY}
    told = await school.tell()
    await school.until(told, "passed")
    await csc.until(told, "delivered")

    partnership.gateway.keeps_back = set()
    [delivery] = await partnership.gateway.logged(Kind.DELIVERY)
    partnership.gateway.deliver(delivery)

    await school.until(told, "delivered")


async def test_a_statement_that_comes_three_times_is_stored_and_answered_once(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await school.tell()
    await school.until(told, "delivered")
    [seen] = partnership.gateway.of_kind(Kind.CONCERN)

    for _ in range(3):
        partnership.gateway.deliver(seen)
    await partnership.courier.quiet()

    assert len(await csc.inbox()) == 1
    assert len(partnership.gateway.of_kind(Kind.DELIVERY)) == 1


async def test_a_recipient_that_was_stopped_takes_everything_in_once_it_runs_again(
    school: Office, csc: Office
) -> None:
    await csc.stop()
    told = [await school.tell() for _ in range(5)]
    for one in told:
        await school.until(one, "passed")

    await csc.start()

    for one in told:
        await school.until(one, "delivered")
    assert [item["id"] for item in await csc.inbox()] == told


async def test_a_sender_that_was_stopped_before_the_receipt_came_finds_it_later(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.gateway.mute = True
    told = await school.tell()
    await csc.until(told, "delivered")
    partnership.gateway.mute = False

    await school.restart()

    shown = await school.until(told, "delivered")
    assert shown["verdict"]["outcome"] == "passed"
    assert len(partnership.gateway.of_kind(Kind.CONCERN)) == 1


async def test_a_node_that_lost_its_disk_gets_back_what_it_had_been_given(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = [await school.tell() for _ in range(3)]
    for one in told:
        await school.until(one, "delivered")
    await csc.stop()
    partnership.places.lose(CSC)

    await csc.start()

    assert [item["id"] for item in await csc.inbox()] == told
    assert (await csc.message(told[0]))["content"]["facts"]


async def test_nothing_waits_in_the_outbox_once_all_is_settled(school: Office, csc: Office) -> None:
    told = await school.tell()

    await school.until(told, "delivered")
    await school.until(told)

    ready = await school.get("/readyz")
    assert {one["name"]: one["reason"] for one in ready["checks"]}["outbox"] == ""
    assert (await school.message(told))["counterparty"] == CSC
