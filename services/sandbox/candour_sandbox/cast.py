"""Who takes part: eleven invented agencies. Numbers are from the ranges kept for fiction and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from candour_protocol.codes import AgencyKind
from candour_protocol.profiles import Calendar, Day, Hours, Inbox, Nation, Profile, Term

from candour_sandbox.samples import samples

NET = "testborough"
ORIGIN = "candour.example/testborough"

_WEEKDAYS = (Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI)
# The school's; bank holidays are known by nation.
_TERMS = (
    Term(first="2026-09-02", last="2026-10-23"),
    Term(first="2026-11-02", last="2026-12-18"),
    Term(first="2027-01-04", last="2027-02-12"),
    Term(first="2027-02-22", last="2027-03-25"),
    Term(first="2027-04-12", last="2027-05-28"),
    Term(first="2027-06-07", last="2027-07-21"),
    Term(first="2027-09-02", last="2027-10-22"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """What is invented about one agency. ``short`` is how the story calls it inside a sentence.

    ``hours`` is when its general inbox is read on weekdays; ``None`` means day and night. ``cover`` looks
    after that inbox while it is closed. ``line`` is the last two digits of its phone numbers.
    """

    name: str
    short: str
    official_id: str
    lead: str
    line: int
    hours: tuple[str, str] | None = None
    cover: str | None = None


PARTS: Mapping[str, Part] = {
    "testborough-hill": Part(
        "Testborough Hill Primary School",
        "the school",
        "urn:999001",
        "Designated safeguarding lead",
        1,
        ("08:00", "16:30"),
        "testborough-csc",
    ),
    "testborough-hv": Part(
        "Testborough 0-19 Health Visiting",
        "the health visitor",
        "ods:ZZ9HV",
        "Named nurse",
        2,
        ("08:30", "17:00"),
        "testborough-csc",
    ),
    "testborough-homes": Part(
        "Testborough Homes",
        "the housing officer",
        "company:99999901",
        "Safeguarding manager",
        3,
        ("09:00", "17:00"),
        "testborough-csc",
    ),
    "testborough-ed": Part(
        "Testborough General Hospital, Emergency Department",
        "the emergency department",
        "ods:ZZ9ED",
        "Named doctor",
        4,
    ),
    "testshire-ambulance": Part(
        "Testshire Ambulance Service", "the ambulance crew", "ods:ZZ9AM", "Head of safeguarding", 5
    ),
    "haven-test": Part("Haven Test", "the domestic abuse service", "charity:9999901", "Service manager", 6),
    "testshire-police": Part(
        "Testshire Police, Public Protection", "the police", "force:99", "Detective inspector", 7
    ),
    "testborough-csc": Part(
        "Testborough Children's Social Care", "social care", "la:999", "Front door team manager", 8
    ),
    "testborough-lado": Part(
        "Testborough Designated Officer",
        "the designated officer",
        "gss:E99999999",
        "Designated officer",
        9,
        ("09:00", "17:00"),
        "testborough-csc",
    ),
    "testborough-gp": Part(
        "Sample Street Surgery",
        "the surgery",
        "ods:ZZ9GP",
        "Safeguarding lead",
        10,
        ("08:00", "18:30"),
        "testborough-csc",
    ),
    "testshire-camhs": Part(
        "Testshire Child and Adolescent Mental Health",
        "the mental health team",
        "ods:ZZ9MH",
        "Named nurse",
        11,
        ("09:00", "17:00"),
        "testborough-csc",
    ),
}


def profile(agency: str) -> Profile:
    """The directory's entry for an agency of the cast."""
    part, kind = PARTS[agency], AgencyKind(samples().kinds[agency])
    return Profile(
        id=agency,
        name=part.name,
        kind=kind,
        nation=Nation.ENGLAND,
        official_ids=(part.official_id,),
        phone=f"01632 9601{part.line:02}",
        phone_24h=f"01632 9603{part.line:02}",
        inboxes=(_inbox(part, "general"), _inbox(part, "restricted")),
        calendar=Calendar(terms=_TERMS if kind is AgencyKind.SCHOOL else ()),
    )


def _inbox(part: Part, name: str) -> Inbox:
    """The restricted inbox keeps the general one's hours; its cover is the same agency's restricted inbox."""
    number = {"general": 1, "restricted": 2}[name]
    cover = part.cover if part.cover is None or name == "general" else f"{part.cover}/{name}"
    opening = None if part.hours is None else Hours(days=_WEEKDAYS, opens=part.hours[0], closes=part.hours[1])
    return Inbox(
        name=name,
        hours="ALWAYS" if opening is None else (opening,),
        lead=part.lead,
        phone=f"01632 960{number}{part.line:02}",
        cover=cover,
    )
