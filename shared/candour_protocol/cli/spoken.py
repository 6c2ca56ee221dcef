"""What came of something that was sent, in plain words for whoever practises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from candour_protocol.cli.exercises import Sent
from candour_protocol.client import Verdict, Violation
from candour_protocol.kinds import Kind
from candour_protocol.rules import Outcome
from candour_protocol.rules.table import RULES

_WHY = {rule.id: rule.why for rule in RULES}
_HERE = ZoneInfo("Europe/London")


def told(sent: Sent) -> Iterator[str]:
    """The verdict, where it is now and what is owed on it, and each rule that was not met."""
    message, verdict = sent.message, sent.verdict
    yield f"The {message.kind}, entry {message.log_index} of the log: {verdict.text}."
    yield "\n".join(_where(sent))
    if message.kind == Kind.CONCERN.value and verdict.outcome != Outcome.PASSED.value:
        yield "No rule stops a concern. But this one does not yet let anybody ask."
    yield from _faults(verdict)


def _where(sent: Sent) -> Iterator[str]:
    if not sent.arrived:
        yield f"{sent.recipient} has not seen a word of it."
        return
    yield f"{sent.recipient} has it."
    for one in sent.message.obligations:
        if one.settled_at is None and one.due_at is not None:
            yield f"Owed by {one.owed_by} until {_moment(one.due_at)}: {one.text}."


def _faults(verdict: Verdict) -> Iterator[str]:
    ordered = sorted(verdict.violations, key=attrgetter("rule"))
    for _, violations in groupby(ordered, key=attrgetter("rule")):
        yield _fault(list(violations))


def _fault(violations: Sequence[Violation]) -> str:
    first = violations[0]
    why = f"\nWhy: {_WHY[first.rule]}" if first.rule in _WHY else ""
    fixes = " ".join(dict.fromkeys(map(_fix, violations)))
    return f"{first.rule}, {first.title}: not met.\n{first.statement}{why}\nTo mend it: {fixes}"


def _fix(violation: Violation) -> str:
    return f"{violation.fix} Did you mean {violation.hint}?" if violation.hint else violation.fix


def _moment(at: datetime) -> str:
    return at.astimezone(_HERE).strftime("%A %d %B, %H:%M")
