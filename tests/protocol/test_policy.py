from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from candour_protocol import base64url
from candour_protocol.codes import AgencyKind, ConcernCategory, InfoCategory, Urgency
from candour_protocol.errors import PolicyError
from candour_protocol.policy import Clock, Policy, Step, Unit, default_policy, load_policy, policy_for
from candour_protocol.toml_lines import line_of
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.cases import a_policy

SHIPPED = default_policy().decode()


def changed(old: str, new: str) -> bytes:
    assert old in SHIPPED
    return SHIPPED.replace(old, new, 1).encode()


def line_with(text: str, written: str) -> int:
    lines = text.splitlines()
    return next(number for number, line in enumerate(lines, start=1) if written in line)


def test_a_policy_is_named_by_the_hash_of_its_bytes() -> None:
    raw = default_policy()

    policy = load_policy(raw)

    assert policy.id == base64url.encode(hashlib.sha256(raw).digest())
    assert load_policy(raw + b"\n").id != policy.id


def test_the_shipped_policy_refuses_made_up_children_and_runs_by_the_real_clock() -> None:
    policy = load_policy(default_policy())

    assert (policy.identifiers, policy.clock_speed) == ("live", 1)


def test_a_partnership_gets_the_shipped_policy_in_its_own_name() -> None:
    policy = load_policy(policy_for("testborough", identifiers="test", clock_speed=60))

    assert (policy.net, policy.identifiers, policy.clock_speed) == ("testborough", "test", 60)
    assert policy.legal == load_policy(default_policy()).legal


def test_patterns_are_shown_only_where_a_partnership_says_so() -> None:
    shown = [load_policy(policy_for("testborough", patterns=each)).patterns.shown for each in (True, False)]

    assert [load_policy(default_policy()).patterns.shown, *shown] == [False, True, False]


def test_adults_are_named_by_a_switch_of_its_own() -> None:
    named = [load_policy(policy_for("testborough", adults=each)).patterns for each in (True, False)]

    assert [(each.adults, each.shown, each.any) for each in named] == [
        (True, False, True),
        (False, False, False),
    ]
    assert not load_policy(policy_for("testborough", patterns=True)).patterns.adults
    assert not load_policy(default_policy()).patterns.adults


@pytest.mark.parametrize("number", [0, 1, 101])
def test_one_child_of_an_adult_is_no_pattern(number: int) -> None:
    for shipped in ("adult_children = 2", "adult_children = 3"):
        with pytest.raises(PolicyError):
            load_policy(SHIPPED.replace(shipped, f"adult_children = {number}", 1).encode())


@pytest.mark.parametrize("net", ["", "No Such", 'x"\nidentifiers = "test', "ab"])
def test_a_partnership_needs_a_proper_name(net: str) -> None:
    with pytest.raises(PolicyError):
        policy_for(net)


EXEMPTIONS = [
    ("[words]", '[exempt]\nagencies = ["testborough-gp"]\n\n[words]', "[exempt]"),
    ("[words]", 'exempt = ["testborough-gp"]\n\n[words]', "exempt = "),
    ("[asker]", '[asker]\nGP = "any"', 'GP = "any"'),
    ("[current]", "[current]\nexempt_kinds = [\n  'GP',\n]", "exempt_kinds"),
    ("danger_line = 5", "danger_line = { default = 5, GP = 1 }", "danger_line = {"),
    ("[clocks.RED]", '[clocks.RED.GP]\nanswer = "9 hours"\n\n[clocks.RED]', "[clocks.RED.GP]"),
    ('"SW_QUALIFIED"', '"GP"', 'levels = ["IC3"'),
    ('    "IMMIG",', '    "IMMIG",\n    "testborough-gp",', '"testborough-gp"'),
    ('forbidding_marks = ["NO_ONWARD"', 'forbidding_marks = ["POLICE"', 'forbidding_marks = ["POLICE"'),
    ('"n/a", "na"', '"n/a", "GP"', '"GP"'),
    ('S47 = ["CSC"', 'S47 = ["testborough-csc"', '"testborough-csc"'),
    ('STRATEGY = "any"', 'STRATEGY = "everybody-but-gps"', "everybody-but-gps"),
    ("fact = 8 ", "fact = 8\ntestborough-gp = 1", "testborough-gp = 1"),
]


@pytest.mark.parametrize(("old", "new", "at_fault"), EXEMPTIONS)
def test_a_policy_has_no_place_for_an_agency_or_a_kind_and_says_which_line_tries(
    old: str, new: str, at_fault: str
) -> None:
    raw = changed(old, new)

    with pytest.raises(PolicyError) as caught:
        load_policy(raw)

    assert caught.value.detail.startswith(f"line {line_with(raw.decode(), at_fault)}: ")


def test_kinds_stand_in_the_legal_table_alone() -> None:
    kinds = {kind.value for kind in AgencyKind} - {"LADO"}  # also a purpose and a training level
    legal = SHIPPED[SHIPPED.index("[legal]") : SHIPPED.index("[emergency]")]

    outside = SHIPPED.replace(legal, "")

    assert not [kind for kind in kinds if f'"{kind}"' in outside]


def test_the_legal_table_is_shown_as_it_is_written() -> None:
    shown = a_policy().model_dump(mode="json")["legal"]

    assert shown["powers"]["CA04_S11"] == "any"
    assert shown["purposes"]["S47"] == ["CSC", "OTHER_LA", "MACPT", "MASH", "POLICE"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("fact = 8 ", "fact = 0 "),
        ("fact = 8 ", "fact = 101 "),
        ("fact = 8 ", "fact = 8.5 "),
        ("fact = 8 ", 'fact = "8" '),
        ("fact = 8 ", "fact = true "),
        ("distinct_percent = 30", "distinct_percent = 100"),
        ("t1_keep_days = 730", "t1_keep_days = 729"),
        ("sealed_keep_days = 14", "sealed_keep_days = 31"),
        ("debt_hours = 4", "debt_hours = 25"),
        ('known = "A"', 'known = "B"'),
        ('known = "A"', 'unheard = "A"'),
        ("[matrix.cells.neglect]", "[matrix.cells.negligence]"),
        ('unsure = ["UNSURE"]', ""),
        ('COMMON_LAW = "any"', ""),
        ("[clocks.BLUE]", "[clocks.PINK]"),
        ('answer = "1 hours"', 'answer = "1 fortnight"'),
        ('net = "example"', "net = 1"),
        ("clock_speed = 1", "clock_speed = 2"),
        ('identifiers = "live"', 'identifiers = "lax"'),
        ("[asker]", ""),
        ("[words]", "[words"),
        ("[words]", "[current]"),
    ],
)
def test_a_policy_with_a_value_that_cannot_be_is_refused_with_a_line(old: str, new: str) -> None:
    with pytest.raises(PolicyError, match="line"):
        load_policy(changed(old, new))


def test_a_policy_that_is_no_text_at_all_is_refused() -> None:
    for raw in (b"\xff\xfe", b"\x00", b"a" * 300_000, b"[" * 5_000, b"a = " + b"[" * 20_000):
        with pytest.raises(PolicyError):
            load_policy(raw)


@given(st.binary(max_size=200))
def test_whatever_stands_in_a_policy_file_it_loads_or_is_refused(raw: bytes) -> None:
    with pytest.raises(PolicyError):
        load_policy(raw)


def test_a_rule_set_from_before_the_later_rules_still_loads_and_has_no_r06() -> None:
    later = r"\[(fishing|lodging|lodging\.sooner|corrections|patterns)\]\n.*?(?=\n# ----|\n\[)"
    earlier = re.sub(later, "", SHIPPED, flags=re.DOTALL)

    policy = load_policy(earlier.encode())

    assert policy.fishing is None
    assert (policy.lodging.review_days, policy.patterns.any) == (7, False)
    assert set(policy.corrections.retracting) == {"WRONG_CHILD", "FACT_WRONG", "DUPLICATE"}
    assert set(policy.corrections.withdrawing) == {"WRONG_CHILD", "DUPLICATE"}


def test_how_long_a_question_back_stops_the_clock_stands_in_the_policy() -> None:
    written = 'need_more = "1 working days"'
    longer = load_policy(changed(written, 'need_more = "8 working hours"'))
    unsaid = re.sub(r"^need_more = .*\n", "", SHIPPED, flags=re.MULTILINE)

    assert written in SHIPPED
    assert longer.deadlines.need_more == Clock(amount=8, unit=Unit.WORKING_HOURS)
    assert load_policy(unsaid.encode()).deadlines == load_policy(SHIPPED.encode()).deadlines


@pytest.mark.parametrize("amount", ["0 hours", "1 day", "-1 hours", ""])
def test_a_question_back_stops_the_clock_for_a_limit_and_for_nothing_else(amount: str) -> None:
    with pytest.raises(PolicyError) as error:
        load_policy(changed('need_more = "1 working days"', f'need_more = "{amount}"'))

    assert f"line {line_with(SHIPPED, 'need_more =')}" in str(error.value)


def test_the_clocks_are_those_of_the_field() -> None:
    policy = a_policy()

    due = {urgency: policy.due(urgency, Step.ACKNOWLEDGEMENT) for urgency in Urgency}

    assert due[Urgency.EMERGENCY] == timedelta(minutes=15)
    assert due[Urgency.RED] == timedelta(hours=1)
    assert due[Urgency.AMBER] == timedelta(hours=4)
    assert due[Urgency.GREEN] == due[Urgency.BLUE] == timedelta(days=1)
    assert policy.due("EMERGENCY", Step.ANSWER) == timedelta(hours=1)
    assert policy.due("RED", Step.ANSWER) == policy.due("RED", Step.DECISION) == timedelta(hours=4)
    assert policy.due("GREEN", Step.ANSWER) == policy.due("BLUE", Step.ANSWER) == timedelta(days=3)
    assert policy.due(None, Step.ANSWER) == policy.due("PURPLE", Step.ANSWER) == timedelta(hours=24)
    assert policy.delivery_due(urgent=True) == timedelta(minutes=2)
    assert policy.delivery_due(urgent=False) == timedelta(minutes=15)
    assert policy.debt_due == timedelta(hours=4)
    assert policy.retention.t1_keep == timedelta(days=730)
    assert policy.retention.sealed_keep == timedelta(days=14)


def test_a_faster_clock_shortens_what_people_may_take_and_not_what_systems_may() -> None:
    fast: Policy = load_policy(policy_for("testborough", identifiers="test", clock_speed=60))

    assert fast.debt_due == timedelta(minutes=4)
    assert fast.due("RED", Step.ACKNOWLEDGEMENT) == timedelta(minutes=1)
    assert fast.outcome_due == timedelta(hours=4)
    assert fast.delivery_due(urgent=True) == timedelta(minutes=2)


MATRIX = """
PHYSICAL_ADULT  A A A J J J - A A J S J J
NEGLECT         A A A J J J - A J J - A J
SEXUAL_CHILD    A A A J - - S A A S S J J
DOMESTIC_ABUSE  A J J J J J - A A J S A A
PARENT_MH       A J J - J A - A J - - J J
SELF_HARM       A A A A - J - J J - - - -
OUT_OF_SIGHT    A A A - - - - A A J - A J
UNSURE          A A J - - - - J J - - - -
"""
COLUMNS = [
    "KNOWN_YN",
    "EDU_ATTEND",
    "HEALTH_DEV",
    "HEALTH_MH_CHILD",
    "HEALTH_MH_ADULT",
    "HEALTH_SUBST",
    "HEALTH_SEXUAL",
    "CSC_HISTORY",
    "POLICE_INCID",
    "POLICE_CONV",
    "POLICE_INTEL",
    "HOUSING_TEN",
    "DA_RISK",
]


@pytest.mark.parametrize("row", MATRIX.strip().splitlines())
def test_the_matrix_is_the_one_that_was_agreed(row: str) -> None:
    concern, *cells = row.split()

    assert [a_policy().matrix.written(concern, column) for column in COLUMNS] == cells


def test_every_category_of_concern_has_a_row_and_all_information_a_column() -> None:
    matrix = a_policy().matrix

    for concern in ConcernCategory:
        for information in InfoCategory:
            assert matrix.written(concern, information)[0] in "AJS-"
    assert matrix.written("FGM", "HEALTH_DEV") == matrix.written("UNSURE", "HEALTH_DEV") == "J"
    assert matrix.written("NEGLECT", "PROB_RISK") == "J"


def test_a_class_of_concerns_is_a_row_of_the_matrix() -> None:
    matrix = a_policy().matrix

    assert matrix.classes(["OUT_OF_SIGHT", "CSE", "GANGS"]) == ("exploitation", "unseen")
    assert matrix.classes(["STAFF_ALLEGATION"]) == matrix.classes([]) == ("unsure",)


TEXT = """a = 1
[t]
b = [
    "x",
]
u.c = 1
"""


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ((), None, 1),
        (("a",), 1, 1),
        (("t",), None, 2),
        (("t", "b"), None, 3),
        (("t", "b", 0), "x", 4),
        (("t", "u", "c"), 1, 6),
        (("t", "none"), None, 2),
        (("none",), None, 1),
    ],
)
def test_a_value_is_found_at_its_line(path: tuple[str | int, ...], value: object, expected: int) -> None:
    assert line_of(TEXT, path, value) == expected
