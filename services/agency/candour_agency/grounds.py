"""What has to be said before a matter is decided. Pure.

Source: domain 2.15, 4.1: a decision has a code, reasons, and somebody who made it; no further action is a
decision with reasons, not an absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from candour_protocol import rules
from candour_protocol.codes import Coded, TriageDecision, known, nearest
from candour_protocol.kinds import Signer

from candour_agency.calls import Call
from candour_agency.drafts import coding
from candour_agency.faults import CallError, Code, Place
from candour_agency.schemas.reactions import DecisionBody

NOT_FINAL = "This decision was sent as not final, and the clocks run on: {lacks}"


def decision_lacks(call: Call, body: DecisionBody) -> list[Place]:
    """What keeps a decision from being final, and how to mend each."""
    return list(_decision_lacks(call, body))


def _decision_lacks(call: Call, body: DecisionBody) -> Iterator[Place]:
    if place := unknown_code(TriageDecision, body.decision, "/decision"):
        yield place
    if not (call.acting.staff_id or _is_named(body.decider, call)):
        yield Place("/decider", "Say who decided: give `decider.name`, or use that person's token.")
    if not any(text and text.strip() for text in (body.reasons, body.feedback)):
        yield Place("/reasons", "Say why in `reasons`, or in `feedback` what its sender may know.")


def _is_named(person: Signer | None, call: Call) -> bool:
    if person is None:
        return False
    nobody = call.office.directory.policy.vocabulary.nobody_at_work
    return person.staff_id is not None or not rules.names_nobody(person.name, nobody)


def unknown_code(codes: type[Coded], typed: str | None, pointer: str) -> Place | None:
    """What is wrong with a code that has to be of its list, with the nearest of the list."""
    if known(codes, coding.code(codes, typed)):
        return None
    near = nearest(codes, typed)
    hint = f"Did you mean {near}?" if near else f"One of {', '.join(codes.__members__)}."
    return Place(pointer, f"Give a code of the list. {hint}")


def refuse(places: Sequence[Place]) -> None:
    """Send back what lacks something.

    Raises:
        CallError: anything is lacking.
    """
    if places:
        raise CallError(Code.INVALID_BODY, " ".join(place.detail for place in places), places=places)
