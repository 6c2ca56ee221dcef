"""Concerns that not everybody may see, as people type them."""

from __future__ import annotations

from typing import Any

from tests.agency.partnership import CSC, SCHOOL

ALLEGATION = {"categories": ["STAFF_ALLEGATION", "PHYSICAL_ADULT"]}


def withheld_from_school(**changes: Any) -> dict[str, Any]:
    """Kept from the school's ordinary inbox, and lodged with social care."""
    return {
        "from": SCHOOL,
        "reason": "RISK_TO_PERSON",
        "lodged_with": CSC,
        "second_signer": {"staff_id": "brace", "name": "DI Brace"},
        "review_on": "2026-11-24",
        **changes,
    }
