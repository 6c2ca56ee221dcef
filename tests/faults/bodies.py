"""Bodies that people's systems post in a matter, and the people who sign them."""

from __future__ import annotations

from typing import Any

from tests.faults.matter import Matter

VANCE = {"staff_id": "vance", "name": "H. Vance", "role": "Safeguarding lead", "training_level": "DSL"}
BROOK = {"staff_id": "brook", "name": "B. Brook", "role": "Social worker", "training_level": "SW_QUALIFIED"}
ODUYA = {"staff_id": "oduya", "name": "S. Oduya", "role": "Team manager", "training_level": "IC4"}


def a_fact(matter: Matter, more: str = "") -> dict[str, str]:
    """Something that was seen."""
    return {
        "what": f"Ari came in without a coat for the third day and was very hungry ({matter.name}{more}).",
        "when": "2026-11-20",
        "basis": "OBSERVED",
    }


def a_concern(matter: Matter, **changes: Any) -> dict[str, Any]:
    """A concern of substance to the holder, who may pass it on to the third."""
    return {
        "recipients": [matter.holder],
        "subject": matter.child,
        "categories": ["NEGLECT"],
        "need_level": "L3",
        "urgency": "AMBER",
        "facts": [a_fact(matter)],
        "onward_to": [matter.third],
        "author": VANCE,
    } | changes


def a_line(category: str = "KNOWN_YN") -> dict[str, Any]:
    """A question about the child."""
    return {
        "person": {"name": "Ari Example", "role": "SUBJECT_CHILD"},
        "category": category,
        "months": 6,
        "question": "Is Ari known to you?",
        "because": "to decide whether the hunger is part of neglect at home",
    }


def a_request(matter: Matter, *concerns: str, **changes: Any) -> dict[str, Any]:
    """A question to the holder that rests on these concerns."""
    return {
        "recipients": [matter.holder],
        "concern_ids": list(concerns),
        "subject": matter.child,
        "urgency": "AMBER",
        "purpose": "DIRECT_CARE",
        "power": "CA04_S11",
        "lawful_basis": "A6_E",
        "special_category": "A9_H",
        "openness": {"position": "INFORMED_AGREED"},
        "lines": [a_line()],
        "author": VANCE,
    } | changes


def a_check(matter: Matter, concern: str) -> dict[str, Any]:
    """The holder asks the third on the strength of what it was told; the concern is passed on first."""
    return a_request(matter, concern, recipients=[matter.third], author=BROOK)


def an_answer(line: int = 1, outcome: str = "DISCLOSED_FULL", **changes: Any) -> dict[str, Any]:
    """What becomes of one line."""
    answered = {
        "line": line,
        "outcome": outcome,
        "reason": None,
        "text": "Known since May; seen at home twice, and well both times.",
        "basis": "RECORD",
        "searched": ["case system"],
        "would_change_if": None,
    }
    return {"outcomes": [answered | changes], "decider": ODUYA}


def a_refusal(reason: str = "PREJUDICE_INVESTIGATION") -> dict[str, Any]:
    """A reason for not answering, in words enough."""
    return an_answer(
        outcome="REFUSED", reason=reason, would_change_if="once the arrest is made",
        text="An arrest is planned, and this would tell him of it before the day.",
    )  # fmt: skip


def a_decision(decision: str = "EARLY_HELP", **changes: Any) -> dict[str, Any]:
    """What will be done about a concern."""
    return {
        "decision": decision,
        "final": True,
        "feedback": "We visit on Tuesday.",
        "reasons": "The facts point to neglect.",
        "decider": BROOK,
    } | changes
