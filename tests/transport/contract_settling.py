"""What every courier has to do with what a handler answers, or fails to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from candour_protocol.ids import GATEWAY
from candour_protocol.transport.port import Ack, Delivery, Park, Retry, Settlement, Transport
from candour_protocol.transport.topology import DEAD_QUEUE

from tests.transport.parties import Courier, Parties
from tests.transport.recorder import INBOX, PATIENCE, SCHOOL, Recorder, to_school
from tests.transport.waiting import given_back

SOON = timedelta(milliseconds=200)


class Settling(Parties):
    """Ack, Retry, Park, and handlers that raise."""

    async def test_a_retried_message_comes_again_not_before_its_time(
        self, gateway: Transport, school: Transport
    ) -> None:
        times: list[float] = []

        def once(delivery: Delivery) -> Settlement:
            times.append(asyncio.get_running_loop().time())
            return Retry(SOON) if delivery.attempt == 1 else Ack()

        recorder = Recorder(once)

        await gateway.publish([to_school("again")])
        await school.consume(INBOX, recorder)
        await recorder.until_settled(2)

        first, second = recorder.got
        assert (first.attempt, second.attempt) == (1, 2)
        assert (first.body, first.enqueued_at) == (second.body, second.enqueued_at)
        assert times[1] - times[0] >= SOON.total_seconds() - 0.002

    async def test_a_retry_holds_back_nothing_behind_it(self, gateway: Transport, school: Transport) -> None:
        recorder = Recorder(lambda it: Retry(timedelta(hours=1)) if it.body == b"later" else Ack())

        await gateway.publish([to_school("later"), to_school("now")])
        await school.consume(INBOX, recorder, prefetch=1)
        await recorder.until_settled(2)

        assert recorder.bodies == [b"later", b"now"]

    async def test_a_retry_at_once_comes_at_once(self, gateway: Transport, school: Transport) -> None:
        recorder = Recorder(lambda it: Retry(timedelta(-1)) if it.attempt < 5 else Ack())

        await gateway.publish([to_school("again")])
        await school.consume(INBOX, recorder)
        await recorder.until_settled(5)

        assert [delivery.attempt for delivery in recorder.got] == [1, 2, 3, 4, 5]

    async def test_a_retry_outlives_a_restart(
        self, courier: Courier, gateway: Transport, school: Transport
    ) -> None:
        first, second = Recorder(lambda _: Retry(SOON)), Recorder()
        await gateway.publish([to_school("again")])
        consumer = await school.consume(INBOX, first)
        await first.until_settled(1)
        await consumer.cancel()

        await courier.restart()
        school = await courier.party(SCHOOL)
        await school.consume(INBOX, second)
        await second.until_settled(1)

        assert second.bodies == [b"again"]

    async def test_a_parked_message_keeps_its_body_and_its_reason(
        self, courier: Courier, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder(lambda it: Park("body-mismatch") if it.body == b"bad" else Ack())
        await gateway.publish([to_school("good"), to_school("bad"), to_school("good too")])

        consumer = await school.consume(INBOX, recorder)
        await recorder.until_settled(3)
        await consumer.cancel()

        (parked,) = await courier.parked()
        assert (parked.delivery.body, parked.reason) == (b"bad", "body-mismatch")
        assert (parked.delivery.queue, parked.delivery.user) == (INBOX, GATEWAY)
        assert (await school.depth(INBOX)).messages == 0
        assert (await gateway.depth(DEAD_QUEUE)).messages == 1

    async def test_a_handler_that_raises_gets_its_messages_again(
        self, gateway: Transport, school: Transport
    ) -> None:
        def fail_twice(delivery: Delivery) -> Settlement:
            if delivery.attempt < 3:
                raise RuntimeError
            return Ack()

        recorder = Recorder(fail_twice)

        await gateway.publish([to_school("again")])
        consumer = await school.consume(INBOX, recorder)
        await recorder.until_settled(1)
        await consumer.cancel()

        assert [delivery.attempt for delivery in recorder.got] == [1, 2, 3]
        assert (await school.depth(INBOX)).messages == 0

    async def test_a_handler_whose_inner_work_was_cancelled_gets_its_messages_again(
        self, gateway: Transport, school: Transport
    ) -> None:
        def cancelled_once(delivery: Delivery) -> Settlement:
            if delivery.attempt == 1:
                raise asyncio.CancelledError
            return Ack()

        recorder = Recorder(cancelled_once)

        await gateway.publish([to_school("again")])
        await school.consume(INBOX, recorder)
        await recorder.until_settled(1)

        assert [delivery.attempt for delivery in recorder.got] == [1, 2]

    async def test_a_handler_that_forgets_a_settlement_has_settled_nothing(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()

        async def forgetful(batch: Sequence[Delivery]) -> Sequence[Settlement]:
            settlements = await recorder(batch)
            return settlements[1:] if batch[0].attempt == 1 else settlements

        await gateway.publish([to_school("one"), to_school("two")])
        consumer = await school.consume(INBOX, forgetful)
        await recorder.until(lambda: [it.attempt for it in recorder.settled].count(2) == 2)
        await consumer.cancel()

        assert sorted(it.body for it in recorder.got if it.attempt == 2) == [b"one", b"two"]
        assert (await school.depth(INBOX)).messages == 0

    async def test_a_poison_message_holds_up_none_of_two_hundred_others(
        self, courier: Courier, gateway: Transport, school: Transport
    ) -> None:
        def choke(delivery: Delivery) -> Settlement:
            if delivery.body == b"poison":
                raise RuntimeError
            return Ack()

        recorder = Recorder(choke)
        good = [str(number).encode() for number in range(200)]
        await gateway.publish([to_school(body) for body in (*good[:100], b"poison", *good[100:])])

        consumer = await school.consume(INBOX, recorder)
        await recorder.until_settled(200)
        await consumer.cancel()

        assert sorted(it.body for it in recorder.settled) == sorted(good)
        await given_back(school, INBOX, 1, PATIENCE)
        assert await courier.parked() == []
