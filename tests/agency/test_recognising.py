"""A child goes on in its thread under the token that it began with, and no other child does. Protocol 3.1."""

from __future__ import annotations

import pytest
from candour_agency.drafts.concerns import Child
from candour_agency.recognising import Known
from candour_protocol.children import child_tokens, is_random, same_child
from candour_protocol.kinds import Person
from candour_protocol.kinds.fields import MAX_TOKENS

KEY = b"p" * 32
WREN = Person(name="Wren Oxtabel", birth_date="2026-07-09")
JUNO = Person(name="Juno Oxtabel", birth_date="2026-07-09")
NUMBERED = WREN.model_copy(update={"nhs_number": "9990001049"})


def _thread(*subjects: Person) -> tuple[Known, list[Child]]:
    """A thread in which these were told of in one call."""
    known = Known([KEY])
    return known, known.meet(*subjects)


@pytest.mark.parametrize(
    "again",
    [
        WREN,
        Person(name="WREN  oxtabel"),
        Person(birth_date="2026-07-09"),
        Person(address="14 Sample Rise"),
        Person(),
    ],
)
def test_the_one_child_of_a_thread_keeps_its_token_however_it_is_described(again: Person) -> None:
    known, [first] = _thread(WREN)

    [second] = known.meet(again)

    assert second.tokens == first.tokens
    assert list(map(is_random, first.tokens)) == [True]


def test_a_child_whose_number_is_found_out_has_both_and_keeps_both() -> None:
    known, [first] = _thread(WREN)

    [numbered] = known.meet(NUMBERED)
    [later] = known.meet(WREN)

    assert set(numbered.tokens) == {*first.tokens, *child_tokens(NUMBERED, [KEY], KEY)}
    assert later.tokens == first.tokens  # without the number nobody could check the other one


@pytest.mark.parametrize(
    "other",
    [
        JUNO,
        Person(name="Wren Oxtabel", birth_date="2019-01-01"),
        Person(name="Juno", nhs_number="9990001022"),
    ],
)
def test_another_child_of_the_thread_has_a_token_of_its_own(other: Person) -> None:
    known, [first] = _thread(WREN)

    [second] = known.meet(other)

    assert not same_child(first.tokens, second.tokens)


def test_a_number_that_differs_tells_apart_who_shares_name_and_birth_date() -> None:
    known, [first] = _thread(NUMBERED)

    [second] = known.meet(WREN.model_copy(update={"nhs_number": "9990001022"}))

    assert not same_child(first.tokens, second.tokens)


def test_each_of_two_children_is_known_by_its_name() -> None:
    known, [wren, juno] = _thread(WREN, JUNO)

    again = known.meet(JUNO, WREN)

    assert [one.tokens for one in again] == [juno.tokens, wren.tokens]


def test_who_could_be_either_of_two_children_is_taken_for_neither() -> None:
    known, both = _thread(WREN, JUNO)

    [either] = known.meet(Person(birth_date="2026-07-09"))

    assert not any(same_child(either.tokens, one.tokens) for one in both)


def test_two_children_of_one_call_are_never_one_child() -> None:
    nobody = Person(address="14 Sample Rise")
    known, [first, second] = _thread(nobody, nobody)

    again = known.meet(nobody, nobody)

    assert len({one.tokens for one in (first, second, *again)}) == 4


def test_no_more_tokens_are_taken_over_than_a_statement_may_carry() -> None:
    many = tuple(sorted(f"r1.{place:043d}" for place in range(MAX_TOKENS)))
    known = Known([KEY], [Child(WREN, many)])  # type: ignore[arg-type]

    [numbered] = known.meet(NUMBERED)

    assert len(numbered.tokens) == MAX_TOKENS
    assert set(child_tokens(NUMBERED, [KEY], KEY)) < set(numbered.tokens)
