"""How far a request is answered: every line has its outcome or is open, and a clock of its own. Pure.

A line for which its holder wants more waits for whoever asked, once; the others' time runs on. The gateway
and both nodes fold the same words in the order of the log, so that they say the same. Source: domain 4.2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from candour_protocol.calendars import Opening, end_of
from candour_protocol.kinds import AnswerCodes
from candour_protocol.policy import Policy
from candour_protocol.policy_clocks import Step, Unit
from candour_protocol.rules import says_too_thin

_RUNS_ON = (Unit.MINUTES, Unit.HOURS)


@dataclass(frozen=True, slots=True)
class Lines:
    """What has become of the lines of one request. Times are milliseconds since 1970.

    Attributes:
        answered: those that have an outcome; to be sent back for more is none.
        begins: from when the time of each line counts that was ever sent back.
    """

    answered: frozenset[int] = frozenset()
    begins: Mapping[int, int] = field(default_factory=dict)

    def open(self, asked: Collection[int]) -> frozenset[int]:
        """Those of the lines asked for that are still to be answered."""
        return frozenset(asked) - self.answered

    def wanted(self, codes: AnswerCodes) -> frozenset[int]:
        """The lines that this answer sends back for more, and that may wait: none was sent back before."""
        thin = {each.line for each in codes.outcomes if says_too_thin(each)}
        return frozenset(thin - self.answered - self.begins.keys())

    def answer(self, codes: AnswerCodes, until: int) -> Lines:
        """As they stand after an answer, which may come in parts; what it sends back waits ``until`` then."""
        told = {each.line for each in codes.outcomes if not says_too_thin(each)}
        waiting = dict.fromkeys(sorted(self.wanted(codes)), until)
        return Lines(self.answered | told, {**self.begins, **waiting})

    def is_waiting(self, asked: Collection[int], at: int) -> bool:
        """Whether some open line waits for whoever asked."""
        return any(self.begins.get(line, at) > at for line in self.open(asked))

    def say_more(self, at: int) -> Lines:
        """As they stand once whoever asked has said more: the time of what waited begins."""
        return Lines(self.answered, {line: min(begins, at) for line, begins in self.begins.items()})

    def resume(self, at: int) -> Lines:
        """As they stand once the request goes on after it was suspended: no time counts from before."""
        return Lines(self.answered, {line: max(begins, at) for line, begins in self.begins.items()})

    def counts_from(self, asked: Collection[int]) -> int | None:
        """From when the time of what is open counts: that of the line that is due first.

        None while a line is open that was never sent back, for its time counts as it did before.
        """
        left = self.open(asked)
        return min((self.begins[line] for line in left), default=None) if left <= self.begins.keys() else None


def pause_ends(urgency: str | None, start: datetime, asker: Opening | None, policy: Policy) -> datetime:
    """Until when a line waits at most for whoever asked.

    By the asker's calendar; but an answer whose own time runs day and night is put off no longer than it may
    take, for a child in danger does not wait over a weekend. Source: domain 2.4 and 4.2, protocol section 4.
    """
    ends = end_of(policy.deadlines.need_more, start, asker)
    allowed = policy.limit(urgency, Step.ANSWER)
    if allowed.unit in _RUNS_ON:
        ends = min(ends, start + allowed.elapsed)
    return policy.sped(start, ends)
