"""Put a node together: the only place where adapters are chosen, apart from ``__main__``."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import httpx
from candour_protocol import failpoints
from candour_protocol.calendars import bank_holidays
from candour_protocol.client import GatewayClient
from candour_protocol.ids import parse_agency
from candour_protocol.note import Verifier
from candour_protocol.policy import load_policy
from candour_protocol.profiles import Nation
from candour_protocol.registry import Registry
from candour_protocol.tokens import audience_of
from candour_protocol.transport.port import Transport
from fastapi import FastAPI

from candour_agency import keyring, schema
from candour_agency.api.app import create_app
from candour_agency.api.desk import Desk
from candour_agency.api.gate import Gate
from candour_agency.api.turnstile import Turnstile
from candour_agency.arrival import Examiner, Witness
from candour_agency.bells import INBOX, Bells
from candour_agency.curing import Curing
from candour_agency.database import Database, engine_for
from candour_agency.directory import Directory
from candour_agency.inbox import Inbox
from candour_agency.keyring import Keyring
from candour_agency.metrics import Metrics
from candour_agency.office import Clock, Office
from candour_agency.outbox import Outbox
from candour_agency.posting import Counter
from candour_agency.registering import GatewayReader, Registering
from candour_agency.restoring import Restoring
from candour_agency.settings import Settings
from candour_agency.views import Views


@dataclass(slots=True)
class Node:
    """A node that is ready to start. ``app`` answers once it is built; messages travel from ``start`` on."""

    app: FastAPI
    desk: Desk
    _inbox: Inbox
    _restoring: Restoring
    _transport: Transport

    async def start(self) -> None:
        """Read the registry, take up what is outstanding, consume, fetch what a lost disk took."""
        await self._transport.declare([self.desk.office.agency])
        # Loads the library of bank holidays: up to seconds, which the first concern should not wait for.
        await asyncio.to_thread(bank_holidays, Nation.ENGLAND, self.desk.office.clock().year)
        await self.desk.registering.start()
        await self.desk.outbox.start()
        await self._inbox.start(self._transport)
        await self._restoring.start()

    async def stop(self) -> None:
        """Let running batches end; the transport belongs to whoever gave it. Nothing depends on it."""
        self.desk.stopping.set()
        self.desk.bells.ring([INBOX])
        await self._restoring.stop()
        await self._inbox.stop()
        await self.desk.outbox.stop()
        await self.desk.registering.stop()
        await self.desk.database.close()


async def build(
    settings: Settings,
    transport: Transport,
    clock: Clock,
    *,
    reader: GatewayReader | None = None,
    http: httpx.AsyncClient | None = None,
) -> Node:
    """Everything but running; the database is brought to this version's tables.

    Args:
        reader: where registry facts are read, instead of the gateway's REST interface.
        http: connections to share; stays the caller's to close.

    Raises:
        UnknownSchemaError: another version wrote the database.
        AwayError: it cannot be reached, or another process serves it.
        PolicyError, MalformedError, OSError: a file that the settings name cannot be used.
    """
    keys = keyring.load(settings)
    failpoints.arm(allowed=load_policy(settings.policy.read_bytes()).identifiers == "test")
    office = _office(settings, keys, clock)
    database = await _open(settings)
    chosen = reader or GatewayClient(
        settings.gateway_url, settings.net, office.agency, keys.client, clock, http
    )
    return _assemble(settings, office, database, transport, chosen)


async def _open(settings: Settings) -> Database:
    """The database, once it is this process's alone and at this version's tables."""
    database = Database(engine_for(settings.database))
    try:
        await database.open()
        await asyncio.to_thread(schema.migrate, settings.database)
    except BaseException:
        await database.close()
        raise
    return database


def _office(settings: Settings, keys: Keyring, clock: Clock) -> Office:
    agency = parse_agency(settings.agency)
    policy = load_policy(settings.policy.read_bytes())
    directory = Directory(agency, Registry(keys.registrar, settings.net), policy)
    return Office(settings.net, agency, keys, directory, clock)


def _assemble(
    settings: Settings, office: Office, database: Database, transport: Transport, reader: GatewayReader
) -> Node:
    metrics, bells = Metrics(), Bells()
    witness = Witness(Verifier.from_vkey(settings.log_vkey), settings.log_origin)
    registering = Registering(office, witness, database, reader, metrics, settings.registry_every)
    outbox = Outbox(database, transport, office.agency, metrics, office.clock)
    database.doubted = outbox.doubt
    registering.grown = Curing(office, database, outbox)
    views = Views(office, outbox.was_sent)
    examiner = Examiner(office.net, office.agency, office.directory, witness)
    inbox = Inbox(office, examiner, database, outbox, bells, metrics, registering.refresh)
    desk = Desk(
        office=office,
        gate=Gate(office.keys.token, audience_of(office.net, office.agency), office.clock),
        database=database,
        counter=Counter(database, outbox, views, metrics),
        outbox=outbox,
        bells=bells,
        views=views,
        metrics=metrics,
        registering=registering,
        transport=transport,
        turnstile=Turnstile(office.directory.policy.rates, outbox, metrics, time.monotonic),
        stopping=asyncio.Event(),
    )
    restoring = Restoring(office, database, registering, outbox, inbox.handle)
    return Node(create_app(desk), desk, inbox, restoring, transport)
