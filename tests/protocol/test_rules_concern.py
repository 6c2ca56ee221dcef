from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from candour_protocol.ids import AgencyId
from candour_protocol.kinds import ConcernCodes, Kind
from candour_protocol.policy import default_policy, load_policy
from candour_protocol.rules import Matter, Outcome, check_matter, judge_concern
from candour_protocol.rules.rehearsal import CONCERN, NOW, Case, attested, written
from candour_protocol.rules.texts import says_something

from tests.protocol.cases import a_fact, a_policy, concern_with, places

EIGHT = "bruise jaw cheek told school stairs kitchen belt"


def facts_say(what: str, **around: Any) -> tuple[str, ...]:
    return concern_with(facts=[a_fact(what, **around)]).rules


# ---- R02 ----------------------------------------------------------------------------------------------


def test_one_dated_fact_of_eight_words_is_enough() -> None:
    assert facts_say(EIGHT) == ()
    assert facts_say(EIGHT.removesuffix(" belt")) == ("R02",)


def test_the_sentence_of_a_frightened_child_is_complete() -> None:
    assert facts_say("Mum's partner hit him with a belt, he told me at 2 pm") == ()


@pytest.mark.parametrize(
    "what",
    [
        "Confidential – cannot disclose at this time.",
        "CONFIDENTIAL — CANNOT DISCLOSE AT THIS TIME!!!",
        "Confidential; can’t disclose at this time. Please see attached, as discussed by telephone.",
        "n/a, nil, none, tbc, confidential, verbal, as discussed, see attached",
        "We have safeguarding concerns regarding this child and cannot disclose any more at this time",
        "Cyfrinachol - ni ellir datgelu ar hyn o bryd. Gweler ynghlwm, fel y trafodwyd ar lafar.",
        "Mae pryderon diogelu am y plentyn, ni allwn rannu gwybodaeth ar hyn o bryd",
        "",
        "    ",
        "… — !!! ???",
    ],
)
def test_an_empty_phrase_is_no_substance_in_whatever_punctuation(what: str) -> None:
    assert "R02" in facts_say(what)


@pytest.mark.parametrize(
    "what",
    [
        "As discussed, he told me at break that his mum's boyfriend had hit him with a belt.",
        "Confidential: bruise under left jaw seen at 09:10 by two members of staff.",
        "Dywedodd Rowan wrtha i fod Dez yn gweiddi pan fo'r babi yn crio bob nos.",
        "قالت الطفلة إن صديق أمها ضربها على ذراعها بالحزام مساء أمس في المطبخ",
        "माँ के साथी ने उसे बेल्ट से मारा और उसने मुझे स्कूल में बताया",
    ],
)
def test_substance_is_found_in_other_words_and_other_languages(what: str) -> None:
    assert facts_say(what) == ()


def test_the_same_word_over_and_over_is_no_substance() -> None:
    three_of_nine, three_of_ten = "bruise belt" + " shouting" * 7, "bruise belt" + " shouting" * 8

    assert says_something(three_of_nine, a_policy())
    assert not says_something(three_of_ten, a_policy())  # 30 per cent is not more than 30 per cent


def test_a_long_story_may_say_its_words_again_and_again() -> None:
    hundred = [f"word{number}" for number in range(100)]

    assert says_something(" ".join(hundred * 4), a_policy())  # a quarter are different ones, and enough are
    assert not says_something(" ".join(hundred[1:] * 4), a_policy())


def test_three_words_are_left_of_a_fact_once_empty_ones_are_taken_away() -> None:
    empty = "confidential as discussed see attached verbal"

    assert says_something(f"{empty} bruise jaw cheek", a_policy())
    assert not says_something(f"{empty} tbc bruise jaw", a_policy())


@pytest.mark.parametrize("when", [None, "", "–", "   "])
def test_a_fact_without_a_date_is_no_substance(when: str | None) -> None:
    assert facts_say(EIGHT, when=when) == ("R02",)


@pytest.mark.parametrize("when", ["2026-11-09", "ongoing since Aug 2026", "last Friday", "ers mis Awst"])
def test_any_date_or_ongoing_since_will_do(when: str) -> None:
    assert facts_say(EIGHT, when=when) == ()


@pytest.mark.parametrize("basis", [None, "", "HEARSAY", "seen"])
def test_a_fact_says_whether_it_was_seen_or_thought(basis: str | None) -> None:
    assert facts_say(EIGHT, basis=basis) == ("R02",)


@pytest.mark.parametrize("basis", ["observed", "Said by the child"])
def test_how_it_is_known_may_be_written_as_people_write(basis: str) -> None:
    assert facts_say(EIGHT, basis=basis) == ()


def test_a_fact_that_lacks_only_how_it_is_known_is_named_with_the_nearest_code() -> None:
    facts: Any = [a_fact("tbc"), a_fact(EIGHT) | {"basis": "OBSERVD"}]
    findings = check_matter(written(Kind.CONCERN, {**CONCERN, "facts": facts}), (), 0, a_policy())

    found = [(one.rule, one.pointer, one.hint) for one in findings.violations]
    assert found == [("R02", "/facts/1/basis", "OBSERVED")]


def test_one_good_fact_among_thin_ones_is_enough() -> None:
    assert concern_with(facts=[a_fact("tbc"), a_fact(EIGHT)]).outcome is Outcome.PASSED


@pytest.mark.parametrize("facts", [None, []])
def test_a_concern_without_facts_is_delivered_and_marked(facts: Any) -> None:
    judgement = concern_with(facts=facts)

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R02", "R03"))


# ---- R03 ----------------------------------------------------------------------------------------------


def test_a_tick_box_alone_is_marked() -> None:
    judgement = concern_with(categories=["NEGLECT"], facts=[a_fact("Neglect.")])

    assert judgement.rules == ("R02", "R03")
    assert "R03" in concern_with(facts=[a_fact("PHYSICAL_ADULT")]).rules
    assert "R03" not in concern_with(facts=[a_fact("Neglect and hunger")]).rules


def test_a_narrative_without_a_category_is_marked() -> None:
    judgement = concern_with(categories=[])

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R03",))
    assert places(judgement, "R03") == ["/categories", "/facts"]


@pytest.mark.parametrize(
    ("members", "pointer", "nearest"),
    [
        ({"categories": ["NEGLECT", "NEGLET"]}, "/categories/1", "NEGLECT"),
        ({"need_level": "L5"}, "/need_level", ""),
        ({"urgency": "ORANGE"}, "/urgency", ""),
        ({"handling": ["NO_ONWARDS"]}, "/handling/0", "NO_ONWARD"),
        ({"openness": {"position": "AGREED"}}, "/openness/position", "INFORMED_AGREED"),
    ],
)
def test_an_unknown_code_is_delivered_marked_and_answered_with_the_nearest(
    members: dict[str, Any], pointer: str, nearest: str
) -> None:
    judgement = concern_with(**members)

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R03",))
    hints = {violation.pointer: violation.hint for violation in judgement.violations}
    assert hints[pointer] == nearest


# ---- R13 on concerns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "pointer"),
    [
        ({"nhs_number": "9990001015"}, "/subject/nhs_number"),
        ({"upn": "N999400015002"}, "/subject/upn"),
        ({"name": "Jayden, about 7"}, "/subject/identifier_absent_reason"),
        ({"identifier_absent_reason": "DUNNO"}, "/subject/identifier_absent_reason"),
        ({}, "/subject/identifier_absent_reason"),
    ],
)
def test_a_concern_on_a_child_who_cannot_be_told_apart_is_delivered_and_marked(
    subject: dict[str, Any], pointer: str
) -> None:
    matter = written(Kind.CONCERN, {**CONCERN, "subject": subject})

    findings = check_matter(matter, (), 0, a_policy())

    assert [(violation.rule, violation.pointer) for violation in findings.violations] == [("R13", pointer)]
    assert concern_with(subject=subject).outcome is Outcome.FLAGGED


@pytest.mark.parametrize(
    "subject",
    [
        {"nhs_number": "999 000 1014"},
        {"name": "two children", "identifier_absent_reason": "UNKNOWN_DELAY"},
        {"mother_nhs_number": "9990001030", "edd": "2027-01-02"},
        {"edd": "2027-01-02", "identifier_absent_reason": "UNBORN"},
    ],
)
def test_a_concern_says_who_the_child_is_or_why_nobody_knows(subject: dict[str, Any]) -> None:
    assert concern_with(subject=subject).rules == ()


def test_a_number_from_the_test_range_is_marked_outside_a_sandbox() -> None:
    live = load_policy(default_policy())

    findings = check_matter(written(Kind.CONCERN, CONCERN), (), 0, live)

    assert [violation.pointer for violation in findings.violations] == ["/subject/nhs_number"]


# ---- What the gateway makes of the attestation ----------------------------------------------------------


def test_a_concern_whose_node_attests_nothing_is_delivered_and_marked() -> None:
    codes = written(Kind.CONCERN, CONCERN).codes
    assert isinstance(codes, ConcernCodes)

    judgement = judge_concern(codes, None, AgencyId("anybody"), a_policy())

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R02", "R03", "R13"))


def test_a_rule_set_that_was_never_admitted_attests_nothing() -> None:
    matter = attested(written(Kind.CONCERN, CONCERN), (), a_policy())
    earlier = load_policy(default_policy())
    codes = matter.codes
    assert isinstance(codes, ConcernCodes)

    strange = judge_concern(codes, None, AgencyId("anybody"), earlier)
    overlapping = judge_concern(codes, None, AgencyId("anybody"), earlier, [a_policy().id])

    assert (strange.outcome, overlapping.outcome) == (Outcome.FLAGGED, Outcome.PASSED)


# ---- R15 and relays -------------------------------------------------------------------------------------


def relayed(concern: dict[str, Any], original: dict[str, Any]) -> Any:
    return Case(Kind.CONCERN, concern=concern, relays=original).judge(a_policy())


def test_a_relay_keeps_its_marks_and_may_add_some() -> None:
    more = ["NOT_FAMILY", "REFERRER_PROTECTED"]

    assert relayed({"handling": more}, {"handling": ["NOT_FAMILY"]}).outcome is Outcome.PASSED
    lost = relayed({"handling": ["NOT_FAMILY"]}, {"handling": more})
    assert (lost.outcome, lost.rules, places(lost, "R15")) == (Outcome.REFUSED, ("R15",), ["/handling"])


@pytest.mark.parametrize("mark", ["NO_ONWARD", "ADDRESS_PROTECTED", "POLICE_ORIGINATOR_CONTROL", "LADO_ONLY"])
def test_a_mark_that_forbids_passing_on_refuses_a_relay(mark: str) -> None:
    assert relayed({"handling": [mark]}, {"handling": [mark]}).rules == ("R15",)
    assert concern_with(handling=[mark]).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("onward_to", "outcome"),
    [
        (None, Outcome.PASSED),
        (["the-holder"], Outcome.PASSED),
        ([], Outcome.REFUSED),
        (["a-stranger"], Outcome.REFUSED),
    ],
)
def test_a_relay_goes_where_its_originator_allowed(onward_to: Any, outcome: Outcome) -> None:
    assert relayed({"onward_to": onward_to}, {"onward_to": onward_to}).outcome is outcome


def test_a_relay_cannot_put_the_originators_words_on_another_child() -> None:
    judgement = relayed({"subject": {"name": "Juno Ashbyte", "nhs_number": "9990001022"}}, {})

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R04",))


def test_a_relays_substance_is_that_of_the_originators_own_facts() -> None:
    original = written(Kind.CONCERN, CONCERN)
    bare = written(Kind.CONCERN, {**CONCERN, "facts": None, "subject": None, "relays": "A" * 43})
    relay = Matter(Kind.CONCERN, bare.codes, bare.content, original=original.content)  # type: ignore[arg-type]

    assert set(check_matter(relay, (), 0, a_policy()).checks.values()) == {a_policy().id, "pass"}
    assert check_matter(replace(relay, original=None), (), 0, a_policy()).checks["R02"] == "fail"


def test_what_a_node_attests_is_the_same_whoever_runs_it_and_whenever() -> None:
    matter = written(Kind.CONCERN, CONCERN)

    first = check_matter(matter, (), int(NOW.timestamp()), a_policy())

    assert first == check_matter(matter, (), 0, a_policy())
    assert dict(first.checks) == {"ruleset": a_policy().id, "R02": "pass", "R03": "pass", "R13": "pass"}
