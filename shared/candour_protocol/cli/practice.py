"""``candour practice``: three cases for somebody new, judged offline by the rules that judge everybody.

A line of standard input is one answer, so a script can practise too. An empty line keeps what was said
before, ``?`` lists the codes, ``example`` shows one way that meets every rule, and the end of the input
ends it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from candour_protocol import wording
from candour_protocol.cli.exercises import EXERCISES, Exercise, Question, Said
from candour_protocol.codes import as_code, known, nearest
from candour_protocol.kinds import Kind
from candour_protocol.policy import Policy, load_policy, policy_for
from candour_protocol.rules import Judgement, Outcome, Severity, Violation
from candour_protocol.rules.advice import fix_for
from candour_protocol.rules.table import RULES

_WIDTH = 100
_NET = "practice"
_MAX_DIGITS = 4
_SHOW = "example"
_LIST = "?"
_WORST = {
    Severity.REFUSE: "returned",
    Severity.HOLD: "waits for a second person",
    Severity.FLAG: "delivered with a mark",
}
_RULES = {rule.id: rule for rule in RULES}


class _OverError(Exception):
    """Nobody answers any more."""


def practise(
    case: Annotated[
        int | None, typer.Option("--case", min=1, max=len(EXERCISES), help="Only this one of the three.")
    ] = None,
) -> None:
    """Practise on three invented cases: tell, ask and answer, and hear what the rules say and why."""
    console = Console()
    console = Console(width=min(_WIDTH, console.width), highlight=False)
    policy = load_policy(policy_for(_NET, identifiers="test"))
    chosen = [number for number in range(1, len(EXERCISES) + 1) if case in (None, number)]
    console.print("Nothing is sent and nothing is kept. The rules are the real ones.")
    console.print(f"'{_LIST}' lists the codes, '{_SHOW}' shows one way, an empty line keeps what you said.\n")
    try:
        for number in chosen:
            _Lesson(console, policy, number).hold()
    except _OverError:
        console.print(f"\nYou stopped. 'candour practice --case {number}' goes on from here.")
        raise typer.Exit(1) from None
    console.print("Well done. 'candour rules' has all of them, with an example of each.")


class _Lesson:
    """One exercise, until what was said meets every rule."""

    def __init__(self, console: Console, policy: Policy, number: int) -> None:
        self._console = console
        self._policy = policy
        self._number = number
        self._exercise: Exercise = EXERCISES[number - 1]

    def hold(self) -> None:
        """Ask, judge, say why, and ask again.

        Raises:
            _OverError: the input has ended.
        """
        self._heading()
        said: dict[str, str] = {}
        while not self._satisfied(said := self._asked(said)):
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

    def _satisfied(self, said: Said) -> bool:
        case = self._exercise.case(said)
        judgement = case.judge(self._policy)
        self._console.print()
        for line in _spoken(judgement, case.judged):
            self._shown(line)
        self._unknown(said)
        return judgement.outcome is Outcome.PASSED

    def _unknown(self, said: Said) -> None:
        for question in self._exercise.questions:
            typed = said[question.name]
            if question.codes is not None and typed and not known(question.codes, typed):
                near = nearest(question.codes, typed)
                meant = f" Did you mean {near}?" if near else f" '{_LIST}' lists those that are."
                self._shown(f"{typed} is no code of this list.{meant}")

    def _shown(self, text: str) -> None:
        self._console.print(Padding(Text(text), (0, 0, 1, 2), expand=False))


def _as_code(question: Question, typed: str) -> str:
    """People type a code as they like; words of their own stay as they are."""
    if question.codes is None:
        return typed
    return as_code(question.codes, typed.upper().replace(" ", "_")) or ""


def _spoken(judgement: Judgement, kind: Kind) -> Iterator[str]:
    """The verdict in plain words, and each rule that was not met: what it asks, why, and how to mend it."""
    verdict = wording.VERDICTS[judgement.outcome.value]
    yield f"The {kind.value}: {verdict}."
    if kind is Kind.CONCERN and judgement.outcome is not Outcome.PASSED:
        yield "It is delivered all the same, for no rule stops a concern. It does not yet let anybody ask."
    by_rule: dict[str, list[Violation]] = {}
    for violation in judgement.violations:
        by_rule.setdefault(violation.rule, []).append(violation)
    for rule_id, violations in by_rule.items():
        yield _why(rule_id, violations)


def _why(rule_id: str, violations: list[Violation]) -> str:
    rule, gravest = _RULES[rule_id], min(violations, key=lambda one: list(Severity).index(one.severity))
    fixes = dict.fromkeys(fix_for(rule_id, one.pointer, one.severity, one.hint) for one in violations)
    return (
        f"{rule.id}, {rule.title}: {_WORST[gravest.severity]}.\n{rule.statement}\n"
        f"Why: {rule.why}\nTo mend it: {' '.join(fixes)}"
    )
