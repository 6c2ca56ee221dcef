from __future__ import annotations

import pytest
from candour_protocol.identifiers import (
    Scheme,
    is_test,
    is_valid,
    nhs_check_digit,
    normalise,
    upn_check_letter,
)
from hypothesis import given
from hypothesis import strategies as st

DIGITS = st.text("0123456789", min_size=9, max_size=9)


@pytest.mark.parametrize("number", ["9990001014", "999 000 1022", "9434765919", "9990001081"])
def test_an_nhs_number_with_its_check_digit_is_valid(number: str) -> None:
    assert is_valid(Scheme.NHS, number)


@pytest.mark.parametrize(
    "number",
    ["9990001015", "999000101", "99900010144", "1111111111", "0000000000", "99900O1014", "", "٩" * 10],
)
def test_an_nhs_number_that_cannot_be_one_is_not_valid(number: str) -> None:
    assert not is_valid(Scheme.NHS, number)


@pytest.mark.parametrize("number", ["B801200005001", "P207000016049", "n999400015001", "P999400020006"])
def test_a_upn_with_its_check_letter_is_valid(number: str) -> None:
    assert is_valid(Scheme.UPN, number)


@pytest.mark.parametrize("number", ["Q207000016049", "B801200005002", "I801200005001", "B80120000500", ""])
def test_a_upn_that_cannot_be_one_is_not_valid(number: str) -> None:
    assert not is_valid(Scheme.UPN, number)


@pytest.mark.parametrize("digit", "0123456789")
def test_twelve_equal_digits_are_no_upn(digit: str) -> None:
    assert not is_valid(Scheme.UPN, upn_check_letter(digit * 12) + digit * 12)


def test_a_temporary_upn_ends_in_a_letter() -> None:
    rest = "80120000500A"

    assert is_valid(Scheme.UPN, upn_check_letter(rest) + rest)


def test_a_chi_number_begins_with_a_date() -> None:
    assert is_valid(Scheme.CHI, "150312123" + nhs_check_digit("150312123"))
    assert not is_valid(Scheme.CHI, "9990001014")


def test_a_health_and_care_number_has_the_same_check_digit() -> None:
    assert is_valid(Scheme.HCN, "320000001" + nhs_check_digit("320000001"))


@pytest.mark.parametrize(
    ("scheme", "number", "test"),
    [
        (Scheme.NHS, "9990001014", True),
        (Scheme.NHS, "9434765919", False),
        (Scheme.NHS, "9989999999", False),
        (Scheme.UPN, "N999400015001", True),
        (Scheme.UPN, "B801200005001", False),
    ],
)
def test_numbers_that_nobody_was_ever_given_are_known(scheme: Scheme, number: str, test: bool) -> None:
    assert is_test(scheme, number) is test


@given(DIGITS, st.integers(0, 9))
def test_at_most_one_tenth_digit_is_right(first_nine: str, tenth: int) -> None:
    expected = nhs_check_digit(first_nine)

    valid = is_valid(Scheme.NHS, f"{first_nine}{tenth}")

    assert valid == (str(tenth) == expected and len(set(f"{first_nine}{tenth}")) > 1)


@given(DIGITS.filter(lambda nine: nhs_check_digit(nine) != ""), st.integers(0, 8), st.integers(1, 9))
def test_one_mistyped_digit_is_always_noticed(first_nine: str, place: int, off_by: int) -> None:
    wrong = str((int(first_nine[place]) + off_by) % 10)
    mistyped = first_nine[:place] + wrong + first_nine[place + 1 :]

    assert not is_valid(Scheme.NHS, mistyped + nhs_check_digit(first_nine))


@given(st.sampled_from(list(Scheme)), st.text())
def test_whatever_somebody_types_is_valid_or_not(scheme: Scheme, text: str) -> None:
    assert is_valid(scheme, text) in (True, False)
    assert is_test(scheme, text) in (True, False)
    assert normalise(normalise(text)) == normalise(text)
