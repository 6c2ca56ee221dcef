"""A health page in front of a scripted gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from candour_dashboard.assembly import Dashboard, build
from candour_dashboard.settings import Settings
from pydantic import SecretStr

from tests.dashboard.gateway_double import NOW, GatewayDouble


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gateway() -> GatewayDouble:
    return GatewayDouble()


def settings_for(gateway: GatewayDouble, kept_in: Path | None = None) -> Settings:
    return Settings(
        gateway_url="http://gateway.example",
        token=SecretStr("a-token"),
        log_vkey=gateway.log.signer.verifier.vkey,
        services={"testborough-hill": "http://node.example"},
        checkpoint_file=kept_in,
        refresh_every=timedelta(milliseconds=5),
        reuse_for=timedelta(0),
    )


@pytest.fixture
async def dashboard(gateway: GatewayDouble, clock: Clock) -> AsyncIterator[Dashboard]:
    client = httpx.AsyncClient(transport=gateway.transport())
    dashboard = build(settings_for(gateway), clock, client)
    await dashboard.start()
    yield dashboard
    await dashboard.stop()


@pytest.fixture
async def browser(dashboard: Dashboard) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who opens the page; no script runs."""
    transport = httpx.ASGITransport(app=dashboard.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page.example") as client:
        yield client
