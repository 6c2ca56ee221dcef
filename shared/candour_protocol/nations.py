"""What differs between the nations: identifiers, terms, clocks, law. Data of the policy. Source: domain.md 1.

No rule reads it: one rule set binds everybody. It is what people are shown, each item with the dates between
which it holds, where it was read, and whether it was read at all. None of it is legal advice; a partnership's
data protection officer or Caldicott guardian signs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from candour_protocol.codes import Power
from candour_protocol.identifiers import Scheme
from candour_protocol.policy_clocks import Limit
from candour_protocol.policy_tables import Section
from candour_protocol.profiles import Nation

_Text = Annotated[str, Field(min_length=1, max_length=400)]
_Power = Annotated[Power, Field(strict=False)]


class Checked(StrEnum):
    """How well an item is known."""

    READ = "read"  # its source was read
    PART = "in part"  # only an excerpt or a summary was
    MEMORY = "from memory"  # to be looked up before anybody relies on it


class Dated(Section):
    """Anything that holds for a time only; None for a date that does not bound it, or is not known."""

    source: _Text
    checked: Annotated[Checked, Field(strict=False)]
    holds_from: date | None = None
    holds_until: date | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.holds_from and self.holds_until and self.holds_from > self.holds_until:
            raise ValueError("what holds must begin before it ends")
        return self

    def holds_on(self, day: date) -> bool:
        """Whether it holds on this day, as far as its dates say."""
        return (self.holds_from or day) <= day <= (self.holds_until or day)


class Law(Dated):
    """One legal item: a duty, a power, a case, statutory guidance.

    Attributes:
        power: the code under which a request relies on it, where it is a power to ask.
        says: what it comes to here, in one sentence.
    """

    title: _Text
    says: _Text
    power: _Power | None = None


class NationClock(Dated):
    """A limit that the nation's guidance or procedures set, for people to compare with the policy's own."""

    event: _Text
    limit: Limit


class Terms(Section):
    """What things are called there, so that nobody has to learn another nation's words."""

    concern: _Text
    lead: _Text
    front_door: _Text
    enquiry: _Text
    conference: _Text
    plan: _Text


class NationProfile(Section):
    """One nation. ``schemes`` are the identifiers that children have there, the usual one first."""

    display: _Text
    schemes: Annotated[
        tuple[Annotated[Scheme, Field(strict=False)], ...], Field(strict=False, min_length=1, max_length=8)
    ]
    terms: Terms
    clocks: Annotated[tuple[NationClock, ...], Field(strict=False, max_length=40)] = ()
    law: Annotated[tuple[Law, ...], Field(strict=False, max_length=80)] = ()

    def powers_on(self, day: date) -> tuple[Power, ...]:
        """The powers to ask that hold there on a day, each once."""
        found = [item.power for item in self.law if item.power is not None and item.holds_on(day)]
        return tuple(dict.fromkeys(found))


Nations = Mapping[Annotated[Nation, Field(strict=False)], NationProfile]
