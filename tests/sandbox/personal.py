"""Every text of the story and the samples that is somebody's: names, identifiers, and what was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from candour_sandbox import script
from candour_sandbox.samples import samples

_PERSONAL = frozenset(
    {
        "name",
        "aliases",
        "nhs_number",
        "upn",
        "address",
        "what",
        "impact",
        "safe_tonight",
        "text",
        "question",
        "because",
        "danger_line",
        "would_change_if",
        "searched",
    }
)


_COMMON = frozenset({"Mother", "background", "safeguarding"})  # words that say nothing about anybody


def personal_texts() -> frozenset[str]:
    """Texts that may be found nowhere but with the two agencies concerned."""
    told = [dict(call.body) for call in samples().calls]
    answered = [script.POLICE_ANSWER, script.SCHOOL_ANSWER, script.OPENED_AT_SOCIAL_CARE]
    return frozenset(text for value in (told, answered) for text in _texts(value, personal=False))


def _texts(value: Any, *, personal: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, personal=name in _PERSONAL)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, personal=personal)
    elif personal and isinstance(value, str) and len(value) > 5 and value not in _COMMON:
        yield value
