"""Bodies that people's systems post: proper ones, of which a test changes what matters."""

from __future__ import annotations

from typing import Any

from tests.journeys.personal import AUTHOR, FACTS, TAMSIN


def a_concern_for(*recipients: str, **changes: Any) -> dict[str, Any]:
    """A concern of substance about a child."""
    return {
        "recipients": list(recipients),
        "subject": TAMSIN,
        "categories": ["NEGLECT"],
        "need_level": "L3",
        "urgency": "AMBER",
        "facts": FACTS,
        "author": AUTHOR,
    } | changes


def a_request_for(holder: str, concern: str, **changes: Any) -> dict[str, Any]:
    """One question that rests on a concern, by its id."""
    return {
        "recipients": [holder],
        "concern_ids": [concern],
        "subject": TAMSIN,
        "urgency": "AMBER",
        "purpose": "DIRECT_CARE",
        "lawful_basis": "A6_E",
        "special_category": "A9_H",
        "power": "CA04_S11",
        "lines": [
            {
                "person": TAMSIN | {"role": "SUBJECT_CHILD"},
                "category": "HEALTH_DEV",
                "months": 6,
                "question": "Seen for injuries?",
                "because": "to judge whether the cut lip is one of several injuries",
            }
        ],
        "openness": {"position": "INFORMED_AGREED"},
        "author": AUTHOR,
    } | changes
