"""What the routes work with, and how they reach it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from candour_protocol.kinds import Signer
from candour_protocol.tokens import Access
from candour_protocol.transport.port import Transport
from fastapi import Depends
from starlette.requests import Request

from candour_agency.api.bodies import NORMALISED, Typed
from candour_agency.api.gate import MESSAGES_READ, Gate, sees_restricted
from candour_agency.api.turnstile import Ticket, Turnstile
from candour_agency.bells import Bells
from candour_agency.calls import Call
from candour_agency.database import Database
from candour_agency.drafts.acting import who_acts
from candour_agency.faults import CallError, Code
from candour_agency.metrics import Metrics
from candour_agency.office import Office
from candour_agency.outbox import Outbox
from candour_agency.posting import Counter, Keyed
from candour_agency.registering import Registering
from candour_agency.views import Views

MAX_WAIT: Final = 30  # seconds
_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,4})", re.IGNORECASE)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")


@dataclass(frozen=True, slots=True)
class Desk:
    """One node's pieces."""

    office: Office
    gate: Gate
    database: Database
    counter: Counter
    outbox: Outbox
    bells: Bells
    views: Views
    metrics: Metrics
    registering: Registering
    transport: Transport
    turnstile: Turnstile
    stopping: asyncio.Event

    def call(self, access: Access, author: Signer | None = None) -> Call:
        """The call as the use cases see it."""
        acting, reads = who_acts(access, author), MESSAGES_READ in access.scopes
        return Call(self.office, acting, self.office.clock(), sees_restricted(access), reads)

    def let_in(self, access: Access, *, urgent: bool) -> Ticket:
        """A call that is to put statements on record.

        Raises:
            CallError: its agency, or its program, has sent too many.
        """
        return self.turnstile.admit(access.client_id, urgent=urgent)


async def _desk(request: Request) -> Desk:  # async, or every call would be sent through a thread
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


def keyed(request: Request, access: Access, fingerprint: str) -> Keyed | None:
    """The idempotency key of a call, where it has one.

    Raises:
        CallError: one that is no key.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.match(key):
        raise CallError(Code.INVALID_PARAMETER, "An Idempotency-Key is 1 to 255 visible ASCII characters.")
    return Keyed(access.client_id, key, fingerprint)


def preferred_wait(request: Request) -> int:
    """Seconds that the caller would wait (RFC 7240), at most 30; 0 if none."""
    found = _WAIT.search(request.headers.get("prefer", ""))
    return min(int(found[1]), MAX_WAIT) if found else 0


def notices(typed: Typed[Any]) -> list[str]:
    """What the caller should know about the body."""
    return [NORMALISED] if typed.normalised else []
