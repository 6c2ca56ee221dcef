"""Put a gateway together: the only place where adapters are chosen, apart from ``__main__``."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from candour_protocol import failpoints
from candour_protocol.entry import parse_entry
from candour_protocol.errors import PolicyError
from candour_protocol.keys import VerifyKey
from candour_protocol.policy import Policy, load_policy
from candour_protocol.registry import Registry
from candour_protocol.statement import parse
from candour_protocol.tokens import MAX_ACCESS, access_token, audience_of
from candour_protocol.transport.port import Consumer, Transport
from candour_protocol.transport.topology import GATEWAY_QUEUES
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway import housekeeping, keyring
from candour_gateway.admission import Admission, Admitted
from candour_gateway.api.app import create_app
from candour_gateway.api.desk import Desk
from candour_gateway.database import Database, DatabaseAwayError
from candour_gateway.directory import Directory
from candour_gateway.doorkeeper import Doorkeeper
from candour_gateway.escalating import Escalation
from candour_gateway.facts import FactDesk
from candour_gateway.fairness import Fairness
from candour_gateway.highwater import HighWater
from candour_gateway.intake import Intake
from candour_gateway.keyring import Keyring
from candour_gateway.ledger import Ledger
from candour_gateway.metrics import Metrics
from candour_gateway.notices import Herald
from candour_gateway.publishing import Publisher
from candour_gateway.routing import Router
from candour_gateway.scheduler import SHORTEST, Scheduler
from candour_gateway.schema import migrate
from candour_gateway.settings import Settings
from candour_gateway.store import clients, documents
from candour_gateway.store import entries as entry_store
from candour_gateway.store.clients import Client
from candour_gateway.store.documents import Document, DocumentKind
from candour_gateway.store.effects import FIRST_AGAIN
from candour_gateway.threshold import Threshold

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Gateway:
    """A gateway that is ready to start. ``app`` answers once it is built; statements wait for ``start``."""

    app: FastAPI
    vkey: str
    origin: str
    _database: Database
    _transport: Transport
    _clock: Clock
    _door: Doorkeeper
    _router: Router
    _scheduler: Scheduler
    _facts: FactDesk
    _keys: Keyring
    _policy: Policy
    _tidy_every: timedelta
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _consumers: list[Consumer] = field(default_factory=list)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Take submissions, and send again everything that is outstanding."""
        with contextlib.suppress(DatabaseAwayError):
            await self._router.resume()
        self._tasks.append(asyncio.create_task(self._router.run()))
        self._tasks.append(asyncio.create_task(self._scheduler.run()))
        tidying = housekeeping.keep_tidy(self._database, self._clock, self._tidy_every, self._stopping)
        self._tasks.append(asyncio.create_task(tidying))
        overlap = self._database.takes_turns  # or one worker could keep others from writing
        for queue in GATEWAY_QUEUES:
            self._consumers.append(await self._transport.consume(queue, self._door.handle, overlap=overlap))

    async def stop(self) -> None:
        """Let running batches end; the transport belongs to whoever gave it."""
        for consumer in self._consumers:
            await consumer.cancel()
        self._router.stop()
        self._scheduler.stop()
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        self._consumers.clear()
        self._tasks.clear()
        await self._database.close()

    async def admit_registry(self, jwt: str, document: bytes | None = None) -> str:
        """Take in a registry fact; its receipt.

        Raises:
            CandourError: see ``FactDesk.submit``.
        """
        return await self._facts.submit(jwt, document)

    async def register_client(self, client_id: str, key: VerifyKey, scopes: frozenset[str]) -> None:
        """Let a program ask for access tokens."""
        async with self._database.write() as connection:
            await clients.add(connection, Client(client_id, key, scopes))

    def token(self, client_id: str, scopes: frozenset[str], lifetime: timedelta) -> str:
        """An access token without asking for it; for operators and the sandbox. At most 31 days."""
        audience = audience_of(self._policy.net, "gateway")
        longest = min(lifetime, MAX_ACCESS)
        return access_token(self._keys.token, audience, audience, client_id, scopes, self._clock(), longest)

    async def drive(self) -> int:
        """Send again what is due now; how many. The running task does this by itself."""
        return await self._router.drive()

    async def remind(self) -> int:
        """Speak of what is overdue now; how many stages that were. The running task does this by itself."""
        return await self._scheduler.look()


async def build(settings: Settings, transport: Transport, clock: Clock) -> Gateway:
    """Everything but running: the schema is brought up to date, the log checked, the registry read.

    Raises:
        UnknownSchemaError: the database was written by another version, or another program.
        ForgetfulServerError: the database would lose what it confirms.
        DatabaseAwayError: it cannot be reached.
        LogIncidentError: the database is behind a checkpoint that was shown, or contradicts itself.
        PolicyError: the policy cannot be read, or not be used on this database.
    """
    policy, keys = load_policy(settings.policy.read_bytes()), keyring.read(settings.keys)
    failpoints.arm(allowed=policy.identifiers == "test")
    database = Database(settings.database_url, connections=settings.database_connections)
    try:
        migrate(database.url)
        return await _assemble(settings, transport, clock, database, policy, keys)
    except BaseException:
        await database.close()
        raise


async def _assemble(
    settings: Settings,
    transport: Transport,
    clock: Clock,
    database: Database,
    policy: Policy,
    keys: Keyring,
) -> Gateway:
    ledger = Ledger(keys.log, HighWater(keys.shown, keys.log.verifier))
    await _check_database(database, ledger, policy, settings.policy.read_bytes())
    herald = Herald(policy.net, keys.sign)
    registrar = keyring.read_public(settings.registrar)
    read = partial(read_directory, registrar=registrar, net=policy.net)
    admission = Admission(database, ledger, keys.box, policy, herald, clock, read)
    await admission.start()
    await transport.declare(admission.directory.agencies)
    metrics = Metrics(str(os.getpid()) if settings.workers > 1 else "")
    publisher = Publisher(transport, metrics)
    router = Router(database, keys.box, transport, publisher, metrics, clock)
    after = _waker(router)
    facts = FactDesk(admission, transport, after)
    desk = Desk(database, admission, facts, keys, policy, transport, metrics, clock)
    escalation = partial(Escalation, policy.net, keys.sign, keys.box)
    scheduler = Scheduler(
        admission, database, publisher, escalation, after, clock, _look_every(settings, policy)
    )
    threshold = Threshold(admission)
    return Gateway(
        app=create_app(desk),
        vkey=keys.log.verifier.vkey,
        origin=keys.log.name,
        _database=database,
        _transport=transport,
        _clock=clock,
        _door=Doorkeeper(
            Fairness(policy.rates, settings.workers),
            threshold,
            Intake(threshold, admission, database, publisher, metrics, clock, after).handle,
            admission,
            database,
            publisher,
            metrics,
            clock,
        ),
        _router=router,
        _scheduler=scheduler,
        _facts=facts,
        _keys=keys,
        _policy=policy,
        _tidy_every=settings.tidy_every,
    )


def _look_every(settings: Settings, policy: Policy) -> timedelta:
    """Where the clock runs faster, look more often, and never more than ten times a second."""
    return max(settings.remind_every / policy.clock_speed, SHORTEST)


def _waker(router: Router) -> Callable[[Admitted], None]:
    return lambda admitted: router.expect(admitted.at + FIRST_AGAIN) if admitted.entries else None


async def _check_database(database: Database, ledger: Ledger, policy: Policy, raw: bytes) -> None:
    """The log agrees with itself and with what was shown; the policy may be used here, and is kept."""
    async with database.write() as connection:
        await ledger.lock(connection)
        await _refuse_test_policy(connection, policy)
        await documents.keep(connection, [Document(DocumentKind.POLICY, raw)])


async def _refuse_test_policy(connection: AsyncConnection, policy: Policy) -> None:
    """Test identifiers and a fast clock never come to a database that ever had another policy."""
    known = await documents.every(connection, DocumentKind.POLICY)
    if known.keys() - {policy.id} and (policy.identifiers == "test" or policy.clock_speed != 1):
        raise PolicyError("policy-test", "a test policy, and this database has had another policy")


async def read_directory(connection: AsyncConnection, registrar: VerifyKey, net: str) -> Directory:
    """The registry, folded over the log from its beginning."""
    profiles = await documents.every(connection, DocumentKind.PROFILE)
    facts = await entry_store.registry_facts(connection)
    directory = Directory(Registry(registrar, net), profiles)
    for index, raw in facts:
        entry = parse_entry(raw)
        directory.apply(parse(entry.jwt), index, entry.moment)
    return directory
