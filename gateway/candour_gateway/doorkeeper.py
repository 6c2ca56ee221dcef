"""Stands before the intake: lets each agency in at its pace, and says so to whoever must know.

What does not authenticate is given no turn: it passes, to be parked at once, and costs its sender one. What
waits stays unacknowledged with the courier, which hands it out again when its turn has come; so a crash loses
nothing, and an agency that floods the exchange fills its own line and nobody else's. Its sender and the
operator see it as an incident of code ``rate``, the operator as a number that waits too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from candour_protocol.ids import AgencyId, sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.transport.port import Ack, Delivery, Handler, Retry, Settlement
from candour_protocol.transport.topology import Lane
from candour_protocol.wire import Problem
from sqlalchemy.exc import SQLAlchemyError

from candour_gateway.admission import Admission, Parcel
from candour_gateway.database import Database, DatabaseAwayError
from candour_gateway.fairness import Fairness, Later, LetGo, Now, Turn
from candour_gateway.metrics import Metrics
from candour_gateway.publishing import Publisher
from candour_gateway.store import incidents

RATE = "rate"
TELL_EVERY = 10.0  # seconds, of one agency

log = structlog.get_logger("candour.gateway")


class Screen(Protocol):
    """Tells what is an exchange from what is none."""

    async def kinds(self, deliveries: Sequence[Delivery], /) -> Sequence[Kind | None]:
        """What each of them is; None for what does not authenticate."""

    def forget(self, deliveries: Sequence[Delivery], /) -> None:
        """The batch is settled."""


class Doorkeeper:
    """A courier's handler around another one, ``intake``."""

    def __init__(
        self,
        fairness: Fairness,
        threshold: Screen,
        intake: Handler,
        admission: Admission,
        database: Database,
        publisher: Publisher,
        metrics: Metrics,
        clock: Callable[[], datetime],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fairness = fairness
        self._threshold = threshold
        self._intake = intake
        self._admission = admission
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
        self._clock = clock
        self._seconds = seconds
        self._told: dict[str, float] = {}

    async def handle(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        """One settlement for each; those whose turn it is are the intake's to settle."""
        try:
            return await self._handle(deliveries, await self._turns(deliveries))
        finally:
            self._threshold.forget(deliveries)

    async def _turns(self, deliveries: Sequence[Delivery]) -> list[Turn]:
        """What waits already was looked at when it first came."""
        new = [each for each in deliveries if not self._fairness.knows(each)]
        kinds = dict(zip(map(id, new), await self._threshold.kinds(new), strict=True))
        unfit = {place for place, kind in kinds.items() if kind is None}
        now = self._seconds()
        return [
            self._fairness.wasted(each, now)
            if id(each) in unfit
            else self._fairness.turn(each, now, kinds.get(id(each)))
            for each in deliveries
        ]

    async def _handle(self, deliveries: Sequence[Delivery], turns: Sequence[Turn]) -> Sequence[Settlement]:
        fit = [each for each, turn in zip(deliveries, turns, strict=True) if isinstance(turn, Now)]
        settlements = iter(await self._admit(fit) if fit else ())
        await self._tell(deliveries, turns)
        return [next(settlements) if isinstance(turn, Now) else _put_off(turn) for turn in turns]

    async def _admit(self, fit: Sequence[Delivery]) -> Sequence[Settlement]:
        """What the intake sends back has had its turn, and is not to stand in line again."""
        try:
            settlements = await self._intake(fit)
        except BaseException:
            self._keep(fit)
            raise
        pairs = zip(fit, settlements, strict=True)
        self._keep([each for each, settlement in pairs if isinstance(settlement, Retry)])
        return settlements

    def _keep(self, deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            self._fairness.keep(each, self._seconds())

    async def _tell(self, deliveries: Sequence[Delivery], turns: Sequence[Turn]) -> None:
        """Count, and say to sender and operator what is held back."""
        for user in {each.user for each in deliveries}:
            self._metrics.waiting.labels(user).set(self._fairness.waiting(user, self._seconds()))
        let_go = [each for each, turn in zip(deliveries, turns, strict=True) if isinstance(turn, LetGo)]
        for each in let_go:
            self._metrics.let_go.labels(each.user).inc()
        known = self._admission.directory.is_member
        await self._publisher.publish([_problem(each) for each in let_go if known(each.user)])
        held = {each.user for each, turn in zip(deliveries, turns, strict=True) if not isinstance(turn, Now)}
        await self._record([user for user in sorted(held) if self._is_news(user)])

    def _is_news(self, user: str) -> bool:
        now = self._seconds()
        if now - self._told.get(user, float("-inf")) < TELL_EVERY:
            return False
        self._told[user] = now
        return True

    async def _record(self, users: Sequence[str]) -> None:
        if not users:
            return
        found = [(sha256_text(f"{RATE} {user}".encode()), RATE, user) for user in users]  # one row an agency
        for user in users:
            log.warning("held-back", code=RATE, broker_user=user)
        try:
            async with self._database.write() as connection:
                await incidents.record(connection, found, self._clock())
        except (SQLAlchemyError, DatabaseAwayError) as error:  # they wait all the same, and it is said again
            log.warning("incident-not-kept", code=RATE, error=type(error).__name__)


def _put_off(turn: Turn) -> Settlement:
    return Retry(turn.after) if isinstance(turn, Later) else Ack()


def _problem(delivery: Delivery) -> Parcel:
    return Parcel(AgencyId(delivery.user), Lane.ORDINARY, Problem(RATE, sha256_text(delivery.body)))
