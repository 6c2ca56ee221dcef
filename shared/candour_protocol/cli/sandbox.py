"""A running sandbox as the command finds it: each agency's node, by the ``sandbox.json`` of its data folder.

Source: protocol section 10.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from candour_protocol.client import Bearer, ClientError, MessageView, NodeClient
from candour_protocol.client.calls import TIMEOUT
from candour_protocol.codes import AgencyKind

_PAUSES = (*(0.02 * 1.3**n for n in range(20)), 5.0, 5.0)  # seconds; 26 in all
_ON_ITS_WAY = frozenset({"queued", "sent", "passed"})


class NoSandboxError(Exception):
    """None is ready here, or one in which an agency is missing; says how to mend it."""


class StuckError(Exception):
    """A message got no further within the time that it may take."""


@dataclass(frozen=True, slots=True)
class Room:
    """One agency, and the client of its node."""

    agency: str
    client: NodeClient

    async def settled(self, message_id: str) -> MessageView:
        """A message once it stopped moving by itself: it reached its recipient, is held, or came back.

        Raises:
            StuckError: it did not get there.
        """
        for pause in _PAUSES:
            message = await self.client.get_message(message_id)
            if message.verdict is not None and message.state not in _ON_ITS_WAY:
                return message
            await asyncio.sleep(pause)
        raise StuckError(f"A message of {self.agency} does not get on. Look at the sandbox's health page.")

    async def has(self, message_id: str) -> bool:
        """Whether this agency knows of a message."""
        try:
            await self.client.get_message(message_id)
        except ClientError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            return False
        return True


class Sandbox:
    """The agencies of a running sandbox."""

    def __init__(self, rooms: Mapping[AgencyKind, Room]) -> None:
        self._rooms = rooms

    def of(self, kind: AgencyKind) -> Room:
        """An agency of this kind.

        Raises:
            NoSandboxError: there is none.
        """
        if kind not in self._rooms:
            raise NoSandboxError(
                f"This sandbox has no node of the kind {kind.value}. Start one with all its agencies."
            )
        return self._rooms[kind]


@asynccontextmanager
async def entered(folder: Path) -> AsyncIterator[Sandbox]:
    """The sandbox that is ready on this data folder.

    Raises:
        NoSandboxError: none is.
    """
    agencies = _agencies(folder)
    # it is on this machine: what the environment says of proxies is for elsewhere
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as http:
        yield Sandbox({AgencyKind(door["kind"]): _room(name, door, http) for name, door in agencies.items()})


def _room(agency: str, door: Mapping[str, str], http: httpx.AsyncClient) -> Room:
    return Room(agency, NodeClient(door["url"], Bearer(door["token"]), http))


def _agencies(folder: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads((folder / "sandbox.json").read_bytes())["agencies"]
    except (OSError, ValueError, KeyError):
        raise NoSandboxError(
            f"No sandbox is ready in {folder}. Start one with 'make run' or 'candour-sandbox up', wait until "
            f"it says that it is ready, and come back; or name its data folder with --sandbox."
        ) from None
    return found
