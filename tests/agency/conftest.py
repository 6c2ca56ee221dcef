"""A partnership for each test, closed at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.agency.partnership import CSC, GP, POLICE, SCHOOL, Office, Partnership


@pytest_asyncio.fixture
async def partnership(tmp_path: Path) -> AsyncIterator[Partnership]:
    """A gateway double and no nodes yet."""
    made = Partnership(tmp_path)
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
