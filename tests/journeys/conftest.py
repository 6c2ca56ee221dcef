"""A partnership for each module: its tests share the log, as hostile parties do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.journeys.hostile import Surgery, open_surgery
from tests.journeys.town import Town, open_town


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """School, social care and police with nodes of ours; the surgery only has keys."""
    async with open_town(tmp_path_factory.mktemp("town")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def surgery(town: Town) -> Surgery:
    """The party that lies."""
    return await open_surgery(town)
