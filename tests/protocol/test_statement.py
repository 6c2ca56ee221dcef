"""A statement is believed for its exact bytes, and matched to what came beside it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from candour_protocol import base64url, disclosures, strict_json
from candour_protocol.errors import (
    CandourError,
    MalformedError,
    MismatchError,
    UnauthenticError,
)
from candour_protocol.ids import GATEWAY, AgencyId, StatementHash
from candour_protocol.keys import SigningKey
from candour_protocol.kinds.lists import IN_FORCE, PLAIN, T1, Kind, digest_count
from candour_protocol.statement import (
    MAX_JWT,
    Statement,
    authenticate,
    issue,
    match,
    parse,
)
from candour_protocol.strict_json import JsonValue
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.statements import (
    HEADER,
    IAT,
    SCHOOL,
    SOCIAL_CARE,
    a_draft,
    a_registry_draft,
    all_codes,
    changed,
    counted_salts,
    issued,
    payload_of,
    refused,
    seal_to,
    segment,
    signed,
)

DISCLOSING = sorted(IN_FORCE - PLAIN)
HASH = "A" * 43
GOLDEN_LENGTH = 746
GOLDEN_SHA256 = "daa4c40cae5aaccc61a593cc08a38173b78d6bb12511876f7fd57188e77edee4"
HIDDEN = ["\x00", "\u202e", "\u2066", "\u200f", "\u061c", "\ufeff"]


def believed(jwt: str) -> Statement:
    statement = parse(jwt)
    authenticate(statement, SCHOOL.public)
    return statement


# A true statement


@pytest.mark.parametrize("kind", DISCLOSING)
def test_every_kind_is_issued_believed_and_matched(kind: Kind) -> None:
    sent = issued(kind)

    statement = believed(sent.body.jwt)

    assert statement == sent.statement
    assert statement.claims.kind is kind
    assert len(statement.claims.sd) == digest_count(kind)
    assert match(statement, sent.body) == all_codes(kind) | {"txn": "0198f0a0-0000-7000-8000-000000000000"}


def test_a_registry_fact_is_plain_claims_and_discloses_nothing() -> None:
    sent = issue(a_registry_draft(facts={"event": "admit", "agency": "oak-school"}), SCHOOL, None)

    statement = believed(sent.body.jwt)

    assert statement.claims.facts == {"event": "admit", "agency": "oak-school"}
    assert statement.claims.sd == ()
    assert payload_of(statement.jwt).keys().isdisjoint({"_sd", "_sd_alg", "sealed"})
    assert match(statement, sent.body) is None


def test_what_is_claimed_is_what_was_drafted() -> None:
    other = StatementHash(HASH)

    claims = issued(irt=other, reissues=other).statement.claims

    assert (claims.net, claims.iss, claims.aud) == ("test.example", "oak-school", "northshire-csc")
    assert (claims.jti, claims.iat, claims.exp) == ("0198f0a0-0000-7000-8000-000000000001", IAT, IAT + 86_400)
    assert (claims.irt, claims.reissues) == (other, other)


def test_a_statement_is_named_by_the_hash_of_its_jwt() -> None:
    statement = issued().statement

    assert base64url.decode(statement.hash) == hashlib.sha256(statement.jwt.encode()).digest()


def test_the_bytes_of_a_statement_never_change() -> None:
    """If this fails, two versions no longer sign the same bytes: that takes a new version of the type."""
    draft = a_draft(Kind.DELIVERY, codes={"txn": "0198f0a0-0000-7000-8000-000000000000", "opened": "sound"})

    raw = issue(draft, SCHOOL, None, salts=counted_salts()).raw

    assert len(raw) == GOLDEN_LENGTH
    assert hashlib.sha256(raw).hexdigest() == GOLDEN_SHA256


# Another's, altered, or of another algorithm


def test_another_agencys_key_does_not_verify() -> None:
    statement = issued().statement
    stranger = SigningKey.generate()
    forged = issue(a_draft(), stranger, seal_to(Kind.ACKNOWLEDGEMENT)).statement

    with pytest.raises(UnauthenticError, match="signature"):
        authenticate(statement, stranger.public)
    with pytest.raises(UnauthenticError, match="signature"):
        authenticate(forged, SCHOOL.public)


def test_another_signature_under_the_same_kid_does_not_verify() -> None:
    head, payload, _ = issued().statement.jwt.split(".")
    signature = base64url.encode(SigningKey.generate().sign(f"{head}.{payload}".encode()))

    with pytest.raises(UnauthenticError, match="signature"):
        believed(f"{head}.{payload}.{signature}")


@given(st.data())
def test_no_byte_of_a_statement_can_be_altered(data: st.DataObject) -> None:
    jwt = issued(Kind.DELIVERY).statement.jwt
    place = data.draw(st.integers(0, len(jwt) - 1))
    letter = data.draw(st.characters().filter(lambda one: one != jwt[place]))

    with pytest.raises(CandourError):
        believed(jwt[:place] + letter + jwt[place + 1 :])


@pytest.mark.parametrize("claim", ["iss", "aud", "net"])
def test_a_swapped_sender_recipient_or_partnership_does_not_verify(claim: str) -> None:
    head, payload, signature = issued().statement.jwt.split(".")
    swapped = strict_json.load_object(base64url.decode(payload)) | {claim: "another-one"}

    with pytest.raises(UnauthenticError, match="signature"):
        believed(f"{head}.{segment(swapped)}.{signature}")


def test_alg_none_is_refused() -> None:
    refused(signed({}, HEADER | {"alg": "none"}).rpartition(".")[0] + ".", "header")


def test_hs256_with_the_public_key_as_secret_is_refused() -> None:
    signing_input = f"{segment(HEADER | {'alg': 'HS256'})}.{segment(payload_of(issued().statement.jwt))}"
    tag = hmac.digest(SCHOOL.public.raw, signing_input.encode(), "sha256")

    refused(f"{signing_input}.{base64url.encode(tag)}", "header")


def test_es256_is_refused() -> None:
    signing_input = f"{segment(HEADER | {'alg': 'ES256'})}.{segment(payload_of(issued().statement.jwt))}"
    signature = ec.generate_private_key(ec.SECP256R1()).sign(
        signing_input.encode(), ec.ECDSA(hashes.SHA256())
    )

    refused(f"{signing_input}.{base64url.encode(signature)}", "header")


@pytest.mark.parametrize("alg", ["EdDSA", "ed25519", "", None, 1, ["Ed25519"]])
def test_only_the_one_name_of_the_algorithm_is_accepted(alg: JsonValue) -> None:
    refused(signed(payload_of(issued().statement.jwt), HEADER | {"alg": alg}), "header")


@pytest.mark.parametrize(
    "member",
    [
        {"jwk": SCHOOL.public.jwk},
        {"jku": "https://keys.example"},
        {"x5u": "https://keys.example"},
        {"x5c": []},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"cty": "jwt"},
        {"anything": None},
    ],
)
def test_a_header_with_any_other_member_is_refused(member: dict[str, JsonValue]) -> None:
    refused(signed(payload_of(issued().statement.jwt), HEADER | member), "header")


@pytest.mark.parametrize("missing", ["alg", "kid", "typ"])
def test_a_header_without_one_of_its_members_is_refused(missing: str) -> None:
    header = {name: value for name, value in HEADER.items() if name != missing}

    refused(signed(payload_of(issued().statement.jwt), header), "header")


@pytest.mark.parametrize(
    "typ", ["at+jwt", "JWT", "candour-client+jwt", "candour-sealed+jwe", "CANDOUR-MSG+SD-JWT"]
)
def test_the_type_of_another_token_is_refused(typ: str) -> None:
    refused(signed(payload_of(issued().statement.jwt), HEADER | {"typ": typ}), "header")


@pytest.mark.parametrize("kid", ["", "school", "A" * 42, "A" * 44, "A" * 42 + "B", None, 7])
def test_a_kid_that_is_no_thumbprint_is_refused(kid: JsonValue) -> None:
    refused(signed(payload_of(issued().statement.jwt), HEADER | {"kid": kid}), "header")


# Its text


def test_a_jwt_over_four_kibibytes_is_refused_unread() -> None:
    refused("." * (MAX_JWT + 1), "size")
    refused("x" * 8_000_000, "size")


@pytest.mark.parametrize("jwt", ["", "a.b", "a.b.c.d", "é.b.c"])
def test_what_is_no_compact_jws_is_refused(jwt: str) -> None:
    refused(jwt, "header")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_padded_base64_is_refused(place: int) -> None:
    segments = issued(Kind.DELIVERY).statement.jwt.split(".")
    segments[place] += "="

    refused(".".join(segments), "base64url")


@pytest.mark.parametrize(
    "raw", [b'{"a":1,"a":1}', b"NaN", b'{"a":1e400}', b"[" * 2_000, b"\xef\xbb\xbf{}", b"[]"]
)
def test_signed_json_passes_the_strict_loader(raw: bytes) -> None:
    refused(signed(raw), "json")
    refused(signed({}, raw), "json")


def test_a_duplicate_claim_is_refused() -> None:
    raw = strict_json.dumps(payload_of(issued().statement.jwt)).replace("{", '{"iss":"oak-school",', 1)

    refused(signed(raw.encode()), "json")


@pytest.mark.parametrize("hidden", HIDDEN)
def test_hidden_characters_in_a_claim_are_refused(hidden: str) -> None:
    refused(changed(net=f"test{hidden}.example"), "json")


def test_a_lone_surrogate_in_a_claim_is_refused() -> None:
    raw = strict_json.dumps(payload_of(issued().statement.jwt)).replace("test.example", "test\\ud800")

    refused(signed(raw.encode()), "json")


# What is never signed


@pytest.mark.parametrize(
    "value",
    ["\x00", "\u202e", "\ud800", 1.5, float("nan"), 2**53, {"_sd": []}, {"a": [{"...": 1}]}, object()],
)
def test_nothing_is_signed_that_a_recipient_would_refuse(value: object) -> None:
    with pytest.raises(MalformedError):
        issued(Kind.DELIVERY, codes={"rules": value})
    with pytest.raises(MalformedError):
        issued(content={"name": value})


def test_a_field_that_the_kind_does_not_have_is_not_signed() -> None:
    with pytest.raises(MismatchError, match="mismatch"):
        issued(Kind.DELIVERY, codes={"subject": {}})
    with pytest.raises(MismatchError, match="mismatch"):
        issued(content={"txn": "x"})
    with pytest.raises(MismatchError, match="mismatch"):
        issue(a_registry_draft(codes={"txn": "x"}), SCHOOL, None)


def test_a_narrative_is_not_issued_without_a_key_to_seal_to() -> None:
    with pytest.raises(MismatchError, match="mismatch"):
        issue(a_draft(), SCHOOL, None)
    with pytest.raises(MismatchError, match="mismatch"):
        issue(a_draft(Kind.DELIVERY), SCHOOL, SOCIAL_CARE.public)


def test_nothing_is_told_in_confidence_to_the_gateway_which_can_open_nothing() -> None:
    draft = a_draft(Kind.APPROVAL, aud=GATEWAY, content={"why": "It is right."})

    with pytest.raises(MismatchError, match="can open none"):
        issue(draft, SCHOOL, None)

    body = issue(replace(draft, content=None), SCHOOL, None).body
    assert match(parse(body.jwt), body) is not None
    assert body.sealed == ""


def test_a_draft_from_nobody_is_not_issued() -> None:
    with pytest.raises(MalformedError, match="claims"):
        issued(iss=AgencyId("Oak School"))


def test_every_codes_object_names_all_fields_of_its_kind() -> None:
    body = issued(Kind.CONCERN, codes=None).body

    codes = match(parse(body.jwt), body)

    assert codes == dict.fromkeys(T1[Kind.CONCERN])


def test_what_is_optional_stands_last_and_only_where_it_says_something() -> None:
    plain, naming = issued(Kind.CONCERN, codes={}).body, issued(Kind.CONCERN, codes={"adults": ["a1"]}).body

    read = [disclosures.read(body.disclosures[0]).value for body in (plain, naming)]

    assert [[*each] for each in read if isinstance(each, dict)] == [
        [*T1[Kind.CONCERN]],
        [*T1[Kind.CONCERN], "adults"],
    ]
    with pytest.raises(MismatchError):
        issued(Kind.ACKNOWLEDGEMENT, codes={"adults": ["a1"]})
