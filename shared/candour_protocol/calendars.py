"""When an inbox is read, and when a limit ends that counts only such times. Pure. Source: domain.md 1.1, 2.4.

A limit in minutes or hours runs day and night. *Working hours* run while the inbox is read; *open hours* run
round the clock on days on which it is read at all; *working days* end with the last one, counted from the
day after the day of receipt. An inbox that is always read has its nation's working days, and no closed hours.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from candour_protocol.policy_clocks import Clock, Unit
from candour_protocol.profiles import Calendar, Day, Hours, Nation, Profile

_DAY = timedelta(days=1)
_LONGEST = 800  # closed days in a row; an inbox that stays shut so long stops no clock: its cover is looking
_WEEK = tuple(Day)
_WEEKDAYS = frozenset(_WEEK[:5])
_MIDNIGHT = "24:00"
_ORDINARY = (Hours(days=_WEEK[:5], opens="09:00", closes="17:00"),)
_SUBDIVISIONS = {
    Nation.ENGLAND: "ENG",
    Nation.WALES: "WLS",
    Nation.SCOTLAND: "SCT",
    Nation.NORTHERN_IRELAND: "NIR",
}

Span = tuple[datetime, datetime]
WHOLE = 1.0


Answer = TypeVar("Answer")


def _by_day(ask: Callable[[Opening, date], Answer]) -> Callable[[Opening, date], Answer]:
    """Ask once for each inbox and day: a gateway counts from the same few days all the time."""
    return functools.lru_cache(maxsize=16_384)(ask)


@functools.lru_cache(maxsize=256)
def bank_holidays(nation: Nation, year: int) -> frozenset[date]:
    """A nation's bank holidays, those moved from a weekend included.

    The first call takes half a second, for the library that knows them is a large one.
    """
    import holidays  # noqa: PLC0415 - half a second that whoever never asks need not wait for

    return frozenset(holidays.country_holidays("GB", subdiv=_SUBDIVISIONS[nation], years=year))


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """When one inbox is read; ``weekly`` is None where it is read day and night.

    Compared by identity, for ``opening`` makes one for each inbox of a profile and days are looked up often.
    """

    nation: Nation
    calendar: Calendar
    weekly: tuple[Hours, ...] | None

    @property
    def always(self) -> bool:
        """Whether it never closes."""
        return self.weekly is None

    @_by_day
    def opens_on(self, day: date) -> bool:
        """Whether it is read at some time of this day."""
        return self.always or (_name(day) in self._days and not self._is_closed(day))

    @_by_day
    def is_working_day(self, day: date) -> bool:
        """A day that a limit in working days counts: a weekday, unless it opens only at weekends."""
        if self.always:
            return _name(day) in _WEEKDAYS and day not in bank_holidays(self.nation, day.year)
        counted = self._days & _WEEKDAYS or self._days
        return _name(day) in counted and not self._is_closed(day)

    def is_open(self, at: datetime) -> bool:
        """Whether it is read at this moment."""
        return self.always or any(begins <= at < ends for begins, ends in self.hours_on(self.day_of(at)))

    def next_open(self, at: datetime) -> datetime | None:
        """From when on it is read: ``at`` itself while it is; None where no day is known."""
        if self.is_open(at):
            return at
        days = _days(self.day_of(at), self.opens_on)
        opens = (begins for day in days for begins, _ in self.hours_on(day))
        return next((begins for begins in opens if begins > at), None)

    @_by_day
    def hours_on(self, day: date) -> Sequence[Span]:
        """The times of one day at which it is read, in their order, apart from each other."""
        if self.weekly is None:
            return [self.whole(day)]
        if not self.opens_on(day):
            return []
        rows = sorted((row.opens, row.closes) for row in self.weekly if _name(day) in row.days)
        return [(self._at(day, opens), self._at(day, closes)) for opens, closes in _joined(rows)]

    @_by_day
    def whole(self, day: date) -> Span:
        """From midnight to midnight, which is 23 or 25 hours when the clocks change."""
        return self._at(day, "00:00"), self._at(day, _MIDNIGHT)

    def day_of(self, at: datetime) -> date:
        """The date on the wall."""
        return at.astimezone(ZoneInfo(self.calendar.time_zone)).date()

    @property
    def _days(self) -> frozenset[Day]:
        return frozenset(day for row in self.weekly or () for day in row.days)

    def _is_closed(self, day: date) -> bool:
        holiday = not self.calendar.open_on_bank_holidays and day in bank_holidays(self.nation, day.year)
        return holiday or self.calendar.is_closed(day)

    def _at(self, day: date, clock: str) -> datetime:
        ends = clock == _MIDNIGHT
        local = datetime.combine(day + _DAY if ends else day, time.min if ends else time.fromisoformat(clock))
        return local.replace(tzinfo=ZoneInfo(self.calendar.time_zone)).astimezone(UTC)


@functools.lru_cache(maxsize=4096)
def opening(profile: Profile, inbox: str) -> Opening:
    """When an agency reads one of its inboxes; its general one stands for one that it does not have."""
    found = profile.inbox(inbox) or profile.inbox("general")
    weekly = found.hours if found is not None and found.hours != "ALWAYS" else None
    return Opening(profile.nation, profile.calendar, weekly)


def end_of(limit: Clock, start: datetime, opens: Opening | None, share: float = WHOLE) -> datetime:
    """When a limit that begins at ``start`` ends.

    Args:
        opens: the calendar of whoever owes it; None where nothing is known, and time then runs on.
        share: of the limit, such as 1.5 for half as long again.
    """
    elapsed: timedelta = limit.elapsed * share
    if opens is None or limit.unit in (Unit.MINUTES, Unit.HOURS):
        return start + elapsed
    if limit.unit is Unit.WORKING_DAYS:
        return _after_days(limit.amount * share, start, opens) or start + elapsed
    if opens.always:
        return start + elapsed
    return _counted(elapsed, start, _spans(limit.unit, start, opens)) or start + elapsed


def opens_too_late(limit: Clock, start: datetime, opens: Opening | None) -> datetime | None:
    """When an inbox opens again, where a person should have had something in hand by then.

    That is measured by the clock where the limit is in hours, else by the hours of an ordinary working week.
    Its cover looks meanwhile. Source: domain 2.4 and 7.
    """
    if opens is None or (next_open := opens.next_open(start)) is None:
        return None
    ordinary = Opening(opens.nation, Calendar(), _ORDINARY)
    return next_open if next_open > end_of(limit, start, ordinary) else None


def _spans(unit: Unit, start: datetime, opens: Opening) -> Iterator[Span]:
    for day in _days(opens.day_of(start), opens.opens_on):
        if unit is Unit.WORKING_HOURS:
            yield from opens.hours_on(day)
        else:
            yield opens.whole(day)


def _counted(left: timedelta, start: datetime, spans: Iterator[Span]) -> datetime | None:
    """When ``left`` of the time within ``spans`` has passed."""
    for opens, closes in spans:
        begins = max(opens, start)
        if closes - begins >= left:
            return begins + left
        left -= max(closes - begins, timedelta())
    return None


def _after_days(count: float, start: datetime, opens: Opening) -> datetime | None:
    """The end of the last of so many working days after the day of ``start``; of half a day its middle."""
    whole, part = int(count), count % 1
    wanted = whole + (part > 0)
    found = list(islice(_days(opens.day_of(start) + _DAY, opens.is_working_day), wanted))
    if len(found) < wanted:
        return None
    hours = opens.hours_on(found[-1])
    begins, ends = hours[0][0], hours[-1][1]
    return begins + (ends - begins) * part if part else ends


def _joined(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Times that touch or overlap are one."""
    joined: list[tuple[str, str]] = []
    for opens, closes in rows:
        if joined and opens <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(closes, joined[-1][1])
        else:
            joined.append((opens, closes))
    return joined


def _days(first: date, counts: Callable[[date], bool]) -> Iterator[date]:
    """The days that count, from the first on; they end where none does for a long time."""
    day, closed = first, 0
    while closed < _LONGEST:
        closed = 0 if counts(day) else closed + 1
        if not closed:
            yield day
        day += _DAY


def _name(day: date) -> Day:
    return _WEEK[day.weekday()]
