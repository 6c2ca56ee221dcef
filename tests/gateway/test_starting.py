"""What a gateway looks at before it serves anybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from candour_gateway.assembly import build
from candour_gateway.database import Database
from candour_protocol import failpoints
from candour_protocol.codes import AgencyKind
from candour_protocol.errors import PolicyError, RegistryError
from candour_protocol.ids import AgencyId
from candour_protocol.policy import policy_for

from tests.gateway.courier import Courier
from tests.gateway.partnership import NET, Partnership, Party, TestClock
from tests.gateway.world import World


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


async def test_a_gateway_in_production_refuses_to_be_made_to_die(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = world.partnership.folder / "live.toml"
    live.write_bytes(policy_for(NET))
    monkeypatch.setenv(failpoints.VARIABLE, "gateway.judged:1")

    with pytest.raises(failpoints.FailpointError, match="unset it"):
        await build(world.partnership.settings(policy=live), Courier(), TestClock())


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
