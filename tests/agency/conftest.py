"""A partnership for each test, closed at its end; on SQLite, or on the engine that a test names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from candour_agency import schema
from candour_agency.database import Database, engine_for
from candour_agency.engines.address import parse_address
from sqlalchemy.engine import URL

from tests.agency.partnership import CSC, GP, LADO, POLICE, SCHOOL, Office, Partnership
from tests.agency.places import Files, Places, Schemas
from tests.agency.server import Server
from tests.services.pair import DATABASE_URL


@pytest.fixture(scope="session")
def server(services: Mapping[str, str]) -> Iterator[Server]:
    """A PostgreSQL database of this worker."""
    made = Server(services[DATABASE_URL])
    made.make()
    yield made
    made.remove()


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """``sqlite`` unless a test is parametrised with another one."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def places(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Places:
    """Where nodes keep their databases."""
    return Schemas(request.getfixturevalue("server")) if engine == "postgresql" else Files(tmp_path)


@pytest.fixture
def address(places: Places) -> URL:
    """One empty database."""
    return parse_address(places.address("node"))


@pytest_asyncio.fixture
async def database(address: URL) -> AsyncIterator[Database]:
    """With all tables, and nothing in them."""
    await asyncio.to_thread(schema.migrate, address)
    opened = Database(engine_for(address))
    await opened.open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def partnership(tmp_path: Path, places: Places) -> AsyncIterator[Partnership]:
    """A gateway double and no nodes yet."""
    made = Partnership(tmp_path, places)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def school(partnership: Partnership) -> Office:
    """The school's node."""
    return await partnership.open(SCHOOL)


@pytest_asyncio.fixture
async def csc(partnership: Partnership) -> Office:
    """Social care's node."""
    return await partnership.open(CSC)


@pytest_asyncio.fixture
async def police(partnership: Partnership) -> Office:
    """The police's node."""
    return await partnership.open(POLICE)


@pytest_asyncio.fixture
async def gp(partnership: Partnership) -> Office:
    """The surgery's node."""
    return await partnership.open(GP)


@pytest_asyncio.fixture
async def lado(partnership: Partnership) -> Office:
    """The designated officer's node."""
    return await partnership.open(LADO)
