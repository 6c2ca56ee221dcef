"""Whoever keeps a concern from an inbox looks at that again by a day, and is reminded. Source: domain R10.

Nothing else ends it: its holder has but the stub, and its lodgee cannot tell them more. It is settled by what
the author then says of the concern (a correction, a withdrawal), or when the matter is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from candour_protocol import rules
from candour_protocol.kinds import ConcernCodes

from candour_gateway.casebook import Logged
from candour_gateway.clocks import Duty
from candour_gateway.effects import Effect
from candour_gateway.lanes import owed
from candour_gateway.verdict import Hearing


def of(logged: Logged, codes: ConcernCodes, hearing: Hearing) -> Iterator[Effect]:
    """What is owed to whoever holds it whole, and spoken of at the same parts of its time as all else."""
    policy, since = hearing.policy, hearing.at
    ends = rules.review_ends(codes, logged.iss, logged.aud, since, policy)
    if ends is None:
        return
    due = policy.sped(since, ends)
    stages = tuple(since + (due - since) * percent / 100 for percent in policy.deadlines.escalate_percent)
    found = owed(logged, Duty.REVIEW, hearing, owed_by=logged.iss, owed_to=logged.aud, due_at=due)
    yield replace(found, reminders=stages)
