"""The rule set of a partnership, read from ``policy.toml``. Source: protocol section 4.

It has no place for an agency, nor for a kind of agency outside R08's table: every member is known by name,
every value is a number or a code of a closed list, and whatever else a file says is refused with the line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from candour_protocol.codes import Urgency
from candour_protocol.errors import PolicyError
from candour_protocol.ids import PolicyId, sha256_text
from candour_protocol.nations import Nations
from candour_protocol.policy_clocks import Clock, Clocks, Deadlines, Step, Unit
from candour_protocol.policy_patterns import Patterns
from candour_protocol.policy_phrases import Phrases, Vocabulary
from candour_protocol.policy_tables import (
    Answers,
    Asker,
    Cell,
    Corrections,
    Current,
    Emergency,
    Fishing,
    Identity,
    Legal,
    Lodging,
    Matrix,
    Onward,
    Rates,
    Retention,
    Scope,
    Section,
    Words,
)
from candour_protocol.toml_lines import line_of

__all__ = [
    "Cell",
    "Clock",
    "Fishing",
    "Policy",
    "Step",
    "Unit",
    "default_policy",
    "load_policy",
    "policy_for",
]

MAX_POLICY = 256 * 1024


class PolicyFile(Section):
    """All that a policy file may say."""

    net: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=3, max_length=48)]
    identifiers: Literal["live", "test"]
    clock_speed: Annotated[int, Field(ge=1, le=100_000)]
    words: Words
    current: Current
    scope: Scope
    matrix: Matrix
    asker: Asker
    legal: Legal
    emergency: Emergency
    answers: Answers
    identity: Identity
    onward: Onward
    # A rule set of before these tables has no R06, and the usual numbers for the rest.
    fishing: Fishing | None = None
    lodging: Lodging = Lodging()
    corrections: Corrections = Corrections()
    patterns: Patterns = Patterns()
    clocks: Mapping[Annotated[Urgency, Field(strict=False)], Clocks]
    deadlines: Deadlines
    retention: Retention
    rates: Rates
    phrases: Mapping[Literal["english", "welsh"], Phrases]
    nations: Nations = Field(default_factory=dict)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.clock_speed > 1 and self.identifiers == "live":
            raise ValueError("the clock may be sped up only with test identifiers")
        if set(self.clocks) != set(Urgency):
            raise ValueError("every urgency wants its clocks")
        return self


class Policy(PolicyFile):
    """A policy file, and the SHA-256 of its bytes by which it is named."""

    id: PolicyId

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All languages' phrases together."""
        return Vocabulary.of(tuple(self.phrases.values()))

    def limit(self, urgency: str | None, step: Step) -> Clock:
        """What a step may take, in its own unit; an unknown urgency is AMBER."""
        known = Urgency.__members__.get(urgency or "", Urgency.AMBER)
        clock: Clock = getattr(self.clocks[known], step.value)
        return clock

    def due(self, urgency: str | None, step: Step) -> timedelta:
        """How long a step may take on the wall clock, before calendars."""
        return self.limit(urgency, step).elapsed / self.clock_speed

    def sped(self, start: datetime, end: datetime) -> datetime:
        """When a time that began at ``start`` ends, where the clock runs faster than the world's."""
        return start + (end - start) / self.clock_speed

    def delivery_due(self, *, urgent: bool) -> timedelta:
        """After how long an undelivered statement is shown as overdue; systems keep to the real clock."""
        limit = self.deadlines.delivery_urgent if urgent else self.deadlines.delivery_ordinary
        return limit.elapsed

    @property
    def debt_due(self) -> timedelta:
        """How long an emergency request's concern may be owed."""
        return self.emergency.debt / self.clock_speed

    @property
    def outcome_due(self) -> timedelta:
        """How long an asker may take to tell the holder what came of an answer."""
        return self.deadlines.outcome.elapsed / self.clock_speed


def default_policy() -> bytes:
    """The policy file that this package ships."""
    return files("candour_protocol").joinpath("policy.toml").read_bytes()


def policy_for(
    net: str,
    *,
    identifiers: Literal["live", "test"] = "live",
    clock_speed: int = 1,
    patterns: bool = False,
    adults: bool = False,
    rate: int | None = None,
) -> bytes:
    """The shipped policy for a partnership of one's own.

    ``patterns``: whether social care is shown them; ``adults``: whether those of one adult too. ``rate``:
    statements that each agency may send a minute, instead of the shipped number.

    Raises:
        PolicyError: not the id of a partnership, or a clock that may not be sped up.
    """
    settled = {
        "net": f'"{net}"',
        "identifiers": f'"{identifiers}"',
        "clock_speed": str(clock_speed),
        "shown": str(patterns).lower(),
        "adults": str(adults).lower(),
        **({} if rate is None else dict.fromkeys(("urgent_per_minute", "ordinary_per_minute"), str(rate))),
    }
    text = default_policy().decode()
    for name, value in settled.items():
        text = re.sub(rf"^{name} = \S+", f"{name} = {value}", text, count=1, flags=re.MULTILINE)
    load_policy(text.encode())
    return text.encode()


@lru_cache(maxsize=8)  # a process reads the same file several times over, and it never changes what it says
def load_policy(raw: bytes) -> Policy:
    """Read a policy file; its id is the SHA-256 of these bytes.

    Raises:
        PolicyError: ``policy-size``, ``policy-toml``, ``policy-key`` (a member that has no place here) or
            ``policy-value``; the detail names the line at fault.
    """
    text = _text(raw)
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError("policy-toml", f"not TOML: {error}") from None
    try:
        file = PolicyFile.model_validate(tables)
    except ValidationError as error:
        raise _at_fault(text, error) from None
    return Policy.model_validate({**dict(file), "id": PolicyId(sha256_text(raw))})


def _text(raw: bytes) -> str:
    if len(raw) > MAX_POLICY:
        raise PolicyError("policy-size", "longer than a policy may be")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise PolicyError("policy-toml", "not UTF-8") from None


def _at_fault(text: str, error: ValidationError) -> PolicyError:
    # A member that has no place weighs more than a value: it may be an attempt to exempt somebody.
    faults = sorted(error.errors(include_url=False), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    path, unknown = fault["loc"], fault["type"] == "extra_forbidden"
    line = line_of(text, path, None if unknown else fault["input"])
    where = ".".join(str(step) for step in path)
    if unknown:
        return PolicyError(
            "policy-key", f"line {line}: {where} has no place in a policy", pointer=_pointer(path)
        )
    return PolicyError("policy-value", f"line {line}: {where}: {fault['msg']}", pointer=_pointer(path))


def _pointer(path: Sequence[str | int]) -> str:
    return "".join(f"/{step}" for step in path)
