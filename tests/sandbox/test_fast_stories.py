"""The stories of domain section 9 in a real sandbox whose clock runs fast, patterns on, on both engines."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from candour_gateway import keyring
from candour_gateway.clocks import Duty
from candour_gateway.database import Database
from candour_gateway.replay import Replayed, replay
from candour_gateway.settings import Settings
from candour_protocol.ids import GATEWAY
from candour_sandbox import cast
from candour_sandbox.engine import Engine
from candour_sandbox.estate import Estate
from candour_sandbox.premises import provide

from tests.sandbox.conftest import Start
from tests.sandbox.engine import RealEngine
from tests.sandbox.fast_stories import CSC, Town, Waiting, emergency, one_adult, one_home, two_ways_of_asking
from tests.sandbox.parties import parties
from tests.sandbox.process import Process

SPEED = 14_400  # an hour is a quarter of a second, and a week 42 seconds
OPTIONS = ("--no-story", "--patterns", "--clock-speed", str(SPEED))
LEAST = 60  # statements that people and machines made of the stories, told as shortly as can be

pytestmark = pytest.mark.timeout(900)

Up = Callable[[], tuple[Process, Engine]]


@pytest.fixture(params=["files", "servers"])
def up(request: pytest.FixtureRequest, start: Start, tmp_path: Path) -> Iterator[Up]:
    """A sandbox of one process on files, or of many on RabbitMQ and PostgreSQL."""
    if request.param == "files":
        yield lambda: (start(*OPTIONS), Engine())
        return
    services: Mapping[str, str] = request.getfixturevalue("services")
    real = RealEngine(services, tmp_path / "data")
    yield lambda: (start(*real.options, "--processes", "--workers", "2", *OPTIONS), real.engine)
    real.clear()


def test_four_stories_run_from_end_to_end_while_an_hour_is_a_quarter_of_a_second(up: Up) -> None:
    process, engine = up()
    manifest = process.ready()

    with parties(manifest) as everybody:
        town = Town(everybody, SPEED)
        waiting = Waiting.asked(town)
        one_home(town)
        emergency(town)
        two_ways_of_asking(town)
        one_adult(town)
        waiting.lapsed(town)
        shown = {agency: len(party.notices("pattern")) for agency, party in everybody.items()}

    found = verified(process.data, manifest["gateway"])
    assert found.returncode == 0, found.stdout + found.stderr
    replayed = judged_again(process, engine)
    assert {agency for agency, count in shown.items() if count} == {CSC}
    assert (replayed.differences, replayed.taken) == ([], 0)
    assert replayed.entries > LEAST
    assert {duty for _, duty in replayed.owed} >= {Duty.DEBT, Duty.APPROVAL, Duty.CHALLENGE, Duty.ANSWER}
    assert {duty for _, duty in replayed.open} & {Duty.DEBT, Duty.APPROVAL} == set()


def verified(data: Path, gateway: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What an auditor makes of the log, with public keys alone."""
    made = Estate(data)
    command = [Path(sys.executable).with_name("candour"), "verify", "log", f"{gateway['url']}/log"]
    keys = ["--vkey", made.log_vkey, "--registrar", made.registrar, "--token", gateway["token"]]
    return subprocess.run(  # noqa: S603 -- our own program
        list(map(str, [*command, *keys])), capture_output=True, text=True, check=False
    )


def judged_again(process: Process, engine: Engine) -> Replayed:
    """The whole log from its entries and T1, once nothing is added any more."""
    assert process.stop() == 0
    return asyncio.run(_replay(engine, Estate(process.data)))


async def _replay(engine: Engine, estate: Estate) -> Replayed:
    premises = await provide(engine, estate)
    settings = Settings(
        database=premises.databases[GATEWAY],
        keys=estate.gateway,
        policy=estate.policy,
        registrar=estate.registrar,
        transport=premises.couriers[GATEWAY],
    )
    database = Database(settings.database_url)
    try:
        return await replay(database, keyring.read(settings.keys).box, estate.registrar_key(), cast.NET)
    finally:
        await database.close()
