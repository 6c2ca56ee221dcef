"""Who looks while an inbox is closed. Pure. Source: domain.md 2.4 and 7, policy.

*Closed too long* means that the inbox opens only after a person should have had a concern in hand: then a
copy goes to its cover, and what is owed lies there until it opens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from candour_protocol.calendars import opening, opens_too_late
from candour_protocol.codes import ConcernCategory, HandlingMark, WithholdingReason
from candour_protocol.ids import GENERAL, Address, AgencyId, parse_address
from candour_protocol.kinds import ConcernCodes
from candour_protocol.policy import Policy, Step
from candour_protocol.profiles import Profile

Copied = Callable[[Address], Address | None]
"""Which inbox of a cover may have a copy, if any."""

_KEPT_CLOSE = frozenset({HandlingMark.LADO_ONLY, HandlingMark.NO_ONWARD})


def is_for_few(codes: ConcernCodes) -> bool:
    """Whether its author keeps a concern to those whom they named, so that no cover gets a copy.

    An allegation that is kept from somebody for that alone still goes to a cover's restricted inbox.
    """
    if not _KEPT_CLOSE.isdisjoint(codes.marks):
        return True
    if codes.withheld is None:
        return False
    allegation = ConcernCategory.STAFF_ALLEGATION in codes.categories
    return not (allegation and codes.withheld.reason == WithholdingReason.STAFF_ALLEGATION)


@dataclass(frozen=True, slots=True)
class Covers:
    """Whose inbox is covered by whom. ``profile_of`` gives what an agency says of itself, where known."""

    profile_of: Callable[[AgencyId], Profile | None]
    policy: Policy

    def closed_until(self, to: Address, urgency: str | None, at: datetime) -> datetime | None:
        """When an inbox opens again, where that is too late for a concern told to it at ``at``."""
        profile = self.profile_of(to.agency)
        limit = self.policy.limit(urgency, Step.ACKNOWLEDGEMENT)
        return opens_too_late(limit, at, opening(profile, to.inbox) if profile else None)

    def named(self, to: Address) -> Address | None:
        """The cover that an inbox names; of one that an agency does not have, that of its general one."""
        profile = self.profile_of(to.agency)
        inbox = profile.inbox(to.inbox) or profile.inbox(GENERAL) if profile else None
        return parse_address(inbox.cover) if inbox is not None and inbox.cover else None

    def looking(self, to: Address, urgency: str | None, at: datetime, copied: Copied) -> Address | None:
        """Who has the copy: its cover, or that one's own where that is closed too; nobody, if none may."""
        seen = {to}
        while (found := self._copied(to, copied)) is not None and found not in seen:
            if self.closed_until(found, urgency, at) is None:
                return found
            seen.add(found)
            to = found
        return None

    def _copied(self, to: Address, copied: Copied) -> Address | None:
        cover = self.named(to)
        return copied(cover) if cover is not None else None
