"""Concerns that an inbox must not see, and that somebody else holds whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CSC, GP, SCHOOL, START, an_actor
from tests.gateway.world import World


def kept_from_school(**changes: JsonValue) -> dict[str, JsonValue]:
    """Kept from the school, lodged with social care."""
    return {
        "from": SCHOOL,
        "reason": "STAFF_ALLEGATION",
        "lodged_with": CSC,
        "second": an_actor(),
        "review_on": (START + timedelta(days=5)).date().isoformat(),
        **changes,
    }


def lodged(world: World, to: str = CSC, **changes: Any) -> Issued:
    return world.partnership.concern(GP, to, withheld=kept_from_school(**changes), actor=an_actor())  # type: ignore[arg-type]
