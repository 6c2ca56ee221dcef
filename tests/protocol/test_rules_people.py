from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.kinds import Kind, RequestContent
from candour_protocol.policy import default_policy, load_policy
from candour_protocol.rules import Matter, Outcome, check_matter, check_subject, still_current
from candour_protocol.rules.rehearsal import CHILD, CONCERN, REQUEST, Case, written

from tests.protocol.cases import a_line, a_policy, places, request_with

DEZ = {"name": "Dez Karvell", "role": "ALLEGED_RISK"}
JUNO = {"name": "Juno Ashbyte", "birth_date": "2025-08-02", "role": "SIBLING_SAME_HH"}
SIX, OTHER_SIX = "to judge whether Rowan is safe", "same home same man pre-verbal baby"


def judged(concern: dict[str, Any] | None = None, **around: Any) -> Any:
    return Case(Kind.REQUEST, concern=concern, **around).judge(a_policy())


# ---- R12 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Mother",
        "mum's partner",
        "the older sister",
        "all children at the address and their friends",
        "",
        "Mam",
        "unknown male",
        "n/a",
        "2 children",
    ],
)
def test_a_role_is_no_person(name: str) -> None:
    judgement = request_with(a_line(person={"name": name, "role": "PARENT_PR"}, because=SIX))

    assert judgement.rules == ("R12",)
    assert "/lines/0/person/name" in places(check("PARENT_PR", name), "R12")


def check(role: str | None, name: str) -> Any:
    body: Any = {**REQUEST, "lines": [a_line(person={"name": name, "role": role}, because=SIX)]}
    return check_matter(written(Kind.REQUEST, body), (), 0, a_policy())


@pytest.mark.parametrize("known_by", [{"address": "14 Sample Rise"}, {"birth_date": "1991-02-03"}])
def test_an_address_or_a_birth_date_makes_somebody_particular(known_by: dict[str, str]) -> None:
    person = {"name": "Mother", "role": "PARENT_PR", **known_by}

    assert request_with(a_line(person=person, because=SIX)).outcome is Outcome.PASSED


@pytest.mark.parametrize(("role", "nearest"), [(None, ""), ("PARENT_RP", "PARENT_PR")])
def test_everybody_else_has_a_known_role(role: str | None, nearest: str) -> None:
    judgement = request_with(a_line(person={"name": "Dez Karvell", "role": role}, because=SIX))

    assert judgement.rules == ("R12",)
    assert [found.hint for found in check(role, "Dez Karvell").violations] == [nearest]


def test_a_line_about_nobody_is_refused() -> None:
    assert request_with(a_line(person=None)).rules == ("R12",)


def test_somebody_else_cannot_hide_behind_the_childs_role() -> None:
    assert request_with(a_line(person={"name": "Mother", "role": "SUBJECT_CHILD"})).rules == ("R12",)
    assert request_with(a_line(person={"role": "SUBJECT_CHILD"})).outcome is Outcome.PASSED
    assert request_with(a_line(person={"name": "rowan  ASHBYTE"})).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Rowan", "pass"),
        ("Rowan James Ashbyte", "pass"),
        ("R. A.", "pass"),
        ("Ro", "pass"),
        ("Rowan Ashbite", "pass"),
        ("rowan ash-byte", "pass"),
        ("Juno Ashbyte", "fail"),
        ("Dez Karvell", "fail"),
    ],
)
def test_nobody_is_made_the_subject_child_who_is_called_otherwise(name: str, said: str) -> None:
    """So that nobody learns of a brother, or of a man, without what is asked first of those."""
    person = {"name": name, "role": "SUBJECT_CHILD"}
    subject = {**CHILD, "aliases": ["Ro"]}
    body: Any = {**REQUEST, "subject": subject, "lines": [a_line(person=person, because=SIX)]}

    findings = check_matter(written(Kind.REQUEST, body), (), 0, a_policy())

    assert findings.checks["R12"] == said
    assert {found.pointer for found in findings.violations if found.rule == "R12"} <= {"/lines/0/person/role"}


def test_two_people_never_share_one_reason() -> None:
    ann = {"name": "Ann Ashbyte", "role": "PARENT_PR"}

    shared = request_with(a_line(person=DEZ, because=SIX), a_line(person=ann, because=f"{SIX.upper()}!"))
    own = request_with(a_line(person=DEZ, because=SIX), a_line(person=ann, because=OTHER_SIX))
    one_man = request_with(a_line(person=DEZ, because=SIX), a_line(person=dict(DEZ), because=SIX))

    assert shared.rules == ("R12",)
    assert own.outcome is one_man.outcome is Outcome.PASSED


def test_a_sibling_shares_a_risk_that_is_named_or_has_a_fact_of_its_own() -> None:
    sibling = a_line(person=JUNO, category="KNOWN_YN", because=OTHER_SIX)
    with_risk = [a_line(person=DEZ, because=SIX), sibling]
    fact = {
        "what": "Juno's cot was found soaked and cold on three visits running",
        "when": "June",
        "basis": "RECORD",
    }

    assert judged(request={"lines": [sibling]}).rules == ("R12",)
    assert judged(request={"lines": with_risk}).outcome is Outcome.PASSED
    assert judged({"facts": [fact]}, request={"lines": [sibling]}).outcome is Outcome.PASSED


# ---- R13 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        {"nhs_number": "9990001014"},
        {"upn": "N999400015001"},
        {"name": "Rowan Ashbyte", "birth_date": "2017-03-14", "school": "Testborough Hill"},
        {"name": "Rowan Ashbyte", "birth_date": "2017-03-14", "phone": "01632 960010"},
        {"edd": "2027-01-02", "mother_nhs_number": "9990001030"},
        {"edd": "2027-01-02", "parent": "Ann Ashbyte"},
    ],
)
def test_a_child_is_told_apart_by_a_number_or_by_three_things(subject: dict[str, Any]) -> None:
    findings = check_matter(written(Kind.REQUEST, {**REQUEST, "subject": subject}), (), 0, a_policy())

    assert findings.checks["R13"] == "pass"


def test_an_unknown_reason_for_a_missing_number_is_refused_by_name() -> None:
    subject: Any = {
        "name": "Rowan Ashbyte",
        "birth_date": "2017-03-14",
        "school": "T",
        "identifier_absent_reason": "UNBRON",
    }
    findings = check_matter(written(Kind.REQUEST, {**REQUEST, "subject": subject}), (), 0, a_policy())

    found = [(one.rule, one.pointer, one.hint) for one in findings.violations]
    assert found == [("R13", "/subject/identifier_absent_reason", "UNBORN")]


@pytest.mark.parametrize(
    "subject",
    [
        {"name": "Jayden, about 7"},
        {"name": "Rowan Ashbyte", "birth_date": "2017-03-14"},
        {"name": "Rowan Ashbyte", "school": "Testborough Hill"},
        {"nhs_number": "9990001015"},
        {"nhs_number": "9990001014", "upn": "N999400015002"},
        {"nhs_number": "9990001015", "name": "R", "birth_date": "2017-03-14", "school": "T"},
        {"nhs_number": "1111111111"},
        {"edd": "2027-01-02"},
        {},
        None,
    ],
)
def test_a_child_who_cannot_be_told_apart_is_not_asked_about(subject: Any) -> None:
    assert "R13" in judged({"subject": CHILD}, request={"subject": subject}).rules


def test_a_siblings_number_is_checked_too() -> None:
    sibling = a_line(person={**JUNO, "nhs_number": "9990001023"}, because=OTHER_SIX)
    judgement = request_with(a_line(person=DEZ, because=SIX), sibling)

    assert judgement.rules == ("R13",)


def test_a_number_from_the_test_range_is_refused_outside_a_sandbox() -> None:
    live = load_policy(default_policy())

    assert check_matter(written(Kind.REQUEST, REQUEST), (), 0, live).checks["R13"] == "fail"


# ---- R02 and R03 on requests, R04 after opening -----------------------------------------------------------


def test_a_request_rests_on_the_substance_of_what_it_cites() -> None:
    assert judged({"facts": None}).rules == ("R02", "R03")
    assert judged({"facts": [{"what": "tbc"}]}).rules == ("R02",)
    assert judged({"categories": []}).outcome is Outcome.PASSED


def test_a_reply_that_adds_a_fact_counts_with_the_concern() -> None:
    thin = written(Kind.CONCERN, {**CONCERN, "facts": None})
    reply = written(Kind.REPLY, {"facts": CONCERN["facts"]})
    request = written(Kind.REQUEST, REQUEST)

    assert check_matter(request, (thin,), 0, a_policy()).checks["R02"] == "fail"
    assert check_matter(request, (thin, reply), 0, a_policy()).checks["R02"] == "pass"


@pytest.mark.parametrize(
    ("subject", "another"),
    [
        (CHILD, False),
        ({"nhs_number": "9990001014"}, False),
        ({"name": "two children, one a baby"}, False),
        ({"nhs_number": "9990001022"}, True),
        ({"name": "Juno Ashbyte", "birth_date": "2025-08-02"}, True),
        ({"name": "Rowan Ashbite", "birth_date": "2017-03-14"}, False),
    ],
)
def test_a_recipient_sees_when_a_concern_is_plainly_about_another_child(
    subject: dict[str, Any], *, another: bool
) -> None:
    concern = written(Kind.CONCERN, {**CONCERN, "subject": subject})

    found = check_subject(written(Kind.REQUEST, REQUEST), [concern])

    assert bool(found) is another


def test_what_has_changed_is_said_in_a_text_with_substance() -> None:
    def said(text: str | None) -> bool | None:
        content = written(Kind.REQUEST, {**REQUEST, "lines": [a_line(still_current_because=text)]}).content
        assert isinstance(content, RequestContent)
        return still_current(content, a_policy())

    assert said(None) is None
    assert said("as discussed") is False
    assert said("He moved back in on Friday and she has a new bruise") is True


def test_kinds_that_no_rule_gates_attest_nothing() -> None:
    reply: Matter = written(Kind.REPLY, {"facts": None})

    assert not check_matter(reply, (), 0, a_policy()).checks
