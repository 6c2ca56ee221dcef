"""What takes a statement back, and what rests on it."""

from __future__ import annotations

from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import an_actor
from tests.gateway.world import World


def a_correction(world: World, of: Issued, kind: str | None = "FACT_WRONG") -> Issued:
    """Its author says what is wrong with it."""
    claims = of.statement.claims
    codes: dict[str, JsonValue] = {
        "actor": an_actor(),
        "correction_kind": kind,
        "corrects": of.statement.hash,
    }
    return world.partnership.say(Kind.CORRECTION, claims.iss, claims.aud, codes)


def a_withdrawal(world: World, of: Issued) -> Issued:
    """Its author takes it back."""
    claims = of.statement.claims
    codes: dict[str, JsonValue] = {"actor": an_actor(), "reason": "SENT_IN_ERROR"}
    return world.partnership.say(Kind.WITHDRAWAL, claims.iss, claims.aud, codes, irt=of.statement.hash)


def applies(world: World, correction: Issued, applied: str = "yes") -> Issued:
    """Its reader says that a correction stands in their records, or cannot."""
    return world.partnership.answering(Kind.APPLIED, correction, actor=an_actor(), applied=applied)


async def ask(world: World, concern: Issued) -> Issued:
    """A request that rests on a concern, and went through."""
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    assert world.verdict(request) == ("passed", ())
    return request
