"""``candour topology``: what a RabbitMQ needs for a partnership: printed, made, or compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import httpx
import typer

from candour_protocol import ids, strict_json
from candour_protocol.errors import CandourError, MalformedError, TransportError
from candour_protocol.ids import AgencyId
from candour_protocol.strict_json import JsonObject
from candour_protocol.transport import broker_comparison, broker_definitions
from candour_protocol.transport.rabbitmq_management import Management

app = typer.Typer(help="Set up RabbitMQ for a partnership.", no_args_is_help=True)

_PATIENCE = 30.0  # seconds
_LEFT = (
    "What is unexpected is never removed from here. Of an agency that has left delete the user at once"
    " (rabbitmqctl delete_user), and its queues when nobody needs what is in them."
)

Agencies = Annotated[
    list[str] | None, typer.Option("--agency", metavar="ID", help="A registered agency; once for each.")
]
Gateway = Annotated[
    str | None, typer.Option("--gateway", metavar="URL", help="Take the agencies that this gateway names.")
]
Passwords = Annotated[
    Path | None,
    typer.Option(
        "--passwords",
        metavar="FILE",
        help='JSON: {"gateway": "...", "<agency>": "..."}. Users that it does not name stay as they are.',
    ),
]
VHost = Annotated[str, typer.Option("--vhost", help="The virtual host.")]
ManagementUrl = Annotated[
    str,
    typer.Option(
        "--management",
        metavar="URL",
        help="The broker's management API: https://broker:15671. Name your own authority in SSL_CERT_FILE.",
    ),
]
Operator = Annotated[str, typer.Option("--operator", metavar="USER", help="An administrator of the broker.")]
Password = Annotated[
    str,
    typer.Option(
        "--operator-password",
        envvar="CANDOUR_BROKER_PASSWORD",
        prompt=True,
        hide_input=True,
        help="The administrator's password; best given in the environment.",
    ),
]


@app.callback()
def topology() -> None:
    """Set up RabbitMQ for a partnership."""


@app.command("render")
def render(
    agency: Agencies = None,
    gateway: Gateway = None,
    passwords: Passwords = None,
    vhost: VHost = broker_definitions.VHOST,
) -> None:
    """Print RabbitMQ's definitions: for load_definitions, compose, or the Kubernetes operator."""
    typer.echo(strict_json.dumps(_definitions(agency, gateway, passwords, vhost)))


@app.command("apply")
def apply(
    management: ManagementUrl,
    operator: Operator,
    operator_password: Password,
    agency: Agencies = None,
    gateway: Gateway = None,
    passwords: Passwords = None,
    vhost: VHost = broker_definitions.VHOST,
) -> None:
    """Make what is missing and set what differs; twice is as good as once. Removes nothing."""
    definitions = _definitions(agency, gateway, passwords, vhost)
    try:
        with Management(management, operator, operator_password) as broker:
            _refuse_unmade(broker, definitions)
            broker.apply(definitions)
            _report(_faults(broker, definitions, vhost))
    except CandourError as error:
        _fail(error)


@app.command("check")
def check(
    management: ManagementUrl,
    operator: Operator,
    operator_password: Password,
    agency: Agencies = None,
    gateway: Gateway = None,
    passwords: Passwords = None,
    vhost: VHost = broker_definitions.VHOST,
) -> None:
    """Compare, and try every idle queue with a message; the exit status is 1 where anything is amiss."""
    definitions = _definitions(agency, gateway, passwords, vhost)
    try:
        with Management(management, operator, operator_password) as broker:
            _report(_faults(broker, definitions, vhost))
    except CandourError as error:
        _fail(error)


def _refuse_unmade(broker: Management, definitions: JsonObject) -> None:
    """The broker would stop in the middle, and say so in its own words."""
    if unmade := broker_comparison.unmade_users(definitions, broker.definitions()):
        raise TransportError(
            "users",
            f"the broker has no user {', '.join(unmade)}; give a password for each with --passwords",
        )


def _faults(broker: Management, definitions: JsonObject, vhost: str) -> list[str]:
    found = broker_comparison.differences(definitions, broker.definitions(), vhost)
    if any(each.startswith("missing: queue") for each in found):
        return found
    silent = (name for name in _queues(definitions) if not broker.takes_messages(vhost, name))
    return [
        *found,
        *(f"silent: queue {name} takes no messages; delete it and apply again" for name in silent),
    ]


def _queues(definitions: JsonObject) -> list[str]:
    queues = definitions["queues"]
    return (
        [str(each["name"]) for each in queues if isinstance(each, dict)] if isinstance(queues, list) else []
    )


def _report(faults: Iterable[str]) -> None:
    found = list(faults)
    for each in found:
        typer.echo(each)
    if any(each.startswith("unexpected") for each in found):
        typer.echo(_LEFT, err=True)
    if found:
        raise typer.Exit(1)
    typer.echo("The broker has what the partnership needs, and every idle queue takes messages.", err=True)


def _fail(error: CandourError) -> None:
    typer.echo(f"{error.detail}.", err=True)
    raise typer.Exit(1)


def _definitions(
    agencies: list[str] | None, gateway: str | None, passwords: Path | None, vhost: str
) -> JsonObject:
    members = [_agency(each) for each in agencies or []]
    try:
        members += _registered(gateway) if gateway else []
    except TransportError as error:
        raise typer.BadParameter(f"{error.detail}.") from None
    if not members:
        raise typer.BadParameter("Name the agencies with --agency, or the gateway that knows them.")
    return broker_definitions.render(members, _read_passwords(passwords), vhost=vhost)


def _agency(text: str) -> AgencyId:
    try:
        return ids.parse_agency(text)
    except MalformedError:
        raise typer.BadParameter(f"{text} is not the id of an agency.") from None


def _registered(gateway: str) -> list[AgencyId]:
    try:
        answer = httpx.get(f"{gateway.rstrip('/')}/v1/agencies", timeout=_PATIENCE).raise_for_status()
        items = answer.json()["items"]
        return [ids.parse_agency(each["id"]) for each in items]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, MalformedError):
        raise TransportError("unreachable", "the gateway does not say which agencies there are") from None


def _read_passwords(file: Path | None) -> Mapping[str, str]:
    if file is None:
        return {}
    try:
        given = strict_json.load_object(file.read_bytes())
    except (OSError, MalformedError):
        raise typer.BadParameter(f"{file} is no JSON object of passwords.") from None
    return {user: word for user, word in given.items() if isinstance(word, str) and word}
