"""Who looks while an inbox is closed: a concern that cannot wait for it goes to its cover as well. Pure.

*Cannot wait* means that the inbox opens only after a person should have had the concern in hand. What is owed
lies with the cover until then. Source: domain 2.4 and 7, policy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from candour_protocol.covering import Copied, Covers
from candour_protocol.ids import Address, AgencyId

from candour_agency.directory import Directory

COVERED: Final = "{inbox} is closed until {until}. {cover} looks while it is, and gets a copy."
UNCOVERED: Final = "{inbox} is closed until {until}. Ring them if this cannot wait."


def covers(
    directory: Directory, named: Collection[Address], urgency: str | None, now: datetime, as_told: Copied
) -> Iterator[tuple[Address | None, str]]:
    """For each inbox that stays closed too long: its cover, if that gets a copy, and what to say of it."""
    for to in named:
        opens = _covers(directory).closed_until(to, urgency, now)
        if opens is None:
            continue
        cover = _looking(directory, to, urgency, now, as_told)
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
    opens = _covers(directory).closed_until(to, urgency, at)
    cover = _looking(directory, to, urgency, at, lambda named: named) if opens is not None else None
    if opens is None or cover is None or cover.agency == sender:
        return at
    return directory.policy.sped(at, opens)


def _covers(directory: Directory) -> Covers:
    return Covers(directory.profile, directory.policy)


def _looking(
    directory: Directory, to: Address, urgency: str | None, now: datetime, as_told: Copied
) -> Address | None:
    """Who has the copy, of those to whom it can be sealed."""

    def copied(cover: Address) -> Address | None:
        told = as_told(cover)
        return told if told is not None and directory.seal_to(told) is not None else None

    return _covers(directory).looking(to, urgency, now, copied)
