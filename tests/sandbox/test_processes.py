"""The partnership on the real engine: RabbitMQ, PostgreSQL, and a process for every service."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from candour_protocol import statement, wire
from candour_protocol.transport.port import Ack, Delivery, Settlement
from candour_protocol.transport.rabbitmq import RabbitTransport
from candour_protocol.transport.topology import inbox_queues
from candour_sandbox import cast
from candour_sandbox.samples import samples

from tests.sandbox.conftest import Partner, Start
from tests.sandbox.engine import RealEngine
from tests.sandbox.personal import personal_texts
from tests.sandbox.test_supervisor import is_gone
from tests.sandbox.test_up import assert_verdicts, audited, worklists
from tests.transport.waiting import hold

PARTNER = "testborough-gp"
PATIENCE = 120  # seconds, for what takes three on an idle machine

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def real(services: Mapping[str, str], tmp_path: Path) -> Iterator[RealEngine]:
    real = RealEngine(services, tmp_path / "data")
    yield real
    real.clear()


def until(done: Callable[[], bool]) -> None:
    """Wait for what other processes do."""
    hold(done, PATIENCE)


def pids(data: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((data / "sandbox.json").read_bytes())["processes"]
    return found


def kill(data: Path, name: str) -> None:
    """``kill -9`` one service, and wait until the manifest names another process for it."""
    before = pids(data)[name]
    os.kill(before, signal.SIGKILL)
    until(lambda: pids(data).get(name, before) != before)


def tell(manifest: dict[str, Any], name: str) -> list[str]:
    """Send a sample's concern, and wait until it has reached everybody."""
    call = samples().call(name)
    with Partner(manifest["agencies"][call.sender]) as partner:
        sent = partner.tell(dict(call.body), f"sample-{name}").json()["messages"]
        ids = [message["id"] for message in sent]
        until(lambda: all(partner.message(one)["state"] == "delivered" for one in ids))
    return ids


def said_about_people(data: Path) -> list[str]:
    """Texts about people in the logs of all processes."""
    logs = [path.read_text("utf-8") for path in (data / "sandbox.log", *(data / "logs").iterdir())]
    assert len(logs) == 1 + 14
    return [text for text in personal_texts() if any(text in log for log in logs)]


def test_a_partnership_of_processes_outlives_the_death_of_each_and_of_all(
    start: Start, real: RealEngine
) -> None:
    options = (*real.options, "--processes", "--workers", "2")
    process = start(*options)
    manifest = process.ready()

    assert "the log verifies" in "".join(process.lines)
    first = pids(process.data)
    assert list(first) == ["sandbox", "gateway", "gateway-2", *cast.PARTS, "dashboard"]
    assert first["sandbox"] == process.popen.pid
    assert not any(map(is_gone, first.values()))

    for name in ("testborough-csc", "gateway", "dashboard"):
        kill(process.data, name)
    tell(manifest, "C-04")
    assert httpx.get(manifest["dashboard"], timeout=PATIENCE).status_code == 200
    before, told = pids(process.data), worklists(manifest)

    process.kill()
    until(lambda: all(map(is_gone, before.values())))
    second = start(*options)
    again = second.ready()

    assert "the log verifies" not in "".join(second.lines)
    assert worklists(again) == told
    assert audited(again).statements is not None
    running = pids(second.data)
    assert second.stop() == 0
    assert all(map(is_gone, running.values()))
    assert not (second.data / "sandbox.json").exists()
    assert said_about_people(second.data) == []


def test_every_sample_gets_the_same_verdict_on_the_real_engine(start: Start, real: RealEngine) -> None:
    assert_verdicts(start(*real.options, "--no-story").ready())


def test_a_partner_without_a_node_gets_all_that_it_needs(
    start: Start, services: Mapping[str, str], tmp_path: Path
) -> None:
    broker = RealEngine(services, tmp_path / "data", database=False)
    process = start(*broker.options, "--partner", PARTNER)
    try:
        manifest = process.ready()
        file = process.data / "partner.json"
        found = json.loads(file.read_bytes())

        said = " ".join("".join(process.lines).split())
        assert "The story is not played: Sample Street Surgery takes part in it" in said
        assert str(file) in said
        assert found["amqp"] in said
        assert file.stat().st_mode & 0o077 == 0
        assert list(manifest["agencies"]) == [agency for agency in cast.PARTS if agency != PARTNER]
        assert [path for path in _paths(found) if not path.is_file()] == []
        assert httpx.get(f"{found['gateway']['url']}/readyz").status_code == 200
        assert found["log"] == manifest["gateway"]["log"]
        asyncio.run(_assert_reached(found, manifest))
    finally:
        process.kill()
        broker.clear()


def _paths(found: dict[str, Any]) -> list[Path]:
    keys = found["keys"]
    given = [keys["sign"], keys["client"], keys["actor"], *keys["seal"].values(), *found["partnership_keys"]]
    return [Path(path) for path in (*given, found["registrar"], found["policy"])]


async def _assert_reached(found: dict[str, Any], manifest: dict[str, Any]) -> None:
    """What a neighbour tells the partner waits in its inbox, and its user may read it."""
    came: asyncio.Queue[Delivery] = asyncio.Queue()

    async def take(deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        for delivery in deliveries:
            came.put_nowait(delivery)
        return [Ack()] * len(deliveries)

    concern = dict(samples().call("C-01").body) | {"recipients": [PARTNER]}
    with Partner(manifest["agencies"]["testborough-hill"]) as school:
        sent = school.tell(concern, "to-the-partner").json()["messages"]
    courier = await RabbitTransport.open(found["amqp"], PARTNER)
    try:
        for queue in inbox_queues(PARTNER):
            await courier.consume(queue, take)
        async with asyncio.timeout(PATIENCE):
            arrived = wire.parse_inbound((await came.get()).body)
    finally:
        await courier.close()
    assert isinstance(arrived, wire.Delivered)
    assert statement.parse(arrived.body.jwt).claims.jti == sent[0]["id"]
