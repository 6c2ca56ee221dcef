"""What is owed counts in the hours of whoever owes it; what cannot wait has a cover. Source: domain 4.2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from candour_gateway.naming import MOST_UNDER_A_KEY
from candour_protocol import profiles, registry_facts
from candour_protocol.errors import CandourError, MismatchError
from candour_protocol.ids import AgencyId, sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.profiles import Calendar, Day, Hours, Term
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CHILD, CSC, GP, OTHER_CHILD, POLICE, SCHOOL, an_actor
from tests.gateway.postgres import ON_BOTH
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


@pytest.mark.parametrize("copy_first", [False, True])
async def test_while_an_inbox_is_shut_its_cover_owes_and_it_owes_from_when_it_opens(
    world: World, copy_first: bool
) -> None:
    await _open_hours(world)
    world.clock.now = _at("2026-11-27 18:00")
    told = world.partnership.concern(GP, SCHOOL, urgency="RED")
    copy = world.partnership.concern(GP, CSC, urgency="RED", txn=world.txn(told))

    for one in (copy, told) if copy_first else (told, copy):
        await world.arrive(one)
        world.clock.advance(timedelta(seconds=20))

    due = {
        about: datetime.fromisoformat(owed["due_at"]) for about, owed in (await world.obligations()).items()
    }
    assert due["acknowledgement", told.statement.hash] == _at("2026-11-30 09:00")
    assert due["decision", told.statement.hash] == _at("2026-11-30 12:00")
    assert due["acknowledgement", copy.statement.hash] < _at("2026-11-27 19:01")


@pytest.mark.parametrize(
    ("to", "minutes", "child"),
    [(POLICE, 0, CHILD), (CSC, -30, CHILD), (CSC, 0, OTHER_CHILD)],
    ids=["to no cover", "long before", "of another child"],
)
async def test_what_is_no_copy_puts_nothing_off(
    world: World, to: AgencyId, minutes: int, child: JsonValue
) -> None:
    await _open_hours(world)
    told = world.partnership.concern(GP, SCHOOL, urgency="RED")
    other = world.partnership.concern(GP, to, urgency="RED", txn=world.txn(told), child=child)
    shut = _at("2026-11-27 18:00")

    for at, one in sorted(
        [(shut, told), (shut + timedelta(minutes=minutes), other)], key=lambda each: each[0]
    ):
        world.clock.now = at
        await world.arrive(one)

    owed = (await world.obligations())["acknowledgement", told.statement.hash]
    assert datetime.fromisoformat(owed["due_at"]) == shut + timedelta(hours=1)


@ON_BOTH
@pytest.mark.parametrize("copy_first", [False, True])
@pytest.mark.parametrize("link_to", [CSC, POLICE])
async def test_a_copy_may_be_of_another_token_that_the_cover_knows_to_be_the_childs(
    world: World, copy_first: bool, link_to: AgencyId
) -> None:
    await _open_hours(world)
    shut = world.clock.now = _at("2026-11-27 18:00")
    told = world.partnership.concern(GP, SCHOOL, urgency="RED")
    copy = world.partnership.concern(GP, CSC, urgency="RED", txn=world.txn(told), child=OTHER_CHILD)
    joins: JsonValue = [str(each[0]) for each in (CHILD, OTHER_CHILD)]  # type: ignore[index]
    codes: dict[str, JsonValue] = {"actor": an_actor(), "joins": joins, "undoes": None}
    await world.submit(world.partnership.say(Kind.LINK, GP, link_to, codes))

    for one in (copy, told) if copy_first else (told, copy):
        await world.arrive(one)

    owed = (await world.obligations())["acknowledgement", told.statement.hash]
    opens = _at("2026-11-30 09:00") if link_to == CSC else shut + timedelta(hours=1)
    assert datetime.fromisoformat(owed["due_at"]) == opens
    assert (await world.replay()).differences == []


async def test_in_a_thread_of_very_many_nothing_is_put_off_that_replaying_would_not(world: World) -> None:
    await _open_hours(world)
    told = world.partnership.concern(GP, SCHOOL, urgency="RED")
    txn = world.txn(told)
    await world.submit(*(world.partnership.concern(GP, POLICE, txn=txn) for _ in range(MOST_UNDER_A_KEY)))
    world.clock.now = _at("2026-11-27 18:00")

    await world.arrive(told)
    await world.arrive(world.partnership.concern(GP, CSC, urgency="RED", txn=txn))

    owed = (await world.replay()).owed.items()
    due = [
        each.due_at
        for (_, duty), each in owed
        if (each.about, duty) == (told.statement.hash, "acknowledgement")
    ]
    assert due == [world.clock.now + timedelta(hours=1)]


async def test_nothing_that_was_done_in_a_shut_inbox_is_owed_again(world: World) -> None:
    await _open_hours(world)
    world.clock.now = _at("2026-11-27 18:00")
    told = world.partnership.concern(GP, SCHOOL, urgency="RED")
    await world.arrive(told)
    await world.submit(world.partnership.say(Kind.ACKNOWLEDGEMENT, SCHOOL, GP, {}, irt=told.statement.hash))

    await world.arrive(world.partnership.concern(GP, CSC, urgency="RED", txn=world.txn(told)))

    assert not await world.is_owed("acknowledgement", told)
    assert await world.is_owed("decision", told)
