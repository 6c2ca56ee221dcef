"""What a registry fact may look like."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from candour_protocol.errors import RegistryError
from candour_protocol.keys import OpeningKey, SigningKey
from candour_protocol.registry_facts import read_fact
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.registry_chain import (
    PROFILE,
)

JWK = SigningKey.generate().public.jwk
SEAL_JWK = OpeningKey.generate().public.jwk


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"agency": "testborough-hill"},
        {"agency": "testborough-hill", "event": "expel"},
        {"agency": "testborough-hill", "event": 7},
        {"agency": "Testborough", "event": "profile", "sha-256": PROFILE},
        {"agency": "registrar", "event": "profile", "sha-256": PROFILE},
        {"agency": 7, "event": "profile", "sha-256": PROFILE},
        {"agency": "testborough-hill", "event": "profile", "sha-256": "short"},
        {"agency": "testborough-hill", "event": "profile", "sha-256": None},
        {"agency": "testborough-hill", "event": "profile", "sha-256": PROFILE, "jwk": JWK},
        {"agency": "testborough-hill", "event": "key-add", "jwk": JWK},
        {"agency": "testborough-hill", "event": "key-add", "jwk": JWK, "use": "sing"},
        {"agency": "testborough-hill", "event": "key-add", "jwk": JWK, "use": None},
        {"agency": "testborough-hill", "event": "key-add", "jwk": "a key", "use": "sign"},
        {"agency": "testborough-hill", "event": "key-add", "jwk": {}, "use": "sign"},
        {"agency": "testborough-hill", "event": "key-add", "jwk": JWK, "use": "sign", "inbox": "general"},
        {"agency": "testborough-hill", "event": "key-add", "jwk": JWK, "use": "seal", "inbox": "general"},
        {"agency": "testborough-hill", "event": "key-add", "jwk": SEAL_JWK, "use": "seal"},
        {"agency": "testborough-hill", "event": "key-add", "jwk": SEAL_JWK, "use": "seal", "inbox": "X"},
        {"agency": "testborough-hill", "event": "key-add", "jwk": SEAL_JWK, "use": "sign"},
        {"agency": "testborough-hill", "event": "key-retire", "jwk": JWK, "compromised_since": 1},
        {"agency": "testborough-hill", "event": "key-revoke", "jwk": JWK, "compromised_since": "1"},
        {"agency": "testborough-hill", "event": "key-revoke", "jwk": JWK, "compromised_since": -1},
        {"agency": "testborough-hill", "event": "key-revoke", "jwk": JWK, "compromised_since": True},
        {"agency": "testborough-hill", "event": "key-revoke", "jwk": JWK, "compromised_since": None},
    ],
)
def test_a_fact_of_another_shape_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(RegistryError):
        read_fact(claims)


@given(
    st.dictionaries(
        st.sampled_from(["agency", "event", "jwk", "use", "inbox", "compromised_since", "sha-256"]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.text(max_size=20),
            st.sampled_from(["testborough-hill", "gateway", "key-add", "key-revoke", "seal", PROFILE]),
            st.just(dict(JWK)),
            st.just(dict(SEAL_JWK)),
            st.lists(st.integers(), max_size=2),
        ),
    )
)
def test_whatever_the_claims_are_a_fact_is_read_or_refused(claims: dict[str, Any]) -> None:
    with suppress(RegistryError):
        read_fact(claims)
