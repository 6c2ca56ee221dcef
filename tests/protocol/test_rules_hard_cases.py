"""The hard cases of domain 5.2, each by its name; what needs the log's memory is tested with the gateway."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from candour_protocol.ids import ActorToken, AgencyId
from candour_protocol.kinds import CorrectionCodes, Kind, parse_codes
from candour_protocol.rules import (
    Judgement,
    Outcome,
    Telling,
    check_matter,
    judge_concern,
    judge_correction,
)
from candour_protocol.rules.answers import discloses
from candour_protocol.rules.rehearsal import ASKER, CHILD, CONCERN, HOLDER, NOW, REQUEST, Case, written

from tests.protocol.cases import a_line, a_policy, concern_with, judged, places, request_with
from tests.protocol.test_rules_told import a_concern, ask, told

_TXN = "01932f3a-0000-7000-8000-000000000000"
_LADO = AgencyId("the-lado")
_SECOND = ActorToken("B" * 21 + "A")
_WITHHELD: dict[str, Any] = {
    "from": "the-holder",
    "reason": "STAFF_ALLEGATION",
    "lodged_with": "the-lado",
    "second_signer": {"name": "DI Brace"},
    "review_on": "2026-11-26",
}


def test_danger_to_life() -> None:
    line = a_line(category="KNOWN_YN", months=1)
    members: dict[str, Any] = {
        "lines": [line],
        "urgency": "EMERGENCY",
        "purpose": "EMERGENCY_SAFETY",
        "danger_line": "Baby not breathing, head bruise, two accounts",
    }

    judgement = Case(Kind.REQUEST, cites=False, asker_kind="AMBULANCE", request=members).judge(a_policy())

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R08", "R09"))
    safe = {**members, "power": "COMMON_LAW", "lawful_basis": "A6_D", "special_category": "A9_C"}
    borrowed = Case(Kind.REQUEST, cites=False, asker_kind="AMBULANCE", request=safe).judge(a_policy())
    assert (borrowed.outcome, borrowed.rules) == (Outcome.FLAGGED, ("R09",))


@pytest.mark.parametrize(
    ("members", "outcome"),
    [
        ({"withheld": _WITHHELD}, Outcome.PASSED),
        ({"withheld": None}, Outcome.FLAGGED),
        ({"withheld": None, "inbox": "restricted"}, Outcome.PASSED),
        ({"withheld": None, "handling": ["LADO_ONLY"]}, Outcome.PASSED),
    ],
)
def test_allegation_against_holders_staff(members: dict[str, Any], outcome: Outcome) -> None:
    assert concern_with(categories=["STAFF_ALLEGATION"], **members).outcome is outcome


@pytest.mark.parametrize("reason", ["DETRIMENT_16LA3", "RISK_TO_PERSON", "POLICE_PREJUDICE", "COURT"])
def test_telling_would_endanger_child_or_prejudice_police(reason: str) -> None:
    """Never on one person's own say-so: a reason, a lodgee, a second signature and a review."""
    lodged = {**_WITHHELD, "reason": reason}

    assert concern_with(withheld=lodged).outcome is Outcome.PASSED
    for member in ("lodged_with", "second_signer", "review_on", "reason"):
        assert places(concern_with(withheld={**lodged, member: None}), "R10") == [f"/withheld/{member}"]


@pytest.mark.parametrize(
    ("kept_from", "inbox", "pointers"),
    [
        ("the-holder", "general", ["/withheld/from"]),
        ("the-holder", "mash", ["/withheld/from"]),
        ("the-holder/mash", "general", ["/withheld/from"]),
        ("the-holder", "restricted", []),
        ("the-holder/restricted", "restricted", ["/withheld/from"]),
        ("the-holder/restricted", "general", []),
        ("another", "general", []),
    ],
)
def test_a_concern_that_came_to_the_inbox_it_is_kept_from(
    kept_from: str, inbox: str, pointers: list[str]
) -> None:
    """Delivered and marked: its node decides before it seals, and this one did not."""
    concern: dict[str, Any] = {"withheld": {**_WITHHELD, "from": kept_from}, "inbox": inbox}

    judgement = Case(Kind.CONCERN, concern=concern, told_to="holder").judge(a_policy())

    assert places(judgement, "R10") == pointers


@pytest.mark.parametrize("what", ["n/a", "cannot disclose", "Confidential – cannot disclose at this time."])
def test_cannot_disclose(what: str) -> None:
    """Delivered as a concern, and unlocks nothing."""
    facts: Any = [{"what": what, "when": "2026-11-10", "basis": "PROFESSIONAL_OPINION"}]

    assert concern_with(facts=facts).outcome is Outcome.FLAGGED
    assert Case(Kind.REQUEST, concern={"facts": facts}).judge(a_policy()).outcome is Outcome.REFUSED


def test_category_no_narrative() -> None:
    judgement = concern_with(facts=[{"what": "Neglect", "when": "2026-11-09", "basis": "OBSERVED"}])

    assert (judgement.outcome, "R03" in judgement.rules) == (Outcome.FLAGGED, True)


@pytest.mark.parametrize(
    ("days", "changed", "outcome"),
    [
        (28, False, "passed"),
        (29, False, "refused"),
        (29, True, "passed"),
        (90, True, "passed"),
        (91, True, "refused"),
    ],
)
def test_linked_prior_concern(days: int, changed: bool, outcome: str) -> None:
    line = a_line(still_current_because="New bruise seen on Friday and he is back in the home")
    members: dict[str, Any] = {"lines": [line], "still_current": True} if changed else {}

    judgement = Case(Kind.REQUEST, age_days=days, request=members).judge(a_policy())

    assert judgement.outcome.value == outcome


# ---- the rest ----------------------------------------------------------------------------------------


def test_too_wide() -> None:
    assert request_with(a_line(category="FULL_RECORD", months=None)).rules == ("R05",)


def test_siblings_and_third_parties() -> None:
    sibling = {"name": "Juno Ashbyte", "birth_date": "2025-08-02", "role": "SIBLING_SAME_HH"}

    judgement = request_with(
        a_line(person=sibling, category="KNOWN_YN", months=12, because="she lives there and is a baby")
    )

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R12",))


@pytest.mark.parametrize(("before", "outcome"), [(0, Outcome.REFUSED), (1, Outcome.PASSED)])
def test_another_child_is_asked_about_only_once_it_is_known(before: int, outcome: Outcome) -> None:
    other = {"name": "Kit Marlpost", "role": "OTHER_CHILD_SAME_RISK"}
    line = a_line(person=other, because="same man, same club, same age as Rowan")

    judgement = Case(Kind.REQUEST, asked_before=before, request={"lines": [line]}).judge(a_policy())

    assert judgement.outcome is outcome


def test_no_shared_id() -> None:
    assert "R13" in request_with(subject={"name": "Jayden, about 7"}).rules
    described = {"name": "Jayden Roe", "birth_date": "2019-04-01", "school": "Testborough Hill"}
    assert "R13" not in request_with(subject=described).rules


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ({"taken_back": True}, ("refused", ("R04", "R14"))),
        ({"unapplied": True}, ("refused", ("R14",))),
        ({"live": False}, ("refused", ("R04",))),
        ({}, ("passed", ())),
    ],
)
def test_wrong_concern(around: dict[str, Any], expected: tuple[str, tuple[str, ...]]) -> None:
    assert judged(ask(told(**around))) == expected


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("WRONG_CHILD", "passed"), ("OUTCOME_UNFOUNDED", "passed"), ("WRONG_KID", "flagged")],
)
def test_rectification_of_an_append_only_log(kind: str, outcome: str) -> None:
    value: Any = {"txn": _TXN, "actor": None, "correction_kind": kind, "corrects": "A" * 43}
    codes = parse_codes(Kind.CORRECTION, value)
    assert isinstance(codes, CorrectionCodes)

    judgement = judge_correction(codes)

    assert judgement.outcome.value == outcome
    assert all(each.hint == "WRONG_CHILD" for each in judgement.violations)


@pytest.mark.parametrize(("signed", "outcome"), [(False, Outcome.HELD), (True, Outcome.PASSED)])
def test_requester_is_the_parents_employer_or_relative(signed: bool, outcome: Outcome) -> None:
    author = {"name": "J. Mbeki", "role": "Social worker", "training_level": "SW_QUALIFIED"}
    members: dict[str, Any] = {"author": {**author, "interest": "the mother's employer"}}
    if signed:
        members["countersigned_by"] = {"name": "S. Oduya", "role": "Team manager"}

    judgement = request_with(**members)

    assert judgement.outcome is outcome
    assert judgement.rules == (() if signed else ("R07",))


_NOBODY: dict[str, Any] = {"subject": {"identifier_absent_reason": "DETRIMENT"}, "need_level": "L1"}


def test_sub_threshold_worry_two_professionals_just_want_to_talk() -> None:
    """Advice names no child: it is delivered like any concern, and gives nobody a right to ask."""
    advice = Case(Kind.CONCERN, concern=_NOBODY).judge(a_policy())
    unnamed = Case(Kind.REQUEST, concern=_NOBODY, request={"subject": {}}).judge(a_policy())
    named = Case(Kind.REQUEST, concern=_NOBODY).judge(a_policy())
    said_again = Case(Kind.REQUEST, concern={"need_level": "L1"}).judge(a_policy())

    assert advice.outcome in (Outcome.PASSED, Outcome.FLAGGED)
    assert unnamed.outcome is Outcome.REFUSED
    assert "R13" in unnamed.rules
    assert (named.outcome, "R13" in named.rules) == (Outcome.REFUSED, True)
    assert said_again.outcome is Outcome.PASSED


_THIN: dict[str, Any] = {"facts": [{"what": "n/a", "when": "2026-11-09", "basis": "OBSERVED"}]}
_ANOTHER: dict[str, Any] = {"subject": {"name": "Ivo Larkfield", "birth_date": "2011-09-03"}}


@pytest.mark.parametrize(
    ("beside", "lacks"),
    [(_ANOTHER, ["R02"]), (_NOBODY, ["R13"]), ({}, [])],
    ids=["another child's", "advice on nobody", "this child's own"],
)
def test_a_thin_concern_does_not_borrow_the_facts_of_one_about_somebody_else(
    beside: dict[str, Any], lacks: list[str]
) -> None:
    thin, full = (written(Kind.CONCERN, {**CONCERN, **one}) for one in (_THIN, beside))
    request = written(Kind.REQUEST, REQUEST)

    checks = check_matter(request, (thin, full), 0, a_policy()).checks

    assert [rule for rule in ("R02", "R03", "R13") if checks[rule] != "pass"] == lacks


@pytest.mark.parametrize(
    ("outcome", "prompted"),
    [("DISCLOSED_FULL", True), ("DISCLOSED_PART", True), ("REFUSED", False), ("NO_INFO_HELD", False)],
)
def test_holder_finds_it_holds_alarming_information(outcome: str, prompted: bool) -> None:
    """Whoever discloses is prompted to raise their own concern: a disclosure is not a referral."""
    assert discloses([outcome, "NEED_MORE"]) is prompted


# ---- a lodged concern, from the holder's side --------------------------------------------------------


def _lodged(**around: Any) -> Any:
    codes = a_concern(withheld=_WITHHELD)
    return told(**{"audience": _LADO, "codes": codes, "lodgees": frozenset({_LADO}), **around})


def test_a_request_on_a_lodged_concern_waits_for_its_lodgee() -> None:
    assert judged(ask(_lodged())) == ("held", ("R10",))
    assert judged(ask(_lodged(), lodgees=frozenset({_LADO}))) == ("passed", ())
    assert judged(ask(_lodged(), lodgees=frozenset({AgencyId("another")}))) == ("held", ("R10",))


def test_a_hidden_concern_carries_nothing() -> None:
    assert judged(ask(_lodged(lodgees=frozenset()))) == ("refused", ("R10",))
    unsigned = a_concern(withheld={**_WITHHELD, "second_signer": None})
    assert judged(ask(_lodged(codes=unsigned))) == ("refused", ("R10",))


def test_a_lodged_concern_has_substance_and_is_about_this_child_like_any_other() -> None:
    thin = a_concern(withheld=_WITHHELD, facts=None)
    assert judged(ask(_lodged(codes=thin), lodgees=frozenset({_LADO}))) == ("refused", ("R02",))
    other = a_concern(withheld=_WITHHELD, subject={**CHILD, "nhs_number": "9990001022"})
    assert judged(ask(_lodged(codes=other), lodgees=frozenset({_LADO}))) == ("refused", ("R04",))


@pytest.mark.parametrize(("inbox", "outcome"), [("general", "refused"), ("restricted", "passed")])
def test_what_the_restricted_inbox_was_told_opens_no_other(inbox: str, outcome: str) -> None:
    assert judged(ask(told(inbox="restricted"), inbox=inbox))[0] == outcome


@pytest.mark.parametrize(
    ("reason", "days", "outcome"),
    [
        ("STAFF_ALLEGATION", 7, Outcome.PASSED),
        ("STAFF_ALLEGATION", 8, Outcome.FLAGGED),
        ("POLICE_PREJUDICE", 3, Outcome.PASSED),
        ("POLICE_PREJUDICE", 4, Outcome.FLAGGED),
    ],
)
def test_a_review_lies_at_most_so_many_days_ahead(reason: str, days: int, outcome: Outcome) -> None:
    review = (NOW + timedelta(days=days)).date().isoformat()

    assert concern_with(withheld={**_WITHHELD, "reason": reason, "review_on": review}).outcome is outcome


# ---- copies ------------------------------------------------------------------------------------------


def _relayed(relay: dict[str, Any], *originals: dict[str, Any], gone: bool = False) -> Judgement:
    relayed = a_concern(relays="A" * 43, **relay)
    nearest, *above = [a_concern(**each) for each in originals]
    telling = Telling(ASKER, NOW, taken_back=gone)
    return judge_concern(relayed, nearest, HOLDER, a_policy(), above=above, telling=telling)


def test_a_copy_of_a_copy_keeps_the_originators_marks() -> None:
    marked: dict[str, Any] = {"handling": ["NOT_FAMILY"]}

    assert _relayed(marked, {}, marked).outcome is Outcome.PASSED
    assert _relayed({}, {}, marked).rules == ("R15",)
    assert _relayed({"handling": ["NO_ONWARD"]}, {}, {"handling": ["NO_ONWARD"]}).rules == ("R15",)


@pytest.mark.parametrize(
    ("relay", "original", "outcome"),
    [
        (["the-holder"], ["the-holder", "another"], Outcome.PASSED),
        (["the-holder"], ["the-holder"], Outcome.PASSED),
        (["the-holder", "another"], ["the-holder"], Outcome.REFUSED),
        (None, ["the-holder"], Outcome.REFUSED),
        (None, None, Outcome.PASSED),
    ],
)
def test_where_a_copy_may_go_goes_with_it(relay: Any, original: Any, outcome: Outcome) -> None:
    assert _relayed({"onward_to": relay}, {"onward_to": original}).outcome is outcome


def test_what_was_taken_back_is_not_passed_on() -> None:
    assert _relayed({}, {}, gone=True).rules == ("R14",)
    assert _relayed({}, {}).outcome is Outcome.PASSED


def test_an_unknown_reason_to_withhold_is_answered_with_the_nearest() -> None:
    judgement = concern_with(withheld={**_WITHHELD, "reason": "POLICE_PREJUDICED"})

    assert {each.hint for each in judgement.violations} == {"POLICE_PREJUDICE"}
    assert written(Kind.CONCERN, {}).codes.txn
