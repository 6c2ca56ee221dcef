"""Children's identifiers: check digits and test ranges. Source: domain 5.3; GDSC Unique Pupil Number 2.0.

Only the arithmetic is checked, not whether a council's or board's number exists: synthetic data uses ones
that do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_UPN = re.compile(rf"[{_UPN_LETTERS}][0-9]{{11}}[0-9{_UPN_LETTERS}]\Z")
_TEN_DIGITS = re.compile(r"[0-9]{10}\Z")


class Scheme(StrEnum):
    """Who issued a number."""

    NHS = "nhs"
    UPN = "upn"
    CHI = "chi"
    HCN = "hcn"


def normalise(value: str) -> str:
    """Without white space, in upper case: the form that child tokens are made of (protocol section 3.1)."""
    return "".join(value.split()).upper()


def is_valid(scheme: Scheme, value: str) -> bool:
    """Whether a number has the shape and the check digit of its scheme; spaces are ignored."""
    return _VALID[scheme](normalise(value))


def is_test(scheme: Scheme, value: str) -> bool:
    """Whether a number stands in a range that is never issued to anybody."""
    number = normalise(value)
    return number[1:4] == "999" if scheme is Scheme.UPN else number.startswith("999")


def nhs_check_digit(first_nine: str) -> str:
    """The tenth digit of an NHS number, by modulus 11; ``""`` where the nine digits have none."""
    total = sum(int(digit) * (10 - place) for place, digit in enumerate(first_nine))
    check = (11 - total % 11) % 11
    return "" if check == 10 else str(check)


def upn_check_letter(last_twelve: str) -> str:
    """The first letter of a UPN, by modulus 23 over its other twelve characters."""
    total = sum(_upn_value(character) * place for place, character in enumerate(last_twelve, start=2))
    return _UPN_LETTERS[total % 23]


def _upn_value(character: str) -> int:
    # A temporary number ends in a letter, which counts by its place in the same alphabet.
    return int(character) if character.isdigit() else _UPN_LETTERS.index(character)


def _valid_nhs(number: str) -> bool:
    if not _TEN_DIGITS.match(number) or len(set(number)) == 1:
        return False
    return nhs_check_digit(number[:9]) == number[9]


def _valid_upn(number: str) -> bool:
    """Twelve equal digits have a check letter as any have, and are what people type who have no number."""
    repeated = len(set(number[1:])) == 1
    return bool(_UPN.match(number)) and not repeated and upn_check_letter(number[1:]) == number[0]


def _valid_chi(number: str) -> bool:
    """A CHI number begins with the date of birth, DDMMYY."""
    return _valid_nhs(number) and 1 <= int(number[:2]) <= 31 and 1 <= int(number[2:4]) <= 12


_VALID: Mapping[Scheme, Callable[[str], bool]] = {
    Scheme.NHS: _valid_nhs,
    Scheme.UPN: _valid_upn,
    Scheme.CHI: _valid_chi,
    Scheme.HCN: _valid_nhs,
}
