"""The page's words for codes. Source: protocol section 9, last paragraph."""

from __future__ import annotations

from collections.abc import Mapping

from candour_protocol import wording

from candour_dashboard.readings import Condition

UNDERWAY = "delivery"

STUCK: tuple[tuple[str, str, str], ...] = (
    ("delivery", "Not yet in the recipient's system", "Sent again until it arrives."),
    ("acknowledgement", "Not yet opened by a named person", "It arrived; nobody has put their name to it."),
    ("answer", "Not yet answered", "A request passed checks and waits for its answer."),
)

VERDICTS: tuple[tuple[str, str], ...] = (
    ("passed", "Passed checks"),
    ("flagged", "Passed, marked for attention"),
    ("held", "Waiting for a second person"),
    ("refused", "Returned to the sender"),
)

UNFIT = "Set aside, as nobody's signature fits"

CONDITION: Mapping[Condition, str] = {
    Condition.WELL: "Ready",
    Condition.WARNING: "Ready, with a warning",
    Condition.FAILED: "Not ready",
    Condition.SILENT: "Does not answer",
}


def owed(kind: str) -> str:
    """What is owed, as the beginning of a sentence."""
    return _begin(wording.OWED.get(kind, kind.replace("-", " ").replace("_", " ")))


def reason(code: str) -> str:
    """For what stands in an entry's list and is no rule; empty if nobody knows it."""
    return _begin(wording.REASONS.get(code, ""))


def urgency(code: str | None) -> str:
    return "" if code is None else code.capitalize()


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
