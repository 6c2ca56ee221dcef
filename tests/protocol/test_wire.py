"""What is put on the wire is read strictly, and nothing hostile gets further than our own errors."""

from __future__ import annotations

import json

import pytest
from candour_protocol import ids, strict_json
from candour_protocol.errors import CandourError, MalformedError
from candour_protocol.ids import Jti
from candour_protocol.kinds.lists import Kind
from candour_protocol.sealing import open_sealed
from candour_protocol.statement import MAX_BODY, authenticate, match, parse
from candour_protocol.strict_json import JsonObject, JsonValue
from candour_protocol.wire import (
    MAX_INBOUND,
    Answered,
    ApprovalPart,
    Body,
    Delivered,
    Problem,
    parse_body,
    parse_inbound,
    render_answered,
    render_body,
    render_delivered,
    render_problem,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.statements import HELD, SCHOOL, issued

JTI = Jti("0198f0a0-0000-7000-8000-000000000001")
SENT = issued()
TRUE: JsonObject = dict(SENT.body.members)


def refused(members: JsonValue | bytes, code: str = "body") -> None:
    raw = members if isinstance(members, bytes) else strict_json.dumps(members).encode()
    with pytest.raises(MalformedError) as caught:
        parse_body(raw)
    assert caught.value.code == code


def test_a_body_is_two_strings() -> None:
    raw = SENT.raw

    assert json.loads(raw) == {
        "statement": f"{SENT.body.jwt}~{SENT.body.disclosures[0]}~",
        "sealed": SENT.body.sealed,
    }
    assert parse_body(raw) == SENT.body
    assert render_body(SENT.body) == raw


def test_a_body_without_disclosures_or_sealed_part_is_read() -> None:
    assert parse_body(b'{"statement":"a.b.c~","sealed":""}') == Body("a.b.c", (), "")


def test_a_body_over_96_kibibytes_is_refused_unread() -> None:
    refused(b" " * (MAX_BODY + 1), "size")
    refused(b"[" * 8_000_000, "size")
    with pytest.raises(MalformedError, match="size"):
        parse_inbound(b" " * (MAX_INBOUND + 1))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"[" * 90_000,
        b'{"statement":NaN,"sealed":""}',
        b'{"statement":1e400,"sealed":""}',
        b'{"statement":"a~","statement":"a~","sealed":""}',
        b'{"statement":"a\\u0000~","sealed":""}',
        b'{"statement":"a\\ud800~","sealed":""}',
        b'{"statement":"a~","sealed":"\xe2\x80\xae"}',
    ],
)
def test_a_body_passes_the_strict_loader(raw: bytes) -> None:
    refused(raw, "json")


@pytest.mark.parametrize(
    "change",
    [
        {"statement": None},
        {"statement": ["a~"]},
        {"statement": ""},
        {"statement": "~"},
        {"statement": "a.b.c"},
        {"statement": "a.b.c~d"},
        {"statement": "a.b.c~~"},
        {"statement": "~d~"},
        {"statement": "a.b.c~é~"},
        {"statement": "a.b.c~" + "d~" * 65},
        {"sealed": None},
        {"sealed": "é"},
        {"receipt": ""},
        {"type": "concern"},
    ],
)
def test_a_body_with_other_members_or_values_is_refused(change: JsonObject) -> None:
    refused(TRUE | change)


@pytest.mark.parametrize("missing", ["statement", "sealed"])
def test_a_body_without_one_of_its_members_is_refused(missing: str) -> None:
    refused({name: value for name, value in TRUE.items() if name != missing})


def test_what_arrives_is_told_apart_by_its_members() -> None:
    delivered = Delivered(SENT.body, "receipt")
    approved = Delivered(SENT.body, "receipt", ApprovalPart(issued(Kind.APPROVAL).body, "another receipt"))
    answered = Answered(JTI, "receipt", (("R01", "/concern_refs"), ("R04", "")))
    problem = Problem("json", ids.sha256_text(b"x"))

    assert parse_inbound(render_delivered(delivered)) == delivered
    assert parse_inbound(render_delivered(approved)) == approved
    assert parse_inbound(render_answered(answered)) == answered
    assert parse_inbound(render_problem(problem)) == problem


def test_an_approval_travels_as_statement_sealed_and_receipt() -> None:
    approval = issued(Kind.APPROVAL).body

    raw = render_delivered(Delivered(SENT.body, "one", ApprovalPart(approval, "two")))

    assert json.loads(raw) == {**TRUE, "receipt": "one", "approval": {**approval.members, "receipt": "two"}}


@pytest.mark.parametrize(
    "members",
    [
        {},
        TRUE,
        {**TRUE, "receipt": 1},
        {**TRUE, "receipt": "r", "approval": None, "x": 1},
        {**TRUE, "receipt": "r", "approval": []},
        {**TRUE, "receipt": "r", "approval": TRUE},
        {**TRUE, "receipt": "r", "approval": {**TRUE, "receipt": "r", "approval": {}}},
        {"jti": JTI, "receipt": "r"},
        {"jti": "x", "receipt": "r", "violations": []},
        {"jti": JTI, "receipt": "r", "violations": {}},
        {"jti": JTI, "receipt": "r", "violations": [1]},
        {"jti": JTI, "receipt": "r", "violations": [{"rule": "R01"}]},
        {"jti": JTI, "receipt": "r", "violations": [{"rule": "R01", "pointer": 1}]},
        {"jti": JTI, "receipt": None, "violations": []},
        {"problem": "json"},
        {"problem": "json", "digest": "short"},
        {"problem": 1, "digest": ids.sha256_text(b"x")},
    ],
)
def test_anything_else_in_an_inbox_is_refused(members: JsonObject) -> None:
    with pytest.raises(MalformedError):
        parse_inbound(strict_json.dumps(members).encode())


def received(raw: bytes) -> tuple[str, JsonObject | None, JsonObject]:
    """All that a recipient does with a body; only the issuer's name, codes and narrative have a meaning."""
    body = parse_body(raw)
    statement = parse(body.jwt)
    authenticate(statement, SCHOOL.public)
    return statement.hash, match(statement, body), open_sealed(statement, body, HELD)


@given(st.data())
def test_a_mutated_body_is_refused_with_our_own_error_or_means_the_same(data: st.DataObject) -> None:
    raw = SENT.raw
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 16)))
    inserted = data.draw(
        st.binary(max_size=16) | st.sampled_from([b" ", b"\\u0065", b'"', b"~", b".", b"{", b"="])
    )

    try:
        meaning = received(raw[:start] + inserted + raw[end:])
    except CandourError:
        return

    assert meaning == received(raw)


@given(st.sampled_from(range(2, len(SENT.raw) - 2)), st.integers(1, 255))
def test_no_single_byte_of_a_body_matters_not(place: int, flip: int) -> None:
    raw = bytearray(SENT.raw)
    raw[place] ^= flip

    with pytest.raises(CandourError):
        received(bytes(raw))


@given(st.binary())
def test_any_bytes_are_refused_with_our_own_error(raw: bytes) -> None:
    for read in (parse_body, parse_inbound):
        with pytest.raises(CandourError):
            read(raw)


@given(
    st.dictionaries(
        st.sampled_from(
            ["statement", "sealed", "receipt", "approval", "jti", "violations", "problem", "digest"]
        ),
        st.none() | st.text() | st.lists(st.dictionaries(st.sampled_from(["rule", "pointer"]), st.text())),
    )
)
def test_any_members_are_read_or_refused_with_our_own_error(members: dict[str, object]) -> None:
    try:
        read = parse_inbound(json.dumps(members).encode())
    except CandourError:
        return

    assert isinstance(read, Delivered | Answered | Problem)
