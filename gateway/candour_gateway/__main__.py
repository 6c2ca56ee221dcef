"""``candour-gateway``: run the gateway, and the few things an operator does to it by hand."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn
import uvloop
from candour_protocol import garbage, traces
from candour_protocol.errors import CandourError
from candour_protocol.ids import GATEWAY
from candour_protocol.policy import load_policy
from candour_protocol.tokens import access_token, audience_of
from candour_protocol.transport import connect
from candour_protocol.transport.port import Transport
from pydantic import ValidationError

from candour_gateway import keyring
from candour_gateway.api.callers import SCOPES
from candour_gateway.assembly import Gateway, build
from candour_gateway.database import Database, DatabaseAwayError
from candour_gateway.ledger import LogIncidentError
from candour_gateway.postgresql import ForgetfulServerError
from candour_gateway.replay import Replayed, replay
from candour_gateway.schema import UnknownSchemaError, migrate
from candour_gateway.settings import Settings
from candour_gateway.store import clients
from candour_gateway.store.clients import Client

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
log = structlog.get_logger("candour.gateway")
_FOR_OPERATORS = (
    CandourError,
    DatabaseAwayError,
    ForgetfulServerError,
    LogIncidentError,
    UnknownSchemaError,
)
GRACE = 10  # seconds that open requests get at shutdown


def _now() -> datetime:
    return datetime.now(UTC)


@app.command()
def serve() -> None:
    """Run until stopped. Settings come from CANDOUR_GATEWAY_* variables."""
    settings = _settings()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            traces.place_only,
            structlog.processors.JSONRenderer(),
        ]
    )
    logging.getLogger().addHandler(traces.handler(sys.stderr))
    with _in_words("The gateway does not start"):
        uvloop.run(_serve(settings))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        names = sorted({f"CANDOUR_GATEWAY_{one['loc'][0]}".upper() for one in error.errors()})
        typer.echo(f"Set these variables, or mend them: {', '.join(names)}.", err=True)
        raise typer.Exit(2) from None


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """What an operator can mend is said in a sentence."""
    try:
        yield
    except _FOR_OPERATORS as error:
        typer.echo(f"{what}: {error}", err=True)
        raise typer.Exit(1) from None


async def _serve(settings: Settings) -> None:
    transport = await connect(settings.transport, GATEWAY, patiently=True)
    try:
        gateway = await _built(settings, transport)
        garbage.collect_seldom(garbage.BATCHES)
        await gateway.start()
        try:
            await _listen(gateway, settings)
        finally:
            await gateway.stop()
    finally:
        await transport.close()


async def _built(settings: Settings, transport: Transport) -> Gateway:
    """Wait for a database that is away: ending would only have somebody start this again and again."""
    waits = chain((1, 2, 4), repeat(8))
    while True:
        try:
            return await build(settings, transport, _now)
        except DatabaseAwayError as error:
            log.warning("waiting-for-database", error=str(error))
            await asyncio.sleep(next(waits))


async def _listen(gateway: Gateway, settings: Settings) -> None:
    typer.echo(f"log verifier key: {gateway.vkey}", err=True)
    config = uvicorn.Config(
        gateway.app,
        host=settings.host,
        port=settings.port,
        http="h11",  # uvicorn else takes httptools where that is installed, with heads of any length
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE,
    )
    await uvicorn.Server(config).serve(_inherited(settings.listen_fd))


def _inherited(descriptor: int | None) -> list[socket.socket] | None:
    """The socket that whoever started this process listens on already."""
    return None if descriptor is None else [socket.socket(fileno=descriptor)]


@app.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version's schema."""
    with _in_words("Not migrated"):
        migrate(_settings().database_url)


@app.command()
def keys(folder: Path, origin: str) -> None:
    """Make the gateway's keys in FOLDER. ORIGIN names the log, such as candour.example/testborough."""
    made = keyring.make(folder, origin)
    typer.echo(json.dumps({"log_vkey": made.log.verifier.vkey, "sign_jwk": made.sign.public.jwk}, indent=2))


@app.command()
def admit(
    statement: Annotated[Path, typer.Argument(help="a file with a registry statement's JWT")],
    document: Annotated[Path | None, typer.Option(help="the profile or policy that it names")] = None,
) -> None:
    """Take in a registry fact, beginning with the gateway's own admission, and print its receipt."""
    jwt, raw = statement.read_text("ascii").strip(), document.read_bytes() if document else None
    with _in_words("Not admitted"):
        typer.echo(asyncio.run(_admit(_settings(), jwt, raw)))


async def _admit(settings: Settings, jwt: str, document: bytes | None) -> str:
    transport = await connect(settings.transport, GATEWAY)
    try:
        gateway = await build(settings, transport, _now)
        try:
            return await gateway.admit_registry(jwt, document)
        finally:
            await gateway.stop()
    finally:
        await transport.close()


@app.command()
def client(
    client_id: str,
    jwk: Annotated[Path, typer.Argument(help="a file with the client's public JWK")],
    scope: Annotated[list[str], typer.Option(help="ops.read, log.audit; may be given twice")],
) -> None:
    """Let a program ask for access tokens at /oauth/token."""
    _refuse_unknown(scope)
    with _in_words("Not registered"):
        registered = Client(client_id, keyring.read_public(jwk), frozenset(scope))
        asyncio.run(_register(_settings(), registered))


async def _register(settings: Settings, registered: Client) -> None:
    database = Database(settings.database_url)
    migrate(database.url)
    async with database.write() as connection:
        await clients.add(connection, registered)
    await database.close()


@app.command()
def token(
    scope: Annotated[list[str], typer.Option(help="ops.read, log.audit; may be given twice")],
    client_id: str = "operator",
    minutes: int = 10,
) -> None:
    """Print an access token of this gateway."""
    _refuse_unknown(scope)
    settings = _settings()
    audience = audience_of(load_policy(settings.policy.read_bytes()).net, "gateway")
    key = keyring.read(settings.keys).token
    lifetime = timedelta(minutes=minutes)
    typer.echo(access_token(key, audience, audience, client_id, scope, _now(), lifetime))


def _refuse_unknown(scopes: list[str]) -> None:
    if not set(scopes) <= SCOPES:
        typer.echo(f"Scopes are {', '.join(sorted(SCOPES))}.", err=True)
        raise typer.Exit(2)


@app.command("replay")
def replay_log() -> None:
    """Judge the whole log again from its entries and T1, and say where a verdict differs."""
    with _in_words("Not judged again"):
        result = asyncio.run(_replay(_settings()))
    typer.echo(f"{result.entries} entries judged again, {result.taken} of them without their codes.")
    for each in result.differences:
        typer.echo(f"entry {each.index}: logged {each.logged}, judged {each.judged}")
    raise typer.Exit(1 if result.differences else 0)


async def _replay(settings: Settings) -> Replayed:
    policy, kept = load_policy(settings.policy.read_bytes()), keyring.read(settings.keys)
    database = Database(settings.database_url)
    try:
        return await replay(database, kept.box, keyring.read_public(settings.registrar), policy.net)
    finally:
        await database.close()


if __name__ == "__main__":
    app()
