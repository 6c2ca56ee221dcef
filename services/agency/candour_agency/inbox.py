"""The consumer of this agency's three lanes.

Promise: a message is acknowledged to the courier only after the transaction that stores its effect is on
disk, or after it was parked on purpose. What comes again has no second effect. Source: protocol sections 5
and 9.3.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from candour_protocol import failpoints, ids
from candour_protocol.errors import CandourError
from candour_protocol.kinds import Kind
from candour_protocol.opening import UNREADABLE
from candour_protocol.statement import match
from candour_protocol.transport.port import Ack, Consumer, Delivery, Park, Retry, Settlement, Transport
from candour_protocol.transport.topology import Lane, inbox_queue
from candour_protocol.wire import Problem

from candour_agency import store
from candour_agency.arrival import Arrival, Examiner, Verdict, is_curable
from candour_agency.batch import Taken
from candour_agency.bells import INBOX, Bells
from candour_agency.database import Database
from candour_agency.engines.work import AwayError
from candour_agency.intake import take_in
from candour_agency.metrics import Metrics
from candour_agency.moments import to_ms
from candour_agency.office import Office
from candour_agency.outbox import Outbox

PREFETCH: Final = 64  # one transaction's worth
NOTE_EVERY: Final = 64  # entries by which the log grows before its checkpoint is noted again
COME_AGAIN: Final = timedelta(seconds=2)  # when the database is away
ASK_AGAIN: Final = timedelta(seconds=10)  # when the registry cannot be read

LearnMore = Callable[[], Awaitable[bool]]
"""Reads the registry further; whether that could be done."""

_Item = Arrival | Verdict
_Examined = _Item | Problem | CandourError


class Inbox:
    """Takes in what the gateway sends, a batch in one transaction."""

    def __init__(
        self,
        office: Office,
        examiner: Examiner,
        database: Database,
        outbox: Outbox,
        bells: Bells,
        metrics: Metrics,
        learn_more: LearnMore,
    ) -> None:
        self._office = office
        self._examiner = examiner
        self._database = database
        self._outbox = outbox
        self._bells = bells
        self._metrics = metrics
        self._learn_more = learn_more
        self._log = structlog.get_logger().bind(agency=office.agency)
        self._consumers: list[Consumer] = []
        self._noted = 0

    async def start(self, transport: Transport) -> None:
        """Consume all lanes."""
        for lane in Lane:
            handle = partial(self.handle, urgent=lane is Lane.URGENT)
            queue = inbox_queue(self._office.agency, lane)
            self._consumers.append(await transport.consume(queue, handle, prefetch=PREFETCH))

    async def stop(self) -> None:
        """Take nothing more; what is under way is finished."""
        for consumer in self._consumers:
            await consumer.cancel()
        self._consumers.clear()

    async def handle(self, deliveries: Sequence[Delivery], *, urgent: bool = False) -> Sequence[Settlement]:
        """One batch, one transaction, one settlement for each."""
        examined = [self._examine(delivery.body) for delivery in deliveries]
        read = await self._read_further(deliveries, examined) if any(map(_curable, examined)) else True
        if any(map(_says_unreadable, examined)):
            await self._learn_more()  # they may have another key by now
        now = [(place, one) for place, one in enumerate(examined) if read or not _curable(one)]
        places = [place for place, one in now if isinstance(one, Arrival | Verdict)]
        items = [one for _, one in now if isinstance(one, Arrival | Verdict)]
        faults = [
            (fault.code if isinstance(fault, CandourError) else fault.problem, deliveries[place].body)
            for place, fault in now
            if not isinstance(fault, Arrival | Verdict)
        ]
        try:
            taken = await self._store(items, faults, urgent)
        except AwayError as error:
            self._log.warning("database-away", reason=error.reason, waiting=len(deliveries))
            return [Retry(COME_AGAIN)] * len(deliveries)
        failpoints.reach("node.taken")
        parked = {places[place]: reason for place, reason in taken.parked.items()}
        return [
            Park(parked[place]) if place in parked else self._settlement(one, read)
            for place, one in enumerate(examined)
        ]

    def _examine(self, raw: bytes) -> _Examined:
        try:
            return self._examiner.examine(raw)
        except CandourError as error:
            return error

    async def _read_further(self, deliveries: Sequence[Delivery], examined: list[_Examined]) -> bool:
        """Look again at what a key was missing for; whether the registry could be read."""
        read = await self._learn_more()
        for place, one in enumerate(examined):
            if _curable(one):
                examined[place] = self._examine(deliveries[place].body)
        return read

    async def _store(
        self, items: Sequence[_Item], faults: Sequence[tuple[str, bytes]], urgent: bool
    ) -> Taken:
        if not items and not faults:
            return Taken()
        now = self._office.clock()
        witness = self._examiner.witness
        size, note = (witness.largest.size, witness.note) if witness.largest else (0, "")

        def work(connection: store.Connection) -> Taken:
            taken = take_in(connection, self._office, now, items)
            for code, raw in faults:
                store.registry.note_incident(connection, code, ids.sha256_text(raw), to_ms(now))
                taken.incidents.append(code)
            if size >= self._noted + NOTE_EVERY:
                store.registry.note_progress(connection, store.registry.SEEN, size, note)
                self._noted = size
            return taken

        taken = await self._database.write(work, self._committed, urgent=urgent)
        self._outbox.answered([one.jti for one in items if isinstance(one, Verdict)])
        return taken

    def _committed(self, taken: Taken) -> None:
        self._outbox.settled(taken.settled)
        self._outbox.offer(taken.due)
        self._bells.ring(taken.changed)
        if taken.arrived:
            self._bells.ring([INBOX])
        for opened, count in taken.opened.items():
            self._metrics.opened.labels(opened).inc(count)
        for code in taken.incidents:
            self._metrics.incidents.labels(code).inc()
            self._log.warning("incident", code=code)

    def _settlement(self, one: _Examined, read: bool) -> Settlement:
        if _curable(one) and not read:
            return Retry(ASK_AGAIN)
        return Park(one.code) if isinstance(one, CandourError) else Ack()


def _says_unreadable(one: _Examined) -> bool:
    """Whether a recipient tells that it could not open something."""
    if not isinstance(one, Arrival) or one.statement.claims.kind is not Kind.DELIVERY:
        return False
    try:
        codes = match(one.statement, one.body) or {}
    except CandourError:
        return False
    return codes.get("opened") == UNREADABLE


def _curable(one: _Examined) -> bool:
    """Whether reading the registry further may help: a key is not known here, or has ended unnoticed."""
    if isinstance(one, Verdict):
        return one.blames_a_key
    return isinstance(one, CandourError) and is_curable(one)
