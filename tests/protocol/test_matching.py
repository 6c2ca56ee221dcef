"""What comes beside a statement is matched to it, and whose fault it is if it does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from candour_protocol import base64url, disclosures, ids, strict_json
from candour_protocol.errors import (
    CourierError,
    MismatchError,
)
from candour_protocol.kinds.lists import Kind, digest_count
from candour_protocol.statement import (
    Body,
    Statement,
    authenticate,
    issue,
    match,
    parse,
)
from candour_protocol.strict_json import JsonValue
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.statements import (
    SCHOOL,
    SOCIAL_CARE,
    a_registry_draft,
    codes_text,
    issued,
    payload_of,
    signed,
    signing_other_disclosures,
)


def believed(jwt: str) -> Statement:
    statement = parse(jwt)
    authenticate(statement, SCHOOL.public)
    return statement


def test_a_mutilated_body_is_the_couriers_fault_and_the_true_one_still_matches() -> None:
    sent = issued()

    with pytest.raises(CourierError, match="body-mismatch"):
        match(sent.statement, replace(sent.body, disclosures=()))

    assert match(sent.statement, sent.body) is not None


@given(st.data())
def test_no_byte_of_a_disclosure_or_sealed_part_can_be_altered(data: st.DataObject) -> None:
    sent = issued()
    shown, sealed = sent.body.disclosures[0], sent.body.sealed
    place = data.draw(st.integers(0, len(shown) + len(sealed) - 1))
    letter = data.draw(st.characters().filter(lambda one: one != (shown + sealed)[place]))
    altered = (shown + sealed)[:place] + letter + (shown + sealed)[place + 1 :]

    body = Body(sent.body.jwt, (altered[: len(shown)],), altered[len(shown) :])

    with pytest.raises(CourierError, match="body-mismatch"):
        match(sent.statement, body)


def test_a_missing_repeated_or_decoy_disclosure_is_the_couriers_fault() -> None:
    sent = issued()
    (codes,) = sent.body.disclosures
    decoy = codes_text({"txn": None})

    for shown in [(), (codes, codes), (decoy,), (codes, decoy), (codes + "=",), ("é",)]:
        with pytest.raises(CourierError, match="body-mismatch"):
            match(sent.statement, replace(sent.body, disclosures=shown))


def test_a_missing_exchanged_or_added_sealed_part_is_the_couriers_fault() -> None:
    sent, other, unsealed = issued(), issued(), issued(Kind.DELIVERY)

    with pytest.raises(CourierError, match="body-mismatch"):
        match(sent.statement, replace(sent.body, sealed=""))
    with pytest.raises(CourierError, match="body-mismatch"):
        match(sent.statement, replace(sent.body, sealed=other.body.sealed))
    with pytest.raises(CourierError, match="body-mismatch"):
        match(unsealed.statement, replace(unsealed.body, sealed=sent.body.sealed))


def test_a_registry_fact_with_a_disclosure_or_sealed_part_is_the_couriers_fault() -> None:
    fact = issue(a_registry_draft(), SCHOOL, None)

    with pytest.raises(CourierError, match="body-mismatch"):
        match(fact.statement, replace(fact.body, disclosures=(codes_text(),)))
    with pytest.raises(CourierError, match="body-mismatch"):
        match(fact.statement, replace(fact.body, sealed=issued().body.sealed))


def test_the_body_of_another_statement_is_the_couriers_fault() -> None:
    with pytest.raises(CourierError, match="body-mismatch"):
        match(issued().statement, issued().body)


def mismatched(body: Body) -> None:
    statement = believed(body.jwt)
    with pytest.raises(MismatchError) as caught:
        match(statement, body)
    assert caught.value.code == "mismatch"


def test_a_signed_decoy_is_the_authors_fault() -> None:
    mismatched(signing_other_disclosures(codes_text(), codes_text({"decoy": 1})))


def test_too_few_digests_are_the_authors_fault() -> None:
    sent = issued()
    payload = payload_of(sent.body.jwt)
    payload["_sd"] = [disclosures.digest(sent.body.disclosures[0])]

    mismatched(replace(sent.body, jwt=signed(payload)))


def test_a_digest_given_twice_is_the_authors_fault() -> None:
    sent = issued()
    digest = disclosures.digest(sent.body.disclosures[0])
    payload = payload_of(sent.body.jwt) | {"_sd": [digest] * digest_count(Kind.ACKNOWLEDGEMENT)}

    mismatched(replace(sent.body, jwt=signed(payload)))


@pytest.mark.parametrize(
    "raw",
    [
        b'["AAAAAAAAAAAAAAAAAAAAAA","subject",{}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","_sd",{}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","...",{}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",[]]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes","_sd"]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"_sd":[]}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":[{"\\u005fsd":[]}]}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":{"...":"x"}}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":{"_sd_alg":"sha-256"}}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA",{}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{},0]',
        b'["AAAAAAAAAAAAAAAAAAAAAB","codes",{}]',
        b'["short","codes",{}]',
        b'[16,"codes",{}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA",1,{}]',
        b'{"codes":{}}',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":1,"a":1}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":NaN}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":1e400}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":' + b"9" * 5000 + b"}]",
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",' + b"[" * 50_000,
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":"\\u0000"}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":"\\udc00"}]',
        b'["AAAAAAAAAAAAAAAAAAAAAA","codes",{"a":"\xe2\x80\xae"}]',
        b'\xef\xbb\xbf["AAAAAAAAAAAAAAAAAAAAAA","codes",{}]',
        b"not json",
    ],
)
def test_a_signed_disclosure_that_is_not_the_codes_is_the_authors_fault(raw: bytes) -> None:
    mismatched(signing_other_disclosures(base64url.encode(raw)))


def test_a_signed_disclosure_in_padded_base64_is_the_authors_fault() -> None:
    mismatched(signing_other_disclosures(codes_text({"opened": "x"}) + "="))


def test_a_kind_with_a_narrative_and_no_sealed_part_is_the_authors_fault() -> None:
    sent = issued()
    payload = payload_of(sent.body.jwt)
    del payload["sealed"]

    mismatched(replace(sent.body, jwt=signed(payload), sealed=""))


def test_a_sealed_part_on_a_kind_without_a_narrative_is_the_authors_fault() -> None:
    sealed = issued().body.sealed
    sent = issued(Kind.DELIVERY)
    reference: JsonValue = {"kid": SOCIAL_CARE.public.kid, "sha-256": ids.sha256_text(sealed.encode())}
    payload = payload_of(sent.body.jwt) | {"sealed": reference}

    mismatched(replace(sent.body, jwt=signed(payload), sealed=sealed))


def test_three_dots_in_a_text_are_no_digest() -> None:
    body = signing_other_disclosures(codes_text({"opened": "... and \\u005f_sd"}))

    assert match(believed(body.jwt), body) == {"opened": "... and \\u005f_sd"}


@given(st.data())
def test_nothing_hostile_raises_anything_but_our_own_errors(data: st.DataObject) -> None:
    raw = data.draw(
        st.recursive(st.none() | st.integers() | st.text(), st.lists).map(strict_json.dumps) | st.text()
    )
    text = base64url.encode(raw.encode("utf-8", "replace"))
    body = signing_other_disclosures(text)

    mismatched(body)
