"""How every courier hands out messages, and what can be seen of its queues."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from candour_protocol.errors import TransportError
from candour_protocol.ids import GATEWAY, AgencyId
from candour_protocol.transport.port import (
    Ack,
    Delivery,
    Outbound,
    PublishResult,
    Retry,
    Settlement,
    Transport,
)
from candour_protocol.transport.topology import (
    DEAD_QUEUE,
    DELIVER,
    GATEWAY_QUEUES,
    Lane,
    deliver_key,
    inbox_queue,
    inbox_queues,
)

from tests.transport.parties import Courier, Parties
from tests.transport.recorder import AGENCIES, INBOX, PATIENCE, SCHOOL, Recorder, to_gateway, to_school
from tests.transport.waiting import given_back

CONFIRMED, UNROUTABLE = PublishResult.CONFIRMED, PublishResult.UNROUTABLE


class Consuming(Parties):
    """Consumers, and the life of a transport."""

    async def test_a_thousand_queued_messages_start_no_more_than_prefetch(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()
        recorder.gate.clear()
        await gateway.publish([to_school(str(number)) for number in range(1000)])

        await school.consume(INBOX, recorder, prefetch=16)
        await recorder.until_got(1)
        await gateway.publish([to_school("one more")])
        held = len(recorder.got)
        recorder.gate.set()
        await recorder.until_settled(1001)

        assert held <= 16
        assert recorder.most <= 16

    async def test_calls_of_one_consumer_never_overlap(self, gateway: Transport, school: Transport) -> None:
        recorder = Recorder()
        recorder.gate.clear()

        await school.consume(INBOX, recorder)
        await gateway.publish([to_school("one")])
        await recorder.until_got(1)
        await gateway.publish([to_school("two")])
        assert recorder.bodies == [b"one"]
        recorder.gate.set()
        await recorder.until_settled(2)

        assert recorder.most == 1

    async def test_consumers_of_different_queues_run_side_by_side(
        self, gateway: Transport, school: Transport
    ) -> None:
        slow, quick = Recorder(), Recorder()
        slow.gate.clear()

        await school.consume(INBOX, slow)
        await school.consume(inbox_queue(SCHOOL, Lane.URGENT), quick)
        await gateway.publish([to_school("slow")])
        await slow.until_got(1)
        await gateway.publish([to_school("quick", Lane.URGENT)])
        await quick.until_settled(1)

        assert slow.settled == []

    async def test_consumers_of_one_queue_share_its_messages(
        self, gateway: Transport, school: Transport
    ) -> None:
        everything = Recorder()
        await school.consume(INBOX, everything, prefetch=7)
        await school.consume(INBOX, everything, prefetch=11)

        await gateway.publish([to_school(str(number)) for number in range(700)])
        await everything.until_settled(700)

        assert sorted(everything.bodies) == sorted(str(number).encode() for number in range(700))

    async def test_cancelling_a_consumer_waits_for_its_handler_and_settles_it(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder()
        recorder.gate.clear()
        await gateway.publish([to_school("in hand"), to_school("behind")])
        consumer = await school.consume(INBOX, recorder, prefetch=1)
        await recorder.until_got(1)

        cancelling = asyncio.create_task(consumer.cancel())
        assert not (await asyncio.wait([cancelling], timeout=0.05))[0]
        recorder.gate.set()
        await asyncio.wait_for(cancelling, PATIENCE)

        assert recorder.bodies == [b"in hand"]
        await given_back(school, INBOX, 1, PATIENCE)

    async def test_a_cancelled_consumer_leaves_the_rest_to_the_next(
        self, gateway: Transport, school: Transport
    ) -> None:
        first, second = Recorder(), Recorder()
        consumer = await school.consume(INBOX, first)
        await consumer.cancel()
        await consumer.cancel()

        await gateway.publish([to_school("for the next")])
        await school.consume(INBOX, second)
        await second.until_settled(1)

        assert (first.bodies, second.bodies) == ([], [b"for the next"])

    async def test_a_handler_may_cancel_its_own_consumer(self, gateway: Transport, school: Transport) -> None:
        recorder = Recorder()

        async def only_once(batch: Sequence[Delivery]) -> Sequence[Settlement]:
            await consumer.cancel()
            return await recorder(batch)

        consumer = await school.consume(INBOX, only_once, prefetch=1)
        await gateway.publish([to_school("one"), to_school("two")])
        await recorder.until_settled(1)
        await consumer.cancel()

        assert recorder.bodies == [b"one"]
        await given_back(school, INBOX, 1, PATIENCE)

    async def test_a_handler_may_publish(self, gateway: Transport, school: Transport) -> None:
        answers = Recorder()

        async def answer(batch: Sequence[Delivery]) -> Sequence[Settlement]:
            await school.publish([to_gateway(b"re: " + delivery.body) for delivery in batch])
            return [Ack() for _ in batch]

        await school.consume(INBOX, answer)
        await gateway.consume(GATEWAY_QUEUES[1], answers)
        await gateway.publish([to_school("hello")])
        await answers.until_settled(1)

        assert answers.bodies == [b"re: hello"]

    # declaring, looking, closing

    async def test_declaring_again_changes_nothing(
        self, gateway: Transport, operator: Transport, school: Transport
    ) -> None:
        recorder = Recorder()
        await gateway.publish([to_school("kept")])

        await operator.declare(AGENCIES)
        await operator.declare([])
        await school.consume(INBOX, recorder)
        await recorder.until_settled(1)

        assert recorder.bodies == [b"kept"]

    async def test_an_agency_can_join_later_and_stays(
        self, courier: Courier, gateway: Transport, operator: Transport
    ) -> None:
        police = AgencyId("county-police")
        to_police = Outbound(DELIVER, deliver_key(police, Lane.RESTRICTED), b"welcome", GATEWAY)

        before = await gateway.publish([to_police])
        await operator.declare([police])
        after = await gateway.publish([to_police, to_school("as ever")])
        await courier.restart()
        gateway = await courier.party(GATEWAY)
        later = await gateway.publish([to_police])

        assert (before, after, later) == ([UNROUTABLE], [CONFIRMED, CONFIRMED], [CONFIRMED])
        assert (await gateway.depth(inbox_queue(police, Lane.RESTRICTED))).messages == 2

    async def test_depth_counts_what_is_not_settled_and_names_the_oldest(
        self, gateway: Transport, school: Transport
    ) -> None:
        recorder = Recorder(lambda it: Retry(timedelta(hours=1)) if it.body == b"later" else Ack())
        empty = await school.depth(INBOX)
        await gateway.publish([to_school("later"), to_school("done"), to_school("done")])
        waiting = await school.depth(INBOX)

        consumer = await school.consume(INBOX, recorder)
        await recorder.until_settled(3)
        await consumer.cancel()
        left = await school.depth(INBOX)

        assert (empty.messages, empty.oldest) == (0, None)
        assert (waiting.messages, left.messages) == (3, 1)
        assert waiting.oldest is not None
        assert left.oldest is not None
        assert timedelta(0) <= waiting.oldest <= left.oldest < timedelta(minutes=1)

    async def test_every_queue_of_the_topology_is_there(self, gateway: Transport) -> None:
        queues = [
            *GATEWAY_QUEUES,
            *(queue for agency in AGENCIES for queue in inbox_queues(agency)),
            DEAD_QUEUE,
        ]

        depths = [await gateway.depth(queue) for queue in queues]

        assert [depth.messages for depth in depths] == [0] * 9

    async def test_a_queue_that_is_not_declared_is_an_error(self, gateway: Transport) -> None:
        with pytest.raises(TransportError, match="no-such-queue"):
            await gateway.consume("inbox.nobody-here.urgent", Recorder())
        with pytest.raises(TransportError, match="no-such-queue"):
            await gateway.depth("inbox.nobody-here.urgent")

    async def test_a_prefetch_out_of_range_is_an_error(self, school: Transport) -> None:
        for prefetch in (0, 65_536):
            with pytest.raises(TransportError, match="prefetch"):
                await school.consume(INBOX, Recorder(), prefetch=prefetch)

    async def test_a_closed_transport_refuses_everything_and_closes_twice(self, gateway: Transport) -> None:
        await gateway.close()
        await gateway.close()

        with pytest.raises(TransportError, match="closed"):
            await gateway.publish([to_school("late")])
        with pytest.raises(TransportError, match="closed"):
            await gateway.consume(INBOX, Recorder())
        with pytest.raises(TransportError, match="closed"):
            await gateway.depth(INBOX)
        with pytest.raises(TransportError, match="closed"):
            await gateway.declare(AGENCIES)
