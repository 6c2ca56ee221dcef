"""Telling a gateway the registry's first facts. What it has admitted before, it knows again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from candour_gateway import assembly
from candour_gateway.assembly import Gateway
from candour_gateway.settings import Settings
from candour_protocol import transport as courier
from candour_protocol.ids import GATEWAY

from candour_sandbox.estate import Estate


async def admit_into(gateway: Gateway, estate: Estate) -> None:
    """Submit the facts in their order."""
    for fact in json.loads(estate.facts.read_bytes()):
        document = fact["document"]
        raw = None if document is None else (estate.made / document).read_bytes()
        await gateway.admit_registry(fact["statement"], raw)


async def admit(estate: Estate, settings: Settings, clock: Callable[[], datetime]) -> None:
    """Do so before the gateway serves, as an operator would with ``candour-gateway admit``."""
    transport = await courier.connect(settings.transport, GATEWAY)
    try:
        gateway = await assembly.build(settings, transport, clock)
        try:
            await admit_into(gateway, estate)
        finally:
            await gateway.stop()
    finally:
        await transport.close()
