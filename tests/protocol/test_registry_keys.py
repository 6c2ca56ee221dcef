"""Which key was valid when, and what falls with a stolen one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol import base64url
from candour_protocol import registry_facts as facts
from candour_protocol.ids import REGISTRAR
from candour_protocol.keys import SigningKey
from candour_protocol.registry_facts import KeyUse

from tests.protocol.registry_chain import (
    OTHER_PROFILE,
    POLICE,
    PROFILE,
    SCHOOL,
    START,
    Chain,
    raw_fact,
    refusal,
)

# -- keys -------------------------------------------------------------------------------------------


def test_a_key_is_registered_once_for_one_agency_and_one_use() -> None:
    chain = Chain()
    school_key = chain.admit(SCHOOL)
    police = chain.voice(POLICE, chain.admit(POLICE))
    school = chain.voice(SCHOOL, school_key)

    for by, agency, use in (
        (police, POLICE, KeyUse.SIGN),
        (police, POLICE, KeyUse.CLIENT),
        (school, SCHOOL, KeyUse.CLIENT),
        (school, SCHOOL, KeyUse.SIGN),
    ):
        jwt = facts.key_add(by, agency, school_key.public, use, chain.now)
        assert refusal(chain.log, jwt) == "kid-taken"


def test_a_seal_key_serves_one_inbox_only() -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    seal = chain.add_seal_key(school, inbox="general")

    again = facts.key_add(school, SCHOOL, seal.public, KeyUse.SEAL, chain.now, inbox="restricted")

    assert refusal(chain.log, again) == "kid-taken"


def test_a_retired_key_does_not_come_back() -> None:
    chain = Chain()
    old = chain.admit()
    new = chain.voice(SCHOOL, chain.add_sign_key(chain.voice(SCHOOL, old)))
    chain.log(facts.key_retire(new, SCHOOL, old.public, chain.now))

    again = facts.key_add(new, SCHOOL, old.public, KeyUse.SIGN, chain.now)

    assert refusal(chain.log, again) == "kid-taken"


def test_the_registrars_key_belongs_to_nobody_else() -> None:
    chain = Chain()

    jwt = facts.admit(chain.registrar, SCHOOL, chain.registrar_key.public, chain.now)

    assert refusal(chain.log, jwt) == "kid-taken"


@pytest.mark.parametrize(
    ("curve", "use", "raw"),
    [
        ("Ed25519", "sign", bytes(32)),
        ("Ed25519", "sign", b"\x01" + bytes(31)),
        ("X25519", "seal", bytes(32)),
        ("X25519", "seal", b"\xff" * 32),
    ],
)
def test_a_weak_key_is_refused(curve: str, use: str, raw: bytes) -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    jwk = {"kty": "OKP", "crv": curve, "x": base64url.encode(raw)}
    inbox = {"inbox": "general"} if use == "seal" else {}

    jwt = raw_fact(school, agency=SCHOOL, event="key-add", jwk=jwk, use=use, **inbox)

    assert refusal(chain.log, jwt) == "weak-key"


def test_a_key_is_valid_from_the_entry_that_adds_it_until_the_one_that_ends_it() -> None:
    chain = Chain()
    old = chain.admit()
    added = chain.index
    new = chain.voice(SCHOOL, chain.add_sign_key(chain.voice(SCHOOL, old)))
    chain.log(facts.key_retire(new, SCHOOL, old.public, chain.now))
    ended = chain.index

    key = chain.registry.issuer_key(SCHOOL, old.public.kid)

    assert key is not None
    valid = [index for index in range(ended + 2) if chain.registry.valid_at(key, index)]
    assert valid == list(range(added, ended))


def test_the_registrar_is_an_issuer_at_every_index() -> None:
    chain = Chain()

    key = chain.registry.issuer_key(REGISTRAR, chain.registrar_key.public.kid)

    assert key is not None
    assert chain.registry.valid_at(key, 0)
    assert chain.registry.issuer_key(SCHOOL, chain.registrar_key.public.kid) is None


def test_a_retired_seal_key_is_accepted_for_seven_more_days_and_not_used_for_new_sealing() -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    old = chain.add_seal_key(school)
    new = chain.add_seal_key(school)
    chain.log(facts.key_retire(school, SCHOOL, old.public, chain.now))
    retired_at, week = chain.now, timedelta(days=7)

    def accepted(kid: str, inbox: str = "general", after: timedelta = week) -> bool:
        return chain.registry.seal_kid_ok(SCHOOL, inbox, kid, retired_at + after)

    newest = chain.registry.seal_key(SCHOOL, "general")
    assert newest is not None
    assert newest.kid == new.public.kid
    assert accepted(old.public.kid)
    assert not accepted(old.public.kid, after=week + timedelta(milliseconds=1))
    assert not accepted(old.public.kid, inbox="restricted")
    assert accepted(new.public.kid, after=timedelta(days=400))


def test_a_revoked_seal_key_is_not_accepted_any_more_even_within_its_week() -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    seal = chain.add_seal_key(school)
    chain.log(facts.key_retire(school, SCHOOL, seal.public, chain.now))
    chain.log(facts.key_revoke(school, SCHOOL, seal.public, chain.now))

    assert not chain.registry.seal_kid_ok(SCHOOL, "general", seal.public.kid, chain.now)


def test_a_key_that_ended_does_not_end_again() -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    seal = chain.add_seal_key(school)
    chain.log(facts.key_revoke(school, SCHOOL, seal.public, chain.now))

    for jwt in (
        facts.key_retire(school, SCHOOL, seal.public, chain.now),
        facts.key_revoke(school, SCHOOL, seal.public, chain.now + timedelta(hours=1)),
    ):
        assert refusal(chain.log, jwt) == "ended"


def test_an_agency_ends_no_key_of_another() -> None:
    chain = Chain()
    school_key = chain.admit(SCHOOL)
    police = chain.voice(POLICE, chain.admit(POLICE))

    jwt = facts.key_retire(police, POLICE, school_key.public, chain.now)

    assert refusal(chain.log, jwt) == "unknown-key"


def test_a_retired_client_key_opens_no_more_doors() -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    client = SigningKey.generate()
    chain.log(facts.key_add(school, SCHOOL, client.public, KeyUse.CLIENT, chain.now))
    assert chain.registry.find_client_key(POLICE, client.public.kid) is None

    chain.log(facts.key_retire(school, SCHOOL, client.public, chain.now))

    assert chain.registry.find_client_key(SCHOOL, client.public.kid) is None
    assert chain.registry.client_key(client.public.kid) is None


# -- compromise -------------------------------------------------------------------------------------


def compromised_school() -> tuple[Chain, SigningKey, SigningKey]:
    """A school with an honest second sign key and profile; its first key is then stolen."""
    chain = Chain()
    stolen = chain.admit()
    second = chain.add_sign_key(chain.voice(SCHOOL, stolen))
    chain.log(facts.profile(chain.voice(SCHOOL, stolen), SCHOOL, PROFILE, chain.now))
    chain.wait(timedelta(days=3))
    return chain, stolen, second


def test_after_a_compromise_only_the_registrar_speaks_until_it_has_added_a_sign_key() -> None:
    chain, stolen, second = compromised_school()
    chain.log(
        facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=chain.now)
    )
    by_second = facts.profile(chain.voice(SCHOOL, second), SCHOOL, OTHER_PROFILE, chain.now)

    assert refusal(chain.log, by_second) == "not-allowed"
    chain.add_seal_key(chain.registrar)
    assert refusal(chain.log, by_second) == "not-allowed"
    new = chain.add_sign_key(chain.registrar)
    chain.log(facts.profile(chain.voice(SCHOOL, new), SCHOOL, OTHER_PROFILE, chain.now))

    assert chain.registry.profile_digest(SCHOOL) == OTHER_PROFILE
    assert chain.registry.speaks_for_itself(SCHOOL)


def test_an_agency_that_lost_its_only_sign_key_gets_a_new_one_from_the_registrar() -> None:
    chain = Chain()
    lost = chain.admit()
    chain.log(facts.key_revoke(chain.registrar, SCHOOL, lost.public, chain.now))

    new = chain.add_sign_key(chain.registrar)
    chain.log(facts.profile(chain.voice(SCHOOL, new), SCHOOL, PROFILE, chain.now))

    lost_key = chain.key(SCHOOL, lost.public.kid)
    assert chain.registry.trusted_at(lost_key, lost_key.added, lost_key.added_at)
    assert chain.registry.profile_digest(SCHOOL) == PROFILE


def test_what_a_compromised_key_signed_before_is_trusted_and_what_it_signed_after_is_not() -> None:
    chain, stolen, _ = compromised_school()
    since, index = chain.now, chain.index
    chain.log(facts.key_revoke(chain.registrar, SCHOOL, stolen.public, since, compromised_since=since))

    key = chain.key(SCHOOL, stolen.public.kid)

    assert chain.registry.trusted_at(key, index, since - timedelta(seconds=1))
    assert not chain.registry.trusted_at(key, index, since)
    assert chain.registry.valid_at(key, index)  # a verdict given then replays alike


def test_keys_and_profiles_that_a_thief_registered_fall_with_the_stolen_key() -> None:
    chain, stolen, second = compromised_school()
    since = chain.now
    thief = chain.voice(SCHOOL, stolen)
    chain.log(facts.profile(thief, SCHOOL, OTHER_PROFILE, chain.now))
    thiefs_sign = chain.add_sign_key(thief)
    thiefs_seal = chain.add_seal_key(chain.voice(SCHOOL, thiefs_sign))

    chain.log(facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=since))

    registry = chain.registry
    assert registry.profile_digest(SCHOOL) == PROFILE
    assert registry.seal_key(SCHOOL, "general") is None
    assert not registry.seal_kid_ok(SCHOOL, "general", thiefs_seal.public.kid, chain.now)
    assert chain.key(SCHOOL, thiefs_sign.public.kid).revoked == chain.index
    assert chain.key(SCHOOL, second.public.kid).ended is None  # added before the theft


def test_a_compromise_can_be_found_to_be_older_than_was_thought_but_not_younger() -> None:
    chain, stolen, second = compromised_school()
    chain.log(
        facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=chain.now)
    )
    revoked = chain.index
    younger = facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=chain.now)
    chain.log(facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=START))

    key = chain.key(SCHOOL, stolen.public.kid)
    assert key.compromised_since == int(START.timestamp())
    assert key.revoked == revoked
    assert chain.key(SCHOOL, second.public.kid).revoked == chain.index
    assert refusal(chain.log, younger) == "ended"


def test_a_thief_cannot_cast_doubt_on_what_was_honestly_signed() -> None:
    chain, stolen, second = compromised_school()
    thief = chain.voice(SCHOOL, stolen)

    doubt = facts.key_revoke(thief, SCHOOL, second.public, chain.now, compromised_since=START)

    assert refusal(chain.log, doubt) == "not-allowed"


def test_an_agency_ends_its_own_stolen_key_at_once_and_the_registrar_says_since_when_later() -> None:
    chain, stolen, second = compromised_school()
    since = chain.now
    chain.log(facts.key_revoke(chain.voice(SCHOOL, second), SCHOOL, stolen.public, chain.now))

    chain.log(facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=since))

    assert chain.key(SCHOOL, stolen.public.kid).compromised_since == int(since.timestamp())
    assert not chain.registry.speaks_for_itself(SCHOOL)


def test_an_agency_with_a_new_key_from_the_registrar_goes_on_when_an_old_theft_proves_older() -> None:
    chain, stolen, _ = compromised_school()
    chain.log(
        facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=chain.now)
    )
    chain.add_sign_key(chain.registrar)

    chain.log(facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=START))

    assert chain.registry.speaks_for_itself(SCHOOL)


def test_a_compromise_in_the_future_is_refused() -> None:
    chain = Chain()
    key = chain.admit()
    later = chain.now + timedelta(days=1)

    jwt = facts.key_revoke(chain.registrar, SCHOOL, key.public, chain.now, compromised_since=later)

    assert refusal(chain.log, jwt) == "fact"
