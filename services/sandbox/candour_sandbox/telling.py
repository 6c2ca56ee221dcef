"""The story on the terminal: plain English, a hundred columns, complete without colour.

It names agencies and roles, never a person, an identifier or what was written about a child: a terminal keeps
its lines, and may be somebody's log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

WIDTH = 100

THEME = Theme(
    {
        "heading": "bold",
        "act": "default",
        "good": "green",
        "marked": "yellow",
        "returned": "red",
        "aside": "dim",
        "rule": "bold",
        "link": "cyan",
    }
)

_SIGNS = {"good": "✓", "marked": "△", "returned": "↩"}


@dataclass(frozen=True, slots=True)
class Fix:
    """One rule that a message broke, and how to mend it."""

    rule: str
    title: str
    fix: str


class Telling:
    """Prints as the story goes; every method is one thing that a reader sees."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def opening(self) -> None:
        self._console.print()
        self._line(Text("Candour · a partnership on this machine", style="heading"), 1)
        text = (
            "Eleven agencies, one gateway, one log. The people are invented; the keys, the rules, the sealed"
            " messages and the log are the real thing. No child is named below: a terminal is no case file."
        )
        self._line(Text(text), 1)

    def chapter(self, number: int, title: str) -> None:
        self._console.print()
        self._line(Text(f"{number}  {title}", style="heading"), 1)

    def act(self, name: str, sentence: str) -> None:
        """Who told or asked whom; ``name`` is that of the receipt."""
        self._hanging(name, Text(sentence, style="act"), indent=2, gap=2)

    def effect(self, tone: str, *parts: str) -> None:
        """What the exchange did; ``tone`` is ``good``, ``marked`` or ``returned``."""
        self._hanging(_SIGNS[tone], Text(" · ".join(parts), style=tone), indent=8, style=tone)

    def fixes(self, fixes: Sequence[Fix]) -> None:
        """Each rule with its fix."""
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for fix in fixes:
            words = Text.assemble((f"{fix.title}. ", "rule"), fix.fix)
            table.add_row(Text(fix.rule, style="rule"), words)
        self._indented(table, 10)

    def proof(self, entries: int, agencies: int) -> None:
        self._console.print()
        self._line(Text("Proof", style="heading"), 1)
        text = (
            f"the log verifies: {entries} entries, every signature, and the keys of {agencies} agencies from"
            " entry 0 on"
        )
        self._hanging(_SIGNS["good"], Text(text, style="good"), indent=2, style="good")
        self.note("What it carried was sealed from sender to recipient; the gateway holds no key to it.")

    def commands(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> None:
        """What to type, or where to look; each line whole, so that it can be copied."""
        for label, lines in pairs:
            self._line(Text(label), 2)
            for line in lines:
                self._console.print(
                    Text("      " + line, style="link"), soft_wrap=True, overflow="ignore", crop=False
                )

    def note(self, text: str) -> None:
        self._line(Text(text), 2)

    def gap(self) -> None:
        self._console.print()

    def _line(self, text: Text, indent: int) -> None:
        self._indented(text, indent)

    def _hanging(self, sign: str, text: Text, *, indent: int, style: str = "aside", gap: int = 1) -> None:
        table = Table.grid(padding=(0, gap))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(Text(sign, style=style), text)
        self._indented(table, indent)

    def _indented(self, what: Text | Table, indent: int) -> None:
        self._console.print(Padding(what, (0, 0, 0, indent), expand=False))


def terminal() -> Console:
    """A console of at most a hundred columns; no colour where NO_COLOR is set or nobody looks."""
    console = Console(highlight=False, theme=THEME)
    width = WIDTH if not console.is_terminal else min(WIDTH, console.width)
    return Console(highlight=False, theme=THEME, width=width)
