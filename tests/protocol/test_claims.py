"""The claims that an issuer signs are a closed set, each of one form."""

from __future__ import annotations

import pytest
from candour_protocol import strict_json
from candour_protocol.claims import write_claims
from candour_protocol.errors import (
    CandourError,
    MalformedError,
    MismatchError,
)
from candour_protocol.ids import sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import (
    check_lifetime,
    issue,
    parse,
)
from candour_protocol.strict_json import JsonValue
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.statements import (
    IAT,
    SCHOOL,
    a_registry_draft,
    changed,
    issued,
    payload_of,
    refused,
    signed,
)

HASH = "A" * 43


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("net", ""),
        ("net", "Test"),
        ("net", None),
        ("iss", "gateway "),
        ("iss", ["oak-school"]),
        ("aud", ["northshire-csc"]),
        ("aud", "registrar"),
        ("aud", "northshire-csc/mash"),
        ("jti", "0198f0a0-0000-4000-8000-000000000001"),
        ("jti", "0198F0A0-0000-7000-8000-000000000001"),
        ("jti", 5),
        ("iat", str(IAT)),
        ("iat", True),
        ("iat", -1),
        ("exp", None),
        ("exp", "2099-01-01"),
        ("irt", None),
        ("irt", HASH[:-1]),
        ("irt", HASH[:-1] + "B"),
        ("reissues", [HASH]),
        ("_sd_alg", "sha-512"),
        ("_sd", None),
        ("_sd", HASH),
        ("_sd", [HASH, None]),
        ("_sd", [HASH[:-1]]),
        ("_sd", [f"{HASH} {HASH}"]),
        ("_sd", [f"{HASH} ", ""]),
        ("_sd", ["B" + HASH[1:], HASH]),
        ("sealed", None),
        ("sealed", HASH),
        ("sealed", {"kid": HASH}),
        ("sealed", {"kid": HASH, "sha-256": 1}),
        ("sealed", {"kid": HASH, "sha-256": HASH, "alg": "x"}),
        ("sealed", {"kid": "mine", "sha-256": HASH}),
    ],
)
def test_a_claim_of_another_form_is_refused_and_named(claim: str, value: JsonValue) -> None:
    refused(changed(**{claim: value}), "claims", f"/{claim}")


@pytest.mark.parametrize("missing", ["net", "iss", "aud", "jti", "iat", "exp", "_sd_alg", "_sd"])
def test_a_missing_claim_is_refused_and_named(missing: str) -> None:
    payload = payload_of(issued().statement.jwt)
    del payload[missing]

    refused(signed(payload), "claims", f"/{missing}")


@pytest.mark.parametrize("extra", ["nbf", "sub", "cnf", "codes", "event", "...", "vct"])
def test_the_claims_are_a_closed_set(extra: str) -> None:
    refused(changed(**{extra: "x"}), "claims")


@pytest.mark.parametrize("extra", ["_sd", "_sd_alg", "sealed", "codes"])
def test_a_registry_fact_has_no_digests(extra: str) -> None:
    fact = issue(a_registry_draft(), SCHOOL, None).statement

    refused(signed(payload_of(fact.jwt) | {extra: []}), "claims")


def test_a_registry_fact_is_addressed_to_the_gateway() -> None:
    fact = issue(a_registry_draft(), SCHOOL, None).statement

    refused(signed(payload_of(fact.jwt) | {"aud": "northshire-csc"}), "claims", "/aud")


@pytest.mark.parametrize("kind", ["gossip", "tidings"])
def test_an_unknown_kind_is_refused_by_name(kind: str) -> None:
    with pytest.raises(MalformedError, match=f"kind {kind} are not in force") as caught:
        parse(changed(type=f"org.candour.{kind}.v1"))

    assert caught.value.code == "unknown-kind"


@pytest.mark.parametrize(
    "value", [None, 1, "", "concern", "org.candour.concern.v2", "org.candour.Ava Example.v1"]
)
def test_a_type_that_is_no_kind_is_refused_without_repeating_it(value: JsonValue) -> None:
    with pytest.raises(MalformedError, match="unknown-kind") as caught:
        parse(changed(type=value))

    assert "Ava" not in str(caught.value)


@pytest.mark.parametrize("lifetime", [0, -1, 7 * 86_400 + 1, 100 * 365 * 86_400])
def test_a_lifetime_over_seven_days_or_none_is_a_fault_of_form(lifetime: int) -> None:
    statement = parse(changed(exp=IAT + lifetime))

    with pytest.raises(MismatchError, match="form"):
        check_lifetime(statement.claims)
    with pytest.raises(MismatchError, match="form"):
        issued(exp=IAT + lifetime)


def test_a_lifetime_of_seven_days_is_accepted() -> None:
    check_lifetime(issued(exp=IAT + 7 * 86_400).statement.claims)


@given(
    st.dictionaries(
        st.sampled_from(["iss", "aud", "exp", "_sd", "sealed", "type", "irt", "x"]),
        st.from_type(type(None)) | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_hostile_claims_raise_nothing_but_our_own_errors(claims: dict[str, JsonValue]) -> None:
    try:
        raw = strict_json.dumps(payload_of(issued(Kind.DELIVERY).statement.jwt) | claims)
        statement = parse(signed(raw.encode()))
    except CandourError:
        return

    assert payload_of(statement.jwt).items() >= claims.items()


ERASES: JsonValue = [sha256_text(b"one"), sha256_text(b"another")]


def _erasure(**changes: JsonValue) -> str:
    plain = {name: payload_of(issue(a_registry_draft(), SCHOOL, None).statement.jwt)[name] for name in _PLAIN}
    return signed(plain | {"type": "org.candour.erasure.v1", "erases": ERASES} | changes)


_PLAIN = ("net", "iss", "aud", "jti", "iat", "exp")


def test_an_erasure_names_statements_in_plain_claims() -> None:
    claims = parse(_erasure()).claims

    assert claims.erases == tuple(ERASES)  # type: ignore[arg-type]
    assert write_claims(claims) == payload_of(_erasure())


@pytest.mark.parametrize("count", [1, 10])
def test_an_erasure_names_one_to_ten_statements(count: int) -> None:
    names: JsonValue = [sha256_text(bytes([place])) for place in range(count)]

    assert len(parse(_erasure(erases=names)).claims.erases) == count


@pytest.mark.parametrize(
    "names",
    [None, "one", [], [1], ["one"], [sha256_text(b"one")] * 2, [sha256_text(bytes([n])) for n in range(11)]],
    ids=["null", "text", "none", "number", "no hash", "twice", "eleven"],
)
def test_other_than_that_is_no_erasure(names: JsonValue) -> None:
    refused(_erasure(erases=names), "claims", "/erases")


def test_an_erasure_says_nothing_else_and_is_addressed_to_the_gateway() -> None:
    refused(_erasure(aud="northshire-csc"), "claims", "/aud")
    refused(_erasure(reason="she is grown up"), "claims")
