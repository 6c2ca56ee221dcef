"""What the surgery's and the school's people write."""

from __future__ import annotations

from typing import Any

from tests.gateway.partnership import GP, SCHOOL
from tests.journeys.personal import AUTHOR, BECAUSE, FACTS, TAMSIN


def a_concern(**codes: Any) -> dict[str, Any]:
    """A concern of the surgery's, in the wire's own words."""
    return {
        "to": SCHOOL,
        "staff_id": "quennell",
        "codes": {
            "categories": ["NEGLECT"],
            "need_level": "L3",
            "urgency": "AMBER",
            "openness": {"position": "INFORMED_AGREED", "reason": None},
        }
        | codes,
        "content": {"subject": TAMSIN, "facts": FACTS, "author": AUTHOR},
    }


def a_request(*concerns: str, **codes: Any) -> dict[str, Any]:
    """A request of the surgery's that rests on these concerns."""
    return {
        "to": SCHOOL,
        "staff_id": "quennell",
        "concerns": list(concerns),
        "codes": {
            "urgency": "AMBER",
            "purpose": "DIRECT_CARE",
            "power": "CA04_S11",
            "lawful_basis": "A6_E",
            "special_category": "A9_H",
            "openness": {"position": "INFORMED_AGREED", "reason": None},
            "asked": [{"line": 1, "role": "SUBJECT_CHILD", "category": "EDU_ATTEND", "months": 6}],
        }
        | codes,
        "content": {
            "subject": TAMSIN,
            "persons": [TAMSIN | {"role": "SUBJECT_CHILD"}],
            "questions": [{"line": 1, "person": 0, "question": "Attendance?", "because": BECAUSE}],
            "author": AUTHOR,
        },
    }


def an_answer() -> dict[str, Any]:
    """An answer of the surgery's to one line."""
    return {
        "staff_id": "quennell",
        "codes": {
            "outcomes": [{"line": 1, "outcome": "DISCLOSED_FULL", "reason": None}],
            "decider_level": "IC4",
        },
        "content": {
            "content": [{"line": 1, "text": "Seen twice this term, no injury.", "basis": "RECORD"}],
            "decider": AUTHOR,
        },
    }


def the_schools_answer() -> dict[str, Any]:
    """An answer of the school's to one line."""
    return {
        "outcomes": [
            {"line": 1, "outcome": "DISCLOSED_FULL", "text": "Present on 61 of 92 days.", "basis": "RECORD"}
        ],
        "decider": {"name": "H. Vance", "role": "Safeguarding lead", "training_level": "DSL"},
    }


__all__ = ["GP", "SCHOOL", "a_concern", "a_request", "an_answer", "the_schools_answer"]
