"""Who looks while an inbox is closed: a concern that cannot wait for it goes to its cover as well. Pure.

*Cannot wait* means that the inbox opens only after a person should have had the concern in hand. What is owed
lies with the cover until then. Source: domain 2.4 and 7, policy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from candour_protocol.calendars import opens_too_late
from candour_protocol.ids import Address, AgencyId, parse_address
from candour_protocol.policy import Step

from candour_agency.directory import Directory

COVERED: Final = "{inbox} is closed until {until}. {cover} looks while it is, and gets a copy."
UNCOVERED: Final = "{inbox} is closed until {until}. Ring them if this cannot wait."

Cover = Callable[[Address], Address | None]
"""Which inbox of a cover gets a copy, if any may."""


def covers(
    directory: Directory, named: Collection[Address], urgency: str | None, now: datetime, as_told: Cover
) -> Iterator[tuple[Address | None, str]]:
    """For each inbox that stays closed too long: its cover, if that gets a copy, and what to say of it."""
    for to in named:
        opens = _closed_until(directory, to, urgency, now)
        if opens is None:
            continue
        cover = _cover_of(directory, to, urgency, now, as_told)
        until = opens.astimezone(ZoneInfo("Europe/London")).strftime("%A %d %B, %H:%M")
        if cover is None or cover.agency == directory.agency or cover in named:
            yield None, UNCOVERED.format(inbox=to, until=until)
        else:
            yield cover, COVERED.format(inbox=to, until=until, cover=cover)


def counts_from(
    directory: Directory, to: Address, sender: AgencyId, urgency: str | None, at: datetime
) -> datetime:
    """From when on a concern's time counts for the inbox that it came to; its cover's copy has its own time.

    Where nobody but the sender covers, it counts at once.
    """
    opens = _closed_until(directory, to, urgency, at)
    cover = _cover_of(directory, to, urgency, at, lambda named: named) if opens is not None else None
    if opens is None or cover is None or cover.agency == sender:
        return at
    return directory.policy.sped(at, opens)


def _closed_until(directory: Directory, to: Address, urgency: str | None, now: datetime) -> datetime | None:
    """When it opens again, where that is too late."""
    limit = directory.policy.limit(urgency, Step.ACKNOWLEDGEMENT)
    return opens_too_late(limit, now, directory.opening(to.agency, to.inbox))


def _cover_of(
    directory: Directory, to: Address, urgency: str | None, now: datetime, as_told: Cover
) -> Address | None:
    """The cover, or its own where that is closed too."""
    seen = {to}
    while (found := _named_cover(directory, to, as_told)) is not None and found not in seen:
        if _closed_until(directory, found, urgency, now) is None:
            return found
        seen.add(found)
        to = found
    return None


def _named_cover(directory: Directory, to: Address, as_told: Cover) -> Address | None:
    profile = directory.profile(to.agency)
    inbox = profile.inbox(to.inbox) or profile.inbox("general") if profile else None
    cover = parse_address(inbox.cover) if inbox is not None and inbox.cover else None
    told = as_told(cover) if cover is not None else None
    return told if told is not None and directory.seal_to(told) is not None else None
