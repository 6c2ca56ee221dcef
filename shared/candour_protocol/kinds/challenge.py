"""``challenge``: a party thinks that something was decided wrongly. Source: protocol 3.1, domain 4."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from candour_protocol.kinds.concern import Fact
from candour_protocol.kinds.fields import Codes, Content, Hash
from candour_protocol.kinds.lists import Kind

STAGES = 4
# What somebody decided, found, did or left undone, and may be asked to think about again.
CHALLENGEABLE = frozenset(
    {
        Kind.DELIVERY,
        Kind.DECISION,
        Kind.ANSWER,
        Kind.OUTCOME,
        Kind.TRANSFER,
        Kind.CLOSURE,
        Kind.CORRECTION,
        Kind.APPLIED,
    }
)


class ChallengeCodes(Codes):
    """T1 of a challenge; ``stage`` 1 is between practitioners, 4 before the partnership."""

    stage: Annotated[int, Field(ge=1, le=STAGES)]
    challenges: Hash


class ChallengeContent(Content):
    """T2 of a challenge: it brings an argument or a fact, or both."""

    argument: str | None = None
    new_fact: Fact | None = None
