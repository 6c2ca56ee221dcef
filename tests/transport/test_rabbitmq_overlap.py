"""Whole batches side by side: the second begins while the first waits, and nothing else changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from candour_protocol.ids import GATEWAY
from candour_protocol.transport.port import Ack, Consumer, Delivery, Settlement
from candour_protocol.transport.rabbitmq import RabbitTransport

from tests.transport.realm import Realm
from tests.transport.recorder import INBOX, PATIENCE, SCHOOL, Recorder, to_school
from tests.transport.waiting import given_back

WHOLE = 8  # messages a batch
WINDOW = 3 * WHOLE  # how many a consumer has in hand at most


@pytest.fixture
async def gateway(realm: Realm) -> RabbitTransport:
    return await realm.connect(GATEWAY)


@pytest.fixture
async def school(realm: Realm) -> RabbitTransport:
    return await realm.connect(SCHOOL)


class Stepwise(Recorder):
    """A handler each call of which ends when that is opened, in the order in which they began."""

    def __init__(self) -> None:
        super().__init__()
        self._gates = [asyncio.Event() for _ in range(99)]

    def open(self, *calls: int) -> None:
        for call in calls:
            self._gates[call].set()

    def open_all(self) -> None:
        self.open(*range(len(self._gates)))

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Settlement]:
        call = len(self.batches)
        self.batches.append(batch)
        self.in_hand += len(batch)
        self.most = max(self.most, self.in_hand)
        await self._tell()
        await self._gates[call].wait()
        self.in_hand -= len(batch)
        self.settled += batch
        await self._tell()
        return [Ack()] * len(batch)


def _bodies(count: int) -> list[bytes]:
    return [f"{number}".encode() for number in range(count)]


async def _side_by_side(
    gateway: RabbitTransport, school: RabbitTransport, count: int
) -> tuple[Stepwise, Consumer]:
    """A first message is settled once ``count`` others have come; two whole batches are handed out then."""
    handler = Stepwise()
    consumer = await school.consume(INBOX, handler, prefetch=WHOLE, overlap=True)
    await gateway.publish([to_school("first")])
    await handler.until_got(1)
    await gateway.publish([to_school(body) for body in _bodies(count)])
    await given_back(gateway, INBOX, max(0, 1 + count - WINDOW), PATIENCE)
    handler.open(0)
    await handler.until_got(1 + 2 * WHOLE)
    return handler, consumer


async def test_a_second_whole_batch_begins_beside_the_first_and_no_third(
    gateway: RabbitTransport, school: RabbitTransport
) -> None:
    handler, _ = await _side_by_side(gateway, school, 5 * WHOLE)
    await given_back(gateway, INBOX, 5 * WHOLE - WINDOW, PATIENCE)  # a third whole batch lies ready here
    meanwhile = len(handler.batches)
    handler.open_all()
    await handler.until_settled(1 + 5 * WHOLE)
    await given_back(school, INBOX, 0, PATIENCE)

    assert (meanwhile, handler.most) == (3, 2 * WHOLE)
    assert handler.bodies == [b"first", *_bodies(5 * WHOLE)]


@pytest.mark.parametrize(
    ("ready", "overlap"), [(5 * WHOLE, False), (2 * WHOLE - 1, True)], ids=["untold", "with less"]
)
async def test_otherwise_one_ends_before_the_next_begins(
    gateway: RabbitTransport, school: RabbitTransport, ready: int, overlap: bool
) -> None:
    recorder = Recorder()
    recorder.gate.clear()
    await gateway.publish([to_school(body) for body in _bodies(ready)])

    await school.consume(INBOX, recorder, prefetch=WHOLE, overlap=overlap)
    await given_back(gateway, INBOX, max(0, ready - (WINDOW if overlap else 2 * WHOLE)), PATIENCE)
    meanwhile = len(recorder.batches)
    recorder.gate.set()
    await recorder.until_settled(ready)

    assert (meanwhile, recorder.most <= WHOLE) == (1, True)
    assert sorted(recorder.bodies) == sorted(_bodies(ready))


async def test_what_ends_before_the_batch_before_it_is_done_and_that_one_comes_again(
    realm: Realm, gateway: RabbitTransport, school: RabbitTransport
) -> None:
    handler, _ = await _side_by_side(gateway, school, 2 * WHOLE)

    handler.open(2)
    await handler.until_settled(1 + WHOLE)
    await given_back(school, INBOX, WHOLE, PATIENCE)  # the batch that began before it, which is in hand
    await school.close()
    await given_back(gateway, INBOX, WHOLE, PATIENCE)
    again = Recorder()
    await (await realm.connect(SCHOOL)).consume(INBOX, again)
    await again.until_settled(WHOLE)

    assert sorted(again.bodies) == sorted(_bodies(2 * WHOLE)[:WHOLE])


async def test_whoever_ends_it_waits_for_both(gateway: RabbitTransport, school: RabbitTransport) -> None:
    handler, consumer = await _side_by_side(gateway, school, 5 * WHOLE)

    ending = asyncio.create_task(consumer.cancel())
    await asyncio.sleep(0)
    handler.open(1)
    await handler.until_settled(1 + WHOLE)
    ended = ending.done()
    handler.open(2)
    await ending

    assert (ended, len(handler.settled)) == (False, 1 + 2 * WHOLE)
    assert (await gateway.depth(INBOX)).messages == 3 * WHOLE


async def test_what_handlers_raised_over_never_comes_beside_another_batch(
    gateway: RabbitTransport, school: RabbitTransport
) -> None:
    beside: list[int] = []

    def settle(delivery: Delivery) -> Settlement:
        if delivery.attempt == 1:
            raise RuntimeError
        beside.append(recorder.in_hand)
        return Ack()

    recorder = Recorder(settle)
    await gateway.publish([to_school(body) for body in _bodies(4 * WHOLE)])
    await school.consume(INBOX, recorder, prefetch=WHOLE, overlap=True)
    await recorder.until_settled(4 * WHOLE)

    assert max(beside) == 1
