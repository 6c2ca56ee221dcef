"""Each test gets a gateway of its own, on a real database; at its end the whole log is audited."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.gateway import postgres
from tests.gateway.partnership import Partnership, TestClock
from tests.gateway.world import World, found, open_world
from tests.services.pair import DATABASE_URL


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Partnership:
    """A partnership of school, social care, surgery and police; to be copied, never used itself."""
    return asyncio.run(found(tmp_path_factory.mktemp("founded")))


@pytest.fixture(scope="session")
def server(services: Mapping[str, str]) -> str:
    """The address of a PostgreSQL in which databases can be made."""
    return services[DATABASE_URL]


@pytest.fixture(scope="session")
def founded_on_postgresql(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partnership]:
    """The same, in a database to be copied."""
    url = asyncio.run(postgres.create(server))
    yield asyncio.run(found(tmp_path_factory.mktemp("founded"), url))
    asyncio.run(postgres.drop(server, url))


@pytest.fixture
def engine() -> str:
    """What the gateway's database is; ``ON_BOTH`` makes a test run on each."""
    return "sqlite"


@pytest.fixture
def original(engine: str, request: pytest.FixtureRequest) -> Partnership:
    """The founded partnership on this engine."""
    name = "founded" if engine == "sqlite" else "founded_on_postgresql"
    found: Partnership = request.getfixturevalue(name)
    return found


@pytest.fixture
async def partnership(original: Partnership, tmp_path: Path) -> AsyncIterator[Partnership]:
    """A founded partnership of the test's own, whose gateway is still to be built."""
    if not original.database:
        yield copied(original, tmp_path)
        return
    async with copied_on_postgresql(original, tmp_path) as mine:
        yield mine


@pytest.fixture
async def world(partnership: Partnership) -> AsyncIterator[World]:
    """That partnership with its gateway running."""
    async with open_world(partnership) as opened:
        yield opened


def copied(founded: Partnership, folder: Path) -> Partnership:
    """Everything of it, to be changed at will."""
    shutil.copytree(founded.folder, folder, dirs_exist_ok=True)
    parties = {agency: replace(party) for agency, party in founded.parties.items()}
    return replace(founded, folder=folder, clock=TestClock(), parties=parties)


@asynccontextmanager
async def copied_on_postgresql(founded: Partnership, folder: Path) -> AsyncIterator[Partnership]:
    """The same with a database of its own, for as long as the block runs."""
    database = await postgres.create(founded.database, founded.database)
    try:
        yield replace(copied(founded, folder), database=database)
    finally:
        await postgres.drop(founded.database, database)
