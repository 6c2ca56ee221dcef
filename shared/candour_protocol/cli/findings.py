"""What was found, in the words of the people who ask. Source: protocol section 9, last paragraph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from candour_protocol import wording
from candour_protocol.audit import AuditReport, StatementsReport
from candour_protocol.receipt import VerifiedReceipt
from candour_protocol.rules.table import RULES
from candour_protocol.statement import Statement

# whoever reads this need not be who sent it
VERDICTS: Mapping[str, str] = {**wording.VERDICTS, "refused": "returned to its sender"}


def show_receipt(
    console: Console, verified: VerifiedReceipt, stated: Statement, *, by_registrar: bool
) -> None:
    """A receipt that verifies: what it proves, and what it cannot."""
    checkpoint, entry, claims = verified.checkpoint, verified.entry, stated.claims
    _heading(console, "This receipt verifies.")
    _rows(
        console,
        {
            "Log": f"{checkpoint.origin}, entry {verified.index} of {checkpoint.size}",
            "Judged": _moment(entry.moment),
            "Verdict": VERDICTS[entry.verdict],
            "Rules": "\n".join(map(_ruled, entry.rules)) or "none applied",
            "Statement": f"{claims.kind}, from {claims.iss} to {claims.aud}, in {claims.net}",
            "Id": claims.jti,
            "Hash": stated.hash,
            "Rule set": entry.policy,
        },
    )
    _list(console, "Checked", _checked(verified, by_registrar))
    _list(console, "Not checked", _unchecked(claims.iss, by_registrar))


def _ruled(reason: str) -> str:
    """A rule by its id and title; another reason in words."""
    titles = (f"{rule.id} {rule.title}" for rule in RULES if rule.id == reason)
    return next(titles, wording.REASONS.get(reason, reason))


def _checked(verified: VerifiedReceipt, by_registrar: bool) -> list[str]:
    size = verified.checkpoint.size
    found = [
        f"The log's key signed a checkpoint over {_count(size, 'entry', 'entries')}.",
        "This entry, with this time and verdict, is one of them.",
    ]
    return [*found, "The registrar signed the statement."] if by_registrar else found


def _unchecked(issuer: str, by_registrar: bool) -> list[str]:
    rest = "The narrative and the codes: they are no part of the log."
    if by_registrar:
        return [rest]
    return [
        f"The signature of {issuer}: its keys stand in the log's registry, not in a receipt."
        ' "candour verify log" with --registrar checks every signature.',
        rest,
    ]


def show_log(console: Console, report: AuditReport) -> None:
    """A log that verifies."""
    checkpoint = report.checkpoint
    _heading(console, "This log verifies.")
    rows = {
        "Log": checkpoint.origin,
        "Entries": f"{checkpoint.size:,}, each in the signed tree",
        "Tiles": f"{report.tiles:,}, each computed again",
        "Root": checkpoint.root.hex(),
    }
    _rows(console, rows | (_statement_rows(report.statements) if report.statements else {}))
    if report.statements and report.statements.authenticated:
        done = [
            "Every key is registered by the chain that begins with the registrar.",
            "Every statement is signed by its issuer's key, valid at its entry, or was returned for it.",
            "No id is used twice, and time never goes back.",
        ]
        _list(console, "Checked", done)
        return
    _list(console, "Not checked", [_without_registrar(report)])


def _without_registrar(report: AuditReport) -> str:
    if report.statements:
        return "Who signed the statements: give the registrar's public key with --registrar."
    return "What the entries mean: they are not of this protocol."


def _statement_rows(found: StatementsReport) -> dict[str, str]:
    verdicts = (
        f"{found.verdicts[name]:,} {said}" for name, said in VERDICTS.items() if name in found.verdicts
    )
    kinds = (f"{count:,} {kind}" for kind, count in sorted(found.kinds.items(), key=lambda each: -each[1]))
    rows = {
        "Judged": f"{_moment(found.first)} to {_moment(found.last)}",
        "Verdicts": ", ".join(verdicts),
        "Statements": ", ".join(kinds),
    }
    return rows | ({"Agencies": f"{found.agencies:,} admitted"} if found.authenticated else {})


def _heading(console: Console, text: str) -> None:
    console.print(Text(text, style="bold green"))


def _rows(console: Console, rows: Mapping[str, str]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, Text(value))
    console.print()
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _list(console: Console, title: str, sentences: Iterable[str]) -> None:
    table = Table.grid(padding=(0, 1))
    for sentence in sentences:
        table.add_row("-", Text(sentence))
    console.print(Text(f"\n{title}", style="bold"))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _moment(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
