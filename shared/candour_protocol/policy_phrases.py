"""The phrases of a policy that say nothing, and the words that name nobody. Source: domain R02, R07, R12."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from candour_protocol.policy_tables import Section
from candour_protocol.words import plain, words


def _phrase(phrase: str) -> str:
    """Reduced to bare words, as the texts are that it is compared with."""
    if phrase != phrase.lower() or not words(phrase):
        raise ValueError("words in lower case are wanted")
    return plain(phrase)


_Phrases = Annotated[tuple[Annotated[str, AfterValidator(_phrase)], ...], Field(strict=False)]


class Phrases(Section):
    """One language's empty phrases, small words, and words that name a role or a team but nobody."""

    vacuous: _Phrases
    small: _Phrases
    people: _Phrases
    teams: _Phrases


class Vocabulary(Section):
    """The phrases of all languages, prepared for the rules.

    Attributes:
        vacuous: by its first word, each phrase as its words, the longest first.
        nobody: words that name a role or nobody in particular.
        nobody_at_work: words that name a team, a job or nobody.
    """

    vacuous: Mapping[str, tuple[tuple[str, ...], ...]]
    small: frozenset[str]
    nobody: frozenset[str]
    nobody_at_work: frozenset[str]

    @classmethod
    def of(cls, languages: Sequence[Phrases]) -> Self:
        empty = {tuple(phrase.split()) for language in languages for phrase in language.vacuous}
        small = frozenset(word for language in languages for word in language.small)
        nobody = small | {word for language in languages for word in language.people}
        teams = {word for language in languages for phrase in language.teams for word in phrase.split()}
        by_length = sorted(empty, key=lambda phrase: (-len(phrase), phrase))
        by_word = {word: tuple(each for each in by_length if each[0] == word) for word, *_ in by_length}
        return cls(vacuous=by_word, small=small, nobody=nobody, nobody_at_work=small | teams)
