"""Where in a TOML text a value stands, so that whoever wrote it can be sent to the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\"'.\- ]+?)\s*=")


def line_of(text: str, path: Sequence[str | int], value: object = None) -> int:
    """The line, counted from 1, of the value at this path; of the nearest table or key above it otherwise.

    Args:
        value: the value itself; a string inside a list that spans lines is searched for.
    """
    wanted = [step for step in path if isinstance(step, str)]
    line, depth, table = 1, 0, list[str]()
    lines = text.splitlines()
    for number, written in enumerate(lines, start=1):
        here = _path(written, table)
        if depth < len(here) <= len(wanted) and wanted[: len(here)] == here:
            line, depth = number, len(here)
    return _of_string(lines, line, value) if isinstance(value, str) else line


def _path(written: str, table: list[str]) -> list[str]:
    """The path that a line opens, empty where it opens none; ``table`` keeps the current table."""
    if header := _HEADER.match(written):
        table[:] = _steps(header[1])
        return list(table)
    key = _KEY.match(written)
    return [*table, *_steps(key[1])] if key else []


def _steps(dotted: str) -> list[str]:
    return [step.strip().strip("\"'") for step in dotted.split(".")]


def _of_string(lines: Sequence[str], start: int, value: str) -> int:
    quoted = (f'"{value}"', f"'{value}'")
    for number, written in enumerate(lines[start - 1 :], start=start):
        if any(text in written for text in quoted):
            return number
    return start
