"""INV-1 to INV-6 of protocol section 4, as far as they lie in pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from candour_protocol.codes import (
    AgencyKind,
    Coded,
    ConcernCategory,
    ConsentPosition,
    HandlingMark,
    InfoCategory,
    LawfulBasis,
    NeedLevel,
    NotInformedReason,
    Power,
    Purpose,
    RefusalReason,
    ResponseOutcome,
    SpecialCategory,
    SubjectRole,
    TrainingLevel,
    Urgency,
)
from candour_protocol.ids import ActorToken, AgencyId, StatementHash, Txn
from candour_protocol.kinds import (
    AnswerCodes,
    Asked,
    Codes,
    ConcernCodes,
    Kind,
    LineOutcome,
    Openness,
    RequestCodes,
    Withheld,
    parse_codes,
    parse_content,
)
from candour_protocol.rules import (
    Ask,
    Judgement,
    Matter,
    Outcome,
    Severity,
    Told,
    check_matter,
    check_subject,
    is_unlocked,
    judge_answer,
    judge_concern,
    judge_request,
    still_current,
)
from candour_protocol.rules.attested import ATTESTED
from candour_protocol.rules.rehearsal import ASKER, HOLDER, NOW, STRANGER
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.cases import a_policy

TXN = Txn("01932f3a-0000-7000-8000-000000000000")
HASHES = st.sampled_from([StatementHash(letter * 43) for letter in "AEI"])
ACTORS = st.none() | st.sampled_from([ActorToken(letter * 22) for letter in "AQ"])
CHILD = st.lists(st.sampled_from([f"{kind}1.{letter * 43}" for kind in "vr" for letter in "AEI"]), min_size=1)
UNHEARD_OF = st.text("ABCZ019_", min_size=1, max_size=40)
OPENED = st.none() | st.sampled_from(["sound", "thin", "mismatch", "unreadable"])


def code(codes: type[Coded]) -> st.SearchStrategy[str | None]:
    """A code of the list, an unknown one, or none."""
    return st.none() | st.sampled_from([each.value for each in codes]) | UNHEARD_OF


def codes_list(codes: type[Coded]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(code(codes).map(lambda each: each or "UNSURE"), max_size=4).map(tuple)


def checks(kind: Kind) -> st.SearchStrategy[dict[str, str] | None]:
    rulesets = st.sampled_from([a_policy().id, "A" * 43])
    results = st.dictionaries(st.sampled_from(list(ATTESTED[kind])), st.sampled_from(["pass", "fail"]))
    met = dict.fromkeys(ATTESTED[kind], "pass")
    return st.none() | st.builds(
        lambda ruleset, some, lax: {"ruleset": ruleset, **(met if lax else {}), **some},
        rulesets,
        results,
        st.booleans(),
    )


OPENNESS = st.none() | st.builds(Openness, position=code(ConsentPosition), reason=code(NotInformedReason))
SORTED_CHILD = CHILD.map(lambda tokens: tuple(sorted(set(tokens))))

CONCERNS = st.builds(
    ConcernCodes,
    txn=st.just(TXN),
    actor=ACTORS,
    child=SORTED_CHILD,
    categories=codes_list(ConcernCategory),
    need_level=code(NeedLevel),
    urgency=code(Urgency),
    inbox=st.sampled_from(["general", "restricted", "mash"]),
    marks=codes_list(HandlingMark),
    openness=OPENNESS,
    onward_to=st.none() | st.lists(st.sampled_from([HOLDER, STRANGER])).map(tuple),
    relays=st.none() | HASHES,
    pays_back=st.none() | HASHES,
    withheld=st.none()
    | st.just(
        Withheld.model_validate(
            {"from": "the-holder", "reason": "COURT", "lodged_with": None, "second": None, "review_on": None}
        )
    ),
    checks=checks(Kind.CONCERN),
)
ASKED = st.builds(
    Asked,
    line=st.integers(1, 4),
    role=code(SubjectRole),
    category=code(InfoCategory),
    months=st.none() | st.integers(-10, 200),
)
REQUESTS = st.builds(
    RequestCodes,
    txn=st.just(TXN),
    actor=ACTORS,
    child=SORTED_CHILD,
    concern_refs=st.lists(HASHES, max_size=3).map(tuple),
    urgency=code(Urgency),
    inbox=st.sampled_from(["general", "restricted"]),
    purpose=code(Purpose),
    power=code(Power),
    lawful_basis=code(LawfulBasis),
    special_category=code(SpecialCategory),
    openness=OPENNESS,
    asked=st.lists(ASKED, max_size=4).map(tuple),
    countersigned=ACTORS,
    author_level=code(TrainingLevel),
    still_current=st.none() | st.booleans(),
    checks=checks(Kind.REQUEST),
)
TOLD = st.builds(
    Told,
    hash=HASHES,
    issuer=st.sampled_from([ASKER, HOLDER, STRANGER]),
    audience=st.sampled_from([ASKER, HOLDER, STRANGER]),
    inbox=st.sampled_from(["general", "restricted"]),
    outcome=st.sampled_from(list(Outcome)),
    at=st.datetimes(timezones=st.just(NOW.tzinfo)),
    codes=CONCERNS,
    opened=OPENED,
    refreshed=st.booleans(),
    rules=st.sampled_from([(), ("R02",), ("R03",)]),
    live=st.booleans(),
)
ASKS = st.builds(
    Ask,
    issuer=st.just(ASKER),
    issuer_kind=st.sampled_from([kind.value for kind in AgencyKind]),
    holder=st.just(HOLDER),
    inbox=st.sampled_from(["general", "restricted"]),
    codes=REQUESTS,
    at=st.just(NOW),
    told=st.lists(TOLD, max_size=3).map(lambda logged: {each.hash: each for each in logged}),
    has_directory_phone=st.booleans(),
    second=ACTORS,
    overdue_debts=st.integers(0, 2),
)
LINES = st.builds(
    LineOutcome, line=st.integers(1, 5), outcome=code(ResponseOutcome), reason=code(RefusalReason)
)
ANSWERS = st.builds(
    AnswerCodes,
    txn=st.just(TXN),
    actor=ACTORS,
    outcomes=st.lists(LINES, max_size=4).map(tuple),
    decider_level=code(TrainingLevel),
    countersigned=ACTORS,
    checks=checks(Kind.ANSWER),
)


def but_for_r08(judgement: Judgement) -> list[Any]:
    return [violation for violation in judgement.violations if violation.rule != "R08"]


@given(ASKS, st.sampled_from(list(AgencyKind)))
def test_inv_1_the_kind_of_the_asker_changes_no_rule_but_r08(ask: Ask, other: AgencyKind) -> None:
    swapped = judge_request(replace(ask, issuer_kind=other.value), a_policy())

    assert but_for_r08(swapped) == but_for_r08(judge_request(ask, a_policy()))


@given(CONCERNS, CONCERNS, st.sampled_from([HOLDER, STRANGER]))
def test_inv_2_no_rule_refuses_holds_or_delays_a_concern_that_is_no_relay(
    codes: ConcernCodes, other: ConcernCodes, holder: AgencyId
) -> None:
    own = codes.model_copy(update={"relays": None})

    for original in (None, other):
        judgement = judge_concern(own, original, holder, a_policy())
        assert judgement.outcome in (Outcome.PASSED, Outcome.FLAGGED)
        assert all(violation.severity is Severity.FLAG for violation in judgement.violations)


@given(REQUESTS.filter(lambda request: bool(request.asked)), ANSWERS, st.data())
def test_inv_4_a_recipient_may_always_answer_that_a_concern_is_too_thin(
    request: RequestCodes, answer: AnswerCodes, data: Any
) -> None:
    lines = sorted({asked.line for asked in request.asked})
    said = data.draw(st.lists(st.sampled_from(lines), min_size=1, unique=True))
    ways = st.sampled_from([("NEED_MORE", None), ("REFUSED", "CONCERN_TOO_THIN"), ("NEED_MORE", "OTHER")])
    outcomes = tuple(
        LineOutcome(line=line, outcome=way[0], reason=way[1]) for line in said for way in [data.draw(ways)]
    )

    judgement = judge_answer(answer.model_copy(update={"outcomes": outcomes}), request, a_policy())

    assert (judgement.outcome, judgement.rules) == (Outcome.PASSED, ())


@given(
    REQUESTS, st.lists(st.sampled_from([("NEED_MORE", None), ("REFUSED", "CONCERN_TOO_THIN")]), max_size=4)
)
def test_inv_4_too_thin_needs_no_text_at_all(request: RequestCodes, ways: list[Any]) -> None:
    rows: Any = [{"line": n, "outcome": how, "reason": why} for n, (how, why) in enumerate(ways, 1)]
    codes = parse_codes(
        Kind.ANSWER,
        {
            "txn": TXN,
            "actor": None,
            "outcomes": rows,
            "decider_level": None,
            "countersigned": None,
            "checks": None,
        },
    )
    content = parse_content(Kind.ANSWER, {}, partial=True)

    assert not check_matter(Matter(Kind.ANSWER, codes, content), (), 0, a_policy()).violations


@given(st.sampled_from(list(Outcome)), OPENED, st.lists(OPENED, max_size=3))
def test_inv_5_an_answer_stands_under_a_delivered_and_opened_request_alone(
    request: Outcome, opened: str | None, cited: list[str | None]
) -> None:
    unlocked = is_unlocked(request, opened, cited)

    assert unlocked == (request in (Outcome.PASSED, Outcome.FLAGGED) and None not in (opened, *cited))


def reread(kind: Kind, codes: Codes) -> Any:
    return parse_codes(kind, codes.model_dump(mode="json"))


@given(ASKS)
def test_inv_6_judging_what_was_kept_gives_the_same_verdict(ask: Ask) -> None:
    told = {
        name: replace(each, codes=reread(Kind.CONCERN, each.codes))
        for name, each in reversed(list(ask.told.items()))
    }

    replayed = replace(ask, codes=reread(Kind.REQUEST, ask.codes), told=told)

    assert judge_request(replayed, a_policy()) == judge_request(ask, a_policy())


@given(CONCERNS, CONCERNS)
def test_inv_6_a_relay_is_judged_the_same_again(codes: ConcernCodes, original: ConcernCodes) -> None:
    first = judge_concern(codes, original, HOLDER, a_policy())

    again = judge_concern(reread(Kind.CONCERN, codes), reread(Kind.CONCERN, original), HOLDER, a_policy())

    assert first == again


@given(ANSWERS, REQUESTS, st.lists(CONCERNS, max_size=2))
def test_an_answer_is_always_judged(
    answer: AnswerCodes, request: RequestCodes, cited: list[ConcernCodes]
) -> None:
    judgement = judge_answer(answer, request, a_policy(), cited=cited)

    assert set(judgement.rules) <= {"R05", "R11"}


@given(ASKS)
def test_a_request_without_a_told_concern_never_gets_through_unmarked(ask: Ask) -> None:
    judgement = judge_request(replace(ask, told={}), a_policy())

    assert judgement.outcome in (Outcome.REFUSED, Outcome.FLAGGED)
    assert judgement.outcome is Outcome.REFUSED or "R09" in judgement.rules


WORDS = (
    st.none()
    | st.text(max_size=60)
    | st.sampled_from(["n/a", "Mother", "9990001014", "2017-03-14", "OBSERVED"])
)
PERSON = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "name",
            "role",
            "birth_date",
            "nhs_number",
            "upn",
            "chi",
            "hcn",
            "mother_nhs_number",
            "edd",
            "address",
        ),
        WORDS,
    ),
)
FACT = st.fixed_dictionaries({}, optional={"what": WORDS, "when": WORDS, "basis": WORDS})
QUESTION = st.fixed_dictionaries(
    {"line": st.integers(-1, 50)},
    optional={
        "person": st.none() | st.integers(-3, 5),
        "because": WORDS,
        "exception": WORDS,
        "still_current_because": WORDS,
    },
)
ROW = st.fixed_dictionaries({"line": st.integers(-1, 9)}, optional={"text": WORDS})
CONTENTS: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.CONCERN: st.fixed_dictionaries(
        {}, optional={"subject": st.none() | PERSON, "facts": st.none() | st.lists(FACT, max_size=3)}
    ),
    Kind.REQUEST: st.fixed_dictionaries(
        {},
        optional={
            "subject": st.none() | PERSON,
            "persons": st.none() | st.lists(PERSON, max_size=3),
            "questions": st.none() | st.lists(QUESTION, max_size=4),
            "danger_line": WORDS,
            "author": st.none() | st.fixed_dictionaries({"name": WORDS}),
        },
    ),
    Kind.ANSWER: st.fixed_dictionaries(
        {},
        optional={
            "content": st.none() | st.lists(ROW, max_size=3),
            "would_change_if": st.none() | st.lists(ROW, max_size=3),
            "decider": st.none() | st.fixed_dictionaries({"name": WORDS}),
        },
    ),
}
CODES = {Kind.CONCERN: CONCERNS, Kind.REQUEST: REQUESTS, Kind.ANSWER: ANSWERS}


def matters(kind: Kind) -> st.SearchStrategy[Matter]:
    contents = CONTENTS[kind].map(lambda value: parse_content(kind, value, partial=True))
    return st.builds(Matter, kind=st.just(kind), codes=CODES[kind], content=contents)


@settings(max_examples=300)
@given(st.sampled_from(list(CODES)).flatmap(matters), st.lists(matters(Kind.CONCERN), max_size=2))
def test_no_rule_ever_raises_on_what_parses(matter: Matter, cited: list[Matter]) -> None:
    findings = check_matter(matter, cited, 0, a_policy())

    assert set(findings.checks) == {"ruleset", *ATTESTED[matter.kind]}
    assert {violation.rule for violation in findings.violations} == {
        rule for rule, result in findings.checks.items() if result == "fail"
    }
    assert isinstance(check_subject(matter, cited), tuple)
    if matter.kind is Kind.REQUEST:
        assert still_current(matter.content, a_policy()) in (None, True, False)  # type: ignore[arg-type]


@given(st.sampled_from(list(CODES)).flatmap(matters))
def test_no_violation_ever_quotes_what_somebody_wrote(matter: Matter) -> None:
    findings = check_matter(matter, (), 0, a_policy())

    for violation in findings.violations:
        assert violation.pointer.replace("/", "").replace("_", "").isalnum()
        assert violation.hint == "" or violation.hint.replace("_", "").isalnum()
