"""Traps of RabbitMQ and its library, each held against a real broker."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from candour_protocol.errors import TransportError
from candour_protocol.ids import GATEWAY
from candour_protocol.transport import connect
from candour_protocol.transport.port import (
    Ack,
    Delivery,
    Depth,
    Outbound,
    Park,
    PublishResult,
    Retry,
    Settlement,
)
from candour_protocol.transport.rabbitmq import RabbitTransport
from candour_protocol.transport.rabbitmq_consumer import RabbitConsumer
from candour_protocol.transport.rabbitmq_link import Link
from candour_protocol.transport.rabbitmq_publisher import Misfit
from candour_protocol.transport.topology import DEAD, DEAD_QUEUE, DELIVER, GATEWAY_QUEUES, Lane, inbox_queue
from yarl import URL

from tests.transport.realm import OPERATOR, Realm
from tests.transport.recorder import AGENCIES, INBOX, PATIENCE, SCHOOL, Recorder, to_gateway, to_school
from tests.transport.waiting import given_back, until

CONFIRMED, REJECTED, UNROUTABLE = PublishResult.CONFIRMED, PublishResult.REJECTED, PublishResult.UNROUTABLE
VICTIM = Path(__file__).with_name("rabbit_victim.py")


@pytest.fixture
async def gateway(realm: Realm) -> RabbitTransport:
    return await realm.connect(GATEWAY)


@pytest.fixture
async def school(realm: Realm) -> RabbitTransport:
    return await realm.connect(SCHOOL)


async def test_results_of_equal_messages_in_flight_at_once_are_not_confused(gateway: RabbitTransport) -> None:
    nowhere = Outbound(DELIVER, "nobody-here.urgent", b"same", GATEWAY)
    pairs = [nowhere, to_school("same")] * 100

    assert await gateway.publish(pairs) == [UNROUTABLE, CONFIRMED] * 100


async def test_what_a_cancelled_call_left_under_way_confuses_no_results_after_it(
    gateway: RabbitTransport,
) -> None:
    nowhere = Outbound(DELIVER, "nobody-here.urgent", b"same", GATEWAY)
    for turns in range(30):
        calling = asyncio.create_task(gateway.publish([nowhere, to_school("same")] * 300))
        for _ in range(turns):  # into the write, into the confirms, or to the end
            await asyncio.sleep(0)
        calling.cancel()

        assert await gateway.publish([to_school("same"), nowhere]) == [CONFIRMED, UNROUTABLE]


async def test_a_full_queue_rejects_and_drops_nothing(realm: Realm, gateway: RabbitTransport) -> None:
    policy = {"pattern": "^inbox", "definition": {"max-length": 5, "overflow": "reject-publish"}}
    realm.put(f"/policies/{realm.name}/small", policy | {"priority": 99, "apply-to": "queues"})

    results: list[PublishResult] = []
    async with asyncio.timeout(PATIENCE):
        while REJECTED not in results:
            results += await gateway.publish([to_school(f"{len(results)}")])

    assert set(results) == {CONFIRMED, REJECTED}
    assert (await gateway.depth(INBOX)).messages == results.count(CONFIRMED)


async def test_messages_are_persistent_and_each_has_an_id_of_its_own(
    realm: Realm, gateway: RabbitTransport
) -> None:
    await gateway.publish([to_school("one"), to_school("one")])

    take = {"count": 2, "ackmode": "ack_requeue_true", "encoding": "auto"}
    got = realm.post(f"/queues/{realm.name}/{INBOX}/get", take).json()

    assert [each["properties"]["delivery_mode"] for each in got] == [2, 2]
    assert [each["properties"]["user_id"] for each in got] == [GATEWAY, GATEWAY]
    assert len({each["properties"]["message_id"] for each in got}) == 2


async def test_publishing_and_consuming_have_connections_of_their_own_with_a_short_heartbeat(
    realm: Realm, gateway: RabbitTransport
) -> None:
    await gateway.consume(GATEWAY_QUEUES[0], Recorder())

    async def shown() -> bool:
        return len(realm.get(f"/vhosts/{realm.name}/connections")) >= 2

    await until(shown, PATIENCE)
    found = realm.get(f"/vhosts/{realm.name}/connections")

    names = {each["client_properties"]["connection_name"] for each in found}
    assert names == {"candour publishing", "candour consuming"}
    assert {each["timeout"] for each in found} == {5}


async def test_a_deleted_queue_is_consumed_again_once_it_is_back(
    realm: Realm, gateway: RabbitTransport
) -> None:
    recorder, other = Recorder(), Recorder()
    school = await realm.connect(SCHOOL, renew_after=timedelta(seconds=2))
    await school.consume(INBOX, recorder)
    await school.consume(inbox_queue(SCHOOL, Lane.URGENT), other)

    realm.delete(f"/queues/{realm.name}/{INBOX}")
    lost = await gateway.publish([to_school("nobody home")])
    await gateway.publish([to_school("meanwhile", Lane.URGENT)])
    await other.until_settled(1)
    realm.make()
    found = await gateway.publish([to_school("home again")])
    await recorder.until_settled(1)

    assert (lost, found) == ([UNROUTABLE], [CONFIRMED])
    assert recorder.bodies == [b"home again"]


async def test_a_consumer_that_crashes_over_poison_loses_none_of_its_neighbours(
    realm: Realm, gateway: RabbitTransport
) -> None:
    bodies = [*(f"{number}" for number in range(30)), "poison", *(f"{number}" for number in range(30, 60))]
    await gateway.publish([to_school(body) for body in bodies])

    crashes = 0
    while (await gateway.depth(INBOX)).messages != 1 or crashes < 3:
        victim = await asyncio.create_subprocess_exec(sys.executable, VICTIM, realm.url(SCHOOL), INBOX)
        await asyncio.wait_for(victim.wait(), PATIENCE)
        await returned(gateway)
        crashes += 1
        assert crashes < 30
    parked = await (await realm.connect(OPERATOR)).parked()
    recorder = Recorder()
    await (await realm.connect(SCHOOL)).consume(INBOX, recorder)
    await recorder.until_settled(1)

    assert recorder.bodies == [b"poison"]
    assert parked == []


async def returned(transport: RabbitTransport) -> None:
    """Wait until the broker has noticed that the consumer is gone."""

    async def there() -> bool:
        return (await transport.depth(INBOX)).messages > 0

    await until(there, PATIENCE)


async def test_many_long_retries_hold_back_nobody(gateway: RabbitTransport, school: RabbitTransport) -> None:
    recorder = Recorder(lambda it: Retry(timedelta(hours=1)) if it.body == b"later" else Ack())

    await gateway.publish([*(to_school("later") for _ in range(40)), to_school("now")])
    consumer = await school.consume(INBOX, recorder, prefetch=2)
    await recorder.until(lambda: b"now" in recorder.bodies)
    await recorder.until_settled(41)
    await consumer.cancel()

    assert recorder.most <= 2
    await given_back(school, INBOX, 40, PATIENCE)


async def test_the_gateway_sees_that_nobody_takes_from_an_inbox_and_reads_nothing_of_it(
    gateway: RabbitTransport, school: RabbitTransport
) -> None:
    recorder = Recorder()
    await gateway.publish([to_school("waits")])

    while_off = [await gateway.depth(INBOX) for _ in range(2)]
    consumer = await school.consume(INBOX, recorder)
    await recorder.until_settled(1)
    while_on = await gateway.depth(INBOX)
    await consumer.cancel()

    assert while_off == [Depth(1, None, untouched=True)] * 2
    assert while_on == Depth(0, None)


async def test_a_look_that_is_given_up_ends_no_connection(
    gateway: RabbitTransport, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever asks for health gives up soon; what is consumed goes on."""
    await gateway.consume(GATEWAY_QUEUES[0], Recorder())
    for part in range(200):
        looking = asyncio.create_task(gateway.depth(INBOX))
        await asyncio.sleep(part / 20_000)  # before it, in the middle of it, after it
        looking.cancel()
    last = await gateway.depth(INBOX)

    assert last == Depth(0, None)
    assert "subscription_lost" not in caplog.text


async def test_a_retry_that_outlasts_what_the_broker_allows_is_given_back_and_still_not_early(
    realm: Realm, gateway: RabbitTransport
) -> None:
    link = await Link.open(URL(realm.url(SCHOOL)), "test")
    loop = asyncio.get_running_loop()
    times: list[float] = []

    def once(delivery: Delivery) -> Settlement:
        times.append(loop.time())
        return Retry(timedelta(seconds=0.7)) if delivery.attempt == 1 else Ack()

    recorder = Recorder(once)

    await gateway.publish([to_school("later")])
    consumer = RabbitConsumer(link, INBOX, recorder, 10, unparked, hold_at_most=timedelta(seconds=0.2))
    await consumer.start()
    await recorder.until_settled(2)
    await consumer.cancel()
    await link.close()

    assert [delivery.attempt for delivery in recorder.got] == [1, 2]
    assert times[1] - times[0] >= 0.7


async def unparked(misfits: Sequence[Misfit]) -> Sequence[bool]:
    return [False] * len(misfits)


async def test_what_cannot_be_parked_is_kept(realm: Realm, gateway: RabbitTransport) -> None:
    link = await Link.open(URL(realm.url(SCHOOL)), "test")
    recorder = Recorder(lambda _: Park("odd"))

    await gateway.publish([to_school("odd")])
    consumer = RabbitConsumer(link, INBOX, recorder, 10, unparked)
    await consumer.start()
    await recorder.until_settled(1)
    await consumer.cancel()
    await link.close()

    await given_back(gateway, INBOX, 1, PATIENCE)
    assert (await gateway.depth(DEAD_QUEUE)).messages == 0


async def test_a_dead_queue_that_is_full_forgets_the_oldest_and_holds_up_nobody(
    realm: Realm, gateway: RabbitTransport, school: RabbitTransport
) -> None:
    recorder = Recorder(lambda it: Ack() if it.body == b"good" else Park("odd"))
    policy = {"pattern": "^dead$", "definition": {"max-length": 5}, "apply-to": "queues"}
    realm.put(f"/operator-policies/{realm.name}/small", policy)

    await gateway.publish([*(to_school(f"odd {number}") for number in range(200)), to_school("good")])
    await school.consume(INBOX, recorder, prefetch=2)
    await recorder.until(lambda: b"good" in recorder.bodies)
    await recorder.until_settled(201)

    parked = await (await realm.connect(OPERATOR)).parked()
    assert parked[-1].delivery.body == b"odd 199"
    assert len(parked) <= 5


async def test_a_parked_message_tells_an_operator_who_sent_it_where_and_when(
    realm: Realm, gateway: RabbitTransport, school: RabbitTransport
) -> None:
    operator = await realm.connect(OPERATOR)
    recorder = Recorder(lambda _: Park("body-mismatch"))

    await school.publish([to_gateway("odd", urgent=True)])
    consumer = await gateway.consume(GATEWAY_QUEUES[0], recorder)
    await recorder.until_settled(1)
    await consumer.cancel()
    looks = [await operator.parked(), await operator.parked()]

    ((first,), (second,)) = looks
    assert (first.delivery, first.reason) == (second.delivery, "body-mismatch")
    assert first.delivery == recorder.got[0]
    assert first.parked_at >= first.delivery.enqueued_at


async def test_what_the_broker_itself_gives_up_is_seen_by_an_operator(
    realm: Realm, gateway: RabbitTransport
) -> None:
    operator = await realm.connect(OPERATOR)
    policy = {"pattern": "^inbox", "definition": {"delivery-limit": 1, "dead-letter-exchange": DEAD}}
    realm.put(f"/policies/{realm.name}/strict", policy | {"priority": 99, "apply-to": "queues"})
    await gateway.publish([to_school("odd")])

    take = {"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
    async with asyncio.timeout(PATIENCE):
        while not (parked := await operator.parked()):
            realm.post(f"/queues/{realm.name}/{INBOX}/get", take)

    assert [(each.delivery.body, each.reason) for each in parked] == [(b"odd", "delivery_limit")]


async def test_whoever_may_not_declare_leaves_everything_as_it_is(
    realm: Realm, school: RabbitTransport, caplog: pytest.LogCaptureFixture
) -> None:
    await school.declare(AGENCIES)
    await school.declare([SCHOOL, *AGENCIES])
    assert "topology_missing" not in caplog.text

    realm.delete(f"/queues/{realm.name}/{INBOX}")
    await school.declare([SCHOOL])

    assert f"topology_missing queues={INBOX}" in caplog.text


@pytest.mark.parametrize(
    ("user", "url", "code"),
    [
        (SCHOOL, "amqp://hill-clinic:x@127.0.0.1/candour", "url"),
        (None, "amqp://127.0.0.1/candour", "url"),
        (None, "amqp://oakfield-school:x@127.0.0.1:9/candour", "unreachable"),
    ],
)
async def test_an_address_that_is_of_no_use_is_refused(user: str | None, url: str, code: str) -> None:
    with pytest.raises(TransportError, match=code):
        await connect(url, user)


async def test_a_wrong_password_is_refused(realm: Realm) -> None:
    with pytest.raises(TransportError, match="refused"):
        await connect(str(URL(realm.url(SCHOOL)).with_password("wrong")))


async def test_no_log_line_quotes_a_message_or_a_password(
    realm: Realm, gateway: RabbitTransport, caplog: pytest.LogCaptureFixture
) -> None:
    def quote_it(delivery: Delivery) -> Settlement:
        if delivery.attempt == 1:
            raise ValueError(delivery.body)
        return Ack()

    recorder = Recorder(quote_it)

    with caplog.at_level(logging.DEBUG):
        school = await realm.connect(SCHOOL)
        await gateway.publish([to_school("a secret")])
        await school.consume(INBOX, recorder)
        await recorder.until_settled(1)

    assert "handler_raised" in caplog.text
    assert "secret" not in caplog.text
    assert "at a test" not in caplog.text
    assert "at+a+test" not in caplog.text


async def test_a_batch_is_what_is_ready_and_nobody_lingers(
    gateway: RabbitTransport, school: RabbitTransport
) -> None:
    recorder = Recorder()
    sizes: list[int] = []

    async def note_size(batch: Sequence[Delivery]) -> Sequence[Settlement]:
        sizes.append(len(batch))
        return await recorder(batch)

    await gateway.publish([to_school(str(number)) for number in range(1000)])
    await school.consume(INBOX, note_size, prefetch=100)
    await recorder.until_settled(1000)

    assert max(sizes) <= 100
    assert len(sizes) < 500
