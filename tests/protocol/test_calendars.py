"""Every clock at its number: nights, weekends, bank and school holidays, days of 23 or 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from candour_protocol.calendars import Opening, bank_holidays, end_of
from candour_protocol.policy_clocks import Clock, Unit
from candour_protocol.profiles import Calendar, Day, Hours, Nation, Term
from hypothesis import given
from hypothesis import strategies as st

WEEKDAYS = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI)
LONDON = ZoneInfo("Europe/London")


def opening(
    *hours: tuple[str, str],
    days: tuple[Day, ...] = WEEKDAYS,
    nation: Nation = Nation.ENGLAND,
    **calendar: object,
) -> Opening:
    weekly = tuple(Hours(days=days, opens=opens, closes=closes) for opens, closes in hours)
    return Opening(nation, Calendar.model_validate(calendar), weekly or None)


SCHOOL = opening(("08:00", "16:30"))
ALWAYS = opening()


def limit(amount: int, unit: Unit) -> Clock:
    return Clock(amount=amount, unit=unit)


def at(written: str) -> datetime:
    """London's wall clock."""
    return datetime.fromisoformat(written).replace(tzinfo=LONDON).astimezone(UTC)


FOUR_WORKING_HOURS = limit(4, Unit.WORKING_HOURS)
DAY_OF_OPEN_HOURS = limit(24, Unit.OPEN_HOURS)
ONE_WORKING_DAY = limit(1, Unit.WORKING_DAYS)
THREE_WORKING_DAYS = limit(3, Unit.WORKING_DAYS)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-11-24 09:00", "2026-11-24 13:00"),
        ("2026-11-24 12:30", "2026-11-24 16:30"),  # to the minute of closing
        ("2026-11-24 12:31", "2026-11-25 08:01"),  # a minute more goes into the next morning
        ("2026-11-24 03:00", "2026-11-24 12:00"),  # at night it waits for the door to open
        ("2026-11-27 16:00", "2026-11-30 11:30"),  # over the weekend
        ("2026-12-24 16:00", "2026-12-29 11:30"),  # over Christmas, with a bank holiday moved to Monday
    ],
)
def test_working_hours_run_while_the_inbox_is_read(begins: str, ends: str) -> None:
    assert end_of(FOUR_WORKING_HOURS, at(begins), SCHOOL) == at(ends)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-11-24 09:00", "2026-11-25 09:00"),
        ("2026-11-27 16:00", "2026-11-30 16:00"),  # Saturday and Sunday do not count
        ("2026-11-28 16:00", "2026-12-01 00:00"),  # from Monday's first moment to its last
        ("2026-12-24 20:00", "2026-12-29 20:00"),
    ],
)
def test_open_hours_run_round_the_clock_but_not_on_closed_days(begins: str, ends: str) -> None:
    assert end_of(DAY_OF_OPEN_HOURS, at(begins), SCHOOL) == at(ends)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-11-24 09:00", "2026-11-25 16:30"),
        ("2026-11-27 23:00", "2026-11-30 16:30"),
        ("2026-11-28 12:00", "2026-11-30 16:30"),
        ("2026-12-24 12:00", "2026-12-29 16:30"),
        ("2027-03-25 12:00", "2027-03-30 16:30"),  # Easter
    ],
)
def test_a_working_day_ends_at_closing_time_of_the_next_one(begins: str, ends: str) -> None:
    assert end_of(ONE_WORKING_DAY, at(begins), SCHOOL) == at(ends)


def test_three_working_days_stand_for_seventy_two_hours() -> None:
    assert end_of(THREE_WORKING_DAYS, at("2026-11-26 10:00"), SCHOOL) == at("2026-12-01 16:30")


@pytest.mark.parametrize("unit", [Unit.MINUTES, Unit.HOURS])
def test_minutes_and_hours_run_on_past_closing_time(unit: Unit) -> None:
    begins = at("2026-11-27 16:29")

    assert end_of(limit(4, unit), begins, SCHOOL) == begins + 4 * unit.elapsed


@pytest.mark.parametrize("unit", [Unit.WORKING_HOURS, Unit.OPEN_HOURS])
def test_an_inbox_that_is_always_read_has_no_closed_hours(unit: Unit) -> None:
    begins = at("2026-12-25 03:00")

    assert end_of(limit(24, unit), begins, ALWAYS) == begins + timedelta(hours=24)


def test_working_days_of_an_inbox_that_is_always_read_are_its_nations() -> None:
    assert end_of(ONE_WORKING_DAY, at("2026-11-27 16:30"), ALWAYS) == at("2026-12-01 00:00")
    assert end_of(ONE_WORKING_DAY, at("2026-12-24 16:30"), ALWAYS) == at("2026-12-30 00:00")


def test_each_nation_has_its_own_bank_holidays() -> None:
    st_andrew, st_patrick = date(2026, 11, 30), date(2026, 3, 17)

    assert [nation for nation in Nation if st_andrew in bank_holidays(nation, 2026)] == [Nation.SCOTLAND]
    assert [nation for nation in Nation if st_patrick in bank_holidays(nation, 2026)] == [
        Nation.NORTHERN_IRELAND
    ]
    scottish = opening(("08:00", "16:30"), nation=Nation.SCOTLAND)
    assert end_of(FOUR_WORKING_HOURS, at("2026-11-27 16:00"), scottish) == at("2026-12-01 11:30")


def test_an_agency_may_work_on_bank_holidays() -> None:
    ward = opening(("08:00", "20:00"), days=tuple(Day), open_on_bank_holidays=True)

    assert end_of(FOUR_WORKING_HOURS, at("2026-12-25 09:00"), ward) == at("2026-12-25 13:00")


def test_the_days_between_two_school_terms_are_closed() -> None:
    terms = (
        Term(first="2026-09-02", last="2026-12-18"),
        Term(first="2027-01-05", last="2027-02-12"),
        Term(first="2027-02-22", last="2027-03-25"),
    )
    school = opening(("08:00", "16:30"), terms=terms)

    assert end_of(FOUR_WORKING_HOURS, at("2026-12-18 14:30"), school) == at("2027-01-05 10:00")
    assert end_of(THREE_WORKING_DAYS, at("2027-02-11 10:00"), school) == at("2027-02-23 16:30")


def test_no_forgotten_term_stops_a_clock() -> None:
    school = opening(("08:00", "16:30"), terms=(Term(first="2026-09-02", last="2026-12-18"),))

    assert end_of(FOUR_WORKING_HOURS, at("2027-09-06 09:00"), school) == at("2027-09-06 13:00")


def test_a_day_closed_by_the_agency_itself_does_not_count() -> None:
    training = opening(("08:00", "16:30"), closed_dates=("2026-11-25",))

    assert end_of(FOUR_WORKING_HOURS, at("2026-11-24 16:00"), training) == at("2026-11-26 11:30")


def test_a_lunch_break_does_not_count_and_hours_that_touch_are_one() -> None:
    surgery = opening(("14:00", "18:30"), ("08:00", "12:00"))
    joined = opening(("08:00", "12:00"), ("12:00", "18:30"))

    assert end_of(FOUR_WORKING_HOURS, at("2026-11-24 11:00"), surgery) == at("2026-11-24 17:00")
    assert end_of(FOUR_WORKING_HOURS, at("2026-11-24 11:00"), joined) == at("2026-11-24 15:00")


def test_nights_are_written_as_two_and_counted_as_one() -> None:
    night = opening(("17:00", "24:00"), ("00:00", "08:00"), days=tuple(Day), open_on_bank_holidays=True)

    assert end_of(FOUR_WORKING_HOURS, at("2026-11-24 22:00"), night) == at("2026-11-25 02:00")
    assert end_of(FOUR_WORKING_HOURS, at("2026-11-24 09:00"), night) == at("2026-11-24 21:00")


@pytest.mark.parametrize(
    ("sunday", "hours"),
    [("2027-03-28", 23), ("2026-10-25", 25)],
)
def test_the_day_on_which_the_clocks_change_has_the_hours_that_it_has(sunday: str, hours: int) -> None:
    every_day = opening(("00:00", "24:00"), days=tuple(Day), open_on_bank_holidays=True)
    midnight = at(f"{sunday} 00:00")

    ends = end_of(limit(hours, Unit.WORKING_HOURS), midnight, every_day)

    assert ends.astimezone(LONDON).time() == datetime.min.time()
    assert ends - midnight == timedelta(hours=hours)
    assert end_of(limit(hours, Unit.OPEN_HOURS), midnight, every_day) == ends


def test_closing_time_is_the_wall_clocks_in_summer_and_in_winter() -> None:
    winter, summer = at("2026-11-24 09:00"), at("2026-06-23 09:00")

    assert end_of(ONE_WORKING_DAY, winter, SCHOOL) == datetime(2026, 11, 25, 16, 30, tzinfo=UTC)
    assert end_of(ONE_WORKING_DAY, summer, SCHOOL) == datetime(2026, 6, 24, 15, 30, tzinfo=UTC)


def test_half_as_long_again_is_counted_in_the_same_hours() -> None:
    begins = at("2026-11-27 15:30")  # a Friday, an hour before closing

    assert end_of(FOUR_WORKING_HOURS, begins, SCHOOL, 1.5) == at("2026-11-30 13:00")
    assert end_of(FOUR_WORKING_HOURS, begins, SCHOOL, 2.0) == at("2026-11-30 15:00")
    assert end_of(ONE_WORKING_DAY, begins, SCHOOL, 1.5) == at("2026-12-01 12:15")
    assert end_of(ONE_WORKING_DAY, begins, SCHOOL, 2.0) == at("2026-12-01 16:30")


def test_an_inbox_that_opens_only_at_weekends_has_working_days_too() -> None:
    club = opening(("10:00", "14:00"), days=(Day.SAT,))

    assert end_of(ONE_WORKING_DAY, at("2026-11-24 09:00"), club) == at("2026-11-28 14:00")


def test_where_no_calendar_is_known_or_no_day_ever_opens_time_runs_on() -> None:
    closed = tuple((date(2026, 1, 1) + timedelta(days=day)).isoformat() for day in range(1000))
    shut = opening(("08:00", "16:30"), closed_dates=closed)
    begins = at("2026-01-05 09:00")

    for opens in (None, shut):
        assert end_of(FOUR_WORKING_HOURS, begins, opens) == begins + timedelta(hours=4)
        assert end_of(ONE_WORKING_DAY, begins, opens) == begins + timedelta(days=1)


def test_it_is_known_when_an_inbox_opens_next() -> None:
    friday_night = at("2026-12-24 22:00")

    assert SCHOOL.next_open(friday_night) == at("2026-12-29 08:00")
    assert SCHOOL.next_open(at("2026-11-24 09:00")) == at("2026-11-24 09:00")
    assert SCHOOL.next_open(at("2026-11-24 16:30")) == at("2026-11-25 08:00")
    assert ALWAYS.next_open(friday_night) == friday_night


moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: at("2026-01-01 00:00") + timedelta(minutes=minutes)
)
limits = st.builds(Clock, amount=st.integers(1, 60), unit=st.sampled_from(Unit))
calendars = st.sampled_from(
    [SCHOOL, ALWAYS, opening(("14:00", "18:30"), ("08:00", "12:00"), days=(Day.TUE, Day.SAT))]
)


@given(moments, limits, calendars, st.sampled_from([1.0, 1.5, 2.0]))
def test_no_calendar_shortens_a_limit_and_a_later_start_never_ends_sooner(
    begins: datetime, clock: Clock, opens: Opening, share: float
) -> None:
    ends = end_of(clock, begins, opens, share)

    if clock.unit is not Unit.WORKING_DAYS:
        assert ends - begins >= clock.elapsed * share
    assert end_of(clock, begins + timedelta(minutes=7), opens, share) >= ends
    assert end_of(clock, begins, opens, share + 0.5) >= ends > begins
