"""The tables of a policy file: closed, and strict about every code and number. Source: protocol section 4."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from candour_protocol.codes import (
    AgencyKind,
    ConcernCategory,
    CorrectionKind,
    HandlingMark,
    InfoCategory,
    LawfulBasis,
    NeedLevel,
    Power,
    Purpose,
    RefusalReason,
    TrainingLevel,
    WithholdingReason,
)

UNSURE = "unsure"


class Cell(StrEnum):
    """One cell of the need-to-know matrix, the freest first."""

    ALLOWED = "A"
    JUSTIFY = "J"
    SECOND = "S"
    EXCEPTION = "-"


class Section(BaseModel):
    """A table of the file: closed, frozen, strict."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_Table = TypeVar("_Table", bound=Section)


def refuse_falling(table: _Table, steps: Sequence[int]) -> _Table:
    """Escalations come one after the other."""
    if any(later <= sooner for sooner, later in pairwise(steps)):
        raise ValueError("each step of an escalation comes later than the one before it")
    return table


def _holders(listed: object) -> object:
    return None if listed == "any" else listed


def _written_holders(listed: tuple[AgencyKind, ...] | None) -> list[str] | str:
    return "any" if listed is None else [kind.value for kind in listed]


def _cell(text: str) -> str:
    if not re.fullmatch(r"[AJS-]|[AJS] for (children|siblings)", text):
        raise ValueError("A, J, S or - is wanted")
    return text


_Count = Annotated[int, Field(ge=1, le=100)]
_Days = Annotated[int, Field(ge=1, le=36_500)]
_Months = Annotated[int, Field(ge=1, le=1_200)]
_Rate = Annotated[int, Field(ge=1, le=10_000_000)]
_CellText = Annotated[str, AfterValidator(_cell)]
_Word = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]

# TOML has strings and lists where these want codes and tuples; what a list holds must still be of its list.
_Power = Annotated[Power, Field(strict=False)]
_Purpose = Annotated[Purpose, Field(strict=False)]
_Info = Annotated[InfoCategory, Field(strict=False)]
_Category = Annotated[ConcernCategory, Field(strict=False)]
_Kind = Annotated[AgencyKind, Field(strict=False)]
_Basis = Annotated[LawfulBasis, Field(strict=False)]
_Level = Annotated[TrainingLevel, Field(strict=False)]
_Need = Annotated[NeedLevel, Field(strict=False)]
_Mark = Annotated[HandlingMark, Field(strict=False)]
_Reason = Annotated[RefusalReason, Field(strict=False)]
_Correction = Annotated[CorrectionKind, Field(strict=False)]
# ``None`` is what the file calls "any".
_Holders = Annotated[
    tuple[_Kind, ...] | None,
    Field(strict=False),
    BeforeValidator(_holders),
    PlainSerializer(_written_holders, when_used="json"),
]
_Purposes = Annotated[tuple[_Purpose, ...], Field(strict=False)]
_Infos = Annotated[tuple[_Info, ...], Field(strict=False)]


class Words(Section):
    """How many words make a text; of those of a fact more than ``distinct_percent`` are different ones, or at
    least ``distinct_words``. For ``repeated_days`` a node points out the same words about another child."""

    fact: _Count
    left_over: Annotated[int, Field(ge=0, le=100)]
    distinct_percent: Annotated[int, Field(ge=0, le=99)]
    distinct_words: _Count
    because: _Count
    exception: _Count
    danger_line: _Count
    reason: _Count
    repeated_days: _Days = 90  # a rule set of before may not say so


class Current(Section):
    """How old a concern may be when it is cited."""

    fresh_days: _Days
    still_current_days: _Days
    any_age_purposes: _Purposes


class Scope(Section):
    """What may never be asked, and for how many months back the rest."""

    never: _Infos
    months: _Months
    caps: Mapping[_Info, _Months]

    def cap(self, category: str) -> int:
        """In months."""
        return next((months for code, months in self.caps.items() if code == category), self.months)


class Matrix(Section):
    """Need to know, by group of concern and column of information; a missing cell is J."""

    columns: Mapping[_Word, _Infos]
    groups: Mapping[_Word, Annotated[tuple[_Category, ...], Field(strict=False)]]
    cells: Mapping[_Word, Mapping[_Word, _CellText]]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if set(self.cells) != set(self.groups) or UNSURE not in self.groups:
            raise ValueError("every group wants its cells, and there must be one for unsure")
        if any(set(row) - set(self.columns) for row in self.cells.values()):
            raise ValueError("a cell without its column")
        return self

    @cached_property
    def _group_of(self) -> Mapping[str, str]:
        return {category.value: group for group, listed in self.groups.items() for category in listed}

    @cached_property
    def _column_of(self) -> Mapping[str, str]:
        return {info.value: column for column, listed in self.columns.items() for info in listed}

    def classes(self, concerns: Iterable[str]) -> tuple[str, ...]:
        """The groups of some categories, in the order of the file; ``unsure`` where none has one."""
        known = {self._group_of[concern] for concern in concerns if concern in self._group_of}
        return tuple(group for group in self.groups if group in known) or (UNSURE,)

    def written(self, concern: str, information: str) -> str:
        """The cell as it is written, for one category of concern."""
        row = self.cells[self._group_of.get(concern, UNSURE)]
        return row.get(self._column_of.get(information, ""), Cell.JUSTIFY.value)


class Asker(Section):
    """The training levels at which somebody may ask without a second person."""

    levels: Annotated[tuple[_Level, ...], Field(strict=False)]


# A policy of before these were codes gives no line to them, and whoever likes may name them.
LATER_POWERS = frozenset(
    {
        Power.CSA95_S21,
        Power.CHSA11_S60,
        Power.CNIO95_A46,
        Power.CNIO95_A66,
        Power.CLANI67_S5,
    }
)


class Legal(Section):
    """Which bodies hold which power and purpose: the only place where a kind of agency may stand."""

    article_9_categories: _Infos
    warn_bases: Annotated[tuple[_Basis, ...], Field(strict=False)]
    voluntary_purposes: _Purposes = ()
    voluntary_levels: Annotated[tuple[_Need, ...], Field(strict=False)] = ()
    powers: Mapping[_Power, _Holders]
    purposes: Mapping[_Purpose, _Holders]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if set(Power) - set(self.powers) - LATER_POWERS or set(self.purposes) != set(Purpose):
            raise ValueError("every power and every purpose wants its line")
        return self

    def holds(self, kind: str, *, power: str = "", purpose: str = "") -> bool:
        """Whether a kind of agency has this power and this purpose; unknown ones are not judged here."""
        holders = [self.powers.get(code) for code in Power if code == power]
        holders += [self.purposes[code] for code in Purpose if code == purpose]
        return all(listed is None or kind in listed for listed in holders)


class Emergency(Section):
    """What may be asked before a concern is told, and when that is owed."""

    purposes: _Purposes
    categories: _Infos
    debt_hours: Annotated[int, Field(ge=1, le=24)]
    escalate_hours: Annotated[tuple[Annotated[int, Field(ge=1, le=168)], ...], Field(strict=False)]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        return refuse_falling(self, self.escalate_hours)

    @property
    def debt(self) -> timedelta:
        return timedelta(hours=self.debt_hours)


class Answers(Section):
    """Reasons that are not enough on their own, and the training levels at which somebody may refuse alone.

    ``refusal_levels`` is None in a policy of before there were any.
    """

    not_enough: Annotated[tuple[_Reason, ...], Field(strict=False)]
    consent_suffices_at: Annotated[tuple[_Need, ...], Field(strict=False)]
    refusal_levels: Annotated[tuple[_Level, ...] | None, Field(strict=False)] = None


class Identity(Section):
    """What tells a child apart, beside a name and a birth date."""

    one_of: Annotated[
        tuple[Literal["address", "school", "parent", "phone"], ...], Field(strict=False, min_length=1)
    ]


class Fishing(Section):
    """How often one asker may ask one holder, and how many holders, about one child (R06).

    Of ``adult_children`` unrelated children with whom it asks about one adult both leads hear.
    """

    window_days: _Days
    requests_per_holder: _Count
    holders: _Count
    lines: _Count
    round_purposes: _Purposes
    adult_children: Annotated[int, Field(ge=2, le=100)] = 3


class Lodging(Section):
    """In how many days a concern that is kept from an inbox must be reviewed (R10)."""

    review_days: _Count = 7
    sooner: Mapping[Annotated[WithholdingReason, Field(strict=False)], _Count] = {}

    def days_for(self, reason: str | None) -> int:
        """How many days ahead the review may lie."""
        return next((days for code, days in self.sooner.items() if code == reason), self.review_days)


class Corrections(Section):
    """Which corrections take a statement back, so that nothing rests on it, and which cannot wait (R14).

    ``withdrawing``: those of the first that end a concern too, as it should never have been told. After any
    other the child is still to be thought of, and a decision is still owed.
    """

    retracting: Annotated[tuple[_Correction, ...], Field(strict=False)] = (
        CorrectionKind.WRONG_CHILD,
        CorrectionKind.FACT_WRONG,
        CorrectionKind.DUPLICATE,
    )
    withdrawing: Annotated[tuple[_Correction, ...], Field(strict=False)] = (
        CorrectionKind.WRONG_CHILD,
        CorrectionKind.DUPLICATE,
    )
    swift: Annotated[tuple[_Correction, ...], Field(strict=False)] = (CorrectionKind.WRONG_CHILD,)


class Onward(Section):
    """Marks under which a received concern is never passed on."""

    forbidding_marks: Annotated[tuple[_Mark, ...], Field(strict=False)]


class Retention(Section):
    """How long the gateway keeps codes after the last statement, and sealed parts after delivery."""

    t1_keep_days: Annotated[int, Field(ge=730, le=36_500)]
    sealed_keep_days: Annotated[int, Field(ge=1, le=30)]
    policy_overlap_days: Annotated[int, Field(ge=1, le=365)]

    @property
    def t1_keep(self) -> timedelta:
        return timedelta(days=self.t1_keep_days)

    @property
    def sealed_keep(self) -> timedelta:
        return timedelta(days=self.sealed_keep_days)


class Rates(Section):
    """Statements that an agency may submit in a minute."""

    urgent_per_minute: _Rate
    ordinary_per_minute: _Rate
