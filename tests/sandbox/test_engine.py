"""What can be asked for together, and in which words the rest is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from candour_protocol.ids import GATEWAY
from candour_sandbox import __main__ as command
from candour_sandbox import premises
from candour_sandbox.databases import Databases
from candour_sandbox.engine import Engine, EngineError
from candour_sandbox.estate import Estate
from candour_sandbox.realm import kept_passwords
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner

from tests.sandbox.engine import RealEngine
from tests.services.pair import DATABASE_URL

AMQP = "amqp://operator:secret@broker.test:5673/"
DATABASE = "postgresql+asyncpg://candour:secret@base.test/postgres"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--processes",), "--processes needs --amqp"),
        (("--partner", "haven-test"), "--partner needs --amqp"),
        (("--amqp-management", "http://broker.test"), "--amqp-management needs --amqp"),
        (("--amqp", AMQP, "--partner", "nobody"), "No agency is called nobody"),
        (("--amqp", AMQP, "--processes", "--workers", "2"), "--workers need --processes, and a --database"),
        (("--amqp", AMQP, "--database", DATABASE, "--workers", "2"), "--workers need --processes"),
        (("--amqp", "http://operator:secret@broker.test"), "--amqp does not name a server"),
        (("--amqp", "amqp://broker.test"), "--amqp does not name a server"),
        (("--database", "sqlite:///some.db"), "--database does not name a server"),
        (("--database", "postgresql://u:secret@host:port/x"), "--database does not name a server"),
    ],
)
def test_what_does_not_fit_together_is_refused_in_words(
    options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(command.app, ["up", "--data", str(tmp_path / "data"), *options])

    said = " ".join(result.output.split())
    assert result.exit_code == 1
    assert words in said
    assert "secret" not in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("amqp", "management", "expected"),
    [
        ("amqp://o:p@broker.test", None, "http://broker.test:15672"),
        ("amqp://o:p@broker.test:5673/some", None, "http://broker.test:15673"),
        ("amqps://o:p@broker.test", None, "https://broker.test:15671"),
        ("amqps://o:p@broker.test", "https://elsewhere.test", "https://elsewhere.test"),
    ],
)
def test_the_management_api_is_where_rabbitmq_has_it_unless_said_otherwise(
    amqp: str, management: str | None, expected: str
) -> None:
    assert Engine(amqp=amqp, management=management).management_url == expected


def test_everybody_but_the_partner_has_a_node() -> None:
    nodes = Engine(amqp=AMQP, partner="haven-test").nodes

    assert len(nodes) == 10
    assert "haven-test" not in nodes


@pytest.fixture
def real(services: Mapping[str, str], tmp_path: Path) -> Iterator[RealEngine]:
    """RabbitMQ alone."""
    real = RealEngine(services, tmp_path / "data", database=False)
    yield real
    real.clear()


async def test_what_a_second_start_finds_is_what_the_first_one_made(real: RealEngine) -> None:
    first = await premises.provide(real.engine, real.estate)
    second = await premises.provide(real.engine, real.estate)

    assert second == first
    assert len(set(first.couriers.values())) == 12
    assert len({url.rpartition("@")[2] for url in first.couriers.values()}) == 1
    assert real.estate.broker_passwords.stat().st_mode & 0o077 == 0


async def test_sandboxes_on_one_broker_do_not_meet(
    real: RealEngine, services: Mapping[str, str], tmp_path: Path
) -> None:
    other = RealEngine(services, tmp_path / "other", database=False)

    mine = await premises.provide(real.engine, real.estate)
    theirs = await premises.provide(other.engine, other.estate)
    await premises.give_back(other.engine, other.estate)

    assert not set(mine.couriers.values()) & set(theirs.couriers.values())


async def test_users_of_another_partnership_are_left_alone(real: RealEngine, tmp_path: Path) -> None:
    await premises.provide(real.engine, real.estate)
    stranger = Estate(tmp_path / "stranger")
    stranger.root.mkdir()

    with pytest.raises(EngineError, match=r"users of another partnership \(gateway, .*RabbitMQ of its own"):
        await premises.provide(real.engine, stranger)

    assert await premises.provide(real.engine, real.estate)


async def test_each_service_has_a_database_of_its_own_made_once(services: Mapping[str, str]) -> None:
    one, other = Databases(services[DATABASE_URL], "00000001"), Databases(services[DATABASE_URL], "00000002")
    parties = (GATEWAY, "haven-test")
    try:
        await one.make((GATEWAY,))
        await one.make(parties)
        await other.make((GATEWAY,))
        found = [await _database_at(url) for url in (*map(one.url, parties), other.url(GATEWAY))]
    finally:
        await one.remove(parties)
        await other.remove((GATEWAY,))

    assert found == ["candour_00000001_gateway", "candour_00000001_haven_test", "candour_00000002_gateway"]


async def _database_at(url: str) -> str:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        return str(await connection.scalar(text("SELECT current_database()")))


async def test_a_partnership_is_not_begun_again_in_other_databases(tmp_path: Path) -> None:
    await premises.provide(Engine(), Estate(tmp_path))

    with pytest.raises(EngineError, match="keeps its data in SQLite"):
        await premises.provide(Engine(database=DATABASE), Estate(tmp_path))


async def test_a_server_that_does_not_answer_is_said_to(tmp_path: Path) -> None:
    nowhere = Engine(database="postgresql+asyncpg://candour:secret@127.0.0.1:1/postgres")

    with pytest.raises(EngineError, match=r"PostgreSQL at 127\.0\.0\.1 does not let the sandbox in") as found:
        await premises.provide(nowhere, Estate(tmp_path))

    assert "secret" not in str(found.value)


def test_passwords_follow_from_the_administrators(tmp_path: Path) -> None:
    """So that several sandboxes can share a broker's users; nothing is asked of a broker for that."""
    made = [kept_passwords(Engine(amqp=AMQP), tmp_path / name) for name in ("one", "two")]

    other = kept_passwords(Engine(amqp=AMQP.replace("secret", "another")), tmp_path / "three")

    assert made[0] == made[1]
    assert len(set(made[0].values())) == 12
    assert not set(made[0].values()) & set(other.values())
    assert json.loads((tmp_path / "one").read_bytes()) == made[0]
