"""The ``candour`` command: what anybody needs to check what a log and its receipts say."""

from __future__ import annotations

import io
import sys

import typer

from candour_protocol.cli import keys, practice, rules, topology, verify

app = typer.Typer(
    name="candour",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def candour() -> None:
    """Check receipts and logs, make keys, read and practise the rules, set up a broker."""
    # a log's name may have letters that this terminal has not, and what is typed bytes that are no letters;
    # that must not look like a failed check
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


app.add_typer(verify.app, name="verify")
app.add_typer(keys.app, name="keys")
app.add_typer(topology.app, name="topology")
app.command("rules")(rules.show)
app.command("practice")(practice.practise)

__all__ = ["app"]
