"""The ready bodies of ``samples.json``, which this package carries, and how their placeholders are filled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

_PLACEHOLDER = re.compile(r"\{\{([A-Za-z0-9-]+)(?:\+(\d+))?\}\}")


@dataclass(frozen=True, slots=True)
class Sample:
    """One REST call with the verdict that each message of its own kind must get."""

    id: str
    sender: str
    path: str
    body: Mapping[str, Any]
    verdict: str
    rules: tuple[str, ...]

    def filled(self, ids: Mapping[str, str], today: date) -> dict[str, Any]:
        """The body to send: ``{{X}}`` becomes ``ids["X"]`` and ``{{today+N}}`` a date.

        Raises:
            KeyError: a call that it refers to has not been made yet.
        """
        filled: dict[str, Any] = _fill(dict(self.body), ids, today)
        return filled


@dataclass(frozen=True, slots=True)
class Samples:
    """``kinds`` are the partnership's agencies in order, each with its kind; ``calls`` in sending order."""

    kinds: Mapping[str, str]
    calls: tuple[Sample, ...]

    def call(self, name: str) -> Sample:
        return next(sample for sample in self.calls if sample.id == name)


@cache
def samples() -> Samples:
    raw = json.loads(files("candour_sandbox").joinpath("samples.json").read_text("utf-8"))
    kinds = {agency: about["kind"] for agency, about in raw["agencies"].items()}
    return Samples(kinds, tuple(_sample(call) for call in raw["calls"]))


def _sample(call: Mapping[str, Any]) -> Sample:
    method, path = call["call"].split(" ")
    if method != "POST":
        raise ValueError("every sample is a POST")
    expect = call["expect"]
    return Sample(call["id"], call["as"], path, call["body"], expect["verdict"], tuple(expect["rules"]))


def _fill(value: Any, ids: Mapping[str, str], today: date) -> Any:
    if isinstance(value, dict):
        return {name: _fill(inner, ids, today) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, ids, today) for inner in value]
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _filling(found, ids, today), value)
    return value


def _filling(found: re.Match[str], ids: Mapping[str, str], today: date) -> str:
    name, days = found.groups()
    if name == "today":
        return (today + timedelta(days=int(days or 0))).isoformat()
    return ids[name]
