"""A courier file, and the embedded transport on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from candour_protocol.transport.embedded import EmbeddedTransport

from tests.transport.recorder import AGENCIES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "courier.db"


@pytest.fixture
async def transport(path: Path) -> AsyncIterator[EmbeddedTransport]:
    transport = await EmbeddedTransport.open(path)
    await transport.declare(AGENCIES)
    yield transport
    await transport.close()
