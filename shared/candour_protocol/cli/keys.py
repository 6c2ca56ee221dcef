"""``candour keys``: fresh key pairs, each in a file that only its owner reads."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from candour_protocol import strict_json
from candour_protocol.keys import OpeningKey, SigningKey

app = typer.Typer(help="Make keys.", no_args_is_help=True)

_OWNER_ONLY = 0o600


class Use(StrEnum):
    """What a key is for."""

    SIGN = "sign"
    SEAL = "seal"
    CLIENT = "client"


@app.callback()
def keys() -> None:
    """Make keys."""


@app.command("new")
def new(
    use: Annotated[
        Use,
        typer.Option("--use", help="sign: statements. client: calls to the gateway. seal: opening an inbox."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where the private key goes; never an existing file."),
    ] = None,
) -> None:
    """Make a key pair: the private JWK goes into a file, the public one is printed."""
    pair = OpeningKey.generate() if use is Use.SEAL else SigningKey.generate()
    file = out or Path(f"candour-{use}-{pair.public.kid[:8]}.jwk")
    _write_once(file, strict_json.dumps(pair.private_jwk) + "\n")
    typer.echo(f"The private key is in {file}. Only you can read it; nobody else ever should.", err=True)
    typer.echo(f"Its id (kid) is {pair.public.kid}. Hand out what follows.", err=True)
    typer.echo(strict_json.dumps(pair.public.jwk))


def _write_once(file: Path, text: str) -> None:
    """Write a file that did not exist and that nobody else could open, not even for a moment."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        raise typer.BadParameter(f"{file} exists already, and no key is ever written over.") from None
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
