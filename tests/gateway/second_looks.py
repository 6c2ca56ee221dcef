"""Challenges, and the decisions that they are about."""

from __future__ import annotations

from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import an_actor
from tests.gateway.world import World


def a_challenge(world: World, of: Issued, stage: int = 1, frm: str | None = None) -> Issued:
    """The recipient of what is challenged asks for another decision, or ``frm`` does."""
    claims = of.statement.claims
    to = claims.iss if frm in (None, claims.aud) else claims.aud
    codes: dict[str, JsonValue] = {"actor": an_actor(), "stage": stage, "challenges": of.statement.hash}
    return world.partnership.say(Kind.CHALLENGE, frm or claims.aud, to, codes)  # type: ignore[arg-type]


def a_decision(world: World, of: Issued, actor: str) -> Issued:
    """No further action, by this person."""
    return world.partnership.answering(Kind.DECISION, of, decision="ADVICE_NFA", final=True, actor=actor)
