"""Agencies that are not always there."""

from __future__ import annotations

from candour_protocol.ids import AgencyId
from candour_protocol.profiles import Day, Hours, Inbox

from tests.agency.partnership import Partnership

SCHOOL_DAYS = (Hours(days=tuple(Day)[:5], opens="08:00", closes="16:00"),)


def closes(partnership: Partnership, agency: AgencyId, cover: str) -> None:
    """From now on an agency's general inbox is read on school days only."""
    general = Inbox(name="general", hours=SCHOOL_DAYS, lead="Duty lead", cover=cover)
    partnership.publish(agency, inboxes=(general, Inbox(name="restricted", hours="ALWAYS", lead="Head")))


def shuts(partnership: Partnership, agency: AgencyId, cover: str) -> None:
    """From now on an agency's restricted inbox, too, is read on school days only."""
    shut = (
        Inbox(name=name, hours=SCHOOL_DAYS, lead="Head", cover=cover) for name in ("general", "restricted")
    )
    partnership.publish(agency, inboxes=tuple(shut))
