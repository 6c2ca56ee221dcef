"""The chain of facts: who may say what about whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol import base64url
from candour_protocol import registry_facts as facts
from candour_protocol.ids import GATEWAY, REGISTRAR, AgencyId, sha256_text
from candour_protocol.keys import OpeningKey, SigningKey
from candour_protocol.registry import Registry
from candour_protocol.registry_facts import KeyUse
from candour_protocol.statement import parse

from tests.protocol.registry_chain import (
    NET,
    OTHER_PROFILE,
    POLICE,
    POLICY,
    PROFILE,
    SCHOOL,
    START,
    Chain,
    raw_fact,
    refusal,
)

# -- who may speak ----------------------------------------------------------------------------------


def test_the_first_entry_admits_the_gateway() -> None:
    chain = Chain()

    key = chain.registry.issuer_key(GATEWAY, chain.gateway_key.public.kid)

    assert key is not None
    assert chain.registry.valid_at(key, 0)
    assert chain.registry.agencies == ()


def test_nothing_can_come_before_the_gateway() -> None:
    registrar = SigningKey.generate()
    registry = Registry(registrar.public, NET)
    first = facts.admit(facts.registrar(NET, registrar), SCHOOL, SigningKey.generate().public, START)

    assert refusal(lambda: registry.apply(parse(first), 0, START)) == "order"


def test_the_first_fact_stands_at_the_first_index() -> None:
    registrar, gateway = SigningKey.generate(), SigningKey.generate()
    first = facts.admit(facts.registrar(NET, registrar), GATEWAY, gateway.public, START)

    assert refusal(Registry(registrar.public, NET).apply, parse(first), 1, START) == "order"


def test_the_registrar_admits_an_agency_which_then_adds_its_own_keys_and_profile() -> None:
    chain = Chain()
    sign = chain.admit(SCHOOL)
    school = chain.voice(SCHOOL, sign)
    client = SigningKey.generate()

    chain.log(facts.key_add(school, SCHOOL, client.public, KeyUse.CLIENT, chain.now))
    seal = chain.add_seal_key(school, inbox="restricted")
    chain.log(facts.profile(school, SCHOOL, PROFILE, chain.now))

    newest = chain.registry.seal_key(SCHOOL, "restricted")
    assert newest is not None
    assert newest.kid == seal.public.kid
    assert chain.registry.seal_key(SCHOOL, "general") is None
    assert chain.registry.find_client_key(SCHOOL, client.public.kid) == client.public
    assert chain.registry.profile_digest(SCHOOL) == PROFILE
    assert chain.registry.agencies == (SCHOOL,)


@pytest.mark.parametrize("impostor", [SCHOOL, GATEWAY, POLICE])
def test_nobody_but_the_registrar_admits(impostor: AgencyId) -> None:
    chain = Chain()
    keys = {SCHOOL: chain.admit(SCHOOL), GATEWAY: chain.gateway_key, POLICE: chain.admit(POLICE)}
    newcomer = AgencyId("testshire-camhs")

    jwt = facts.admit(
        chain.voice(impostor, keys[impostor]), newcomer, SigningKey.generate().public, chain.now
    )

    assert refusal(chain.log, jwt) == "not-allowed"


def test_an_agency_does_not_admit_itself() -> None:
    chain = Chain()
    key = SigningKey.generate()

    jwt = facts.admit(chain.voice(SCHOOL, key), SCHOOL, key.public, chain.now)

    assert refusal(chain.log, jwt) == "unknown-kid"


def test_a_key_for_an_agency_that_was_not_admitted_is_refused() -> None:
    chain = Chain()

    assert refusal(lambda: chain.add_sign_key(chain.registrar)) == "admitted"


def test_no_agency_is_admitted_twice() -> None:
    chain = Chain()
    chain.admit(SCHOOL)

    assert refusal(lambda: chain.admit(SCHOOL)) == "admitted"


def test_an_agency_says_nothing_about_another() -> None:
    chain = Chain()
    chain.admit(SCHOOL)
    police = chain.voice(POLICE, chain.admit(POLICE))

    assert refusal(lambda: chain.add_seal_key(police, SCHOOL)) == "not-allowed"


def test_while_an_agency_has_its_sign_key_the_registrar_does_not_speak_for_it() -> None:
    chain = Chain()
    chain.admit(SCHOOL)

    for jwt in (
        facts.key_add(
            chain.registrar, SCHOOL, OpeningKey.generate().public, KeyUse.SEAL, chain.now, inbox="general"
        ),
        facts.key_add(chain.registrar, SCHOOL, SigningKey.generate().public, KeyUse.SIGN, chain.now),
        facts.profile(chain.registrar, SCHOOL, PROFILE, chain.now),
    ):
        assert refusal(chain.log, jwt) == "not-allowed"


def test_only_the_registrar_adopts_a_policy() -> None:
    chain = Chain()
    gateway = chain.voice(GATEWAY, chain.gateway_key)

    assert refusal(chain.log, facts.policy(gateway, POLICY, chain.now)) == "not-allowed"
    chain.log(facts.policy(chain.registrar, POLICY, chain.now))

    assert chain.registry.policy_digests == (POLICY,)
    assert chain.registry.policies[0].index == 1


def test_a_policy_is_for_the_whole_partnership_and_never_for_an_agency() -> None:
    chain = Chain()
    chain.admit(SCHOOL)

    jwt = raw_fact(chain.registrar, agency=SCHOOL, event="policy", **{"sha-256": POLICY})

    assert refusal(chain.log, jwt) == "fact"


def test_the_gateways_sign_key_is_changed_by_the_registrar_only() -> None:
    chain = Chain()
    gateway = chain.voice(GATEWAY, chain.gateway_key)

    assert refusal(lambda: chain.add_sign_key(gateway, GATEWAY)) == "not-allowed"
    retire = facts.key_retire(gateway, GATEWAY, chain.gateway_key.public, chain.now)
    assert refusal(chain.log, retire) == "not-allowed"
    new = chain.add_sign_key(chain.registrar, GATEWAY)
    chain.log(facts.key_retire(chain.registrar, GATEWAY, chain.gateway_key.public, chain.now))

    assert chain.registry.valid_at(chain.key(GATEWAY, new.public.kid), chain.index)
    assert not chain.registry.valid_at(chain.key(GATEWAY, chain.gateway_key.public.kid), chain.index)


def test_the_gateway_never_has_a_key_that_opens_a_narrative() -> None:
    chain = Chain()

    assert refusal(lambda: chain.add_seal_key(chain.registrar, GATEWAY)) == "fact"


# -- authentic or not -------------------------------------------------------------------------------


def test_another_agencys_signature_under_an_agencys_name_is_no_signature_of_it() -> None:
    chain = Chain()
    chain.admit(SCHOOL)
    police_key = chain.admit(POLICE)

    forged = facts.profile(chain.voice(SCHOOL, police_key), SCHOOL, PROFILE, chain.now)

    assert refusal(chain.log, forged) == "unknown-kid"


def test_nobody_else_is_the_registrar() -> None:
    chain = Chain()
    impostor = facts.registrar(NET, SigningKey.generate())

    jwt = facts.admit(impostor, SCHOOL, SigningKey.generate().public, chain.now)

    assert refusal(chain.log, jwt) == "unknown-kid"


def test_an_altered_fact_is_not_authentic() -> None:
    chain = Chain()
    jwt = facts.admit(chain.registrar, SCHOOL, SigningKey.generate().public, chain.now)
    head, payload, signature = jwt.split(".")
    altered = base64url.encode(base64url.decode(payload).replace(b"testborough-hill", b"testborough-mill"))

    assert refusal(chain.log, f"{head}.{altered}.{signature}") == "signature"


def test_a_retired_or_revoked_sign_key_says_nothing_more() -> None:
    chain = Chain()
    old = chain.admit()
    new = chain.add_sign_key(chain.voice(SCHOOL, old))
    chain.log(facts.key_retire(chain.voice(SCHOOL, new), SCHOOL, old.public, chain.now))

    late = facts.profile(chain.voice(SCHOOL, old), SCHOOL, PROFILE, chain.now)

    assert refusal(chain.log, late) == "key"


def test_a_client_key_signs_no_facts() -> None:
    chain = Chain()
    sign = chain.admit()
    client = SigningKey.generate()
    chain.log(facts.key_add(chain.voice(SCHOOL, sign), SCHOOL, client.public, KeyUse.CLIENT, chain.now))

    jwt = facts.profile(chain.voice(SCHOOL, client), SCHOOL, PROFILE, chain.now)

    assert refusal(chain.log, jwt) == "unknown-kid"


def test_a_fact_of_another_partnership_is_refused() -> None:
    chain = Chain()
    elsewhere = facts.registrar("othershire", chain.registrar_key)

    jwt = facts.admit(elsewhere, SCHOOL, SigningKey.generate().public, chain.now)

    assert refusal(chain.log, jwt) == "net"


def test_facts_cannot_be_fed_out_of_order_or_twice() -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    profile = facts.profile(school, SCHOOL, PROFILE, chain.now)
    chain.log(profile)
    chain.log(facts.profile(school, SCHOOL, OTHER_PROFILE, chain.now))
    later = facts.profile(school, SCHOOL, sha256_text(b"a third"), chain.now)

    assert refusal(lambda: chain.registry.apply(parse(later), chain.index, chain.now)) == "order"
    earlier = chain.now - timedelta(seconds=1)
    assert refusal(lambda: chain.registry.apply(parse(later), chain.index + 1, earlier)) == "order"
    assert refusal(chain.log, profile) == "replay"


# -- the fold ---------------------------------------------------------------------------------------


def snapshot(registry: Registry) -> object:
    parties = (GATEWAY, *registry.agencies)
    return [(party, registry.keys_of(party), registry.facts_about(party)) for party in parties]


def test_a_fact_that_fails_changes_nothing() -> None:
    chain = Chain()
    school = chain.voice(SCHOOL, chain.admit())
    before = snapshot(chain.registry)

    refusal(lambda: chain.admit(SCHOOL))
    refusal(chain.log, facts.policy(school, POLICY, chain.now))
    refusal(lambda: chain.log(facts.key_retire(school, SCHOOL, OpeningKey.generate().public, chain.now)))

    assert snapshot(chain.registry) == before
    assert chain.registry.last_index == chain.index


def test_a_copy_tries_facts_without_touching_the_original() -> None:
    chain = Chain()
    stolen = chain.admit()
    before = snapshot(chain.registry)
    trial = chain.registry.copy()
    revoke = facts.key_revoke(chain.registrar, SCHOOL, stolen.public, chain.now, compromised_since=chain.now)

    trial.apply(parse(revoke), chain.index + 1, chain.now)

    assert not trial.speaks_for_itself(SCHOOL)
    assert chain.registry.speaks_for_itself(SCHOOL)
    assert snapshot(chain.registry) == before


def test_everything_said_about_an_agency_can_be_listed_with_who_said_it() -> None:
    chain = Chain()
    key = chain.admit()
    chain.log(facts.profile(chain.voice(SCHOOL, key), SCHOOL, PROFILE, chain.now))
    chain.log(facts.key_revoke(chain.registrar, SCHOOL, key.public, chain.now))

    said = [
        (recorded.index, recorded.signed_by, recorded.fact.event.value)
        for recorded in chain.registry.facts_about(SCHOOL)
    ]

    assert said == [(1, REGISTRAR, "admit"), (2, SCHOOL, "profile"), (3, REGISTRAR, "key-revoke")]
