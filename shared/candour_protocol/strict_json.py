"""The one door through which signed JSON enters: stricter than RFC 8259, so that two readers never differ.

Refused: duplicate members, floats, NaN and Infinity, integers beyond ±(2^53 - 1), depth over the limit,
byte order marks, lone surrogates, NUL and bidirectional controls, raw or escaped. Source: protocol section 3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

from candour_protocol.errors import MalformedError

JsonValue: TypeAlias = bool | int | str | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]

MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1

_SPACE = " \t\n\r"
_SAFE_LENGTH = len(str(MAX_INTEGER)) - 1  # characters that no integer out of range fits in
_LONGEST_INTEGER = len(str(-MAX_INTEGER))  # characters; longer ones never reach int(), which is quadratic
_HIDDEN = "\x00\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_SURROGATES = "\ud800-\udfff"
_FORBIDDEN = re.compile(f"[{_HIDDEN}{_SURROGATES}]")
_HIDDEN_RUN = re.compile(f"[{_HIDDEN}]+")
_SURROGATE = re.compile(f"[{_SURROGATES}]")
_FORBIDDEN_ESCAPE = re.compile(r"(?i:0000|061c|20(?:0[ef]|2[a-e]|6[6-9])|feff|d[89a-f])")
_FORBIDDEN_CHARACTER = "a character that signed text may not hold"


def _refuse(what: str) -> NoReturn:
    raise MalformedError("json", what)


def _integer(text: str) -> int:
    if len(text) <= _SAFE_LENGTH:
        return int(text)
    if len(text) > _LONGEST_INTEGER or not -MAX_INTEGER <= (number := int(text)) <= MAX_INTEGER:
        _refuse("an integer beyond 2^53 - 1")
    return number


def _no_float(_text: str) -> NoReturn:
    _refuse("a number that is no integer")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("a member given twice")
    return members


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
)


def _writer(encode_text: Callable[[str], str]) -> Callable[[JsonValue, int], Sequence[str]]:
    """What ``JSONEncoder.encode`` makes anew for each call, at twice the cost of a short disclosure."""
    refuse = json.JSONEncoder().default
    make: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    writer: Callable[[JsonValue, int], Sequence[str]]
    writer = make(None, refuse, encode_text, None, ":", ",", False, False, False)
    return writer


_WRITE = _writer(json.encoder.encode_basestring_ascii)
_WRITE_UTF8 = _writer(json.encoder.encode_basestring)


def loads(raw: bytes | str, *, max_depth: int = MAX_DEPTH) -> JsonValue:
    """Read one JSON text.

    Args:
        raw: UTF-8. Its size is the caller's to limit.
        max_depth: how many arrays and objects may stand inside each other.

    Raises:
        MalformedError: ``json``; the detail never repeats what was read.
    """
    text = raw if isinstance(raw, str) else _decode(raw)
    value = _parse(text)
    if text.count("{") + text.count("[") > max_depth:
        _refuse_deep(value, max_depth)
    if not text.isascii() and _FORBIDDEN.search(text):
        _refuse(_FORBIDDEN_CHARACTER)
    if "\\u" in text and _may_escape_forbidden(text):
        _refuse_forbidden(value)
    return value


def load_object(raw: bytes | str, *, max_depth: int = MAX_DEPTH) -> JsonObject:
    """Read one JSON text that is an object.

    Raises:
        MalformedError: ``json``.
    """
    value = loads(raw, max_depth=max_depth)
    if not isinstance(value, dict):
        _refuse("not an object")
    return value


def dumps(value: JsonValue) -> str:
    """Write compact JSON: ASCII only, no spaces, members in the order they stand.

    Raises:
        MalformedError: ``json``; something that JSON cannot say, NaN included.
    """
    try:
        return "".join(_WRITE(value, 0))
    except (TypeError, ValueError, RecursionError):
        raise MalformedError("json", "a value that JSON cannot say") from None


def dumps_utf8(value: JsonValue) -> bytes:
    """Like ``dumps``, but UTF-8: Arabic takes two bytes a letter, not the six of an escape.

    Raises:
        MalformedError: ``json``; something that JSON or UTF-8 cannot say.
    """
    try:
        return "".join(_WRITE_UTF8(value, 0)).encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        raise MalformedError("json", "a value that JSON cannot say") from None


def clean_text(text: str) -> tuple[str, bool]:
    """Make what a person typed fit for signing, and say whether anything changed.

    NUL, byte order marks and bidirectional controls go; a lone surrogate (half an emoji) becomes U+FFFD.
    """
    cleaned = _SURROGATE.sub("\ufffd", _HIDDEN_RUN.sub("", text))
    return cleaned, cleaned != text


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("json", "not UTF-8") from None


def _parse(text: str) -> JsonValue:
    text = text.strip(_SPACE)
    value: JsonValue
    try:
        value, end = _DECODER.raw_decode(text)
    except RecursionError:
        raise MalformedError("json", "nested too deeply") from None
    except ValueError:
        raise MalformedError("json", "not JSON") from None
    if end != len(text):
        _refuse("more than one value")
    return value


def _refuse_deep(value: JsonValue, room: int) -> None:
    """Refuse more than ``room`` arrays and objects inside each other."""
    if not isinstance(value, dict | list):
        return
    if not room:
        _refuse("nested too deeply")
    for inner in value.values() if isinstance(value, dict) else value:
        if inner.__class__ in (dict, list):
            _refuse_deep(inner, room - 1)


def _may_escape_forbidden(text: str) -> bool:
    """Whether an escape may say a forbidden character; no other escape than ``\\u`` can."""
    return any(map(_FORBIDDEN_ESCAPE.match, text.split("\\u")[1:]))


def _refuse_forbidden(value: JsonValue) -> None:
    """Refuse a forbidden character in any string, the names of members included."""
    if isinstance(value, str):
        if _FORBIDDEN.search(value):
            _refuse(_FORBIDDEN_CHARACTER)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_forbidden(name)
            _refuse_forbidden(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_forbidden(inner)
