from __future__ import annotations

from datetime import date

import pytest
from candour_protocol.codes import (
    CODE_LISTS,
    UNKNOWN,
    Coded,
    ConcernCategory,
    ContactLevel,
    InfoCategory,
    LawfulBasis,
    NotInformedReason,
    OriginalSource,
    Power,
    as_code,
    is_listed,
    known,
    nearest,
)
from candour_protocol.kinds.fields import Code
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

WIRE = TypeAdapter[str](Code)


@pytest.mark.parametrize("listed", CODE_LISTS.values(), ids=lambda listed: listed.name)
def test_every_code_fits_the_wire_and_has_words_for_people(listed: object) -> None:
    codes = listed.codes  # type: ignore[attr-defined]

    for code in codes:
        assert WIRE.validate_python(code.value) == code.name
        assert code.display
        assert known(codes, code.value)


def test_every_list_says_where_it_comes_from() -> None:
    assert all(listed.title and listed.source for listed in CODE_LISTS.values())
    assert len(CODE_LISTS) == 30


def test_display_texts_of_a_list_differ_so_that_people_can_choose() -> None:
    for listed in CODE_LISTS.values():
        displays = [code.display for code in listed.codes]
        assert len(displays) == len(set(displays)), listed.name


def test_words_of_ones_own_are_no_code_of_a_list_that_knows_unknown() -> None:
    assert is_listed(ContactLevel, "unknown")
    assert is_listed(ContactLevel, "It is not known")
    assert not is_listed(ContactLevel, "every other weekend, he says")


def test_census_codes_are_those_of_the_children_in_need_census() -> None:
    assert ConcernCategory.NEGLECT.maps_to == "16A"
    assert ConcernCategory.PHYSICAL_ADULT.maps_to == "18C"
    assert ConcernCategory.UNSURE.maps_to == ""
    assert [each.maps_to for each in OriginalSource] == ["1A", "1B", "1C", "1D", "9", "10"]


def test_a_code_says_from_when_it_holds() -> None:
    assert LawfulBasis.A6_EA.active_from == date(2026, 2, 5)
    assert LawfulBasis.A6_E.active_from is None


@pytest.mark.parametrize(
    ("codes", "text", "expected"),
    [
        (ConcernCategory, "PHYSICAL_ADLT", "PHYSICAL_ADULT"),
        (ConcernCategory, "neglet", "NEGLECT"),
        (ConcernCategory, "Withdrawn from vew", "OUT_OF_SIGHT"),
        (InfoCategory, "ATTENDANCE AT SCHOOL", "EDU_ATTEND"),
        (Power, "CA89_S74", "CA89_S47"),
        (Power, "ZZZZZZ", ""),
        (Power, None, ""),
    ],
)
def test_an_unknown_code_is_answered_with_the_nearest(
    codes: type[Coded], text: str | None, expected: str
) -> None:
    assert nearest(codes, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NEGLECT", "NEGLECT"),
        ("neglect", "NEGLECT"),
        ("Physical abuse by an adult", "PHYSICAL_ADULT"),
        ("physical-adult", "PHYSICAL_ADULT"),
        ("BULLYING", "BULLYING"),
        ("Dez hits Rowan", UNKNOWN),
        ("9990001014", UNKNOWN),
        ("N999400015001", UNKNOWN),
        ("  ", None),
        (None, None),
    ],
)
def test_only_what_looks_like_a_code_reaches_the_gateway_as_one(
    text: str | None, expected: str | None
) -> None:
    assert as_code(ConcernCategory, text) == expected


@given(st.text())
def test_whatever_somebody_types_becomes_a_code_that_fits_the_wire(text: str) -> None:
    code = as_code(NotInformedReason, text)

    assert code is None or WIRE.validate_python(code) == code
