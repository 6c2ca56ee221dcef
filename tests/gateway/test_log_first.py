"""INV-3: what leaves is in the log first; and a log that cannot go on stops everything."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest
from candour_gateway.assembly import build
from candour_gateway.database import Database
from candour_gateway.ledger import LogIncidentError
from candour_gateway.store import tiles
from candour_gateway.tables import log_head
from candour_protocol.checkpoint import open_checkpoint
from candour_protocol.receipt import parse
from candour_protocol.transport.port import Outbound, PublishResult
from candour_protocol.wire import Answered, parse_inbound
from sqlalchemy import update

from tests.gateway.courier import Courier
from tests.gateway.partnership import TestClock
from tests.gateway.world import World


class Witness(Courier):
    """At every publish, reads from the database how far the committed log goes."""

    def __init__(self, courier: Courier, database: Database) -> None:
        super().__init__()
        self.handlers = courier.handlers
        self._database = database
        self.seen: list[tuple[int, int]] = []

    async def publish(self, messages: Sequence[Outbound]) -> Sequence[PublishResult]:
        async with self._database.read() as connection:
            head = await tiles.checkpoint(connection)
        assert head is not None
        for message in messages:
            content = parse_inbound(message.body)
            assert not isinstance(content, Answered) or content.receipt
            receipt = getattr(content, "receipt", "")
            self.seen.append((parse(receipt).index, head[0]))
        return await super().publish(messages)


async def test_every_entry_is_committed_before_anything_about_it_leaves(world: World) -> None:
    database = Database(world.partnership.settings().database_url)
    witness = Witness(world.courier, database)
    await world.gateway.stop()
    world.courier.handlers.clear()
    world.gateway = await build(world.partnership.settings(), witness, world.clock)
    await world.gateway.start()

    for _ in range(3):
        await world.submit(*[world.partnership.concern() for _ in range(4)])

    assert len(witness.seen) == 24
    assert all(index < committed for index, committed in witness.seen)
    await database.close()


async def test_a_database_behind_what_was_shown_is_refused_at_the_start(world: World) -> None:
    settings = world.partnership.settings()
    await world.submit(world.partnership.concern())
    await world.gateway.stop()
    backup = world.partnership.folder / "backup.db"
    shutil.copy(settings.database, backup)
    await _resume(world)
    await world.submit(world.partnership.concern())

    with pytest.raises(LogIncidentError):
        await build(world.partnership.settings(database=str(backup)), Courier(), TestClock())


async def test_a_log_that_contradicts_its_tiles_is_refused_at_the_start(world: World) -> None:
    settings = world.partnership.settings()
    await world.gateway.stop()
    broken = world.partnership.folder / "broken.db"
    shutil.copy(settings.database, broken)
    database = Database(f"sqlite+aiosqlite:///{broken}")
    async with database.write() as connection:
        await connection.execute(update(log_head).values(root=bytes(32)))
    await database.close()

    with pytest.raises(LogIncidentError):
        await build(world.partnership.settings(database=str(broken)), Courier(), TestClock())
    await _resume(world)


async def test_nothing_is_acknowledged_when_the_log_cannot_be_written(world: World) -> None:
    database = Database(world.partnership.settings().database_url)
    async with database.write() as connection:
        await connection.execute(update(log_head).values(root=bytes(32)))
    concern = world.partnership.concern()

    with pytest.raises(LogIncidentError):
        await world.submit(concern)
    ready = await world.get("/readyz")

    assert not world.copies(concern)
    assert ready.status_code == 503
    assert ready.json()["checks"]["log"]["status"] == "failed"
    await _mend(world, database)


async def test_the_logs_time_never_goes_back(world: World) -> None:
    first, second = world.partnership.concern(), world.partnership.concern()
    await world.submit(first)
    later = world.clock.now
    world.clock.now = later.replace(hour=later.hour - 1)
    third = world.partnership.concern()

    await world.submit(second, third)

    assert world.receipt(second).entry.moment == later
    assert world.receipt(third).entry.moment == later


async def _resume(world: World) -> None:
    world.courier.handlers.clear()
    world.gateway = await build(world.partnership.settings(), world.courier, world.clock)
    await world.gateway.start()


async def _mend(world: World, database: Database) -> None:
    """Put the true root back, so that the world can be audited at the end."""
    async with database.read() as connection:
        head = await tiles.checkpoint(connection)
    assert head is not None
    root = open_checkpoint(head[1], world.verifier).root
    async with database.write() as connection:
        await connection.execute(update(log_head).values(root=root))
    await database.close()
