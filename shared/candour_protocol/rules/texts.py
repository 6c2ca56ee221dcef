"""Whether a text says anything. A screen, no proof: the holder decides. Source: domain R02."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from candour_protocol.codes import AssertionBasis, ConcernCategory, as_code, known
from candour_protocol.kinds import Fact
from candour_protocol.policy import Policy
from candour_protocol.words import plain, words


def has_words(text: str | None, floor: int) -> bool:
    """Whether a text has at least so many words."""
    return len(words(text or "")) >= floor


def given(text: str | None) -> bool:
    """Whether anything was written: ``null``, ``""`` and white space mean absent."""
    return bool(text and text.strip())


def says_something(text: str | None, policy: Policy) -> bool:
    """Whether a text is long enough, no empty phrase, and not the same words over and over."""
    spoken = words(text or "")
    if len(spoken) < policy.words.fact:
        return False
    distinct = len(set(spoken))
    if (
        distinct * 100 <= policy.words.distinct_percent * len(spoken)
        and distinct < policy.words.distinct_words
    ):
        return False
    return len(_left_over(spoken, policy)) >= policy.words.left_over


def has_substance(fact: Fact, policy: Policy) -> bool:
    """Whether a fact says what was seen, heard or recorded, when, and on what basis."""
    return has_basis(fact) and lacks_at_most_its_basis(fact, policy)


def has_basis(fact: Fact) -> bool:
    """Whether a fact says how its author knows, by code or by what the list says of one, in any case."""
    return known(AssertionBasis, as_code(AssertionBasis, fact.basis))


def lacks_at_most_its_basis(fact: Fact, policy: Policy) -> bool:
    """Whether a fact says what was seen, heard or recorded, and when."""
    dated = any(letter.isalnum() for letter in fact.when or "")
    return dated and says_something(fact.what, policy)


def names_category(text: str | None) -> bool:
    """Whether a text is no more than the code or the label of a category."""
    return plain(text or "") in _category_names()


def names_nobody(name: str | None, empty_words: frozenset[str]) -> bool:
    """Whether a name is absent, or made of nothing but words that fit anybody."""
    spoken = words(name or "")
    return all(word in empty_words or word.isdigit() for word in spoken)


@lru_cache(maxsize=1)
def _category_names() -> frozenset[str]:
    labels = [text for code in ConcernCategory for text in (code.value, code.display)]
    return frozenset(
        {plain(label.replace("_", " ")) for label in labels} | {plain(label) for label in labels}
    )


def _left_over(spoken: Sequence[str], policy: Policy) -> list[str]:
    """The words that remain without empty phrases and small words."""
    vocabulary, kept = policy.vocabulary, list[str]()
    place = 0
    while place < len(spoken):
        phrase = _phrase_at(spoken, place, vocabulary.vacuous.get(spoken[place], ()))
        if not phrase and spoken[place] not in vocabulary.small:
            kept.append(spoken[place])
        place += phrase or 1
    return kept


def _phrase_at(spoken: Sequence[str], place: int, phrases: Sequence[tuple[str, ...]]) -> int:
    """How many words the longest of these phrases, if it stands at this place, has; 0 otherwise."""
    for phrase in phrases:
        if tuple(spoken[place : place + len(phrase)]) == phrase:
            return len(phrase)
    return 0
