"""What the endpoints work with, and how they get it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from candour_protocol.policy import Policy
from candour_protocol.tokens import audience_of
from candour_protocol.transport.port import Transport
from fastapi import Depends, Request

from candour_gateway.admission import Admission
from candour_gateway.database import Database
from candour_gateway.directory import Directory
from candour_gateway.facts import FactDesk
from candour_gateway.keyring import Keyring
from candour_gateway.metrics import Metrics
from candour_gateway.store.entries import Counts


@dataclass(frozen=True, slots=True)
class Desk:
    """The pieces of one gateway that its interface may use."""

    database: Database
    admission: Admission
    facts: FactDesk
    keys: Keyring
    policy: Policy
    transport: Transport
    metrics: Metrics
    clock: Callable[[], datetime]
    counts: Counts = field(default_factory=Counts)

    @property
    def directory(self) -> Directory:
        """Who is in the partnership now."""
        return self.admission.directory

    @property
    def audience(self) -> str:
        """The name under which tokens are for this gateway; also their issuer."""
        return audience_of(self.policy.net, "gateway")


async def _desk(request: Request) -> Desk:  # async, or every call would be sent through a thread
    desk = request.app.state.desk
    assert isinstance(desk, Desk)  # noqa: S101 - set by create_app
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]
