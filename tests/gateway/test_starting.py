"""What a gateway looks at before it serves anybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from candour_gateway.assembly import build
from candour_gateway.database import Database
from candour_gateway.schema import UnknownSchemaError, migrate
from candour_gateway.tables import metadata
from candour_protocol.codes import AgencyKind
from candour_protocol.errors import PolicyError, RegistryError
from candour_protocol.ids import AgencyId
from candour_protocol.policy import policy_for
from sqlalchemy import create_engine, inspect, text

from tests.gateway.courier import Courier
from tests.gateway.partnership import NET, Partnership, Party, TestClock
from tests.gateway.world import World


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    url = create_engine(f"sqlite:///{tmp_path}/g.db").url

    migrate(url)

    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migrating_twice_changes_nothing_and_down_removes_everything(tmp_path: Path) -> None:
    url = create_engine(f"sqlite:///{tmp_path}/g.db").url
    migrate(url)

    migrate(url)
    migrate(url, to="base")

    engine = create_engine(url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_a_schema_of_another_version_is_refused(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/g.db")
    migrate(engine.url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(UnknownSchemaError):
        migrate(engine.url)
    engine.dispose()


async def test_the_database_keeps_what_it_commits(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/g.db")

    async with database.write() as connection:
        pragmas = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    await database.close()

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_a_test_policy_is_refused_on_a_database_that_had_another(world: World) -> None:
    settings = world.partnership.settings()
    other = world.partnership.folder / "other.toml"
    other.write_bytes(policy_for(NET, identifiers="test", clock_speed=60))

    with pytest.raises(PolicyError):
        await build(world.partnership.settings(policy=other), Courier(), TestClock())
    assert settings.policy != other


async def test_the_first_entry_admits_the_gateway(tmp_path: Path) -> None:
    partnership = Partnership(tmp_path, TestClock())
    gateway = await build(partnership.settings(), Courier(), partnership.clock)
    facts = partnership.founding()

    with pytest.raises(RegistryError, match="order"):
        await gateway.admit_registry(*facts[2])
    receipt = await gateway.admit_registry(*facts[0])

    assert "index 0\n" in receipt
    await gateway.stop()


async def test_a_restarted_gateway_knows_its_partnership(world: World) -> None:
    await world.restart()

    concern = world.partnership.concern()

    assert await world.judge(concern) == ("passed", ())
    assert len((await world.get("/v1/agencies")).json()["items"]) == 4


async def test_admitted_agencies_have_their_queues(world: World) -> None:
    assert world.courier.declared == set(world.partnership.parties)

    newcomer = Party(AgencyId("anytown-camhs"), AgencyKind.CAMHS)
    for jwt, document in world.partnership.admission(newcomer):
        await world.gateway.admit_registry(jwt, document)

    assert newcomer.id in world.courier.declared


async def test_nothing_that_t1_says_stands_in_clear_in_the_database(world: World) -> None:
    concern = world.partnership.concern(categories=["RADICALISATION"])

    await world.arrive(concern)

    stored = b"".join(path.read_bytes() for path in world.partnership.folder.glob("gateway.db*"))
    assert concern.statement.hash.encode() in stored
    assert b"RADICALISATION" not in stored
    assert concern.body.disclosures[0].encode() not in stored
    assert b"v1." not in stored.replace(b".v1.", b"")
