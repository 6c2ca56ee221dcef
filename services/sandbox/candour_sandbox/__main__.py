"""``candour-sandbox up``: a whole partnership on this machine, with a story."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from candour_protocol.errors import CandourError

from candour_sandbox.desk import StuckError
from candour_sandbox.listeners import PortTakenError
from candour_sandbox.lock import BusyError
from candour_sandbox.run import Run
from candour_sandbox.telling import terminal

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """A whole partnership on this machine: the real thing, on invented people."""


@app.command()
def up(
    data: Annotated[Path, typer.Option(help="Where everything is kept. Delete it to begin anew.")] = Path(
        ".sandbox"
    ),
    base_port: Annotated[
        int,
        typer.Option(
            min=1024,
            max=65_000,
            help="Health page here, gateway one above, agencies from 101 above.",
        ),
    ] = 8000,
    story: Annotated[bool, typer.Option("--story/--no-story", help="Play the story the first time.")] = True,
) -> None:
    """Start gateway, agencies and health page, and play the story the first time. Stop with Ctrl+C."""
    try:
        uvloop.run(_run(Run(data, base_port, story)))
    except PortTakenError as error:
        _give_up(
            f"Port {error.port} is taken, and the sandbox needs it for {error.service}.",
            "Stop what listens there, or choose other ports with --base-port.",
        )
    except BusyError:
        _give_up(f"Another sandbox is running on {data}.", "Stop it, or choose another folder with --data.")
    except (StuckError, CandourError) as error:
        _give_up(f"It did not go as it must: {error}.", f"What happened is in {data / 'sandbox.log'}.")


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
