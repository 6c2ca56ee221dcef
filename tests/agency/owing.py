"""What is owed about a message at a node, and who says what, for tests of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from candour_protocol.kinds import Kind
from candour_protocol.statement import Statement

from tests.agency.gateway_double import Says
from tests.agency.partnership import Office, an_answer


async def settled(office: Office, message: str, kind: str) -> list[bool]:
    shown = (await office.message(message))["obligations"]
    return [one["settled_at"] is not None for one in shown if one["kind"] == kind]


def flagging(kind: Kind) -> Callable[[Statement], Says]:
    """A gateway that marks every statement of this kind as not enough on its own (R11)."""
    return lambda statement: Says("flagged", ("R11",)) if statement.claims.kind is kind else Says()


def answer_by(person: str) -> dict[str, Any]:
    """An answer that this person decided."""
    return an_answer(decider={"staff_id": person, "name": person, "training_level": "POLICE_PPU"})
