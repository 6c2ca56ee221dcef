"""What rules find, and what that comes to. Source: protocol section 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """What one violation does to a statement."""

    REFUSE = "refuse"
    HOLD = "hold"
    FLAG = "flag"


class Outcome(StrEnum):
    """A verdict, as it stands in the log."""

    PASSED = "passed"
    FLAGGED = "flagged"
    HELD = "held"
    REFUSED = "refused"


_WEIGHT: Mapping[Severity, Outcome] = {
    Severity.FLAG: Outcome.FLAGGED,
    Severity.HOLD: Outcome.HELD,
    Severity.REFUSE: Outcome.REFUSED,
}
_ORDER = tuple(Outcome)


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """One rule that one place of a statement does not meet.

    Attributes:
        pointer: RFC 6901 pointer into the REST body that people send; ``""`` for the whole.
        hint: a code or a number that helps to mend it, such as the nearest known code; never personal.
    """

    rule: str
    pointer: str
    severity: Severity
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with all that led to it, in the order of the rules."""

    outcome: Outcome
    violations: tuple[Violation, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of all rules that apply, each once, in order."""
        return tuple(sorted({violation.rule for violation in self.violations}))

    @classmethod
    def of(cls, violations: Iterable[Violation]) -> Judgement:
        """The gravest violation decides; a place is named once for each rule."""
        found = tuple(sorted(set(violations)))
        outcomes = (Outcome.PASSED, *(_WEIGHT[violation.severity] for violation in found))
        return cls(max(outcomes, key=_ORDER.index), found)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a node found with the rules that only nodes can run.

    Attributes:
        checks: ``{"ruleset": policy id, "R02": "pass", "hold" or "fail", …}``, ready for T1; empty for
            kinds that attest nothing. ``"hold"``: met once a second person signs.
    """

    checks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    violations: tuple[Violation, ...] = ()
