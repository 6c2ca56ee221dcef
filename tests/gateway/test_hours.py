"""What is owed counts in the hours of whoever owes it; what cannot wait has a cover. Source: domain 4.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from candour_protocol import profiles, registry_facts
from candour_protocol.errors import CandourError, MismatchError
from candour_protocol.ids import sha256_text
from candour_protocol.profiles import Calendar, Day, Hours, Term

from tests.gateway.partnership import CSC, SCHOOL
from tests.gateway.reminded import about, later
from tests.gateway.world import World

WEEKDAYS = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI)


async def _open_hours(world: World, calendar: Calendar | None = None) -> None:
    """The school is read in the daytime only, from here on."""
    party = world.partnership.parties[SCHOOL]
    profile = profiles.parse(party.profile)
    hours = (Hours(days=WEEKDAYS, opens="08:00", closes="16:30"),)
    inboxes = tuple(
        each.model_copy(update={"hours": hours, "cover": f"{CSC}/{each.name}"}) for each in profile.inboxes
    )
    changed = profile.model_copy(update={"inboxes": inboxes, "calendar": calendar or Calendar()})
    raw = profiles.dump(changed)
    fact = registry_facts.profile(party.voice, SCHOOL, sha256_text(raw), world.clock())
    await world.gateway.admit_registry(fact, raw)


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("urgency", "told_at", "due"),
    [
        ("EMERGENCY", "2026-11-27 16:00", "2026-11-27 16:15"),
        ("RED", "2026-11-27 16:00", "2026-11-27 17:00"),  # past closing time
        ("AMBER", "2026-11-27 16:00", "2026-11-30 11:30"),  # half an hour on Friday, the rest on Monday
        ("GREEN", "2026-11-27 16:00", "2026-11-30 16:30"),
        ("AMBER", "2026-12-24 16:00", "2026-12-29 11:30"),  # Christmas
        ("AMBER", "2026-12-18 14:30", "2026-12-18 16:30"),  # the last two hours of term, and two of the next
        ("PURPLE", "2026-11-24 09:00", "2026-11-24 13:00"),  # a code that nobody knows counts as AMBER
    ],
)
async def test_a_concern_is_to_be_opened_within_the_hours_of_the_school(
    world: World, urgency: str, told_at: str, due: str
) -> None:
    terms = (Term(first="2026-09-02", last="2026-12-18"), Term(first="2027-01-05", last="2027-03-25"))
    in_term = told_at.startswith("2026-12-18")
    await _open_hours(world, Calendar(terms=terms) if in_term else None)
    world.clock.now = _at(told_at)
    concern = world.partnership.concern(urgency=urgency)

    await world.arrive(concern)

    owed = (await world.obligations())["acknowledgement", concern.statement.hash]
    expected = _at("2027-01-05 10:00") if in_term else _at(due)
    assert datetime.fromisoformat(owed["due_at"]) == expected


async def test_reminders_wait_for_the_door_to_open_and_red_ones_do_not(world: World) -> None:
    await _open_hours(world)
    world.clock.now = _at("2026-11-27 16:00")
    amber, red = world.partnership.concern(), world.partnership.concern(urgency="RED")
    await world.arrive(amber, red)

    await later(world, timedelta(hours=30))

    assert about(world, amber, "acknowledgement") == []
    assert [stage for _, _, stage in about(world, red, "acknowledgement")] == [1, 1, 2, 2, 3, 3]


async def test_a_profile_without_cover_for_its_closed_hours_is_not_registered(world: World) -> None:
    party = world.partnership.parties[SCHOOL]
    raw = party.profile.replace(b'"ALWAYS"', b'[{"days":["MON"],"opens":"08:00","closes":"16:30"}]')
    fact = registry_facts.profile(party.voice, SCHOOL, sha256_text(raw), world.clock())

    with pytest.raises(CandourError, match="names no cover"):
        await world.gateway.admit_registry(fact, raw)


@pytest.mark.parametrize(
    ("cover", "says"),
    [
        ("nobody-at-all", "nobody-at-all, which is no member: have it admitted first"),
        (f"{CSC}/edt", f"{CSC} has no such inbox"),
        (f"{SCHOOL}/edt", f"{SCHOOL} has no such inbox"),
    ],
)
async def test_a_profile_whose_cover_nobody_can_reach_is_not_registered(
    world: World, cover: str, says: str
) -> None:
    party = world.partnership.parties[SCHOOL]
    inboxes = profiles.parse(party.profile).inboxes
    covered = (inboxes[0].model_copy(update={"cover": cover}), *inboxes[1:])
    raw = profiles.dump(profiles.parse(party.profile).model_copy(update={"inboxes": covered}))
    fact = registry_facts.profile(party.voice, SCHOOL, sha256_text(raw), world.clock())

    with pytest.raises(MismatchError, match=says) as refused:
        await world.gateway.admit_registry(fact, raw)

    assert (refused.value.code, refused.value.pointer) == ("cover", "/document/inboxes/0/cover")
