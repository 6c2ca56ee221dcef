"""Saying again what a recipient could not open, as soon as the registry shows another key of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from candour_agency import reissuing, store
from candour_agency.database import Database
from candour_agency.office import Office
from candour_agency.outbox import Outbox
from candour_agency.store.outbox import Due
from candour_agency.writing import Pen


@dataclass(frozen=True, slots=True)
class Curing:
    """Called whenever the registry has grown, and once at the start."""

    office: Office
    database: Database
    outbox: Outbox

    async def __call__(self) -> None:
        """Say again whatever can be opened by now."""
        await self.database.write(self._work, self.outbox.offer)

    def _work(self, connection: Connection) -> Sequence[Due]:
        pen = Pen(self.office, self.office.clock())
        for message in store.messages.unreadable(connection):
            reissuing.after_unreadable(connection, pen, message, self.office)
        return pen.due
