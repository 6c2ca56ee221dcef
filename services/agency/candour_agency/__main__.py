"""The node's command line: run it, bring its database up to date, register the systems that may call it."""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import structlog
import typer
import uvicorn
import uvloop
from candour_protocol import garbage, strict_json, traces, transport
from candour_protocol.errors import CandourError
from candour_protocol.keys import SigningKey, VerifyKey
from candour_protocol.tokens import MAX_ACCESS, access_token, audience_of
from pydantic import ValidationError
from sqlalchemy.engine import URL

from candour_agency import assembly, schema, store
from candour_agency.api.gate import SCOPES
from candour_agency.api.heads import BoundedHeads
from candour_agency.database import why_away
from candour_agency.engines.once import once
from candour_agency.engines.work import AwayError, T, Work
from candour_agency.moments import to_ms
from candour_agency.settings import Settings
from candour_agency.store.clients import Client

app = typer.Typer(
    no_args_is_help=True,
    help="One agency's node. Settings: CANDOUR_AGENCY_… variables.",
    pretty_exceptions_enable=False,  # they would print what variables hold
)
clients = typer.Typer(
    no_args_is_help=True,
    help="The systems that may ask this node for tokens.",
    pretty_exceptions_enable=False,
)
app.add_typer(clients, name="clients")

_GRACE = 5  # seconds that open requests get at the end; nothing depends on it


def _now() -> datetime:
    return datetime.now(UTC)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        names = sorted({f"CANDOUR_AGENCY_{one['loc'][0]}".upper() for one in error.errors()})
        _fail(f"Set these variables, or mend them: {', '.join(names)}.")


@app.command()
def serve() -> None:
    """Run the node."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            traces.place_only,
            structlog.processors.JSONRenderer(),
        ]
    )
    logging.getLogger().addHandler(traces.handler(sys.stderr))
    try:
        uvloop.run(_serve(_settings()))
    except (CandourError, schema.UnknownSchemaError, AwayError, OSError, RuntimeError) as error:
        _fail(f"The node does not start: {error}")


async def _serve(settings: Settings) -> None:
    # with the broker away a person can still tell: what is said waits in the outbox
    courier = await transport.connect(settings.transport, settings.agency, patiently=True)
    node = await assembly.build(settings, courier, _now)
    await node.start()
    garbage.collect_seldom(garbage.NARRATIVES)
    config = uvicorn.Config(
        node.app,
        settings.host,
        settings.port,
        http=BoundedHeads,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
    )
    try:
        await uvicorn.Server(config).serve(_inherited(settings.listen_fd))
    finally:
        await node.stop()
        await courier.close()


def _inherited(descriptor: int | None) -> list[socket.socket] | None:
    """The socket that whoever started this process listens on already."""
    return None if descriptor is None else [socket.socket(fileno=descriptor)]


@app.command()
def migrate(
    to: Annotated[
        str, typer.Option(help="A revision to go to, forward or back; base takes all tables away.")
    ] = (schema.NEWEST),
) -> None:
    """Bring the database to this version's tables. To go back, stop the node first."""
    reached = _on_database(lambda url: schema.migrate(url, to))
    typer.echo(f"The database is at revision {reached or schema.NOTHING}.")


@clients.command("add")
def add_client(
    client: Annotated[str, typer.Argument(help="The client's id.")],
    jwk: Annotated[Path, typer.Option(help="A file with its public Ed25519 JWK.")],
    scope: Annotated[list[str], typer.Option(help="A scope it may have; repeat for more.")],
    may_assert: Annotated[bool, typer.Option(help="It names the person who acts in each call.")] = False,
) -> None:
    """Register a client, or replace what it was registered with."""
    if unknown := sorted(set(scope) - set(SCOPES)):
        _fail(f"No such scope: {', '.join(unknown)}. There are: {', '.join(SCOPES)}.")
    try:
        key = VerifyKey.from_jwk(strict_json.load_object(jwk.read_bytes()))
    except CandourError as error:
        _fail(f"The key file cannot be used: {error.detail}.")
    made = Client(client, key, frozenset(scope), may_assert)
    _on_database(
        lambda url: _checked(url, lambda connection: store.clients.add(connection, made, to_ms(_now())))
    )
    typer.echo(f"{client} may ask for tokens.")


@clients.command("list")
def list_clients() -> None:
    """Show who may ask for tokens."""
    for one in _on_database(lambda url: _checked(url, store.clients.every)):
        asserts = "  names persons" if one.may_assert else ""
        typer.echo(f"{one.client}  {one.key.kid}  {' '.join(sorted(one.scopes))}{asserts}")


@app.command()
def token(
    client: Annotated[str, typer.Argument(help="The client it is made out to.")],
    scope: Annotated[list[str], typer.Option(help="A scope; repeat for more.")],
    minutes: Annotated[int, typer.Option(min=1, help="How long it lasts.")] = 10,
    acts_as: Annotated[str | None, typer.Option(help="The staff id of the person who acts.")] = None,
    may_assert: Annotated[bool, typer.Option(help="The client names the person in each call.")] = False,
) -> None:
    """Make an access token without asking the node; for operators."""
    settings = _settings()
    lifetime = timedelta(minutes=minutes)
    if lifetime > MAX_ACCESS or not set(scope) <= set(SCOPES):
        _fail("A token lasts at most 31 days and has scopes of this node only.")
    key = SigningKey.from_jwk(json.loads(settings.token_key.read_bytes()))
    party = audience_of(settings.net, settings.agency)
    typer.echo(access_token(key, party, party, client, scope, _now(), lifetime, acts_as, may_assert))


def _checked(url: URL, work: Work[T]) -> T:
    schema.check(url)
    return once(url, work)


def _on_database(act: Callable[[URL], T]) -> T:
    """Do something to the database, or say in words why that cannot be."""
    url = _settings().database
    try:
        return act(url)
    except schema.UnknownSchemaError as error:
        _fail(str(error))
    except Exception as error:
        reason = why_away(url, error)
        if not reason:
            raise
        _fail(f"The database cannot be used: {reason}.")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    sys.exit(2)


if __name__ == "__main__":
    app()
