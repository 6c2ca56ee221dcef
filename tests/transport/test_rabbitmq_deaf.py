"""A subscription that hears nothing any more, though the broker counts it as one: it is renewed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from candour_protocol.ids import GATEWAY
from candour_protocol.transport import topology
from candour_protocol.transport.port import Ack, Delivery, Handler, PublishResult, Retry, Settlement
from candour_protocol.transport.rabbitmq import RabbitTransport
from candour_protocol.transport.rabbitmq_consumer import RabbitConsumer
from candour_protocol.transport.rabbitmq_link import Link
from candour_protocol.transport.rabbitmq_publisher import Misfit
from candour_protocol.transport.topology import Lane
from yarl import URL

from tests.transport.realm import OPERATOR, Realm
from tests.transport.recorder import INBOX, PATIENCE, SCHOOL, Recorder, ack_all, to_school
from tests.transport.waiting import until

OFTEN = timedelta(milliseconds=10)
SELDOM = timedelta(hours=1)
BINDING = topology.Binding(topology.DELIVER, topology.deliver_key(SCHOOL, Lane.ORDINARY), INBOX)


@pytest.fixture
async def gateway(realm: Realm) -> RabbitTransport:
    return await realm.connect(GATEWAY)


@asynccontextmanager
async def consuming(realm: Realm, handler: Handler, renew_after: timedelta) -> AsyncIterator[RabbitConsumer]:
    link = await Link.open(URL(realm.url(SCHOOL)), "test")
    consumer = RabbitConsumer(link, INBOX, handler, 8, unparked, renew_after=renew_after)
    await consumer.start()
    try:
        yield consumer
        await consumer.cancel()
    finally:
        await link.close()


async def unparked(misfits: Sequence[Misfit]) -> Sequence[bool]:
    return [False] * len(misfits)


async def test_a_queue_that_was_replaced_under_its_consumer_is_heard_again(
    realm: Realm, gateway: RabbitTransport, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()

    async with consuming(realm, recorder, timedelta(seconds=2)):
        await gateway.publish([to_school("before")])
        await recorder.until_settled(1)
        await asyncio.to_thread(realm.replace, INBOX, BINDING)
        results = await gateway.publish([to_school(f"after {number}") for number in range(20)])
        await recorder.until_settled(21)

    assert set(results) == {PublishResult.CONFIRMED}
    assert sorted(recorder.bodies) == sorted([b"before", *(f"after {n}".encode() for n in range(20))])
    assert "subscription_was_deaf" in caplog.text or "subscription_lost" in caplog.text


def later_once(delivery: Delivery) -> Settlement:
    return Retry(timedelta(milliseconds=200)) if delivery.attempt == 1 else Ack()


@pytest.mark.parametrize(("settle", "times"), [(ack_all, 1), (later_once, 2)], ids=["done", "later"])
async def test_renewing_in_the_midst_of_traffic_loses_and_doubles_nothing(
    realm: Realm, gateway: RabbitTransport, settle: Callable[[Delivery], Settlement], times: int
) -> None:
    recorder = Recorder(settle)
    bodies = [f"{number}".encode() for number in range(200)]

    async with consuming(realm, recorder, OFTEN):
        for body in bodies:
            await gateway.publish([to_school(body)])
        await recorder.until_settled(times * len(bodies))

    assert sorted(recorder.bodies) == sorted(times * bodies)
    assert (await gateway.depth(INBOX)).messages == 0


async def consumers(realm: Realm) -> int | None:
    link = await Link.open(URL(realm.url(OPERATOR)), "test")
    try:
        return (await (await link.channel()).queue_declare(INBOX, passive=True)).consumer_count
    finally:
        await link.close()


async def test_a_quiet_subscription_is_renewed_again_and_again_and_stays_one(
    realm: Realm, gateway: RabbitTransport, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()

    async def renewed() -> bool:
        return caplog.text.count("subscription_renewed") >= 3

    with caplog.at_level(logging.DEBUG, "candour.transport"):
        async with consuming(realm, recorder, OFTEN):
            await until(renewed, PATIENCE)
    async with consuming(realm, recorder, SELDOM):
        await gateway.publish([to_school("now")])
        await recorder.until_settled(1)
        counted = await consumers(realm)

    assert counted == 1
    assert recorder.bodies == [b"now"]
    assert "subscription_was_deaf" not in caplog.text


async def test_a_batch_in_the_handlers_hands_is_not_given_to_it_twice(
    realm: Realm, gateway: RabbitTransport
) -> None:
    recorder = Recorder()
    recorder.gate.clear()

    async with consuming(realm, recorder, OFTEN):
        await gateway.publish([to_school("slow")])
        await recorder.until_got(1)
        await asyncio.sleep(20 * OFTEN.total_seconds())  # time enough for many renewals, were it not busy
        recorder.gate.set()
        await recorder.until_settled(1)

    assert recorder.bodies == [b"slow"]
    assert (await gateway.depth(INBOX)).messages == 0
