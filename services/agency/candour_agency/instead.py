"""What people can do in place of a request that comes back: tell, or in an emergency ask first. Pure.

Whoever is sent back has to be shown a way on, or what worries them is told to nobody. Source: domain 4.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from candour_protocol.rules.table import RULES
from candour_protocol.strict_json import JsonObject

_RULES: Final = frozenset(rule.id for rule in RULES)
_TELL: Final = (
    "Tell what worries you, or what more was seen or heard, as a concern alone: nothing returns, holds or "
    "delays it for what it says. You can ask afterwards."
)
_EMERGENCY: Final = (
    "If life or limb is at risk now, ring 999. Then ask without `concern_ids` or `concern`, with `urgency` "
    "EMERGENCY, `purpose` EMERGENCY_SAFETY and the danger in `danger_line`, in five words or more: whether "
    "the child is known, and who lives there. The concern follows."
)


def instead(codes: JsonObject | None, rules: Iterable[str]) -> Iterator[JsonObject]:
    """The ways on for whoever asked, as steps that a program can offer; none but where a rule returned it.

    Args:
        codes: of the request.
        rules: what it was returned for.
    """
    if _RULES.isdisjoint(rules):
        return
    yield {"step": "tell-concern", "text": _TELL, "href": "/v1/concerns"}
    asked = codes or {}
    if asked.get("urgency") != "EMERGENCY" or asked.get("concern_refs"):
        yield {"step": "emergency", "text": _EMERGENCY, "href": "/v1/requests"}
