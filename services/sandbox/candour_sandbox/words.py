"""What became of a message, in the words of protocol section 9's last paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OUTCOMES: Mapping[str, tuple[str, str]] = {
    "passed": ("good", "passed checks"),
    "flagged": ("marked", "passed checks"),
    "held": ("marked", "waiting for a second person"),
    "refused": ("returned", "returned to you"),
}

_MARKS: Mapping[str, str] = {
    "R02": "needs more detail (R02)",
    "R09": "marked as an emergency (R09)",
}


def verdict_of(message: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """A tone and the words for a message's verdict, marks included."""
    verdict = message["verdict"]
    tone, words = _OUTCOMES[verdict["outcome"]]
    marks = (
        () if tone == "returned" else tuple(_MARKS.get(rule, f"marked {rule}") for rule in verdict["rules"])
    )
    return tone, (words, *marks)
