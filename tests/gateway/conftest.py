"""Each test gets a gateway of its own, on a real database; at its end the whole log is audited."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.gateway.partnership import Partnership, TestClock
from tests.gateway.world import World, found, open_world


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Partnership:
    """A partnership of school, social care, surgery and police; to be copied, never used itself."""
    return asyncio.run(found(tmp_path_factory.mktemp("founded")))


@pytest.fixture
async def world(founded: Partnership, tmp_path: Path) -> AsyncIterator[World]:
    """That partnership with a gateway of the test's own."""
    shutil.copytree(founded.folder, tmp_path, dirs_exist_ok=True)
    parties = {agency: replace(party) for agency, party in founded.parties.items()}
    partnership = replace(founded, folder=tmp_path, clock=TestClock(), parties=parties)
    async with open_world(partnership) as opened:
        yield opened
