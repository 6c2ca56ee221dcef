from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.kinds import Kind
from candour_protocol.rules import Outcome, check_matter
from candour_protocol.rules.rehearsal import REQUEST, Case, written

from tests.protocol.cases import a_line, a_policy, places, request_with

SECOND = {"name": "S. Oduya", "role": "Team manager", "training_level": "IC4"}


def judged(concern: dict[str, Any] | None = None, **around: Any) -> Any:
    return Case(Kind.REQUEST, concern=concern, **around).judge(a_policy())


# ---- R07 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "–",
        "MASH team",
        "The Clinic",
        "Duty social worker",
        "Reception",
        "Safeguarding Lead",
        "Tîm diogelu",
    ],
)
def test_a_team_or_a_role_is_nobody_by_name(name: str) -> None:
    judgement = request_with(author={"name": name, "role": "Clinic", "training_level": "IC4"})

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R07",))


@pytest.mark.parametrize(
    "name", ["J. Mbeki", "Dr A. Pell", "Siân Ó Dálaigh", "فاطمة الزهراء", "Nurse Young", "李雷"]
)
def test_a_person_is_named_in_any_language_and_needs_no_staff_id(name: str) -> None:
    assert request_with(author={"name": name, "training_level": "IC4"}).outcome is Outcome.PASSED


@pytest.mark.parametrize("level", ["IC3", "IC4", "IC5", "DSL", "SW_QUALIFIED"])
def test_these_levels_ask_alone(level: str) -> None:
    assert request_with(author={"name": "J. Mbeki", "training_level": level}).outcome is Outcome.PASSED


@pytest.mark.parametrize("level", ["IC1", "IC2", "BOARD", None])
def test_below_level_three_somebody_else_countersigns(level: str | None) -> None:
    author = {"name": "J. Mbeki", "training_level": level}

    assert request_with(author=author).rules == ("R07",)
    assert request_with(author=author, countersigned_by=SECOND).outcome is Outcome.PASSED


def test_an_unknown_level_is_refused_by_name_even_when_countersigned() -> None:
    judgement = request_with(author={"name": "J. Mbeki", "training_level": "IC33"}, countersigned_by=SECOND)

    assert judgement.rules == ("R07",)
    assert "IC3" in [found.hint for found in judgement.violations]


def test_an_unknown_level_of_who_countersigns_is_refused_by_name() -> None:
    author: Any = {"name": "J. Mbeki", "countersigned_by": SECOND | {"training_level": "DLS"}}
    findings = check_matter(written(Kind.REQUEST, {**REQUEST, "author": author}), (), 0, a_policy())

    found = [(one.rule, one.pointer, one.hint) for one in findings.violations]
    assert found == [("R07", "/countersigned_by/training_level", "DSL")]


def test_an_asker_whom_nobody_can_call_back_is_refused() -> None:
    assert judged(has_phone=False).rules == ("R07",)


# ---- R08 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["purpose", "power", "lawful_basis"])
@pytest.mark.parametrize("code", [None, "RESEARCH"])
def test_purpose_power_and_basis_are_named_and_known(member: str, code: str | None) -> None:
    judgement = request_with(**{member: code})

    assert (judgement.rules, places(judgement, "R08")) == (("R08",), [f"/{member}"])


@pytest.mark.parametrize("kind", ["CSC", "OTHER_LA", "MACPT", "MASH", "POLICE"])
def test_these_bodies_may_rely_on_section_47(kind: str) -> None:
    assert judged(asker_kind=kind, request={"purpose": "S47"}).outcome is Outcome.PASSED


@pytest.mark.parametrize("kind", ["GP", "SCHOOL", "LADO", "AMBULANCE", ""])
def test_other_bodies_may_not_and_may_rely_on_any_other_power(kind: str) -> None:
    by_power = judged(asker_kind=kind)
    by_purpose = judged(asker_kind=kind, request={"purpose": "S47", "power": "CA04_S10"})

    assert (by_power.rules, places(by_power, "R08")) == (("R08",), ["/power"])
    assert (by_purpose.rules, places(by_purpose, "R08")) == (("R08",), ["/purpose"])
    assert judged(asker_kind=kind, request={"power": "CA04_S11"}).outcome is Outcome.PASSED


@pytest.mark.parametrize("category", ["HEALTH_ATTEND", "HEALTH_DEV", "MATERNITY", "IMMIG"])
@pytest.mark.parametrize("condition", [None, "NONE", "A9_X"])
def test_health_and_immigration_lines_want_a_condition_of_article_9(
    category: str, condition: str | None
) -> None:
    judgement = request_with(a_line(category=category), special_category=condition)

    assert (judgement.rules, places(judgement, "R08")) == (("R08",), ["/special_category"])
    assert request_with(a_line(category=category), special_category="A9_H").outcome is Outcome.PASSED


def test_other_lines_need_none() -> None:
    assert request_with(a_line(category="EDU_ATTEND"), special_category=None).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("openness", "pointer"),
    [
        (None, "/openness/position"),
        ({}, "/openness/position"),
        ({"position": "MAYBE"}, "/openness/position"),
        ({"position": "NOT_INFORMED"}, "/openness/reason"),
        ({"position": "NOT_INFORMED", "reason": ""}, "/openness/reason"),
        ({"position": "INFORMED_OBJECTED_OVERRIDDEN", "reason": ""}, "/openness/reason"),
    ],
)
def test_a_request_says_what_the_family_knows_and_if_not_why(openness: Any, pointer: str) -> None:
    judgement = request_with(openness=openness)

    assert (judgement.rules, places(judgement, "R08")) == (("R08",), [pointer])


@pytest.mark.parametrize(
    "openness",
    [
        {"position": "INFORMED_AGREED"},
        {"position": "NOT_INFORMED", "reason": "CANNOT_CONTACT"},
        {"position": "INFORMED_OBJECTED_OVERRIDDEN", "reason": "risk of serious harm"},
    ],
)
def test_openness_in_codes_or_in_words(openness: Any) -> None:
    assert request_with(openness=openness).outcome is Outcome.PASSED


def test_consent_as_the_basis_is_marked() -> None:
    judgement = request_with(lawful_basis="A6_A")

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R08",))


# ---- R09 ----------------------------------------------------------------------------------------------

EMERGENCY: dict[str, Any] = {
    "urgency": "EMERGENCY",
    "purpose": "EMERGENCY_SAFETY",
    "power": "COMMON_LAW",
    "danger_line": "Baby not breathing, head bruise",
    "author": {"name": "T. Bly", "training_level": "IC2"},
    "lines": [a_line(category="KNOWN_YN", months=1)],
}


def emergency(**members: Any) -> Any:
    return judged(cites=False, asker_kind="AMBULANCE", request={**EMERGENCY, **members})


def test_an_emergency_is_asked_before_it_is_told_and_marked() -> None:
    judgement = emergency()

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R09",))
    assert emergency(lines=[a_line(category="DEMOG_HOUSEHOLD", months=60)]).outcome is Outcome.FLAGGED


def test_an_emergency_waits_for_no_second_person_and_for_nothing_about_one() -> None:
    author = {"name": "T. Bly", "interest": "neighbour", "countersigned_by": {"training_level": "CREW_CHIEF"}}

    assert emergency(author=author).outcome is Outcome.FLAGGED
    assert request_with(author=author).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    "members",
    [
        {"danger_line": "Baby not breathing, bruise"},
        {"danger_line": None},
        {"lines": [a_line(category="EDU_ATTEND")]},
        {"lines": [a_line(category="KNOWN_YN"), a_line(category="POLICE_CONV")]},
        {"purpose": "TRIAGE"},
    ],
)
def test_an_emergency_asks_for_safety_and_says_the_danger(members: dict[str, Any]) -> None:
    judgement = emergency(**members)

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R01", "R09"))


def test_an_interest_holds_up_no_emergency() -> None:
    neighbour = {"name": "T. Bly", "interest": "lives next door"}

    assert emergency(author=neighbour | {"training_level": "IC2"}).outcome is Outcome.FLAGGED
    assert judged(request={"author": neighbour | {"training_level": "IC3"}}).outcome is Outcome.HELD


def test_an_emergency_still_wants_a_name_a_basis_a_reason_and_the_right_child() -> None:
    assert "R07" in emergency(author={"name": "Crew"}).rules
    assert "R08" in emergency(openness=None).rules
    assert "R05" in emergency(lines=[a_line(category="KNOWN_YN", because="now")]).rules
    assert "R05" in emergency(lines=[a_line(category="KNOWN_YN", months=61)]).rules
    assert "R13" in emergency(subject={"name": "Wren"}).rules


def test_an_emergency_waives_one_person_one_reason() -> None:
    assert emergency(lines=[a_line(category="KNOWN_YN", person=None)]).rules == ("R09",)


def test_an_emergency_with_a_concern_is_judged_like_any_request() -> None:
    assert judged(request={**EMERGENCY, "author": REQUEST["author"]}).outcome is Outcome.PASSED


def test_an_urgency_without_a_clock_is_refused_by_name() -> None:
    judgement = request_with(urgency="REDD")

    assert (judgement.rules, places(judgement, "R09")) == (("R09",), ["/urgency"])
