"""The directory: an agency that children depend on can be reached at every hour, or is not registered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from candour_protocol import profiles
from candour_protocol.codes import AgencyKind
from candour_protocol.errors import MalformedError
from candour_protocol.profiles import Calendar, Day, Hours, Inbox, Nation, Profile

SCHOOL_HOURS = [{"days": ["MON", "TUE", "WED", "THU", "FRI"], "opens": "08:00", "closes": "16:30"}]


def an_inbox(name: str, **changes: Any) -> dict[str, Any]:
    inbox = {"name": name, "hours": SCHOOL_HOURS, "lead": "Designated safeguarding lead"}
    return inbox | {"cover": "testborough-csc/mash"} | changes


def a_profile(**changes: Any) -> dict[str, Any]:
    profile = {
        "id": "testborough-hill",
        "name": "Testborough Hill School",
        "kind": "SCHOOL",
        "nation": "ENGLAND",
        "official_ids": ["urn:100001"],
        "phone": "01632 960001",
        "inboxes": [an_inbox("general"), an_inbox("restricted")],
        "calendar": {"closed_dates": ["2026-12-25"]},
    }
    return profile | changes


def raw(profile: object) -> bytes:
    return json.dumps(profile).encode()


def refused(profile: object) -> MalformedError:
    with pytest.raises(MalformedError) as error:
        profiles.parse(profile if isinstance(profile, bytes) else raw(profile))
    assert error.value.code in {"profile", "json"}
    return error.value


def test_a_school_is_read_with_its_hours_phone_and_cover() -> None:
    profile = profiles.parse(raw(a_profile()))

    general = profile.inbox("general")
    assert general is not None
    assert (profile.kind, profile.nation) == (AgencyKind.SCHOOL, Nation.ENGLAND)
    assert general.hours != "ALWAYS"
    assert general.hours[0].closes == "16:30"
    assert general.cover == "testborough-csc/mash"
    assert profile.phone_of("general") == "01632 960001"
    assert profile.inbox("mash") is None


def test_a_profile_made_here_is_written_and_read_back_to_the_same_bytes() -> None:
    week = Hours(days=tuple(Day), opens="00:00", closes="24:00")
    profile = Profile(
        id="testborough-csc",
        name="Gwasanaethau Cymdeithasol Llŷn",
        kind=AgencyKind.CSC,
        nation=Nation.WALES,
        inboxes=(
            Inbox(name="general", hours=(week,), lead="Duty manager", cover="testborough-csc/edt"),
            Inbox(name="restricted", hours="ALWAYS", lead="Head of service", phone="01632 960002"),
            Inbox(name="edt", hours="ALWAYS", lead="Duty worker", phone_24h="+44 1632 960003"),
        ),
        phone_24h="01632 960004",
        calendar=Calendar(closed_dates=("2026-12-25",)),
    )

    written = profiles.dump(profile)

    assert profiles.parse(written) == profile
    assert profiles.dump(profiles.parse(written)) == written
    assert written.isascii()


def test_an_inboxs_own_phone_comes_before_the_agencys() -> None:
    inboxes = [an_inbox("general", phone="01632 960005"), an_inbox("restricted", phone_24h="01632 960006")]
    profile = profiles.parse(raw(a_profile(inboxes=inboxes, phone_24h="01632 960007")))

    assert profile.phone_of("general") == "01632 960005"
    assert profile.phone_of("restricted") == "01632 960001"
    assert profile.phone_24h_of("restricted") == "01632 960006"
    assert profile.phone_24h_of("general") == "01632 960007"


def test_an_inbox_that_nobody_can_ring_about_is_refused() -> None:
    error = refused(a_profile(phone=None))

    assert "no phone" in error.detail


def test_an_inbox_that_closes_names_its_cover() -> None:
    error = refused(a_profile(inboxes=[an_inbox("general"), an_inbox("restricted", cover=None)]))

    assert error.detail == "the inbox restricted is closed at times and names no cover"


def test_an_inbox_that_never_closes_needs_no_cover() -> None:
    always = [an_inbox(name, hours="ALWAYS", cover=None) for name in ("general", "restricted")]

    profile = profiles.parse(raw(a_profile(inboxes=always)))

    assert profile.inboxes[0].hours == "ALWAYS"


@pytest.mark.parametrize("cover", ["testborough-hill", "testborough-hill/general"])
def test_an_inbox_does_not_cover_itself(cover: str) -> None:
    refused(a_profile(inboxes=[an_inbox("general", cover=cover), an_inbox("restricted")]))


@pytest.mark.parametrize("names", [["general"], ["general", "edt"], ["restricted", "edt"], []])
def test_every_agency_has_a_general_and_a_restricted_inbox(names: list[str]) -> None:
    refused(a_profile(inboxes=[an_inbox(name) for name in names]))


def test_no_two_inboxes_have_one_name() -> None:
    refused(a_profile(inboxes=[an_inbox(name) for name in ("general", "restricted", "general")]))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"id": "Testborough"}, "/id"),
        ({"id": "gateway"}, "/id"),
        ({"id": 7}, "/id"),
        ({"name": ""}, "/name"),
        ({"kind": "WIZARD"}, "/kind"),
        ({"nation": "FRANCE"}, "/nation"),
        ({"official_ids": ["urn 100001"]}, "/official_ids/0"),
        ({"official_ids": ["nhs:9990001065"]}, "/official_ids/0"),
        ({"phone": "ring the office"}, "/phone"),
        ({"phone": 1632960001}, "/phone"),
        ({"calendar": {"closed_dates": ["25 December"]}}, "/calendar/closed_dates/0"),
        ({"calendar": {"closed_dates": ["20261225"]}}, "/calendar/closed_dates/0"),
        ({"calendar": {"time_zone": "Mars/Olympus"}}, "/calendar/time_zone"),
        ({"exempt": True}, "/exempt"),
        ({"inboxes": [an_inbox("general", hours=[]), an_inbox("restricted")]}, "/inboxes/0/hours"),
        ({"inboxes": [an_inbox("general"), an_inbox("restricted", cover="NOBODY")]}, "/inboxes/1/cover"),
        ({"inboxes": [an_inbox("general"), an_inbox("restricted", lead=None)]}, "/inboxes/1/lead"),
        ({"inboxes": [an_inbox("General"), an_inbox("restricted")]}, "/inboxes/0/name"),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_profile_is_pointed_at(changes: dict[str, Any], pointer: str) -> None:
    error = refused(a_profile(**changes))

    assert error.pointer == pointer
    assert error.detail


@pytest.mark.parametrize(
    "hours",
    [
        {"days": [], "opens": "08:00", "closes": "16:00"},
        {"days": ["MON"], "opens": "16:00", "closes": "08:00"},
        {"days": ["MON"], "opens": "08:00", "closes": "08:00"},
        {"days": ["MON"], "opens": "8:00", "closes": "16:00"},
        {"days": ["MON"], "opens": "08:00", "closes": "25:00"},
        {"days": ["MONDAY"], "opens": "08:00", "closes": "16:00"},
        {"days": ["MON"], "opens": "08:00"},
        "SOMETIMES",
    ],
    ids=str,
)
def test_hours_that_make_no_sense_are_refused_at_their_inbox(hours: object) -> None:
    given = hours if isinstance(hours, str) else [hours]

    error = refused(a_profile(inboxes=[an_inbox("general", hours=given), an_inbox("restricted")]))

    assert error.pointer.startswith("/inboxes/0/hours")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"id":"a","id":"b"}', b'{"phone":"\\u202e1"}', b"\xff", b"{" * 100_000]
)
def test_a_profile_passes_the_strict_loader_first(text: bytes) -> None:
    assert refused(text).code in {"json", "profile"}


def test_a_profile_of_endless_length_is_refused_unread() -> None:
    assert refused(b" " * (profiles.MAX_PROFILE + 1)).code == "profile"


def test_a_wrong_opening_hour_is_pointed_at_and_explained() -> None:
    hours = [{"days": ["MON"], "opens": "16:00", "closes": "08:00"}]

    error = refused(a_profile(inboxes=[an_inbox("general", hours=hours), an_inbox("restricted")]))

    assert error.pointer == "/inboxes/0/hours/0"
    assert error.detail == "hours must open before they close; write a night as two of them"


@pytest.mark.parametrize(
    "terms",
    [
        [{"first": "2026-12-18", "last": "2026-09-02"}],
        [{"first": "2026-09-02", "last": "2026-12-18"}, {"first": "2026-12-18", "last": "2027-03-25"}],
        [{"first": "2 September", "last": "2026-12-18"}],
    ],
)
def test_terms_stand_in_order_and_apart(terms: list[dict[str, str]]) -> None:
    assert refused(a_profile(calendar={"terms": terms})).pointer.startswith("/calendar")
