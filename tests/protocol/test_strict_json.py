"""Signed JSON passes one strict loader: what two readers could read differently never gets in."""

from __future__ import annotations

import json

import pytest
from candour_protocol import strict_json
from candour_protocol.errors import CandourError, MalformedError
from candour_protocol.strict_json import (
    MAX_INTEGER,
    JsonValue,
    clean_text,
    dumps,
    dumps_utf8,
    load_object,
    loads,
)
from hypothesis import given
from hypothesis import strategies as st

HIDDEN = [0x0, 0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
SURROGATES = [0xD800, 0xDBFF, 0xDC00, 0xDFFF]

clean_strings = st.text(st.characters(codec="utf-8", exclude_characters=[chr(code) for code in HIDDEN]))
json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | clean_strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_strings, inner, max_size=4),
    max_leaves=12,
)


def refused(raw: bytes | str) -> str:
    """The detail of the refusal."""
    with pytest.raises(MalformedError) as caught:
        loads(raw)
    assert caught.value.code == "json"
    return caught.value.detail


@given(json_values)
def test_what_is_written_is_read_back(value: JsonValue) -> None:
    assert loads(dumps(value), max_depth=20) == value
    assert loads(dumps_utf8(value), max_depth=20) == value


@given(st.text() | st.binary())
def test_anything_else_is_refused_with_our_own_error(raw: bytes | str) -> None:
    try:
        value = loads(raw)
    except CandourError:
        return

    assert json.loads(raw) == value


def test_compact_ascii_is_written_in_the_order_given() -> None:
    assert dumps({"b": [1, None, True], "a": "Siân"}) == '{"b":[1,null,true],"a":"Si\\u00e2n"}'
    assert dumps_utf8({"a": "Siân"}) == '{"a":"Siân"}'.encode()


@pytest.mark.parametrize("raw", ['{"a":1,"a":1}', '{"b":{"a":1,"a":2}}', '[{"a":1,"\\u0061":2}]'])
def test_a_member_given_twice_is_refused(raw: str) -> None:
    assert refused(raw) == "a member given twice"


@pytest.mark.parametrize("number", ["1.0", "1e400", "-0.5", "1E2", "NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_no_integer_is_refused(number: str) -> None:
    assert refused(f'{{"a":{number}}}') == "a number that is no integer"


@pytest.mark.parametrize(
    "number", ["9007199254740992", "-9007199254740992", "1" + "0" * 5000, "-" + "9" * 5000]
)
def test_an_integer_that_others_would_round_is_refused(number: str) -> None:
    assert refused(f"[{number}]") == "an integer beyond 2^53 - 1"


def test_the_largest_integers_are_read() -> None:
    assert loads("[9007199254740991,-9007199254740991]") == [MAX_INTEGER, -MAX_INTEGER]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_of_a_hundred_thousand_is_refused(opening: str) -> None:
    assert refused(opening * 100_000) == "nested too deeply"


def test_sixteen_levels_are_read_and_seventeen_are_not() -> None:
    assert loads("[" * 16 + "]" * 16) is not None
    assert refused("[" * 17 + "]" * 17) == "nested too deeply"
    assert refused('{"a":' * 16 + "[]" + "}" * 16) == "nested too deeply"


def test_many_shallow_arrays_are_not_deep() -> None:
    assert loads(dumps([[], {}] * 50)) == [[], {}] * 50


def test_brackets_inside_a_text_are_not_depth() -> None:
    assert loads('["' + "[" * 40 + '"]') == ["[" * 40]


@pytest.mark.parametrize("raw", [b'\xef\xbb\xbf{"a":1}', "\ufeff{}", '{"a":"\ufeff"}'])
def test_a_byte_order_mark_is_refused(raw: bytes | str) -> None:
    refused(raw)


@pytest.mark.parametrize("code", HIDDEN + SURROGATES)
@pytest.mark.parametrize("place", ['["%s"]', '{"a":{"b":["x%s"]}}', '{"%s":1}'])
def test_hidden_characters_are_refused_raw_and_escaped(place: str, code: int) -> None:
    refused(place % chr(code))
    refused(place % f"\\u{code:04x}")
    refused(place % f"é\\u{code:04X}")


def test_lone_surrogates_encoded_as_bytes_are_refused() -> None:
    assert refused(b'["\xed\xa0\x80"]') == "not UTF-8"


def test_a_pair_of_escaped_surrogates_is_one_character() -> None:
    assert loads('["\\ud83d\\ude00"]') == ["😀"]


def test_an_escaped_backslash_before_u_is_just_text() -> None:
    assert loads('["\\\\u0000"]') == ["\\u0000"]


@pytest.mark.parametrize(
    "raw", ["", "{", "[1,]", "{'a':1}", "01", "nul", '["\n"]', "1 2", "\x00", "{}\x0c", "\xa0{}"]
)
def test_what_is_not_json_is_refused(raw: str) -> None:
    refused(raw)


def test_utf_16_is_refused() -> None:
    refused('{"a":1}'.encode("utf-16"))


def test_white_space_around_is_read() -> None:
    assert loads(b' \t\r\n{"a" : 1}\n') == {"a": 1}


@pytest.mark.parametrize("raw", ["[]", '"a"', "1", "null"])
def test_only_an_object_is_an_object(raw: str) -> None:
    with pytest.raises(MalformedError, match="not an object"):
        load_object(raw)


def test_a_refusal_repeats_nothing_of_what_was_read() -> None:
    assert "Ava" not in refused('{"Ava Example":1,"Ava Example":2}')
    assert "Ava" not in refused('{"Ava Example"')


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x"])
def test_what_json_cannot_say_is_not_written(value: object) -> None:
    with pytest.raises(MalformedError, match="JSON cannot say"):
        dumps(value)  # type: ignore[arg-type]
    with pytest.raises(MalformedError, match="JSON cannot say"):
        dumps_utf8(value)  # type: ignore[arg-type]


def test_of_all_escapes_exactly_those_of_forbidden_characters_are_refused() -> None:
    """After an escaped backslash too, which an escape must not hide behind."""
    escapes = {code: f"\\u{code:04x}" for code in range(0x10000)}

    for written in ('"{}"', '["\\n\\\\{}"]', '{{"\\u00e9{}":1}}'):
        refusals = {code for code, escape in escapes.items() if _is_refused(written.format(escape))}
        assert refusals == {*HIDDEN, *range(0xD800, 0xE000)}


def _is_refused(text: str) -> bool:
    try:
        loads(text)
    except MalformedError:
        return True
    return False


@pytest.mark.parametrize(
    "text", ["plain", "“smart” – quotes’", "آفا", "Siân Llŷr", "👩‍👧 family", "line\nbreak"]
)
def test_what_people_type_goes_through_unchanged(text: str) -> None:
    assert clean_text(text) == (text, False)
    assert loads(dumps(text)) == text


def test_what_people_paste_is_made_fit_for_signing_and_said_so() -> None:
    assert clean_text("a\u202eb\x00c\ufeffd\u2066") == ("abcd", True)
    assert clean_text("half \ud83d an emoji") == ("half \ufffd an emoji", True)


@given(st.text(st.characters()))
def test_cleaned_text_is_always_signed_text(text: str) -> None:
    cleaned, _ = clean_text(text)

    assert strict_json.loads(dumps(cleaned)) == cleaned
