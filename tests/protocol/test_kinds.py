from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from candour_protocol.errors import MismatchError
from candour_protocol.kinds import (
    CODES,
    CONTENT,
    IN_FORCE,
    OPTIONAL_T1,
    PLAIN,
    T1,
    T2,
    ConcernCodes,
    ConcernContent,
    Kind,
    parse_codes,
    parse_content,
)
from candour_protocol.rules.rehearsal import ANSWER, CONCERN, REQUEST, written
from hypothesis import given
from hypothesis import strategies as st

ADULTS = ["a1." + "A" * 43, "a1." + "B" * 42 + "A"]
CONCERN_CODES: dict[str, Any] = dict(written(Kind.CONCERN, CONCERN).codes.model_dump(mode="json"))


def test_every_kind_in_force_that_discloses_has_models_for_exactly_its_closed_lists() -> None:
    assert set(CODES) == set(CONTENT) == IN_FORCE - PLAIN
    for kind in CODES:
        known = (*T1[kind], *OPTIONAL_T1.get(kind, ()))
        assert tuple(field.alias or name for name, field in CODES[kind].model_fields.items()) == known
        assert tuple(CONTENT[kind].model_fields) == T2[kind]


def test_codes_and_contents_share_no_name() -> None:
    for kind in Kind:
        assert {*T1[kind], *OPTIONAL_T1.get(kind, ())}.isdisjoint(T2[kind])


@pytest.mark.parametrize(("kind", "body"), [(Kind.CONCERN, CONCERN), (Kind.REQUEST, REQUEST)])
def test_codes_that_name_no_adult_are_as_they_were_before_there_was_such_a_member(
    kind: Kind, body: Any
) -> None:
    codes = written(kind, body).codes

    assert tuple(codes.model_dump(mode="json")) == T1[kind]
    assert tuple(codes.model_copy(update={"adults": tuple(ADULTS)}).model_dump()) == (*T1[kind], "adults")
    assert parse_codes(kind, codes.model_dump(mode="json") | {"adults": ADULTS}) != codes


@pytest.mark.parametrize(
    ("kind", "body"), [(Kind.CONCERN, CONCERN), (Kind.REQUEST, REQUEST), (Kind.ANSWER, ANSWER)]
)
def test_what_is_parsed_and_written_again_is_the_same(kind: Kind, body: Any) -> None:
    matter = written(kind, body)

    again = parse_codes(kind, matter.codes.model_dump(mode="json"))
    content = parse_content(kind, matter.content.model_dump(mode="json"))

    assert (again, content) == (matter.codes, matter.content)


def test_an_unknown_code_survives_parsing_so_that_it_can_be_named() -> None:
    codes = parse_codes(Kind.CONCERN, {**CONCERN_CODES, "categories": ["NEGLET"]})

    assert isinstance(codes, ConcernCodes)
    assert codes.categories == ("NEGLET",)


def test_the_codes_are_frozen() -> None:
    codes = parse_codes(Kind.CONCERN, CONCERN_CODES)

    with pytest.raises(ValueError, match="frozen"):
        codes.txn = "another"  # type: ignore[assignment,misc]


@pytest.mark.parametrize(
    ("member", "value", "pointer"),
    [
        ("categories", ["he hit her"], "/categories/0"),
        ("categories", ["A" * 41], "/categories/0"),
        ("categories", "NEGLECT", "/categories"),
        ("categories", [True], "/categories/0"),
        ("child", [], "/child"),
        ("child", ["9990001014"], "/child/0"),
        ("child", ["v1." + "B" * 42 + "A", "v1." + "A" * 43], "/child"),
        ("child", ["v1." + "A" * 43, "v1." + "A" * 43], "/child"),
        ("adults", [], "/adults"),
        ("adults", None, "/adults"),
        ("adults", ["v1." + "A" * 43], "/adults/0"),
        ("adults", [*reversed(ADULTS)], "/adults"),
        ("adults", ADULTS * 33, "/adults"),
        ("child", ADULTS, "/child/0"),
        ("txn", "01932f3a-0000-4000-8000-000000000000", "/txn"),
        ("actor", "bly", "/actor"),
        ("inbox", "No Such", "/inbox"),
        ("relays", "A" * 42, "/relays"),
        ("openness", {"position": "NOT_INFORMED"}, "/openness/reason"),
        ("openness", {"position": None, "reason": "she would flee"}, "/openness/reason"),
        ("onward_to", ["testborough-gp/mash"], "/onward_to/0"),
        ("checks", {"R02": "pass"}, "/checks"),
        ("checks", {"ruleset": "A" * 43, "R02": "maybe"}, "/checks"),
        ("checks", {"ruleset": "A" * 43, "the rest": "pass"}, "/checks"),
        ("urgency", 1, "/urgency"),
        ("extra", None, "/extra"),
    ],
)
def test_codes_of_another_shape_are_the_authors_mismatch(member: str, value: Any, pointer: str) -> None:
    with pytest.raises(MismatchError) as caught:
        parse_codes(Kind.CONCERN, {**CONCERN_CODES, member: value})

    assert (caught.value.code, caught.value.pointer) == ("mismatch", pointer)


@pytest.mark.parametrize("member", T1[Kind.CONCERN])
def test_every_member_of_the_codes_stands_there_even_if_it_is_null(member: str) -> None:
    without = {name: value for name, value in CONCERN_CODES.items() if name != member}

    with pytest.raises(MismatchError):
        parse_codes(Kind.CONCERN, without)


def test_a_content_with_a_field_missing_parses_only_as_part_of_a_relay() -> None:
    part: Any = {"facts": [{"what": "seen", "when": None, "basis": None}]}

    opened = parse_content(Kind.CONCERN, part, partial=True)

    assert isinstance(opened, ConcernContent)
    with pytest.raises(MismatchError):
        parse_content(Kind.CONCERN, part)


def test_an_error_never_quotes_what_somebody_wrote() -> None:
    secret = "Rowan Ashbyte of 14 Sample Rise"

    with pytest.raises(MismatchError) as caught:
        parse_codes(Kind.CONCERN, {**CONCERN_CODES, "categories": [secret]})

    assert "Rowan" not in str(caught.value)


@pytest.mark.parametrize("kind", sorted(set(Kind) - set(CODES)))
def test_a_kind_without_a_model_is_refused_by_name(kind: Kind) -> None:
    with pytest.raises(MismatchError, match=kind):
        parse_codes(kind, {})
    with pytest.raises(MismatchError, match=kind):
        parse_content(kind, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(sorted(CODES)), data=st.data(), strange=st.dictionaries(st.text(max_size=8), JSON)
)
def test_whatever_json_arrives_it_parses_or_is_a_mismatch(kind: Kind, data: Any, strange: Any) -> None:
    names = T1[kind] + T2[kind]
    value = {name: data.draw(JSON) for name in names[: data.draw(st.integers(0, len(names)))]} | strange

    for parse in (parse_codes, parse_content):
        with suppress(MismatchError):
            parse(kind, value)


_AN_ACTOR = "A" * 22
_A_HASH = "A" * 43
_A_STUB = {"statement": _A_HASH, "urgency": "RED", "need_level": "L4", "lodged_with": "testborough-csc"}
_A_THREAD = "01932f3a-0000-7000-8000-000000000000"


def _codes(kind: Kind, **own: Any) -> dict[str, Any]:
    return dict.fromkeys(T1[kind]) | {"txn": _A_THREAD, "actor": _AN_ACTOR} | own


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        (Kind.CHALLENGE, {"stage": 1, "challenges": _A_HASH}),
        (Kind.CHALLENGE, {"stage": 4, "challenges": _A_HASH}),
        (Kind.TRANSFER, {"to": "othertown-csc/mash"}),
        (Kind.WITHDRAWAL, {"reason": "SENT_IN_ERROR"}),
        (Kind.CLOSURE, {"reason": None}),
        (Kind.CORRECTION, {"correction_kind": "WRONG_CHILD", "corrects": _A_HASH}),
        (Kind.APPLIED, {"applied": "yes"}),
        (Kind.APPLIED, {"applied": "cannot"}),
        (Kind.LINK, {"joins": [_A_THREAD, "v1." + _A_HASH]}),
        (Kind.LINK, {"undoes": _A_HASH}),
        (Kind.TOLD, {"told_outside": {"how": "PHONE", "when": "2026-11-20T10:05Z"}}),
        (Kind.TOLD, {"told_outside": {"how": "POST", "when": "2026-11-20"}, "reply_by": "2026-11-27"}),
        (Kind.NOTICE, {"notice": "lapse", "about": _A_HASH}),
        (Kind.NOTICE, {"notice": "lodged", "about": {**_A_STUB, "classes": ["physical", "self_harm"]}}),
        (
            Kind.NOTICE,
            {
                "notice": "pattern",
                "about": {
                    "seen": "CHILD",
                    "concerns": 3,
                    "agencies": 2,
                    "agency_kinds": ["GP", "SCHOOL"],
                    "dates": ["2026-11-20"],
                    "ids": [_A_THREAD],
                },
            },
        ),
    ],
)
def test_each_of_these_parses_and_is_written_again_as_it_was(kind: Kind, own: dict[str, Any]) -> None:
    value = _codes(kind, **own)

    assert parse_codes(kind, value).model_dump(mode="json") == value


def test_a_notice_of_before_a_class_was_told_still_parses() -> None:
    codes = parse_codes(Kind.NOTICE, _codes(Kind.NOTICE, notice="lodged", about=_A_STUB))

    assert codes.model_dump()["about"] == {**_A_STUB, "classes": ()}


@pytest.mark.parametrize(
    ("kind", "own", "pointer"),
    [
        (Kind.CHALLENGE, {"stage": 0, "challenges": _A_HASH}, "/stage"),
        (Kind.CHALLENGE, {"stage": 5, "challenges": _A_HASH}, "/stage"),
        (Kind.TRANSFER, {"to": "Other Town"}, "/to"),
        (Kind.WITHDRAWAL, {"reason": "the mother asked me to"}, "/reason"),
        (Kind.CORRECTION, {"correction_kind": None, "corrects": None}, "/corrects"),
        (Kind.APPLIED, {"applied": "no"}, "/applied"),
        (Kind.LINK, {"joins": [_A_THREAD]}, "/joins"),
        (Kind.LINK, {"joins": ["9990001014", _A_THREAD]}, "/joins/0"),
        (Kind.TOLD, {"told_outside": None}, "/told_outside"),
        (Kind.TOLD, {"told_outside": {"how": "PHONE", "when": "at tea time"}}, "/told_outside/when"),
        (Kind.NOTICE, {"notice": "gossip"}, "/notice"),
        (
            Kind.NOTICE,
            {"notice": "lodged", "about": {**_A_STUB, "classes": ["HE HIT HER"]}},
            "/about/constrained-str",
        ),
    ],
)
def test_each_number_and_form_of_these_is_kept(kind: Kind, own: dict[str, Any], pointer: str) -> None:
    with pytest.raises(MismatchError) as caught:
        parse_codes(kind, _codes(kind, **own))

    assert caught.value.pointer == pointer
