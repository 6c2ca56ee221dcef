"""Delays, backlogs, and everything at once, on the embedded courier."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from candour_protocol.ids import GATEWAY
from candour_protocol.transport import connect
from candour_protocol.transport.embedded import EmbeddedTransport
from candour_protocol.transport.embedded_consumer import EmbeddedConsumer
from candour_protocol.transport.embedded_queue import Queue
from candour_protocol.transport.embedded_store import Batch, Item
from candour_protocol.transport.port import Ack, Delivery, Park, PublishResult, Retry, Settlement

from tests.transport.recorder import AGENCIES, INBOX, PATIENCE, Recorder, to_school
from tests.transport.reopening import reopened

CONFIRMED = PublishResult.CONFIRMED


class Clock:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


async def test_what_becomes_due_while_the_file_is_being_read_is_handed_out() -> None:
    """The first look finds nothing, and takes longer than it takes for a retry to be due."""
    queue = Queue(INBOX, lambda: 0, last=1)
    retried = Item(1, Delivery(INBOX, "key", GATEWAY, b"due", 2, datetime.now(UTC)))
    recorder = Recorder()

    async def load(of: Queue) -> None:
        if ripe := of.take_ripe():
            of.add_ripe([retried], ripe)
        elif of.fresh_on_disk():
            of.delay(0, retried.id)
            wakes = of.wakes
            await of.changed(wakes)
            of.add_fresh([], through=1)

    async def settle(_: Batch) -> None:
        pass

    async def flush() -> bool:
        return True

    consumer = EmbeddedConsumer(queue, recorder, 8, load=load, settle=settle, flush=flush, clock=lambda: 0)
    await recorder.until_settled(1)
    await consumer.cancel()

    assert recorder.bodies == [b"due"]


async def test_a_retry_is_due_by_the_wall_clock_also_after_a_restart(path: Path) -> None:
    clock = Clock()
    transport = await EmbeddedTransport.open(path, clock=clock)
    await transport.declare(AGENCIES)
    await transport.publish([to_school("tomorrow")])
    recorder = Recorder(lambda _: Retry(timedelta(days=1)))
    consumer = await transport.consume(INBOX, recorder)
    await recorder.until_settled(1)
    await consumer.cancel()
    await transport.close()

    clock.now += timedelta(hours=23)
    early = Recorder()
    transport = await EmbeddedTransport.open(path, clock=clock)
    await transport.consume(INBOX, early)
    await transport.publish([to_school("today")])
    await early.until_settled(1)
    depth = await transport.depth(INBOX)
    await transport.close()
    clock.now += timedelta(hours=1)
    late = Recorder()
    transport = await EmbeddedTransport.open(path, clock=clock)
    await transport.consume(INBOX, late)
    await late.until_settled(1)
    await transport.close()

    assert early.bodies == [b"today"]
    assert depth.oldest == timedelta(hours=23)
    assert (late.bodies, late.got[0].attempt) == ([b"tomorrow"], 2)


async def test_a_handler_that_keeps_raising_is_called_ever_less_often(transport: EmbeddedTransport) -> None:
    times: list[float] = []

    def fail_four_times(delivery: Delivery) -> Settlement:
        times.append(asyncio.get_running_loop().time())
        if delivery.attempt < 5:
            raise RuntimeError
        return Ack()

    recorder = Recorder(fail_four_times)

    await transport.publish([to_school("again")])
    await transport.consume(INBOX, recorder)
    await recorder.until_settled(1)

    pauses = [after - before for before, after in pairwise(times)]
    assert all(pause >= 0.1 * 2**doubling - 0.002 for doubling, pause in enumerate(pauses))


async def test_retries_and_new_messages_do_not_starve_each_other(transport: EmbeddedTransport) -> None:
    rounds = 0
    old = [f"old {number}" for number in range(300)]

    async def keep_both_coming(batch: Sequence[Delivery]) -> Sequence[Settlement]:
        nonlocal rounds
        settlements = await recorder(batch)
        rounds += 1
        if rounds < 30:
            await transport.publish([to_school(f"new {rounds} {number}") for number in range(20)])
        return settlements

    recorder = Recorder(
        lambda it: Retry(timedelta(0)) if it.body.startswith(b"old") and it.attempt < 6 else Ack()
    )

    await transport.publish([to_school(body) for body in old])
    await transport.consume(INBOX, keep_both_coming, prefetch=32)
    await recorder.until(lambda: len([it for it in recorder.settled if it.attempt == 6]) == len(old))

    assert rounds >= 30


async def test_a_backlog_larger_than_memory_keeps_its_order(path: Path, transport: EmbeddedTransport) -> None:
    numbers = [str(number).encode() for number in range(3000)]
    recorder = Recorder()

    for start in range(0, 3000, 750):
        await transport.publish([to_school(number) for number in numbers[start : start + 750]])
    await transport.consume(INBOX, recorder, prefetch=200)
    await recorder.until_settled(3000)

    assert recorder.bodies == numbers


async def test_a_backlog_with_delayed_messages_in_it_is_handed_out_whole(
    path: Path, transport: EmbeddedTransport
) -> None:
    delaying = Recorder(lambda it: Retry(timedelta(0)) if int(it.body) % 3 == 0 else Park("odd"))
    await transport.publish([to_school(str(number)) for number in range(600)])
    consumer = await transport.consume(INBOX, delaying, prefetch=512)
    delaying.gate.clear()
    await delaying.until_got(512)
    cancelling = asyncio.create_task(consumer.cancel())
    await asyncio.sleep(0)
    delaying.gate.set()
    await cancelling
    await transport.close()

    recorder = await reopened(path)

    expected = {str(number).encode() for number in range(600) if number % 3 == 0 or number >= 512}
    assert len(recorder.bodies) == len(expected)
    assert set(recorder.bodies) == expected


async def test_a_full_queue_rejects_until_there_is_room(path: Path) -> None:
    transport = await connect(f"embedded://{path}?limit=2")
    await transport.declare(AGENCIES)
    recorder = Recorder()

    results = await transport.publish([to_school("one"), to_school("two"), to_school("three")])
    consumer = await transport.consume(INBOX, recorder)
    await recorder.until_settled(2)
    await consumer.cancel()
    again = await transport.publish([to_school("three")])
    await transport.close()

    assert results == [CONFIRMED, CONFIRMED, PublishResult.REJECTED]
    assert again == [CONFIRMED]


async def test_a_cancelled_publish_of_many_is_stored_whole_or_not_at_all(
    transport: EmbeddedTransport,
) -> None:
    for turns in range(4):
        publishing = asyncio.create_task(transport.publish([to_school(str(it)) for it in range(100)]))
        for _ in range(turns):
            await asyncio.sleep(0)
        publishing.cancel()
        await asyncio.wait([publishing])

        assert (await transport.depth(INBOX)).messages % 100 == 0


class Whimsical:
    """A handler that does whatever a handler may do, and keeps account of what it acked."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.acked: list[bytes] = []
        self.heard = 0
        self.goal = 0
        self.reached = asyncio.Event()

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Settlement]:
        await asyncio.sleep(0)
        self.heard += len(batch)
        if self.heard >= self.goal:
            self.reached.set()
        if self._chance.random() < 0.1:
            raise RuntimeError
        settlements = [self._whim() for _ in batch]
        self.acked += [it.body for it, how in zip(batch, settlements, strict=True) if how == Ack()]
        return settlements

    def expect(self, messages: int) -> None:
        """Before they are published: a quick courier may bring all of them meanwhile."""
        self.goal = self.heard + messages
        self.reached.clear()

    def _whim(self) -> Settlement:
        draw = self._chance.random()
        if draw < 0.2:
            return Retry(timedelta(milliseconds=self._chance.randrange(30)))
        return Park("a whim") if draw < 0.3 else Ack()


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_handlers_do_every_message_is_acked_once_or_parked_once(path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    handler = Whimsical(chance)
    published = [f"{seed} {number}" for number in range(2000)]

    for start in range(0, 2000, 500):
        transport = await EmbeddedTransport.open(path)
        await transport.declare(AGENCIES)
        consumers = [await transport.consume(INBOX, handler, prefetch=size) for size in (3, 64, 300)]
        handler.expect(chance.randrange(1, 400))
        pieces = [published[at : at + 25] for at in range(start, start + 500, 25)]
        await asyncio.gather(*(transport.publish([to_school(it) for it in piece]) for piece in pieces))
        await asyncio.wait_for(handler.reached.wait(), PATIENCE)
        if chance.random() < 0.5:
            await asyncio.gather(*(consumer.cancel() for consumer in consumers))
        await transport.close()
    calm = await reopened(path)
    transport = await EmbeddedTransport.open(path)
    parked = [it.delivery.body for it in await transport.parked(limit=2000)]
    await transport.close()

    ended = [*handler.acked, *calm.bodies, *parked]
    assert len(handler.acked) > 100
    assert sorted(ended) == sorted(body.encode() for body in published)
