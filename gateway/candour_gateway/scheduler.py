"""The task that looks at the clock: what is due now is escalated, then it sleeps until the next time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from candour_protocol.calendars import bank_holidays
from candour_protocol.errors import TransportError
from candour_protocol.profiles import Nation

from candour_gateway.admission import Admission, Admitted
from candour_gateway.database import Database
from candour_gateway.escalating import Escalation
from candour_gateway.publishing import Publisher
from candour_gateway.store import reminders

SHORTEST = timedelta(milliseconds=100)

log = structlog.get_logger("candour.gateway")


class NotToldError(RuntimeError):
    """A notice of the gateway's own did not pass: somebody is still to be told, and it is tried again."""


class Scheduler:
    """``look`` at least every so often: what another worker logs wakes nobody here.

    Args:
        escalation: makes one look's worth.
        after: is told of what was logged.
    """

    def __init__(
        self,
        admission: Admission,
        database: Database,
        publisher: Publisher,
        escalation: Callable[[], Escalation],
        after: Callable[[Admitted], None],
        clock: Callable[[], datetime],
        every: timedelta,
    ) -> None:
        self._admission = admission
        self._database = database
        self._publisher = publisher
        self._escalation = escalation
        self._after = after
        self._clock = clock
        self._every = every
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let ``run`` end after what it is doing."""
        self._stopping.set()

    async def run(self) -> None:
        """Until ``stop``; a database or courier that is away is tried again.

        Begins by learning what bank holidays are, which takes half a second that no batch should wait for.
        """
        await asyncio.to_thread(bank_holidays, Nation.ENGLAND, self._clock().year)
        while not self._stopping.is_set():
            patience = self._every
            try:
                await self.look()
                patience = await self._until_next()
            except Exception as error:
                log.exception("reminding-failed", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), patience.total_seconds())

    async def look(self) -> int:
        """Speak of everything that is due now; how many stages that were.

        Raises:
            NotToldError: not of all of it.
        """
        told = 0
        while await self._is_due():
            escalation = self._escalation()
            admitted = await self._admission.admit((), own=escalation)
            told += len(escalation.stages)
            await self._publish(admitted)
            if escalation.refused:
                raise NotToldError(f"{escalation.refused} not spoken of")
        return told

    async def _is_due(self) -> bool:
        """Found out without the log's lock, which is for those who have something to write."""
        async with self._database.read() as connection:
            earliest = await reminders.next_time(connection)
        return earliest is not None and earliest <= self._clock()

    async def _publish(self, admitted: Admitted) -> None:
        """What the courier does not take now is sent again, like everything else."""
        self._after(admitted)
        try:
            await self._publisher.publish(admitted.parcels)
        except TransportError as error:
            log.warning("courier-away", code=error.code)

    async def _until_next(self) -> timedelta:
        async with self._database.read() as connection:
            earliest = await reminders.next_time(connection)
        if earliest is None:
            return self._every
        return min(self._every, max(SHORTEST, earliest - self._clock()))
