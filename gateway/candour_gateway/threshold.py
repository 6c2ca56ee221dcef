"""Whose bytes these are: found out at the door, and known until the batch is settled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import structlog
from candour_protocol.kinds.lists import Kind
from candour_protocol.transport.port import Delivery

from candour_gateway.admission import Admission
from candour_gateway.database import DatabaseAwayError
from candour_gateway.screening import Unfit, screen
from candour_gateway.verdict import Submission

BREATH = 16  # statements; between them others go on, above all who has the log's lock and waits for an answer

log = structlog.get_logger("candour.gateway")

Message = tuple[str, str, bytes]
"""Broker user, routing key, body."""


def message_of(delivery: Delivery) -> Message:
    """What makes two deliveries the same."""
    return delivery.user, delivery.routing_key, delivery.body


class Threshold:
    """Screens for the doorkeeper, who gives turns, and for the intake behind it."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._known: dict[Message, Submission] = {}

    async def kinds(self, deliveries: Sequence[Delivery]) -> list[Kind | None]:
        """What each of them is by its signed claims; None for what is no exchange.

        What cannot be told while the database is away counts as none: the intake behind sends it back.
        """
        messages = [message_of(each) for each in deliveries]
        try:
            found = await self.screened(messages)
        except DatabaseAwayError as error:
            log.warning("database-away", error=str(error))
            found = {each: self._screen(each) for each in messages}
        self._known.update((name, each) for name, each in found.items() if isinstance(each, Submission))
        return [
            None if isinstance(each, Unfit) else each.claims.kind for each in map(found.__getitem__, messages)
        ]

    def forget(self, deliveries: Iterable[Delivery]) -> None:
        """They are settled, or come again."""
        for each in deliveries:
            self._known.pop(message_of(each), None)

    async def screened(self, messages: Iterable[Message]) -> dict[Message, Submission | Unfit]:
        """In order. What nobody here knows may be known to another worker, which has logged its key since.

        Raises:
            DatabaseAwayError: what other workers know cannot be read.
        """
        found = {}
        for place, each in enumerate(messages, start=1):
            found[each] = self._screen(each)
            if place % BREATH == 0:
                await asyncio.sleep(0)
        unfit = [message for message, each in found.items() if isinstance(each, Unfit)]
        if unfit and await self._admission.catch_up(at_once=True):
            found.update((message, self._screen(message)) for message in unfit)
        return found

    def _screen(self, message: Message) -> Submission | Unfit:
        user, routing_key, body = message
        known = self._known.get(message)
        return known or screen(body, user, routing_key, self._admission.directory.registry)
