from __future__ import annotations

from typing import Any

import pytest
from candour_protocol.codes import RefusalReason
from candour_protocol.kinds import AnswerCodes, ConcernCodes, Kind, RequestCodes
from candour_protocol.rules import Outcome, is_unlocked, judge_answer
from candour_protocol.rules.rehearsal import ANSWER, CONCERN, REQUEST, Case, attested, written
from candour_protocol.strict_json import JsonObject

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


@pytest.mark.parametrize("outcome", ["DISCLOSED_PART", "NO_INFO_HELD", "REFUSD"])
def test_too_thin_excuses_no_line_but_one_of_which_nothing_is_told(outcome: str) -> None:
    judgement = answer_with({"line": 1, "outcome": outcome, "reason": "CONCERN_TOO_THIN"})

    assert (judgement.outcome, judgement.rules) == (Outcome.REFUSED, ("R11",))


@pytest.mark.parametrize("outcome", ["REFUSED", "NEED_MORE", None])
def test_too_thin_needs_no_words_where_nothing_is_told(outcome: str | None) -> None:
    judgement = answer_with({"line": 1, "outcome": outcome, "reason": "CONCERN_TOO_THIN"}, decider=None)

    assert judgement.outcome is Outcome.PASSED


@pytest.mark.parametrize("decider", [None, {"name": " "}])
def test_a_refusal_names_who_decided(decider: Any) -> None:
    assert answer_with(a_refusal(), decider=decider).outcome is Outcome.REFUSED
    assert answer_with({"line": 1, "outcome": "DISCLOSED_FULL"}, decider=decider).outcome is Outcome.PASSED


@pytest.mark.parametrize("searched", [None, [], [" "]])
def test_nothing_held_says_what_was_searched(searched: Any) -> None:
    nothing = {"line": 1, "outcome": "NO_INFO_HELD"}

    assert answer_with({**nothing, "searched": searched}).outcome is Outcome.REFUSED
    assert answer_with({**nothing, "searched": ["PNC 2016 to 2026"]}).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "reason", ["GDPR", "POLICY", "NOT_OUR_FORM", "NO_CONSENT", "CHILD_COMPETENT_OBJECTS", "WE_NEVER_DO"]
)
def test_a_reason_that_is_not_enough_or_unknown_is_delivered_and_marked(reason: str) -> None:
    judgement = answer_with(a_refusal(reason=reason))

    assert (judgement.outcome, judgement.rules) == (Outcome.FLAGGED, ("R11",))
    assert places(judgement, "R11") == ["/outcomes/0/reason"]


NOT_ENOUGH = {reason.value for reason in a_policy().answers.not_enough}


@pytest.mark.parametrize("reason", [reason for reason in RefusalReason if reason not in NOT_ENOUGH])
def test_the_gateway_never_stops_a_holder_refusing(reason: RefusalReason) -> None:
    assert answer_with(a_refusal(reason=reason.value)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("level", "outcome"), [("L1", Outcome.PASSED), ("L2", Outcome.PASSED), ("L3", Outcome.FLAGGED)]
)
@pytest.mark.parametrize("reason", ["NO_CONSENT", "CHILD_COMPETENT_OBJECTS"])
def test_that_nobody_agrees_is_enough_at_a_low_level_of_need(
    level: str, outcome: Outcome, reason: str
) -> None:
    concern, request = written(Kind.CONCERN, {**CONCERN, "need_level": level}), written(Kind.REQUEST, REQUEST)
    body: Any = {**ANSWER, "outcomes": [a_refusal(reason=reason)]}
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


NAMED = {"name": "DI Brace", "role": "Detective inspector"}


@pytest.mark.parametrize("level", ["IC4", "IC5", "DSL", "DDSL", "DSP", "LADO", "BOARD"])
def test_a_lead_may_refuse_alone(level: str) -> None:
    assert answer_with(a_refusal(), decider={**NAMED, "training_level": level}).outcome is Outcome.PASSED


@pytest.mark.parametrize("level", ["IC1", "IC2", "IC3", "SW_QUALIFIED", "POLICE_PPU", "SENIOR", None])
def test_a_refusal_below_that_level_is_delivered_and_marked(level: str | None) -> None:
    judgement = answer_with(a_refusal(), decider={**NAMED, "training_level": level})

    assert judgement.outcome is Outcome.FLAGGED
    assert places(judgement, "R11") == ["/decider/training_level"]


@pytest.mark.parametrize(
    "outcome",
    [
        {"line": 1, "outcome": "DISCLOSED_FULL"},
        {"line": 1, "outcome": "NO_INFO_HELD", "searched": ["PNC 2016 to 2026"]},
        {"line": 1, "outcome": "NEED_MORE"},
        {"line": 1, "outcome": "REFUSED", "reason": "CONCERN_TOO_THIN"},
        a_refusal(outcome="DISCLOSED_PART"),
    ],
)
def test_whoever_discloses_or_asks_for_more_needs_no_level(outcome: dict[str, Any]) -> None:
    assert answer_with(outcome, decider={**NAMED, "training_level": "IC1"}).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("second", "outcome"), [("B" * 21 + "A", Outcome.PASSED), ("A" * 22, Outcome.FLAGGED)]
)
def test_a_second_person_makes_up_for_the_level_and_nobody_seconds_themselves(
    second: str, outcome: Outcome
) -> None:
    decider: JsonObject = {**NAMED, "training_level": "IC2"}
    matter = attested(written(Kind.ANSWER, {"outcomes": [a_refusal()], "decider": decider}), (), a_policy())
    assert isinstance(matter.codes, AnswerCodes)
    codes = matter.codes.model_copy(update={"actor": "A" * 22, "countersigned": second})
    request = written(Kind.REQUEST, REQUEST).codes
    assert isinstance(request, RequestCodes)

    assert judge_answer(codes, request, a_policy()).outcome is outcome


@pytest.mark.parametrize("level", [None, "IC1", "DSL", "NO_SUCH_LEVEL"])
def test_no_level_is_asked_of_whoever_tells(level: str | None) -> None:
    author: JsonObject = {"name": "H. Vance", "role": "Teaching assistant", "training_level": level}

    assert Case(Kind.CONCERN, concern={"author": author}).judge(a_policy()).outcome is Outcome.PASSED
