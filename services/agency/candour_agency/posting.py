"""Carrying a call out: composed, answered and remembered in one transaction. Source: protocol section 9.1."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from candour_protocol import failpoints, strict_json
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.calls import Call, Composition
from candour_agency.database import Database
from candour_agency.faults import unknown_message
from candour_agency.metrics import Metrics
from candour_agency.moments import to_ms
from candour_agency.outbox import Outbox
from candour_agency.progress import State
from candour_agency.store.outbox import Due
from candour_agency.views import Views

Compose = Callable[[Connection], Composition]


@dataclass(frozen=True, slots=True)
class Keyed:
    """An ``Idempotency-Key`` of a client, and the fingerprint of the call made under it."""

    client: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Posted:
    """What was answered. ``kinds`` and ``due`` are empty where the same call was answered before."""

    reply: JsonObject
    due: Sequence[Due] = ()
    kinds: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Counter:
    """Where calls that state something are carried out."""

    database: Database
    outbox: Outbox
    views: Views
    metrics: Metrics

    async def post(
        self,
        call: Call,
        compose: Compose,
        keyed: Keyed | None,
        notices: Sequence[str] = (),
        *,
        urgent: bool = False,
    ) -> JsonObject:
        """Carry a call out; when this returns, everything is on disk and on its way.

        Args:
            urgent: it does not wait for what was let in before it.

        Raises:
            CallError: no statement can be made of it, the key belongs to another call, or what was answered
                under it is kept from this caller; nothing was kept.
        """

        def work(connection: Connection) -> Posted:
            before = _recall(connection, keyed)
            if before is not None:
                _check_seen(connection, call, before)
                return Posted(before)
            composition = compose(connection)
            composition.pen.store(connection)
            reply = self.views.accepted(composition, notices)
            _remember(connection, keyed, reply, call)
            failpoints.reach("node.composed")
            return Posted(reply, composition.pen.due, [part.plan.kind for part in composition.parts])

        return (await self.database.write(work, self._committed, urgent=urgent)).reply

    async def settle(self, keyed: Keyed, reply: JsonObject) -> JsonObject:
        """Keep an answer with all verdicts for whoever repeats the call; the first one kept stands."""

        def work(connection: Connection) -> JsonObject:
            before = _recall(connection, keyed)
            if before is None or is_settled(before):
                return before or reply
            store.idempotency.replace(connection, keyed.client, keyed.key, strict_json.dumps(reply))
            return reply

        return await self.database.write(work)

    def _committed(self, posted: Posted) -> None:
        failpoints.reach("node.accepted")
        self.outbox.offer(posted.due)
        for kind in posted.kinds:
            self.metrics.written.labels(kind).inc()


def _recall(connection: Connection, keyed: Keyed | None) -> JsonObject | None:
    if keyed is None:
        return None
    found = store.idempotency.recall(connection, keyed.client, keyed.key, keyed.fingerprint)
    return None if found is None else dict(json.loads(found))


def _check_seen(connection: Connection, call: Call, reply: JsonObject) -> None:
    """One program speaks for many people: who repeats a call need not be who made it.

    Raises:
        CallError: this caller may not see what was sent.
    """
    sent = reply["messages"]
    ids = [str(one["id"]) for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    if not all(map(call.may_see, store.messages.known(connection, ids).values())):
        raise unknown_message()


def _remember(connection: Connection, keyed: Keyed | None, reply: JsonObject, call: Call) -> None:
    if keyed is not None:
        store.idempotency.remember(
            connection, keyed.client, keyed.key, keyed.fingerprint, strict_json.dumps(reply), to_ms(call.now)
        )


def is_settled(reply: JsonObject) -> bool:
    """Whether an answer tells a verdict for each of its messages."""
    sent = reply["messages"]
    states = {one["state"] for one in sent if isinstance(one, dict)} if isinstance(sent, list) else set()
    return states.isdisjoint((State.QUEUED, State.SENT))
