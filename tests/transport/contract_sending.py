"""What every courier has to do with what it is given."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from candour_protocol.ids import GATEWAY
from candour_protocol.transport.port import Outbound, PublishResult, Transport
from candour_protocol.transport.topology import DELIVER, GATEWAY_QUEUES, Lane, deliver_key, inbox_queue

from tests.transport.parties import Courier, Parties
from tests.transport.recorder import CLINIC, INBOX, SCHOOL, Recorder, to_gateway, to_school

CONFIRMED, REJECTED, UNROUTABLE = PublishResult.CONFIRMED, PublishResult.REJECTED, PublishResult.UNROUTABLE


class Sending(Parties):
    """Publishing and durability."""

    async def test_a_message_arrives_with_who_sent_it_and_when(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()

        before = datetime.now(UTC) - timedelta(seconds=1)
        assert await school.publish([to_gateway(b"\x00\xffbytes", urgent=True)]) == [CONFIRMED]
        await gateway.consume(GATEWAY_QUEUES[0], recorder)
        await recorder.until_got(1)

        (got,) = recorder.got
        assert (got.queue, got.routing_key) == (GATEWAY_QUEUES[0], f"{SCHOOL}.concern.urgent")
        assert (got.user, got.body, got.attempt) == (SCHOOL, b"\x00\xffbytes", 1)
        assert before <= got.enqueued_at <= datetime.now(UTC) + timedelta(seconds=1)

    async def test_messages_arrive_in_the_order_in_which_they_were_published(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()
        numbers = [str(number).encode() for number in range(600)]

        await gateway.publish([to_school(number) for number in numbers[:300]])
        await school.consume(INBOX, recorder)
        await gateway.publish([to_school(number) for number in numbers[300:]])
        await recorder.until_settled(600)

        assert recorder.bodies == numbers

    async def test_bodies_of_all_sizes_in_one_call_arrive_whole_and_in_order(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()
        sizes = [
            0,
            1,
            131_063,
            131_064,
            131_065,
            262_128,
            900_000,
            300_000,
            0,
            5,
        ]  # about a frame, and a write
        bodies = [bytes([number]) * size for number, size in enumerate(sizes)]

        assert await gateway.publish([to_school(body) for body in bodies]) == [CONFIRMED] * len(bodies)
        await school.consume(INBOX, recorder)
        await recorder.until_settled(len(bodies))

        assert recorder.bodies == bodies

    async def test_tasks_that_publish_at_once_are_all_confirmed_and_keep_their_own_order(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()
        await school.consume(INBOX, recorder)

        async def publish(task: int) -> None:
            for number in range(10):
                result = await gateway.publish([to_school(f"{task} {number} {half}") for half in "ab"])
                assert result == [CONFIRMED, CONFIRMED]

        await asyncio.gather(*(publish(task) for task in range(40)))
        await recorder.until_settled(800)

        for task in range(40):
            mine = [body for body in recorder.bodies if body.startswith(b"%d " % task)]
            assert mine == [b"%d %d %c" % (task, number, half) for number in range(10) for half in b"ab"]

    async def test_nothing_to_publish_is_no_work(self, gateway: Transport) -> None:
        assert await gateway.publish([]) == []

    async def test_a_key_that_nobody_listens_to_is_unroutable(self, gateway: Transport) -> None:
        stranger = Outbound(DELIVER, deliver_key("nobody-here", Lane.URGENT), b"lost", GATEWAY)
        no_lane = Outbound(DELIVER, f"{SCHOOL}.sometime", b"lost", GATEWAY)

        results = await gateway.publish([stranger, to_school("found"), no_lane])

        assert results == [UNROUTABLE, CONFIRMED, UNROUTABLE]

    async def test_an_agency_cannot_publish_as_another(self, gateway: Transport, school: Transport) -> None:
        results = await school.publish(
            [
                Outbound("candour.submit", f"{CLINIC}.concern.urgent", b"forged", SCHOOL),
                Outbound("candour.submit", f"{SCHOOL}-too.concern.urgent", b"forged", SCHOOL),
                to_gateway("own"),
            ]
        )

        assert results == [REJECTED, REJECTED, CONFIRMED]
        assert (await gateway.depth(GATEWAY_QUEUES[0])).messages == 0

    async def test_only_the_gateway_delivers(self, school: Transport) -> None:
        results = await school.publish([Outbound(DELIVER, deliver_key(SCHOOL, Lane.URGENT), b"x", SCHOOL)])

        assert results == [REJECTED]
        assert (await school.depth(inbox_queue(SCHOOL, Lane.URGENT))).messages == 0

    async def test_a_cancelled_publish_leaves_each_message_whole_or_absent(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()
        bodies = [str(number).encode() * 500 for number in range(50)]

        for body in bodies:
            publishing = asyncio.create_task(gateway.publish([to_school(body)]))
            await asyncio.sleep(0)
            publishing.cancel()
            await asyncio.wait([publishing])
        assert await gateway.publish([to_school("the last")]) == [CONFIRMED]
        await school.consume(INBOX, recorder)
        await recorder.until(lambda: b"the last" in recorder.bodies)

        arrived = [body for body in recorder.bodies if body != b"the last"]
        assert set(arrived) <= set(bodies)
        assert len(arrived) == len(set(arrived))

    # durability

    async def test_a_confirmed_message_outlives_a_restart(self, courier: Courier, gateway: Transport) -> None:
        recorder = Recorder()
        await gateway.publish([to_school(str(number)) for number in range(20)])

        await courier.restart()
        school = await courier.party(SCHOOL)
        await school.consume(INBOX, recorder)
        await recorder.until_settled(20)

        assert recorder.bodies == [str(number).encode() for number in range(20)]

    async def test_an_acked_message_never_comes_again(
        self, courier: Courier, gateway: Transport, school: Transport
    ) -> None:
        first, second = Recorder(), Recorder()
        await gateway.publish([to_school("done")])
        consumer = await school.consume(INBOX, first)
        await first.until_settled(1)
        await consumer.cancel()

        await courier.restart()
        gateway, school = await courier.party(GATEWAY), await courier.party(SCHOOL)
        await gateway.publish([to_school("new")])
        await school.consume(INBOX, second)
        await second.until_settled(1)

        assert (first.bodies, second.bodies) == ([b"done"], [b"new"])

    async def test_what_a_handler_held_when_the_process_ended_comes_again(
        self, courier: Courier, gateway: Transport, school: Transport
    ) -> None:
        interrupted, second = Recorder(), Recorder()
        interrupted.gate.clear()
        await gateway.publish([to_school("in hand"), to_school("behind")])
        await school.consume(INBOX, interrupted, prefetch=1)
        await interrupted.until_got(1)

        await courier.restart()
        school = await courier.party(SCHOOL)
        await school.consume(INBOX, second)
        await second.until_settled(2)

        assert interrupted.settled == []
        assert sorted(second.bodies) == [b"behind", b"in hand"]
