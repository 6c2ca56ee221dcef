"""``candour practice``: three cases for somebody new, in a running sandbox and by its verdicts.

A line of standard input is one answer, so a script can practise too. An empty line keeps what was said
before, ``?`` lists the codes, ``example`` shows one way that meets every rule, and the end of the input
ends it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from candour_protocol.cli import spoken
from candour_protocol.cli.exercises import EXERCISES, Exercise, Question, Said
from candour_protocol.cli.sandbox import NoSandboxError, Sandbox, StuckError, entered
from candour_protocol.client import ClientError
from candour_protocol.codes import as_code
from candour_protocol.rules import Outcome

_WIDTH = 100
_MAX_DIGITS = 4
_SHOW = "example"
_LIST = "?"
_NO_SANDBOX = 2


class _OverError(Exception):
    """Nobody answers any more."""


def practise(
    case: Annotated[
        int | None, typer.Option("--case", min=1, max=len(EXERCISES), help="Only this one of the three.")
    ] = None,
    sandbox: Annotated[
        Path, typer.Option(metavar="DIR", help="The data folder of the running sandbox.")
    ] = Path(".sandbox"),
) -> None:
    """Practise on three invented cases in a sandbox: tell, ask, answer; hear what the rules say and why."""
    console = Console()
    console = Console(width=min(_WIDTH, console.width), highlight=False)
    chosen = [number for number in range(1, len(EXERCISES) + 1) if case in (None, number)]
    try:
        asyncio.run(_walk(console, sandbox, chosen))
    except (NoSandboxError, StuckError) as error:
        _give_up(str(error))
    except ClientError as error:
        _give_up(f"The sandbox does not answer as it should: {error.detail}.")


async def _walk(console: Console, folder: Path, chosen: Sequence[int]) -> None:
    async with entered(folder) as sandbox:
        console.print("What you say is sent through the sandbox, by its rules and into its log.")
        console.print(
            f"'{_LIST}' lists the codes, '{_SHOW}' shows one way, an empty line keeps what you said.\n"
        )
        for number in chosen:
            await _lesson(console, sandbox, number)
    console.print("Well done. 'candour rules' has all of them, with an example of each.")


async def _lesson(console: Console, sandbox: Sandbox, number: int) -> None:
    try:
        await _Lesson(console, sandbox, number).hold()
    except _OverError:
        console.print(f"\nYou stopped. With --case {number} you go on from here.")
        raise typer.Exit(1) from None


def _give_up(words: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(words))
    raise typer.Exit(_NO_SANDBOX) from None


class _Lesson:
    """One exercise, until what was said meets every rule."""

    def __init__(self, console: Console, sandbox: Sandbox, number: int) -> None:
        self._console = console
        self._sandbox = sandbox
        self._number = number
        self._exercise: Exercise = EXERCISES[number - 1]

    async def hold(self) -> None:
        """Ask, send, say what came of it and why, and ask again.

        Raises:
            _OverError: the input has ended.
        """
        self._heading()
        said: dict[str, str] = {}
        while not await self._through(said := self._asked(said)):
            self._console.print("Once more.\n")
        self._shown(self._exercise.lesson)

    def _heading(self) -> None:
        title = f"{self._number} of {len(EXERCISES)}: {self._exercise.title}"
        self._console.print(Text(title, style="bold"))
        self._shown(self._exercise.story)

    def _asked(self, before: Said) -> dict[str, str]:
        said: dict[str, str] = {}
        for question in self._exercise.questions:
            answer = self._one(question, before.get(question.name, ""))
            if answer is None:
                self._show_example()
                return dict(self._exercise.example)
            said[question.name] = answer
        return said

    def _one(self, question: Question, before: str) -> str | None:
        """One answer that can be read; None where the example is wanted."""
        while True:
            typed = self._typed(question, before)
            if typed == _LIST:
                self._list(question)
            elif typed.casefold() == _SHOW:
                return None
            elif question.number and typed and not (typed.isdecimal() and len(typed) <= _MAX_DIGITS):
                self._console.print("  A whole number is wanted here, such as 6.")
            else:
                return _as_code(question, typed)

    def _typed(self, question: Question, before: str) -> str:
        kept = f" [{before}]" if before else ""
        self._console.print(Text(f"  {question.asks}{kept}"))
        self._console.print("  > ", end="")
        line = sys.stdin.readline()
        if not line:
            raise _OverError
        if not sys.stdin.isatty():
            self._console.print(Text(line.strip()))
        return line.strip() or before

    def _list(self, question: Question) -> None:
        if question.codes is None:
            self._console.print("  In your own words; there are no codes for this.")
            return
        for code in question.codes:
            self._console.print(Text(f"    {code.value:<24}{code.display}"))

    def _show_example(self) -> None:
        self._console.print("\n  One way that meets every rule:")
        for question in self._exercise.questions:
            self._console.print(Text(f"    {question.asks}  {self._exercise.example[question.name]}"))

    async def _through(self, said: Said) -> bool:
        """Whether what was said meets every rule, as the sandbox's log has it."""
        self._console.print()
        try:
            sent = await self._exercise.send(self._sandbox, said)
        except ClientError as error:
            if error.may_pass or not error.problem:
                raise
            self._shown(f"This could not be sent at all: {error.detail}")
            return False
        for line in spoken.told(sent):
            self._shown(line)
        return sent.verdict.outcome == Outcome.PASSED.value

    def _shown(self, text: str) -> None:
        self._console.print(Padding(Text(text), (0, 0, 1, 2), expand=False))


def _as_code(question: Question, typed: str) -> str:
    """People type a code as they like; what is none goes to the rules as it is, and so do their own words."""
    if question.codes is None:
        return typed
    wanted = typed.upper().replace(" ", "_")
    return as_code(question.codes, wanted) or wanted
