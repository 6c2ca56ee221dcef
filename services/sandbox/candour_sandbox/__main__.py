"""``candour-sandbox up``: a whole partnership on this machine, with a story."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from candour_gateway.ledger import LogIncidentError
from candour_gateway.postgresql import ForgetfulServerError
from candour_gateway.schema import UnknownSchemaError
from candour_protocol.errors import CandourError, TransportError

from candour_sandbox import lock
from candour_sandbox.bootstrap import Charter, CharterError
from candour_sandbox.desk import StuckError
from candour_sandbox.engine import MOST_WORKERS, Engine, EngineError
from candour_sandbox.estate import Estate
from candour_sandbox.listeners import PortTakenError
from candour_sandbox.lock import BusyError
from candour_sandbox.premises import give_back
from candour_sandbox.run import Run
from candour_sandbox.telling import terminal

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


Data = Annotated[Path, typer.Option(help="Where everything is kept. Delete it to begin anew.")]
Amqp = Annotated[
    str | None,
    typer.Option(metavar="URL", help="An administrator's address of a RabbitMQ, instead of files."),
]
AmqpManagement = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="That RabbitMQ's management API; usually 10,000 ports above the other address."
    ),
]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="A PostgreSQL where databases may be created, instead of files."),
]
BasePort = Annotated[
    int,
    typer.Option(min=1024, max=65_000, help="Health page here, gateway one above, agencies from 101 above."),
]
Processes = Annotated[
    bool, typer.Option("--processes", help="Every service in a process of its own; needs --amqp.")
]
Workers = Annotated[int, typer.Option(min=1, max=MOST_WORKERS, help="How many processes serve the gateway.")]
Partner = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="Leave this agency's node out: it speaks to RabbitMQ itself; needs --amqp."
    ),
]
ClockSpeed = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=100_000,
        help="How many times faster limits run: 3600 makes an hour a second. Settled at the first start.",
    ),
]
Patterns = Annotated[
    bool | None,
    typer.Option(
        "--patterns/--no-patterns",
        help="Show social care concerns about one child or adult together. Settled at the first start.",
    ),
]
Rate = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="PER_MINUTE",
        help="How many statements each agency may send. Settled at the first start.",
    ),
]


@app.callback()
def main() -> None:
    """A whole partnership on this machine: the real thing, on invented people."""


@app.command()
def up(
    data: Data = Path(".sandbox"),
    base_port: BasePort = 8000,
    story: Annotated[bool, typer.Option("--story/--no-story", help="Play the story the first time.")] = True,
    amqp: Amqp = None,
    amqp_management: AmqpManagement = None,
    database: Database = None,
    processes: Processes = False,
    workers: Workers = 1,
    partner: Partner = None,
    clock_speed: ClockSpeed = None,
    patterns: Patterns = None,
    rate: Rate = None,
) -> None:
    """Start gateway, agencies and health page, and play the story the first time. Stop with Ctrl+C."""
    try:
        engine = Engine(amqp, amqp_management, database, processes, workers, partner)
        uvloop.run(_run(Run(data, base_port, story, engine, Charter(clock_speed, patterns, rate))))
    except EngineError as error:
        _give_up(str(error))
    except PortTakenError as error:
        _give_up(
            f"Port {error.port} is taken, and the sandbox needs it for {error.service}.",
            "Stop what listens there, or choose other ports with --base-port.",
        )
    except BusyError:
        _give_up(f"Another sandbox is running on {data}.", "Stop it, or choose another folder with --data.")
    except TransportError as error:
        _give_up(f"RabbitMQ cannot be used: {error.detail}.")
    except CharterError as error:
        _give_up(str(error), "Choose another folder with --data, or leave that option out.")
    except (StuckError, CandourError, LogIncidentError, UnknownSchemaError, ForgetfulServerError) as error:
        logs = f" and {data / 'logs'}" if processes else ""
        _give_up(f"It did not go as it must: {error}.", f"What happened is in {data / 'sandbox.log'}{logs}.")


@app.command()
def remove(
    data: Data = Path(".sandbox"),
    amqp: Amqp = None,
    amqp_management: AmqpManagement = None,
    database: Database = None,
) -> None:
    """Remove what a sandbox has on RabbitMQ and PostgreSQL, for good. Its folder is yours to delete."""
    try:
        engine, estate = Engine(amqp, amqp_management, database), Estate(data)
        with lock.hold(estate.lock):
            uvloop.run(give_back(engine, estate))
    except BusyError:
        _give_up(f"A sandbox is running on {data}. Stop it first.")
    except EngineError as error:
        _give_up(str(error))
    except TransportError as error:
        _give_up(f"RabbitMQ cannot be used: {error.detail}.")


async def _run(run: Run) -> None:
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop.set)
    await run.until(asked_to_stop, terminal())


def _give_up(*lines: str) -> None:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
