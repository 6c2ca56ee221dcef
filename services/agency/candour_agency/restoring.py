"""Taking in what a lost database had already been given, after a backup was put back.

The courier brings what is not acknowledged. What was acknowledged and then lost with the disk, the gateway
still has, for as long as it keeps sealed parts. What it has no longer, the sender is asked for: a
``delivery`` that says ``unreadable``, about a statement which the log shows this agency to have had. Source:
protocol section 5.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from candour_protocol.client import DeliveryItem
from candour_protocol.errors import CandourError
from candour_protocol.ids import GATEWAY, Address, AgencyId, StatementHash, Txn, new_uuid7
from candour_protocol.kinds import Kind
from candour_protocol.opening import UNREADABLE
from candour_protocol.strict_json import JsonObject
from candour_protocol.transport.port import Delivery, Retry, Settlement
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.database import Database
from candour_agency.engines.work import AwayError
from candour_agency.moments import to_ms
from candour_agency.office import Office
from candour_agency.outbox import Outbox
from candour_agency.registering import Registering
from candour_agency.store.outbox import Due
from candour_agency.writing import Pen, Plan

PAGE: Final = 100  # deliveries, or senders asked in one transaction
REACH_BACK: Final = 64  # entries before the last one that is here: they may have come in another order
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=5)

Handle = Callable[[Sequence[Delivery]], Awaitable[Sequence[Settlement]]]


class _NotNowError(Exception):
    """The gateway, or the own database, is away; what was taken in so far has no second effect."""


@dataclass(slots=True)
class Restoring:
    """Runs once after each start; in the background where the gateway is away."""

    office: Office
    database: Database
    registering: Registering
    outbox: Outbox
    handle: Handle
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def start(self) -> None:
        """Fetch what is missing; if that cannot be done now, try again by itself."""
        if not await self._try():
            self._task = asyncio.create_task(self._go_on(), name=f"restoring {self.office.agency}")

    async def stop(self) -> None:
        """Leave the rest for the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _go_on(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await asyncio.sleep(pause.total_seconds())
            if await self._try():
                return
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _try(self) -> bool:
        log = structlog.get_logger().bind(agency=self.office.agency)
        try:
            await self._restore()
        except (CandourError, AwayError, _NotNowError) as error:
            log.warning("not-restored", error=getattr(error, "code", type(error).__name__))
            return False
        return True

    async def _restore(self) -> None:
        """The log says what was answered, so it is read first; nobody is asked before all was fetched."""
        if self.registering.problem and not await self.registering.refresh():
            raise _NotNowError
        last = await self.database.read(store.messages.last_index)
        await self._fetch(None if last is None else max(last - REACH_BACK, -1))
        if await self.database.read(_any_lost):
            await self._fetch(None)  # it came long after what was logged at the same time
        while await self.database.write(self._ask, self.outbox.offer):
            pass

    async def _fetch(self, after: int | None) -> None:
        """Take in what was delivered behind an index; what is here already has no second effect."""
        while page := await self.registering.reader.deliveries(after, PAGE):
            settled = await self.handle([self._delivery(item) for item in page])
            if any(isinstance(one, Retry) for one in settled):
                raise _NotNowError
            after = page[-1].index

    def _delivery(self, item: DeliveryItem) -> Delivery:
        return Delivery("restored", "", GATEWAY, item.body, 1, self.office.clock())

    def _ask(self, connection: Connection) -> Sequence[Due]:
        """Ask the senders of what is lost to say it again."""
        now = self.office.clock()
        pen, lost = Pen(self.office, now), store.forgotten.lost(connection, PAGE)
        for name, sender in lost:
            if sender != GATEWAY:  # its notices are kept for good
                self._write(pen, name, sender)
        pen.store(connection)
        store.forgotten.note_asked(connection, [name for name, _ in lost], to_ms(now))
        return pen.due

    def _write(self, pen: Pen, name: StatementHash, sender: AgencyId) -> None:
        """The thread went with the disk: the statement that it is about says which one it was."""
        txn = Txn(new_uuid7(self.office.clock()))
        codes: JsonObject = {"txn": txn, "actor": None, "opened": UNREADABLE, "rules": {}}
        pen.write(Plan(kind=Kind.DELIVERY, to=Address(sender), txn=txn, urgency="", codes=codes, irt=name))


def _any_lost(connection: Connection) -> bool:
    return bool(store.forgotten.lost(connection, 1))
