"""Keys as people give them on a command line: a file, or the text itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from candour_protocol import base64url, strict_json
from candour_protocol.errors import MalformedError
from candour_protocol.keys import VerifyKey
from candour_protocol.note import Verifier

_MAX_KEY_FILE = 16 * 1024
_SAID_ABOUT_A_KEY = frozenset({"kid", "use", "alg", "key_ops"})


def parse_verifier(given: str) -> Verifier:
    """A log's verifier key, or the file that holds it.

    Raises:
        typer.BadParameter: neither.
    """
    try:
        return Verifier.from_vkey(_text(given))
    except MalformedError as error:
        raise typer.BadParameter(f"This is no verifier key: {error.detail}.") from None


def parse_public_key(given: str) -> VerifyKey:
    """An Ed25519 public key: a JWK, its ``x`` alone, or the file that holds either.

    Raises:
        typer.BadParameter: none of these.
    """
    text = _text(given)
    try:
        if not text.startswith("{"):
            return VerifyKey.from_raw(base64url.decode(text))
        jwk = strict_json.load_object(text)
        if "d" in jwk:
            raise typer.BadParameter(
                "This is a private key. Give its public half, and keep this one to yourself."
            )
        return VerifyKey.from_jwk({name: jwk[name] for name in jwk if name not in _SAID_ABOUT_A_KEY})
    except MalformedError as error:
        raise typer.BadParameter(f"This is no public key: {error.detail}.") from None


def _text(given: str) -> str:
    """The text itself, or what stands in the file of that name."""
    if given.lstrip().startswith("{"):
        return given.strip()
    try:
        with Path(given).open("rb") as file:
            return file.read(_MAX_KEY_FILE).decode("utf-8").strip()
    except (OSError, ValueError):
        return given.strip()


VerifierKey = Annotated[
    Verifier,
    typer.Option(
        "--vkey",
        parser=parse_verifier,
        metavar="KEY|FILE",
        help="The log's verifier key, as its operator hands it out: name+id+key.",
    ),
]

RegistrarKey = Annotated[
    VerifyKey | None,
    typer.Option(
        "--registrar",
        parser=parse_public_key,
        metavar="KEY|FILE",
        help="The registrar's public key: a JWK or its x.",
    ),
]

Origin = Annotated[
    str | None,
    typer.Option(
        "--origin",
        metavar="TEXT",
        help="The checkpoint's first line, where it differs from the name in the verifier key.",
    ),
]
