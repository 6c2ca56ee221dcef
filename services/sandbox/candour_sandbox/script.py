"""What people in the story write that is no sample: answers, and who opened what. All of it is invented.

Source: domain.md section 9, A-01.
"""

from __future__ import annotations

from typing import Any, Final

POLICE_ANSWER: Final[dict[str, Any]] = {
    "outcomes": [
        {
            "line": 1,
            "outcome": "DISCLOSED_PART",
            "reason": "PREJUDICE_INVESTIGATION",
            "text": "No convictions held. Whether there is bail is withheld while an investigation is open.",
            "basis": "RECORD",
            "searched": ["PNC, 2016 to 2026", "Force crime, 2016 to 2026", "ABE log, 2016 to 2026"],
            "would_change_if": "An arrest is made; we look at this again on 23 November in any case.",
        },
        {
            "line": 2,
            "outcome": "DISCLOSED_FULL",
            "text": "Three calls about violence: 2 June, 19 August, 17 October 2026; child there for two.",
            "basis": "RECORD",
            "searched": ["Incident log, November 2024 to November 2026"],
        },
        {
            "line": 3,
            "outcome": "DISCLOSED_FULL",
            "text": "Known: seen asleep upstairs by officers at the call of 17 October 2026.",
            "basis": "RECORD",
            "searched": ["Incident log, November 2025 to November 2026"],
        },
    ],
    "decider": {
        "staff_id": "brace",
        "name": "DI Brace",
        "role": "Detective inspector",
        "training_level": "IC4",
    },
}

SCHOOL_ANSWER: Final[dict[str, Any]] = {
    "outcomes": [
        {
            "line": 1,
            "outcome": "DISCLOSED_FULL",
            "text": "Attendance 91 percent since May; six single days away, each with a note: headache.",
            "basis": "RECORD",
            "searched": ["Attendance register, May to November 2026"],
        },
        {
            "line": 2,
            "outcome": "DISCLOSED_FULL",
            "text": "Quieter since half-term; asks for seconds at lunch and wears the same shirt most days.",
            "basis": "OBSERVED",
            "searched": ["Safeguarding log, May to November 2026"],
        },
    ],
    "decider": {
        "staff_id": "vance",
        "name": "H. Vance",
        "role": "Designated safeguarding lead",
        "training_level": "DSL",
    },
}

OPENED_AT_SOCIAL_CARE: Final[dict[str, Any]] = {"name": "S. Oduya", "role": "Team manager", "questions": []}
