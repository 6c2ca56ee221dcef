"""Tokens at a node: clients that prove themselves, and callers with scopes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from candour_protocol import tokens
from candour_protocol.errors import UnauthenticError

from tests.protocol.made_tokens import (
    AT,
    CLAIMS,
    GATEWAY,
    HEADER,
    KEY,
    NODE,
    NOW,
    OTHER,
    SCHOOL,
    find,
    refused,
    sign,
)

# -- clients at a node's token endpoint -------------------------------------------------------------


def assertion_refused(token: str, now: datetime = NOW) -> str:
    with pytest.raises(UnauthenticError) as error:
        tokens.verify_client_assertion(token, find, NODE, now)
    return error.value.code


def test_a_client_proves_itself_without_a_secret() -> None:
    token = tokens.client_assertion(KEY, SCHOOL, NODE, NOW)

    assertion = tokens.verify_client_assertion(token, find, NODE, NOW)

    assert assertion.client_id == SCHOOL
    assert assertion.expires_at == NOW + timedelta(seconds=60)
    assert assertion.jti


def test_each_assertion_can_be_told_from_the_next() -> None:
    made = {tokens.client_assertion(KEY, SCHOOL, NODE, NOW) for _ in range(3)}

    jtis = {tokens.verify_client_assertion(token, find, NODE, NOW).jti for token in made}

    assert len(jtis) == 3


def test_an_assertion_by_an_ordinary_oauth_library_is_accepted() -> None:
    claims = {"iss": SCHOOL, "sub": SCHOOL, "aud": NODE, "iat": AT, "exp": AT + 300, "jti": "a"}

    token = sign(HEADER | {"typ": "JWT"}, claims)

    assert tokens.verify_client_assertion(token, find, NODE, NOW).client_id == SCHOOL


def test_an_assertion_about_somebody_else_or_that_lives_too_long_is_refused() -> None:
    header = HEADER | {"typ": tokens.ASSERTION_TYP}
    claims = {"iss": SCHOOL, "sub": SCHOOL, "aud": NODE, "iat": AT, "exp": AT + 60, "jti": "a"}

    assert assertion_refused(sign(header, claims | {"sub": "testshire-police"})) == "token-claims"
    assert assertion_refused(sign(header, claims | {"exp": AT + 301})) == "token-time"
    assert assertion_refused(sign(header, claims | {"aud": GATEWAY})) == "token-audience"
    assert assertion_refused(sign(header, claims | {"jti": ""})) == "token-claims"


def test_tokens_of_one_kind_are_not_taken_for_another() -> None:
    agency = tokens.agency_token(KEY, SCHOOL, NODE, NOW)
    assertion = tokens.client_assertion(KEY, SCHOOL, NODE, NOW)
    access = tokens.access_token(KEY, NODE, NODE, SCHOOL, ["inbox.read"], NOW)

    assert assertion_refused(agency) == "token-header"
    assert assertion_refused(access) == "token-header"
    assert refused(access) == "token-header"
    assert refused(assertion) == "token-header"
    assert access_refused(agency) == "token-header"
    assert access_refused(assertion) == "token-header"


# -- callers of a node ------------------------------------------------------------------------------


def access_of(token: str, now: datetime = NOW) -> tokens.Access:
    return tokens.verify_access_token(token, KEY.public, NODE, NODE, now)


def access_refused(token: str, now: datetime = NOW) -> str:
    with pytest.raises(UnauthenticError) as error:
        access_of(token, now)
    return error.value.code


def test_an_access_token_lasts_ten_minutes_and_carries_scopes_and_the_person_who_acts() -> None:
    token = tokens.access_token(
        KEY, NODE, NODE, "records", ["inbox.read", "concerns.send"], NOW, acts_as="pell"
    )

    access = access_of(token, NOW + timedelta(minutes=10, seconds=-1))

    scopes = frozenset({"inbox.read", "concerns.send"})
    assert access == tokens.Access("records", scopes, NOW + timedelta(minutes=10), "pell", False)
    assert access_refused(token, NOW + timedelta(minutes=10)) == "token-expired"


def test_a_client_may_be_allowed_to_name_persons_itself() -> None:
    token = tokens.access_token(KEY, NODE, NODE, "records", [], NOW, may_assert=True)

    assert access_of(token) == tokens.Access("records", frozenset(), NOW + timedelta(minutes=10), None, True)


def test_the_sandboxs_tokens_last_thirty_days() -> None:
    month = timedelta(days=30)
    token = tokens.access_token(KEY, NODE, NODE, "sandbox", ["inbox.read"], NOW, month)

    assert access_of(token, NOW + month - timedelta(seconds=1)).client_id == "sandbox"
    with pytest.raises(ValueError, match="31 days"):
        tokens.access_token(KEY, NODE, NODE, "sandbox", [], NOW, timedelta(days=32))


ACCESS_HEADER = HEADER | {"typ": tokens.ACCESS_TYP}
ACCESS_CLAIMS: dict[str, Any] = CLAIMS | {
    "iss": NODE,
    "aud": NODE,
    "sub": "records",
    "client_id": "records",
    "scope": "inbox.read",
}


def test_a_hand_made_access_token_of_the_right_shape_is_accepted() -> None:
    assert access_of(sign(ACCESS_HEADER, ACCESS_CLAIMS)).scopes == {"inbox.read"}


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": GATEWAY},
        {"aud": GATEWAY},
        {"aud": [NODE]},
        {"sub": "somebody"},
        {"client_id": None},
        {"scope": ["inbox.read"]},
        {"scope": None},
        {"act": "pell"},
        {"act": {}},
        {"act": {"sub": 7}},
        {"act": {"sub": ""}},
        {"may_assert": "yes"},
        {"may_assert": 1},
        {"exp": AT + 32 * 86400},
    ],
    ids=str,
)
def test_an_access_token_with_a_claim_out_of_shape_is_refused(claims: dict[str, Any]) -> None:
    assert access_refused(sign(ACCESS_HEADER, ACCESS_CLAIMS | claims)).startswith("token-")


def test_an_access_token_of_another_key_is_refused() -> None:
    forged = sign(ACCESS_HEADER, ACCESS_CLAIMS, OTHER)
    unknown = sign(ACCESS_HEADER | {"kid": OTHER.public.kid}, ACCESS_CLAIMS, OTHER)

    assert access_refused(forged) == "signature"
    assert access_refused(unknown) == "unknown-kid"


def test_the_published_keys_hold_public_members_only() -> None:
    published = tokens.jwks([KEY.public, OTHER.public])

    assert published == {
        "keys": [
            {**key.public.jwk, "kid": key.public.kid, "use": "sig", "alg": "Ed25519"} for key in (KEY, OTHER)
        ]
    }
    assert '"d"' not in json.dumps(published)
