"""What is wrong with a member or parameter, in words for whoever mends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_WORDS: Final[Mapping[str, str]] = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no member of this name. See /openapi.json for those that are.",
    "tuple_type": "This is a list: put it in [ ].",
    "list_type": "This is a list: put it in [ ].",
    "model_type": "This is an object with members: { }.",
    "dict_type": "This is an object with members: { }.",
    "dataclass_type": "This is an object with members: { }.",
    "model_attributes_type": "This is an object with members: { }.",
    "string_type": "This is text: put it in quotation marks.",
    "int_type": "This is a whole number, without quotation marks.",
    "int_parsing": "This is a whole number.",
    "int_from_float": "This is a whole number.",
    "bool_type": "This is true or false, without quotation marks.",
}


def plain(error: Any) -> str:
    """Words for one of pydantic's errors; never what was sent.

    Args:
        error: with ``type``, ``msg`` and, for bounds, ``ctx``.
    """
    kind, bounds = str(error["type"]), error.get("ctx", {})
    match kind:
        case "too_short":
            return f"Give at least {bounds['min_length']}."
        case "too_long":
            return f"Give at most {bounds['max_length']}."
        case "string_too_long":
            return f"At most {bounds['max_length']} characters."
        case "greater_than_equal":
            return f"At least {bounds['ge']}."
        case "less_than_equal":
            return f"At most {bounds['le']}."
        case "literal_error":
            return f"One of: {bounds['expected']}."
        case "string_pattern_mismatch":
            return f"This does not have the form {bounds['pattern']}."
        case _:
            return _WORDS.get(kind, str(error["msg"]).removeprefix("Value error, "))
