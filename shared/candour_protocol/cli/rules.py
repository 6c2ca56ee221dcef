"""``candour rules``: what must be said before anything may be asked, for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from candour_protocol import strict_json
from candour_protocol.rules import Severity
from candour_protocol.rules.fixes import ANYBODY, FIXES, WHO
from candour_protocol.rules.table import RULES, Rule
from candour_protocol.strict_json import JsonObject

_WIDTH = 100
_DOES = {Severity.REFUSE: "returned", Severity.HOLD: "waits", Severity.FLAG: "marked"}


def show(
    rule: Annotated[str | None, typer.Argument(metavar="[ID]", help="One rule, such as R01.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """The rules: what each asks, why, and how to mend what does not meet it; with an ID, examples too."""
    chosen = _chosen(rule)
    if as_json:
        typer.echo(strict_json.dumps([_plain(each) for each in chosen]))
        return
    console = Console()
    console = Console(width=min(_WIDTH, console.width))
    if rule is None:
        _overview(console, chosen)
        return
    for each in chosen:
        _whole(console, each)


def _chosen(wanted: str | None) -> list[Rule]:
    if wanted is None:
        return list(RULES)
    chosen = [rule for rule in RULES if rule.id == wanted.upper()]
    if not chosen:
        raise typer.BadParameter(f"There is no rule {wanted}. The rules are {RULES[0].id} to {RULES[-1].id}.")
    return chosen


def _plain(rule: Rule) -> JsonObject:
    return {
        "id": rule.id,
        "title": rule.title,
        "statement": rule.statement,
        "why": rule.why,
        "severity": rule.severity,
        "fix": rule.fix,
        "fixes": [
            {"pointer": fix.pointer, "severity": fix.severity.value, "words": fix.words}
            for fix in FIXES[rule.id]
        ],
        "kinds": [kind.value for kind in rule.kinds],
        "runs_at": [place.value for place in rule.runs_at],
        "passing": rule.passing.as_json() if rule.passing else None,
        "failing": rule.failing.as_json() if rule.failing else None,
        "in_force": rule.in_force,
    }


def _overview(console: Console, rules: Iterable[Rule]) -> None:
    table = Table.grid(padding=(0, 2, 1, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for rule in rules:
        why, mend = ("\nWhy: ", "dim"), ("\nTo mend it: ", "dim")
        table.add_row(
            rule.id, Text.assemble(_title(rule), "\n", rule.statement, why, rule.why, mend, rule.fix, "\n")
        )
    console.print(Text("What is asked of a request, and of an answer\n", style="bold"))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    console.print(
        Text("\n'candour rules R01' adds examples, where a rule runs, and how to mend each fault of it.")
    )


def _whole(console: Console, rule: Rule) -> None:
    console.print(Text.assemble((rule.id, "bold"), "  ", _title(rule)))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, said in _said(rule).items():
        table.add_row(name, Text(said + "\n"))
    console.print()
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _title(rule: Rule) -> Text:
    title = Text(rule.title, style="bold")
    return title if rule.in_force else title.append("  (not in force yet)", style="yellow")


def _by_place(rule: Rule) -> Iterator[str]:
    """What mends each fault of a rule, where it stands in the body."""
    for fix in FIXES[rule.id]:
        if fix.words != rule.fix:
            yield f"{fix.pointer} ({_DOES[fix.severity]}): {fix.words.replace(WHO, ANYBODY)}"


def _said(rule: Rule) -> dict[str, str]:
    examples = {"Meets it": rule.passing, "Does not": rule.failing}
    return {
        "Asks": rule.statement,
        "Why": rule.why,
        "To mend it": rule.fix,
        "Or, by place": "\n".join(_by_place(rule)),
        **{name: example.said for name, example in examples.items() if example},
        "Applies to": ", ".join(rule.kinds),
        "Checked by": ", ".join(rule.runs_at),
        "If not met": rule.severity,
    }
