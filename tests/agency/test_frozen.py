"""A node whose process stands still, or whose PostgreSQL is started anew while it works."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from candour_agency import schema
from candour_agency.database import Database, engine_for
from candour_agency.engines.work import AwayError
from sqlalchemy.engine import URL

from tests.agency.partnership import CSC, SCHOOL, Office, Partnership, a_concern
from tests.agency.places import Schemas
from tests.agency.rows import incident_codes, keep_an_incident
from tests.agency.server import Server
from tests.services import database
from tests.services.holding import holding

PATIENCE = 90  # seconds, never waited for when all is well
MOST = 150  # concerns; a server that takes long must not make this a flood

pytestmark = pytest.mark.timeout(300)


async def _opened(address: URL) -> Database:
    """Once whoever had the lock has lost it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = Database(engine_for(address))
            try:
                await found.open()
            except AwayError:
                await found.close()
            else:
                return found


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_writer_frozen_in_a_transaction_loses_its_lock_in_time_and_cannot_commit_afterwards(
    address: URL,
) -> None:
    await asyncio.to_thread(schema.migrate, address)
    shown = address.render_as_string(hide_password=False)
    with holding("tests.agency.frozen", shown, "writing") as frozen:
        frozen.send_signal(signal.SIGSTOP)

        other = await _opened(address)
        await other.write(keep_an_incident)
        frozen.send_signal(signal.SIGCONT)
        said, _ = await asyncio.to_thread(frozen.communicate, "go on\n", PATIENCE)

    assert said == "away\n"
    assert await other.read(incident_codes) == ["kept"]
    await other.close()


# -- a server that is started anew -------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[database.Database]:
    """A PostgreSQL of the test's own."""
    with tempfile.TemporaryDirectory(prefix="candour-node-") as folder:
        place = Path(folder)
        place.chmod(0o711)  # PostgreSQL runs as a user of its own, whose folder lies below
        made = database.Database(place / "postgresql")
        made.start()
        yield made
        made.stop()


@pytest.fixture
async def town(cluster: database.Database, tmp_path: Path) -> AsyncIterator[Partnership]:
    """A partnership whose nodes live in it."""
    server = Server(cluster.url)
    server.make()
    made = Partnership(tmp_path, Schemas(server))
    made.courier.brings_again = True
    yield made
    await made.close()


async def test_a_node_goes_on_by_itself_when_its_server_was_started_anew_and_keeps_what_it_accepted(
    town: Partnership, cluster: database.Database
) -> None:
    school, csc = await town.open(SCHOOL), await town.open(CSC)
    restarted = asyncio.create_task(asyncio.to_thread(_restart, cluster))
    accepted: list[str] = []
    while not restarted.done() and len(accepted) < MOST:
        accepted.append(await _told(school, len(accepted)))
    await restarted
    accepted.append(await _told(school, len(accepted)))

    for each in accepted:
        await school.until(each, "delivered")
    came = [one["id"] for one in await csc.inbox()]
    assert len(set(accepted)) == len(accepted)
    assert sorted(came) == sorted(accepted)


def _restart(cluster: database.Database) -> None:
    cluster.stop()
    cluster.start()


async def _told(school: Office, number: int) -> str:
    """A concern, said again under its key until the node accepts it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await school.call("POST", "/v1/concerns", a_concern(), Idempotency_Key=f"told-{number}")
            if answer.status_code == 202:
                return str(answer.json()["messages"][0]["id"])
            assert answer.json()["code"] in ("database-away", "too-many-calls"), answer.text
            await asyncio.sleep(0.02)  # who calls without a pause is asked to come later
