"""What the surgery's and the school's people write: the examples that partners are given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.gateway.partnership import SCHOOL

EXAMPLES = Path(__file__).parents[2] / "docs" / "partners" / "examples"


def example(name: str) -> dict[str, Any]:
    """An example file."""
    found: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return found


def a_concern(**codes: Any) -> dict[str, Any]:
    """A concern of the surgery's, for the school."""
    given = example("concern") | {"to": SCHOOL}
    return given | {"codes": given["codes"] | codes}


def a_request(*concerns: str, **codes: Any) -> dict[str, Any]:
    """A request of the surgery's to the school that rests on these concerns."""
    given = example("request") | {"to": SCHOOL, "concerns": list(concerns)}
    return given | {"codes": given["codes"] | codes}


def the_schools_answer() -> dict[str, Any]:
    """An answer of the school's to one line."""
    return {
        "outcomes": [
            {"line": 1, "outcome": "DISCLOSED_FULL", "text": "Present on 61 of 92 days.", "basis": "RECORD"}
        ],
        "decider": {"name": "H. Vance", "role": "Safeguarding lead", "training_level": "DSL"},
    }
