"""``candour verify``: whether a receipt or a whole log holds what it says."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from candour_protocol import receipt, statement
from candour_protocol.audit import AuditFailure, AuditReport, audit_log
from candour_protocol.cli import findings
from candour_protocol.cli.arguments import Origin, RegistrarKey, VerifierKey
from candour_protocol.cli.seen import SeenOnDisk
from candour_protocol.cli.sources import UnreachableError, open_source
from candour_protocol.errors import CandourError
from candour_protocol.ids import REGISTRAR
from candour_protocol.keys import VerifyKey
from candour_protocol.note import Verifier
from candour_protocol.receipt import MAX_RECEIPT
from candour_protocol.statement import Statement

DOES_NOT_VERIFY = 1

app = typer.Typer(help="Check a receipt or a whole log.", no_args_is_help=True)


@app.command("receipt")
def verify_receipt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt; - for standard input.")],
    verifier: VerifierKey,
    registrar: RegistrarKey = None,
    origin: Origin = None,
) -> None:
    """Check a receipt with nothing but its file and public keys.

    Exit status: 0 it verifies, 1 it does not, 2 the command was used wrongly.
    """
    text = _read(file)
    try:
        verified = receipt.verify(text, verifier, origin=origin)
        stated = statement.parse(verified.entry.jwt)
    except CandourError as error:
        _fail("This receipt does not verify", error.detail)
    by_registrar = _check_registrar(stated, registrar)
    findings.show_receipt(Console(), verified, stated, by_registrar=by_registrar)


@app.command("log")
def verify_log(
    place: Annotated[str, typer.Argument(metavar="DIR_OR_URL", help="Where the log's checkpoint stands.")],
    verifier: VerifierKey,
    registrar: RegistrarKey = None,
    origin: Origin = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token", envvar="CANDOUR_TOKEN", help="For a log that shows its entries to auditors only."
        ),
    ] = None,
) -> None:
    """Check a whole log: every entry, every tile and the checkpoint, whoever runs it (C2SP tlog-tiles).

    For a log of this protocol also every entry's form, time and id; with the registrar's key, also the
    registry from its first entry and every signature.

    Exit status: 0 it verifies, 1 it does not, 2 the command was used wrongly or the log cannot be reached.
    """
    try:
        found = _audit(place, token, verifier, registrar, origin)
    except UnreachableError as error:
        raise typer.BadParameter(str(error)) from None
    match found:
        case AuditFailure():
            _fail("This log does not verify", f"{found.what}: {found.why}")
        case AuditReport():
            findings.show_log(Console(), found)


def _read(file: Path) -> str:
    try:
        if str(file) == "-":
            raw = sys.stdin.buffer.read(4 * MAX_RECEIPT)
        else:
            with file.open("rb") as opened:
                raw = opened.read(4 * MAX_RECEIPT)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.") from None
    return raw.decode("utf-8", errors="replace")


def _check_registrar(stated: Statement, registrar: VerifyKey | None) -> bool:
    """Whether the registrar's own signature was there to be checked, and was."""
    if registrar is None or stated.claims.iss != REGISTRAR:
        return False
    try:
        statement.authenticate(stated, registrar)
    except CandourError:
        _fail(
            "This receipt does not verify",
            "it shows a statement of the registrar's that this registrar did not sign",
        )
    return True


def _audit(
    place: str, token: str | None, verifier: Verifier, registrar: VerifyKey | None, origin: str | None
) -> AuditReport | AuditFailure:
    errors = Console(stderr=True)
    columns = (TextColumn("Checking entries"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
    with open_source(place, token) as source, closing(SeenOnDisk()) as seen, bar:
        task = bar.add_task("entries", total=None)
        return audit_log(
            source,
            verifier,
            registrar,
            lambda done, total: bar.update(task, completed=done, total=total),
            origin=origin,
            seen=seen,
        )


def _fail(what: str, why: str) -> NoReturn:
    typer.secho(f"{what}: {why}.", fg=typer.colors.RED, bold=True)
    raise typer.Exit(DOES_NOT_VERIFY)
