"""By what the same words, or the same number, are known again. Domain R02 and R13."""

from __future__ import annotations

import pytest
from candour_agency.imprints import MOST_FACTS, Imprint, are_confusable, of_facts, of_numbers
from candour_protocol.ids import ChildToken
from candour_protocol.kinds import Fact, Person

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
FLOOR = 8
ROWAN, BRYN = ChildToken("v1.rowan"), ChildToken("v1.bryn")
SEEN = "Mum's partner hit him with a belt, he told me at 2 pm"


def _texts(what: str, child: ChildToken = ROWAN, key: bytes = KEY) -> list[Imprint]:
    return of_facts(key, [Fact(what=what)], [child], FLOOR)


def _person(**changes: str | tuple[str, ...] | None) -> Person:
    usual = {"name": "Rowan Ashbyte", "birth_date": "2017-03-14", "nhs_number": "9990001014"}
    return Person.model_validate(usual | changes)


@pytest.mark.parametrize(
    "spelling",
    [
        SEEN.upper(),
        "  Mum’s partner hit him\nwith a belt – he told me at 2 pm! ",
        "Mum's partner hit him with a belt; he told me at 2 pm.",
    ],
)
def test_the_same_words_leave_one_imprint_in_any_case_spacing_and_punctuation(spelling: str) -> None:
    assert _texts(spelling) == _texts(SEEN)


def test_other_words_another_key_and_another_child_leave_another() -> None:
    (usual,) = _texts(SEEN)

    assert _texts(SEEN.replace("belt", "shoe"))[0].digest != usual.digest
    assert _texts(SEEN, key=OTHER_KEY)[0].digest != usual.digest
    assert _texts(SEEN, BRYN)[0].digest == usual.digest
    assert _texts(SEEN, BRYN)[0].child != usual.child


@pytest.mark.parametrize(("count", "kept"), [(FLOOR - 1, 0), (FLOOR, 1)])
def test_a_text_of_fewer_words_than_a_fact_wants_leaves_none(count: int, kept: int) -> None:
    assert len(_texts(" ".join(["word"] * count))) == kept


def test_a_text_leaves_one_however_often_a_concern_repeats_it_and_only_the_first_texts_do() -> None:
    many = [Fact(what=f"{SEEN}, on day {day}") for day in range(MOST_FACTS + 4)]

    assert len(of_facts(KEY, [Fact(what=SEEN), Fact(what=SEEN.upper())], [ROWAN], FLOOR)) == 1
    assert len(of_facts(KEY, many, [ROWAN], FLOOR)) == MOST_FACTS


def test_a_number_is_known_again_however_it_is_spaced_and_each_has_its_own() -> None:
    spaced = of_numbers(KEY, _person(nhs_number="999 000 1014"))
    both = of_numbers(KEY, _person(chi="1403170014", upn="N999400015001"))

    assert spaced == of_numbers(KEY, _person())
    assert len({one.digest for one in both}) == len(both) >= 2
    assert len({(one.surname, one.born) for one in both}) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"nhs_number": "9990001015"},
        {"nhs_number": "0000000000"},
        {"nhs_number": None},
        {"name": "Rowan"},
        {"name": None},
        {"birth_date": None},
        {"birth_date": "about seven"},
    ],
    ids=lambda changes: "-".join(map(str, *changes.items())),
)
def test_a_number_that_is_none_or_a_child_half_described_leaves_none(changes: dict[str, str | None]) -> None:
    assert of_numbers(KEY, _person(**changes)) == []


@pytest.mark.parametrize(
    ("name", "birth_date", "confusable"),
    [
        ("Bryn Morrow", "2016-01-02", True),
        ("Rowan Morrow", "2016-01-02", True),
        ("Rowan Morrow", "2017-03-14", False),
        ("Rowan Ashbyte", "2016-01-02", False),
        ("ASHBYTE, Rowan", "2016-01-02", False),
        ("Ashbyte Rowan", "2016-01-02", False),
        ("Rowan", "2016-01-02", False),
        ("Rowan Morrow", "2016", False),
        (None, "2016-01-02", False),
    ],
)
def test_two_with_one_number_are_doubtful_only_where_surname_and_birth_date_both_differ(
    name: str | None, birth_date: str, confusable: bool
) -> None:
    other = _person(name=name, birth_date=birth_date)

    assert are_confusable(_person(), other) is confusable
    assert are_confusable(other, _person()) is confusable


def test_a_surname_that_somebody_went_by_before_is_no_other_one() -> None:
    other = _person(name="Rowan Morrow", birth_date="2016-01-02", aliases=("Rowan Ashbyte",))

    assert not are_confusable(_person(), other)
