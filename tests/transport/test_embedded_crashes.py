"""What the embedded courier still has after a kill, and whom it keeps out."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from candour_protocol.errors import TransportError
from candour_protocol.transport.embedded import EmbeddedTransport, utc_now
from candour_protocol.transport.embedded_store import Batch, Store
from candour_protocol.transport.port import PublishResult

from tests.transport.recorder import AGENCIES, INBOX, PATIENCE, Recorder, to_school
from tests.transport.reopening import reopened

CONFIRMED = PublishResult.CONFIRMED
VICTIM = Path(__file__).with_name("victim.py")


async def victim(what: str, path: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(VICTIM), what, str(path), stdout=asyncio.subprocess.PIPE
    )


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode().strip()


async def test_a_process_killed_in_the_middle_of_a_handler_loses_nothing(path: Path) -> None:
    process = await victim("hold", path)
    assert await line_of(process) == "in hand 5"

    process.kill()
    await process.communicate()
    recorder = await reopened(path)

    assert recorder.bodies == [b"0", b"1", b"2", b"3", b"4"]
    assert {delivery.attempt for delivery in recorder.got} == {1}


@pytest.mark.parametrize("confirmed", [1, 40, 333])
async def test_a_process_killed_while_it_publishes_has_stored_all_it_was_told_is_stored(
    path: Path, confirmed: int
) -> None:
    process = await victim("publish", path)
    told = [await line_of(process) for _ in range(confirmed)]

    process.kill()
    rest, _ = await process.communicate()
    told += [line for line in rest.decode().split("\n")[:-1] if line]
    recorder = await reopened(path)

    assert recorder.bodies[: len(told)] == [number.encode() for number in told]
    assert len(recorder.bodies) <= len(told) + 1


async def test_a_second_process_is_kept_out(path: Path, transport: EmbeddedTransport) -> None:
    process = await victim("publish", path)

    assert await line_of(process) == "in-use"
    assert await process.wait() == 0


async def test_a_second_transport_of_the_same_process_is_kept_out_until_the_first_is_closed(
    path: Path, transport: EmbeddedTransport
) -> None:
    with pytest.raises(TransportError, match="in-use"):
        await EmbeddedTransport.open(path)

    await transport.close()
    await (await EmbeddedTransport.open(path)).close()


async def test_closing_makes_durable_what_was_settled_a_moment_ago(
    path: Path, transport: EmbeddedTransport
) -> None:
    recorder = Recorder()
    consumer = await transport.consume(INBOX, recorder)
    await transport.publish([to_school("done")])
    await recorder.until_settled(1)

    publishing = asyncio.create_task(transport.publish([to_school("last word")]))
    await asyncio.sleep(0)
    await transport.close()

    assert await publishing == [CONFIRMED]
    assert (await reopened(path)).bodies == [b"last word"]
    assert not (await asyncio.wait([asyncio.create_task(consumer.cancel())], timeout=PATIENCE))[1]


class FailingStore(Store):
    """A store on a full disk, until it is mended."""

    full = False

    def write(self, batch: Batch) -> None:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        super().write(batch)


async def test_on_a_full_disk_a_publish_is_unknown_and_settlements_wait(path: Path) -> None:
    thread = ThreadPoolExecutor(1)
    loop = asyncio.get_running_loop()
    store = await loop.run_in_executor(thread, FailingStore.open, path)
    assert isinstance(store, FailingStore)
    contents = await loop.run_in_executor(thread, store.contents)
    transport = EmbeddedTransport(store, contents, thread, utc_now, limit=10)
    await transport.declare(AGENCIES)
    recorder = Recorder()
    await transport.publish([to_school("before")])

    store.full = True
    consumer = await transport.consume(INBOX, recorder)
    await recorder.until_settled(1)
    unknown = await transport.publish([to_school("meanwhile"), to_school("meanwhile")])
    held = (await transport.depth(INBOX)).messages
    store.full = False
    after = await transport.publish([to_school("after")])
    await recorder.until_settled(2)
    await consumer.cancel()
    left = (await transport.depth(INBOX)).messages
    await transport.close()

    assert unknown == [PublishResult.UNKNOWN, PublishResult.UNKNOWN]
    assert (held, after, left) == (1, [CONFIRMED], 0)
    assert recorder.bodies == [b"before", b"after"]
