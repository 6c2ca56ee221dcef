"""Where each service of one sandbox finds its courier and its database."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from candour_protocol import strict_json
from candour_protocol.ids import GATEWAY

from candour_sandbox import cast, durable
from candour_sandbox.databases import Databases
from candour_sandbox.engine import Engine, EngineError
from candour_sandbox.estate import Estate
from candour_sandbox.realm import Realm, kept_passwords

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


@dataclass(frozen=True, slots=True)
class Premises:
    """Addresses by service: the gateway and every agency."""

    couriers: Mapping[str, str]
    databases: Mapping[str, str]


async def provide(engine: Engine, estate: Estate) -> Premises:
    """Make what is missing of virtual host, users, queues and databases; twice is as good as once.

    Raises:
        EngineError: a server refuses, or this folder's partnership lives in other databases.
        TransportError: RabbitMQ does not answer, or knows no such administrator.
    """
    tag = _tag(engine, estate)
    services = (GATEWAY, *cast.PARTS)
    return Premises(
        await _couriers(engine, estate, tag, services), await _databases(engine, estate, tag, services)
    )


async def give_back(engine: Engine, estate: Estate) -> None:
    """Remove the virtual host and the databases from the servers; the folder is left as it is."""
    if not estate.engine.exists():
        raise EngineError(f"There is nothing of {estate.root} on any server.")
    tag = _tag(engine, estate)
    if engine.amqp is not None:
        await asyncio.to_thread(_realm(engine, estate, tag).remove)
    if engine.database is not None:
        await Databases(engine.database, tag).remove((GATEWAY, *cast.PARTS))


async def _couriers(engine: Engine, estate: Estate, tag: str, services: tuple[str, ...]) -> dict[str, str]:
    if engine.amqp is None:
        return dict.fromkeys(services, f"embedded://{estate.transport.resolve()}")
    realm = _realm(engine, estate, tag)
    await asyncio.to_thread(realm.make)
    return {service: realm.url(service) for service in services}


def _realm(engine: Engine, estate: Estate, tag: str) -> Realm:
    return Realm(engine, f"{cast.NET}-{tag}", kept_passwords(engine, estate.broker_passwords))


async def _databases(engine: Engine, estate: Estate, tag: str, services: tuple[str, ...]) -> dict[str, str]:
    if engine.database is None:
        agencies = {agency: str(estate.agency(agency).database) for agency in cast.PARTS}
        return {GATEWAY: str(estate.gateway_database), **agencies}
    databases = Databases(engine.database, tag)
    await databases.make(services)
    return {service: databases.url(service) for service in services}


def _tag(engine: Engine, estate: Estate) -> str:
    """What tells this sandbox from others on the same servers; made once, with the choice of database.

    A partnership whose database is left behind would begin a second log under the same key.
    """
    wanted = SQLITE if engine.database is None else POSTGRESQL
    if not estate.engine.exists():
        kept = SQLITE if estate.gateway_database.exists() else wanted
        made = {"tag": secrets.token_hex(4), "database": kept}
        durable.write(estate.engine, json.dumps(made) + "\n", mode=0o600)
    kept_engine = strict_json.load_object(estate.engine.read_bytes())
    if kept_engine["database"] != wanted:
        raise EngineError(
            f"The partnership in {estate.root} keeps its data in {kept_engine['database']}. Start it with the"
            " same --database as before, or begin another with --data."
        )
    return str(kept_engine["tag"])
