from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.codes import RefusalReason
from candour_protocol.kinds import AnswerCodes, ConcernCodes, Kind, RequestCodes
from candour_protocol.rules import Outcome, is_unlocked, judge_answer
from candour_protocol.rules.rehearsal import ANSWER, CONCERN, REQUEST, attested, written

from tests.protocol.cases import a_line, a_policy, answer_with, places

EIGHT_WORDS = "an arrest is planned and telling would warn"


def a_refusal(**members: Any) -> dict[str, Any]:
    return {
        "line": 1,
        "outcome": "REFUSED",
        "reason": "PREJUDICE_INVESTIGATION",
        "text": EIGHT_WORDS,
        "would_change_if": "arrest made",
        **members,
    }


def test_a_reasoned_refusal_passes_like_a_disclosure() -> None:
    assert answer_with(a_refusal()).outcome is Outcome.PASSED
    assert answer_with(a_refusal(outcome="DISCLOSED_PART")).outcome is Outcome.PASSED
    assert answer_with({"line": 1, "outcome": "DISCLOSED_FULL"}).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "members",
    [
        {"reason": None},
        {"text": EIGHT_WORDS.removesuffix(" warn")},
        {"text": None},
        {"would_change_if": ""},
        {"outcome": "DISCLOSED_PART", "reason": None},
    ],
)
def test_a_refusal_that_does_not_say_why_is_returned(members: dict[str, Any]) -> None:
    judgement = answer_with(a_refusal(**members))

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R11",))


@pytest.mark.parametrize("decider", [None, {"name": " "}])
def test_a_refusal_names_who_decided(decider: Any) -> None:
    assert answer_with(a_refusal(), decider=decider).outcome is Outcome.REFUSED
    assert answer_with({"line": 1, "outcome": "DISCLOSED_FULL"}, decider=decider).outcome is Outcome.PASSED


@pytest.mark.parametrize("searched", [None, [], [" "]])
def test_nothing_held_says_what_was_searched(searched: Any) -> None:
    nothing = {"line": 1, "outcome": "NO_INFO_HELD"}

    assert answer_with({**nothing, "searched": searched}).outcome is Outcome.REFUSED
    assert answer_with({**nothing, "searched": ["PNC 2016 to 2026"]}).outcome is Outcome.PASSED


@pytest.mark.parametrize("reason", ["GDPR", "POLICY", "NOT_OUR_FORM", "NO_CONSENT", "WE_NEVER_DO"])
def test_a_reason_that_is_not_enough_or_unknown_is_delivered_and_marked(reason: str) -> None:
    judgement = answer_with(a_refusal(reason=reason))

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R11",))
    assert places(judgement, "R11") == ["/outcomes/0/reason"]


@pytest.mark.parametrize("reason", [reason for reason in RefusalReason if reason != "CONCERN_TOO_THIN"][:17])
def test_the_gateway_never_stops_a_holder_refusing(reason: RefusalReason) -> None:
    assert answer_with(a_refusal(reason=reason.value)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("level", "outcome"), [("L1", Outcome.PASSED), ("L2", Outcome.PASSED), ("L3", Outcome.FLAGGED)]
)
def test_no_consent_is_enough_at_a_low_level_of_need(level: str, outcome: Outcome) -> None:
    concern, request = written(Kind.CONCERN, {**CONCERN, "need_level": level}), written(Kind.REQUEST, REQUEST)
    body: Any = {**ANSWER, "outcomes": [a_refusal(reason="NO_CONSENT")]}
    answer = attested(written(Kind.ANSWER, body), (), a_policy())
    assert isinstance(concern.codes, ConcernCodes)
    assert isinstance(request.codes, RequestCodes)
    assert isinstance(answer.codes, AnswerCodes)

    judgement = judge_answer(answer.codes, request.codes, a_policy(), cited=[concern.codes])

    assert judgement.outcome is outcome


@pytest.mark.parametrize(
    ("outcomes", "pointer"),
    [
        ([], "/outcomes"),
        ([{"line": 2, "outcome": "DISCLOSED_FULL"}], "/outcomes/0/line"),
        ([{"line": 1, "outcome": "DISCLOSED_FULL"}] * 2, "/outcomes/1/line"),
        ([{"line": 1, "outcome": None}], "/outcomes/0/outcome"),
        ([{"line": 1, "outcome": "SHRUGGED"}], "/outcomes/0/outcome"),
    ],
)
def test_an_answer_gives_each_line_that_was_asked_one_known_outcome(outcomes: Any, pointer: str) -> None:
    judgement = answer_with(*outcomes)

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R11",))
    assert pointer in places(judgement, "R11")


@pytest.mark.parametrize("opened", ["sound", "thin", "mismatch", "unreadable"])
def test_any_opened_value_permits_an_answer(opened: str) -> None:
    assert is_unlocked(Outcome.PASSED, opened, [opened])
    assert is_unlocked(Outcome.FLAGGED, opened, [])


def test_what_was_not_delivered_and_opened_is_not_answered() -> None:
    assert not is_unlocked(Outcome.HELD, "sound", ["sound"])
    assert not is_unlocked(Outcome.REFUSED, "sound", ["sound"])
    assert not is_unlocked(Outcome.PASSED, None, ["sound"])
    assert not is_unlocked(Outcome.PASSED, "sound", ["sound", None])


@pytest.mark.parametrize(
    ("countersigned", "outcome"), [(None, Outcome.FLAGGED), ("B" * 21 + "A", Outcome.PASSED)]
)
def test_a_disclosure_outside_the_matrix_wants_a_second_signature_at_the_holder_too(
    countersigned: str | None, outcome: Outcome
) -> None:
    concern = written(Kind.CONCERN, {**CONCERN, "categories": ["CSE"]})
    request = written(Kind.REQUEST, {**REQUEST, "lines": [a_line(category="HEALTH_SEXUAL")]})
    answer = attested(written(Kind.ANSWER, {**ANSWER, "countersigned": countersigned}), (), a_policy())
    assert isinstance(concern.codes, ConcernCodes)
    assert isinstance(request.codes, RequestCodes)
    assert isinstance(answer.codes, AnswerCodes)

    judgement = judge_answer(answer.codes, request.codes, a_policy(), cited=[concern.codes])

    assert judgement.outcome is outcome
    assert set(judgement.rules) <= {"R05"}
