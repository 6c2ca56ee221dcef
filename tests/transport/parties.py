"""What the contract suite needs of an adapter beyond the port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest
from candour_protocol.ids import GATEWAY
from candour_protocol.transport.port import Parked, Transport

from tests.transport.recorder import AGENCIES, SCHOOL


class Courier(Protocol):
    """What the suite needs beyond the port."""

    async def party(self, user: str) -> Transport:
        """A connection of this user, opened now or before; ``operator`` may declare."""

    async def restart(self) -> None:
        """Close every connection; what is stored stays."""

    async def parked(self) -> Sequence[Parked]:
        """What was parked, oldest first."""


class Parties:
    """Who takes part. Each test starts with `AGENCIES` declared and every queue empty."""

    @pytest.fixture
    async def operator(self, courier: Courier) -> Transport:
        transport = await courier.party("operator")
        await transport.declare(AGENCIES)
        return transport

    @pytest.fixture
    async def gateway(self, courier: Courier, operator: Transport) -> Transport:
        return await courier.party(GATEWAY)

    @pytest.fixture
    async def school(self, courier: Courier, operator: Transport) -> Transport:
        return await courier.party(SCHOOL)
