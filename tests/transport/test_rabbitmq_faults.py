"""A broker that is killed, frozen, blocked or cut off: what is confirmed stays, and nothing waits for ever.

Each test has a limit: heartbeats of a second notice a dead broker after six, and a publish waits for two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aio_pika import Connection
from aiormq.exceptions import ChannelPreconditionFailed
from candour_protocol.errors import TransportError
from candour_protocol.ids import GATEWAY
from candour_protocol.transport import connect
from candour_protocol.transport.port import PublishResult
from candour_protocol.transport.rabbitmq import RabbitTransport
from candour_protocol.transport.rabbitmq_management import Management
from candour_protocol.transport.topology import SUBMIT
from pamqp.commands import Basic
from yarl import URL

from tests.services.broker import OPERATOR, Broker
from tests.services.certificates import Authority
from tests.transport.proxy import Proxy
from tests.transport.realm import Realm, password
from tests.transport.recorder import INBOX, SCHOOL, Recorder, to_school
from tests.transport.waiting import until

CONFIRMED, UNKNOWN = PublishResult.CONFIRMED, PublishResult.UNKNOWN
WAIT = timedelta(seconds=2)
LIMIT = 60  # seconds for any recovery; the machine may be busy
SETTLED = 3  # seconds after which a new queue outlives a kill: see the test of one that does not


@pytest.fixture
def sick(broker: Broker) -> Iterator[Broker]:
    """The broker, well again after the test."""
    yield broker
    broker.thaw()


@pytest.fixture
async def ward(sick: Broker) -> AsyncIterator[Realm]:
    realm = Realm(sick.url)
    realm.make()
    yield realm
    await realm.close()
    realm.remove()


@pytest.fixture
async def wire(sick: Broker) -> AsyncIterator[Proxy]:
    wire = Proxy(sick.port)
    await wire.open()
    yield wire
    await wire.close()


async def patient(realm: Realm, user: str) -> RabbitTransport:
    return await realm.connect(user, patience=WAIT, heartbeat=1)


async def until_confirmed(transport: RabbitTransport, body: str) -> None:
    """As every sender does: the same message again, until it is confirmed."""

    async def confirmed() -> bool:
        return await transport.publish([to_school(body)]) == [CONFIRMED]

    await until(confirmed, LIMIT)


async def timed(publishing: Callable[[], Awaitable[object]]) -> float:
    loop = asyncio.get_running_loop()
    start = loop.time()
    await publishing()
    return loop.time() - start


async def until_got(recorder: Recorder, bodies: set[bytes]) -> None:
    async def got() -> bool:
        return bodies <= set(recorder.bodies)

    await until(got, LIMIT)


async def test_what_a_killed_broker_confirmed_is_there_when_it_is_back(sick: Broker, ward: Realm) -> None:
    await asyncio.sleep(SETTLED)
    gateway, school = await patient(ward, GATEWAY), await patient(ward, SCHOOL)
    recorder = Recorder()
    await school.consume(INBOX, recorder, prefetch=4)
    recorder.gate.clear()
    confirmed = [f"before {number}" for number in range(50)]
    assert set(await gateway.publish([to_school(body) for body in confirmed])) == {CONFIRMED}

    await asyncio.to_thread(sick.kill)
    meanwhile = await gateway.publish([to_school("meanwhile")])
    await asyncio.to_thread(sick.start)
    await until_confirmed(gateway, "after")
    recorder.gate.set()
    await until_got(recorder, {body.encode() for body in (*confirmed, "after")})

    assert meanwhile == [UNKNOWN]


async def test_queues_that_are_down_in_a_broker_that_runs_are_seen_until_it_is_started_again(
    sick: Broker, ward: Realm
) -> None:
    """As they stay once its disk had no room: it takes connections, and knows its queues by name."""
    await asyncio.sleep(SETTLED)
    gateway = await patient(ward, GATEWAY)
    school = await ward.connect(SCHOOL, patience=WAIT, heartbeat=1, renew_after=WAIT)
    recorder = Recorder()
    await school.consume(INBOX, recorder)
    await gateway.publish([to_school("before")])
    await recorder.until_settled(1)

    await asyncio.to_thread(
        sick.control, "eval", "supervisor:terminate_child(ra_systems_sup, quorum_queues)."
    )
    unsent = await gateway.publish([to_school("meanwhile")])
    served = await asyncio.to_thread(sick.serves)
    await until(lambda: _is_down(school), LIMIT)
    looks = [await _is_down(school) for _ in range(20)]
    await asyncio.to_thread(sick.kill)
    await asyncio.to_thread(sick.start)
    await until_confirmed(gateway, "after")
    await until_got(recorder, {b"before", b"after"})

    assert (unsent, served, all(looks)) == ([UNKNOWN], False, True)
    assert sick.serves()
    assert not await _is_down(school)


async def _is_down(transport: RabbitTransport) -> bool:
    try:
        await transport.depth(INBOX)
    except TransportError as error:
        return error.code in ("queue-down", "unreachable")  # each try may cost the connection
    return False


async def test_who_opens_patiently_while_the_broker_is_away_goes_on_once_it_is_back(
    sick: Broker, ward: Realm
) -> None:
    await asyncio.sleep(SETTLED)
    recorder, loop = Recorder(), asyncio.get_running_loop()
    await asyncio.to_thread(sick.kill)
    try:
        start = loop.time()
        gateway, school = [await ward.connect(user, patiently=True, patience=WAIT, heartbeat=1)
                           for user in (GATEWAY, SCHOOL)]  # fmt: skip
        await school.declare([SCHOOL])
        await school.consume(INBOX, recorder)
        took = loop.time() - start
        meanwhile = await gateway.publish([to_school("meanwhile")])
        with pytest.raises(TransportError, match="unreachable"):
            await ward.connect(SCHOOL)
    finally:
        await asyncio.to_thread(sick.start)
    await until_confirmed(gateway, "after")
    await until_got(recorder, {b"after"})

    assert meanwhile == [UNKNOWN]
    assert took < 10


async def test_a_transport_that_never_found_its_broker_closes(sick: Broker, ward: Realm) -> None:
    nowhere = str(URL(ward.url(SCHOOL)).with_port(9))
    school = await RabbitTransport.open(nowhere, patiently=True)
    await school.consume(INBOX, Recorder())

    took = await timed(school.close)

    assert took < 5


async def test_a_frozen_broker_makes_nobody_wait_for_ever_and_goes_on_where_it_was(
    sick: Broker, ward: Realm
) -> None:
    gateway, school = await patient(ward, GATEWAY), await patient(ward, SCHOOL)
    recorder = Recorder()
    await school.consume(INBOX, recorder)
    await gateway.publish([to_school("before")])
    await recorder.until_settled(1)

    sick.freeze()
    results: list[PublishResult] = []
    took = await timed(lambda: _collect(gateway, results, [f"frozen {number}" for number in range(300)]))
    sick.thaw()
    await until_confirmed(gateway, "after")
    await until_got(recorder, {b"before", b"after"})

    assert set(results) == {UNKNOWN}
    assert took < WAIT.total_seconds() + 300 * 0.005 + 3


async def test_a_transport_closes_though_its_broker_is_frozen(sick: Broker, ward: Realm) -> None:
    school = await patient(ward, SCHOOL)
    await school.consume(INBOX, Recorder())

    sick.freeze()
    took = await timed(school.close)
    sick.thaw()

    assert took < 10


@pytest.mark.parametrize("direction", ["answers", "requests"])
async def test_a_network_that_loses_one_direction_is_noticed_and_survived(
    ward: Realm, wire: Proxy, direction: str
) -> None:
    ward.through = wire.port
    gateway, school = await patient(ward, GATEWAY), await patient(ward, SCHOOL)
    recorder = Recorder()
    await school.consume(INBOX, recorder)
    await gateway.publish([to_school("before")])
    await recorder.until_settled(1)

    wire.lose(direction)
    meanwhile = await gateway.publish([to_school("meanwhile")])
    await until(wire.cut, LIMIT)
    wire.heal()
    await until_confirmed(gateway, "after")
    await until_got(recorder, {b"before", b"after"})

    assert meanwhile == [UNKNOWN]
    assert (b"meanwhile" in recorder.bodies) is (direction == "answers")


async def test_an_alarm_blocks_who_publishes_but_not_who_consumes(sick: Broker, ward: Realm) -> None:
    gateway, school = await patient(ward, GATEWAY), await patient(ward, SCHOOL)
    recorder = Recorder()
    await gateway.publish([to_school(f"before {number}") for number in range(10)])

    await asyncio.to_thread(sick.control, "set_vm_memory_high_watermark", "0.000001")
    blocked = await gateway.publish([to_school("during"), to_school("during")])
    consumer = await school.consume(INBOX, recorder, prefetch=2)
    await recorder.until_settled(10)
    await asyncio.to_thread(sick.control, "set_vm_memory_high_watermark", "0.4")
    await until_confirmed(gateway, "after")
    await until_got(recorder, {b"after"})
    await consumer.cancel()

    assert blocked == [UNKNOWN, UNKNOWN]


async def test_a_queue_lost_right_after_its_declaration_is_named_and_mended(tmp_path: Path) -> None:
    doomed = Broker(tmp_path / "broker")
    await asyncio.to_thread(doomed.start)
    realm = Realm(doomed.url)
    try:
        await asyncio.to_thread(realm.make)
        gateway = await patient(realm, GATEWAY)
        await gateway.publish([to_school(f"{number}") for number in range(5)])

        await asyncio.to_thread(doomed.kill)
        await asyncio.to_thread(doomed.start)
        results: list[PublishResult] = []
        took = await timed(lambda: _collect(gateway, results, ["again"]))
        with Management(doomed.management, OPERATOR, doomed.password) as management:
            silent = not await asyncio.to_thread(management.takes_messages, realm.name, INBOX)
        await asyncio.to_thread(_mend, realm, silent)
        await until_confirmed(gateway, "once more")
        await realm.close()
    finally:
        await asyncio.to_thread(doomed.stop)
        realm.forget()

    assert took < WAIT.total_seconds() + 3
    assert results in ([CONFIRMED], [UNKNOWN], [PublishResult.UNROUTABLE])


async def test_nobody_can_have_a_message_carried_that_is_far_too_large(sick: Broker, ward: Realm) -> None:
    """Left to itself the broker takes 128 MiB, and hands the gateway hundreds at once."""
    connection = Connection(URL(ward.url(SCHOOL)))
    await connection.connect(timeout=10)
    assert connection.transport is not None
    channel = await connection.transport.connection.channel(publisher_confirms=True)

    key, properties = f"{SCHOOL}.concern.urgent", Basic.Properties(user_id=SCHOOL)
    with pytest.raises(ChannelPreconditionFailed, match="size"):
        await channel.basic_publish(bytes(2**20 + 1), exchange=SUBMIT, routing_key=key, properties=properties)
    await connection.close()


def _secured(sick: Broker, ward: Realm, **files: Path) -> str:
    address = URL(sick.url).with_scheme("amqps").with_port(sick.tls_port).with_path(f"/{ward.name}")
    owner = address.with_user(GATEWAY).with_password(password(GATEWAY))
    return str(owner.update_query({name: str(file) for name, file in files.items()}))


async def test_a_client_certificate_opens_the_door(sick: Broker, ward: Realm, authority: Authority) -> None:
    certificate, key = authority.issue("client")
    address = _secured(sick, ward, cafile=authority.file, certfile=certificate, keyfile=key)

    transport = await connect(address, GATEWAY)
    results = await transport.publish([to_school("sealed")])
    await transport.close()

    assert results == [CONFIRMED]


async def test_no_certificate_or_a_strangers_leaves_the_door_shut(
    sick: Broker, ward: Realm, authority: Authority, tmp_path: Path
) -> None:
    certificate, key = Authority(tmp_path / "stranger").issue("client")

    for files in ({}, {"certfile": certificate, "keyfile": key}):
        with pytest.raises(TransportError, match="unreachable"):
            await connect(_secured(sick, ward, cafile=authority.file, **files), GATEWAY)


async def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(
    sick: Broker, ward: Realm, authority: Authority, tmp_path: Path
) -> None:
    """Neither under an authority of somebody else's, nor under those that this machine trusts."""
    certificate, key = authority.issue("client")
    own = {"certfile": certificate, "keyfile": key}

    for trusted in ({"cafile": Authority(tmp_path / "stranger").file}, {}):
        with pytest.raises(TransportError, match="unreachable"):
            await connect(_secured(sick, ward, **own, **trusted), GATEWAY)


async def _collect(gateway: RabbitTransport, results: list[PublishResult], bodies: list[str]) -> None:
    results += await gateway.publish([to_school(body) for body in bodies])


def _mend(realm: Realm, silent: bool) -> None:
    if silent:
        realm.delete(f"/queues/{realm.name}/{INBOX}")
    realm.make()
