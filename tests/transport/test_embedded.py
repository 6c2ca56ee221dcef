"""The embedded courier: the contract, and what an operator meets."""

from __future__ import annotations

import asyncio
import logging
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from candour_protocol.errors import TransportError
from candour_protocol.transport import connect
from candour_protocol.transport.embedded import EmbeddedTransport
from candour_protocol.transport.port import Ack, Delivery, Parked, Retry, Settlement, Transport
from candour_protocol.transport.topology import GATEWAY_QUEUES, inbox_queues

from tests.transport.contract import CourierContract
from tests.transport.recorder import AGENCIES, INBOX, Recorder, to_school


class EmbeddedCourier:
    """All parties share the one transport that a file allows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._transport: EmbeddedTransport | None = None

    async def party(self, user: str) -> Transport:
        return await self._shared()

    async def restart(self) -> None:
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def parked(self) -> Sequence[Parked]:
        return await (await self._shared()).parked()

    async def _shared(self) -> EmbeddedTransport:
        if self._transport is None:
            self._transport = await EmbeddedTransport.open(self._path)
        return self._transport


class TestEmbeddedCourier(CourierContract):
    @pytest.fixture
    async def courier(self, tmp_path: Path) -> AsyncIterator[EmbeddedCourier]:
        courier = EmbeddedCourier(tmp_path / "courier.db")
        yield courier
        await courier.restart()


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    letter = tmp_path / "letter.txt"
    letter.write_text("no database at all " * 100)
    return letter


async def test_a_file_that_is_no_courier_is_refused(tmp_path: Path, letter: Path) -> None:
    for bad in (letter, tmp_path, tmp_path / "no" / "such" / "folder.db"):
        with pytest.raises(TransportError, match="unusable"):
            await EmbeddedTransport.open(bad)


async def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(TransportError, match="schema"):
        await EmbeddedTransport.open(path)


async def test_the_file_is_private_and_forgets_what_was_delivered(path: Path) -> None:
    transport = await EmbeddedTransport.open(path)
    await transport.declare(AGENCIES)
    recorder = Recorder()
    await transport.publish([to_school("codes of a child")])
    modes = {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    consumer = await transport.consume(INBOX, recorder)
    await recorder.until_settled(1)
    await consumer.cancel()
    await transport.close()

    assert modes == {0o600}
    assert not [file for file in path.parent.iterdir() if b"codes of a child" in file.read_bytes()]


async def test_no_log_line_quotes_a_message(
    transport: EmbeddedTransport, caplog: pytest.LogCaptureFixture
) -> None:
    def quote_it(delivery: Delivery) -> Settlement:
        if delivery.attempt == 1:
            raise ValueError(delivery.body)
        return Ack()

    recorder = Recorder(quote_it)

    with caplog.at_level(logging.DEBUG):
        await transport.publish([to_school("a secret")])
        await transport.consume(INBOX, recorder)
        await recorder.until_settled(1)

    lines = [record.getMessage() for record in caplog.records if record.name == "candour.transport"]
    assert [line.split(" at=")[0] for line in lines] == [
        f"handler_raised queue={INBOX} messages=1 error=ValueError"
    ]
    assert "secret" not in caplog.text


async def wakeups() -> int:
    """How often this process gave up the processor and got it back, in half a second of doing nothing."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    await asyncio.sleep(0.5)  # what is measured: a time in which nothing is to happen
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before


async def test_an_idle_courier_wakes_nobody(transport: EmbeddedTransport) -> None:
    queues = [*GATEWAY_QUEUES, *(queue for agency in AGENCIES for queue in inbox_queues(agency))]
    recorder = Recorder()
    for queue in queues:
        await transport.consume(queue, recorder)
    await transport.publish([to_school("one")])
    await recorder.until_settled(1)
    await transport.depth(INBOX)

    assert await wakeups() <= 3  # the pause's own, and the interpreter's


async def test_a_message_that_is_not_due_wakes_nobody(path: Path, transport: EmbeddedTransport) -> None:
    delaying = Recorder(lambda _: Retry(timedelta(hours=1)))
    await transport.publish([to_school("later")])
    consumer = await transport.consume(INBOX, delaying)
    await delaying.until_settled(1)
    await consumer.cancel()
    await transport.close()

    reopened_transport = await EmbeddedTransport.open(path)
    for _ in range(2):
        await reopened_transport.consume(INBOX, Recorder())
    await reopened_transport.depth(INBOX)
    cpu = time.process_time()
    count = await wakeups()
    cpu = time.process_time() - cpu
    await reopened_transport.close()

    assert count <= 3
    assert cpu < 0.1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/some/file.db",
        "carrier-pigeon:///loft",
        "embedded://relative/file.db",
        "embedded:",
        "embedded:///file.db?limit=0",
        "embedded:///file.db?limit=many",
        "embedded:///file.db?colour=red",
    ],
)
async def test_a_url_that_names_no_courier_is_refused(url: str) -> None:
    with pytest.raises(TransportError, match="url"):
        await connect(url)
