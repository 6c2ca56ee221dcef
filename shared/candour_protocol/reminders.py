"""What a notice of the gateway's clock means: whose obligation, how late, and who should hear of it now.

A notice's codes name only the statement that is waited about. Its id says the rest: its last 80 bits are made
of that statement, the duty, the stage and the recipient, so anybody who has the statement can tell them. Its
instant is that of the stage, unless somebody has used that id before. Source: domain.md 4.1 and 4.2.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from candour_protocol.ids import AgencyId, Jti, StatementHash

MAX_STAGE = 8
_RANDOM_BITS = 74  # of a UUIDv7, beside its instant, version and variant

# Who is to hear of it, on both sides, at the first stage, the second, and from the third on.
HEARS = ("manager", "lead", "partnership")


@dataclass(frozen=True, slots=True)
class Reminder:
    """One stage of one obligation, as one of its two sides is told of it.

    Attributes:
        duty: what is owed, such as ``answer``.
        stage: 1 at the due time, then counting up.
    """

    about: StatementHash
    duty: str
    stage: int
    to: AgencyId

    @property
    def hears(self) -> str:
        """The role that should know by now."""
        return HEARS[min(self.stage, len(HEARS)) - 1]

    def jti(self, at: datetime) -> Jti:
        """The id of its notice; ``at`` is when the stage is reached, to the millisecond."""
        milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
        return Jti(str(uuid.UUID(int=milliseconds << 80 | _marked(self))))


def recognise(
    jti: Jti, about: StatementHash, duties: Iterable[str], parties: Iterable[AgencyId]
) -> Reminder | None:
    """What a notice with this id says about a statement; None for one of another sort."""
    tail = uuid.UUID(jti).int & ((1 << 80) - 1)
    candidates = (
        Reminder(about, duty, stage, to)
        for to in parties
        for duty in duties
        for stage in range(1, MAX_STAGE + 1)
    )
    return next((each for each in candidates if _marked(each) == tail), None)


def _marked(reminder: Reminder) -> int:
    """The last 80 bits of the id: version 7, the variant of RFC 9562, and a digest between them."""
    named = f"{reminder.about} {reminder.duty} {reminder.stage} {reminder.to}"
    digest = int.from_bytes(hashlib.sha256(named.encode()).digest()) >> (256 - _RANDOM_BITS)
    return 0x7 << 76 | (digest >> 62) << 64 | 0b10 << 62 | digest & ((1 << 62) - 1)
