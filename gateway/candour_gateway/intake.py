"""The consumer of ``gateway.submit.*``.

Promise: a submission is acknowledged only after the transaction that logged it is committed, and after the
courier has taken what follows from it. Whatever happens before that, it comes again, and admission knows a
replay. What is no exchange is kept by digest and parked. Source: protocol section 5.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from candour_protocol import failpoints
from candour_protocol.ids import AgencyId
from candour_protocol.transport.port import Ack, Delivery, Park, Retry, Settlement
from candour_protocol.transport.topology import Lane
from candour_protocol.wire import Problem

from candour_gateway.admission import Admission, Admitted, Parcel
from candour_gateway.database import Database, DatabaseAwayError
from candour_gateway.metrics import Metrics
from candour_gateway.publishing import Publisher
from candour_gateway.screening import Unfit
from candour_gateway.sitting import Result
from candour_gateway.store import incidents
from candour_gateway.threshold import Threshold, message_of
from candour_gateway.verdict import Submission

WHILE_AWAY = timedelta(seconds=2)

log = structlog.get_logger("candour.gateway")


class Intake:
    """Takes batches from the courier; ``after`` is told of each one that was logged."""

    def __init__(
        self,
        threshold: Threshold,
        admission: Admission,
        database: Database,
        publisher: Publisher,
        metrics: Metrics,
        clock: Callable[[], datetime],
        after: Callable[[Admitted], None],
    ) -> None:
        self._threshold = threshold
        self._admission = admission
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._after = after

    async def handle(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        """One settlement for each delivery; while the database is away all of it is to come again."""
        try:
            return await self._handle(deliveries)
        except DatabaseAwayError as error:
            log.warning("database-away", error=str(error), waiting=len(deliveries))
            return [Retry(WHILE_AWAY) for _ in deliveries]

    async def _handle(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        """Copies of one message within a batch are handled as one."""
        screened = await self._threshold.screened(dict.fromkeys(map(message_of, deliveries)))
        fit = [each for each in screened.values() if isinstance(each, Submission)]
        admitted = await self._admit(fit) if fit else None
        results = iter(admitted.results if admitted else ())
        outcomes = {
            message: each if isinstance(each, Unfit) else next(results) for message, each in screened.items()
        }
        unfit = [(user, each) for (user, _, _), each in outcomes.items() if isinstance(each, Unfit)]
        problems = await self._remember(unfit) if unfit else []
        await self._publisher.publish([*(admitted.parcels if admitted else ()), *problems])
        failpoints.reach("gateway.published")
        return [_settlement(outcomes[message_of(each)]) for each in deliveries]

    async def _admit(self, submissions: Sequence[Submission]) -> Admitted:
        begun = time.perf_counter()
        admitted = await self._admission.admit(submissions)
        self._metrics.seconds.observe(time.perf_counter() - begun)
        self._metrics.batch.observe(len(submissions))
        self._metrics.count(admitted)
        self._after(admitted)
        return admitted

    async def _remember(self, unfit: Sequence[tuple[str, Unfit]]) -> list[Parcel]:
        """Count and keep by digest; whoever the broker authenticated is told, if it is one of us."""
        async with self._database.write() as connection:
            found = [(each.digest, each.code, user) for user, each in unfit]
            await incidents.record(connection, found, self._clock())
        for user, each in unfit:
            self._metrics.unfit.labels(each.code).inc()
            log.warning("no-exchange", code=each.code, digest=each.digest, broker_user=user)
        return [
            Parcel(AgencyId(user), Lane.ORDINARY, Problem(each.code, each.digest))
            for user, each in unfit
            if self._admission.directory.is_member(user)
        ]


def _settlement(outcome: Result) -> Settlement:
    return Park(outcome.code) if isinstance(outcome, Unfit) else Ack()
