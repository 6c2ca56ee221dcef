"""A district for each module: its tests share the log and the queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from tests.partners.district import District, open_district
from tests.services.pair import AMQP_URL


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def district(
    tmp_path_factory: pytest.TempPathFactory, services: Mapping[str, str]
) -> AsyncIterator[District]:
    """A school with a node, and a surgery without one that takes its post."""
    async with open_district(tmp_path_factory.mktemp("district"), services[AMQP_URL]) as opened:
        await opened.surgery.listen()
        yield opened
