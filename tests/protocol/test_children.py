from __future__ import annotations

import hashlib
import hmac
import secrets

import pytest
from candour_protocol import base64url
from candour_protocol.actors import actor_token
from candour_protocol.children import (
    child_tokens,
    is_random,
    recomputes,
    request_tokens,
    same_child,
)
from candour_protocol.ids import Txn
from candour_protocol.kinds import Person

KEY, OLDER, RANDOM = b"k" * 32, b"o" * 32, b"r" * 32
ROWAN = Person(name="Rowan Ashbyte", nhs_number="9990001014", upn="N999400015001")
JUNO = Person(name="Juno Ashbyte", nhs_number="9990001022")
NOBODY_KNOWN = Person(name="two children, one a baby")


def test_a_child_has_one_token_for_each_identifier_under_the_partnerships_key() -> None:
    tokens = child_tokens(ROWAN, [KEY], RANDOM)

    named = hmac.new(KEY, b"nhs:9990001014", hashlib.sha256).digest()
    assert len(tokens) == 2
    assert f"v1.{base64url.encode(named)}" in tokens
    assert tokens == sorted(tokens)


def test_spaces_and_case_do_not_make_another_child() -> None:
    typed = Person(nhs_number=" 999 000 1014", upn="n999400015001 ")

    assert child_tokens(typed, [KEY], RANDOM) == child_tokens(ROWAN, [KEY], RANDOM)


def test_after_a_rotation_both_keys_give_tokens() -> None:
    both = child_tokens(ROWAN, [KEY, OLDER], RANDOM)

    assert len(both) == 4
    assert same_child(both, child_tokens(ROWAN, [OLDER], RANDOM))


def test_an_unborn_child_is_known_by_its_mother_and_the_date_it_is_due() -> None:
    unborn = Person(mother_nhs_number="9990001030", edd="2027-01-02")

    assert len(child_tokens(unborn, [KEY], RANDOM)) == 1
    assert is_random(child_tokens(Person(mother_nhs_number="9990001030"), [KEY], RANDOM)[0])


def test_a_child_without_an_identifier_gets_a_token_for_the_thread() -> None:
    tokens = child_tokens(NOBODY_KNOWN, [KEY], RANDOM)

    assert tokens == [f"r1.{base64url.encode(RANDOM)}"]
    with pytest.raises(ValueError, match="32"):
        child_tokens(NOBODY_KNOWN, [KEY], b"short")


def test_nothing_links_a_child_between_partnerships() -> None:
    assert not same_child(child_tokens(ROWAN, [KEY], RANDOM), child_tokens(ROWAN, [OLDER], RANDOM))


def test_a_request_carries_the_tokens_of_a_concern_on_the_same_child() -> None:
    own, cited = (
        child_tokens(Person(nhs_number="9990001014"), [KEY], RANDOM),
        child_tokens(ROWAN, [KEY], RANDOM),
    )

    assert request_tokens(own, [cited]) == cited


def test_a_request_takes_nothing_over_from_another_childs_concern() -> None:
    own, cited = child_tokens(JUNO, [KEY], RANDOM), child_tokens(ROWAN, [KEY], RANDOM)

    assert request_tokens(own, [cited]) == own


def test_a_concern_on_a_child_that_nobody_knew_joins_its_request() -> None:
    own, cited = child_tokens(ROWAN, [KEY], RANDOM), child_tokens(NOBODY_KNOWN, [KEY], RANDOM)

    assert set(request_tokens(own, [cited])) == {*own, *cited}


def test_a_recipient_finds_the_sealed_child_in_the_tokens() -> None:
    assert recomputes(child_tokens(ROWAN, [KEY], RANDOM), ROWAN, [KEY])
    assert recomputes(child_tokens(ROWAN, [KEY, OLDER], RANDOM), ROWAN, [KEY, OLDER])
    assert recomputes(child_tokens(ROWAN, [OLDER], RANDOM), ROWAN, [KEY, OLDER])
    assert recomputes(child_tokens(NOBODY_KNOWN, [KEY], RANDOM), NOBODY_KNOWN, [KEY])


def test_a_recipient_finds_that_another_child_was_named_to_the_gateway() -> None:
    assert not recomputes(child_tokens(JUNO, [KEY], RANDOM), ROWAN, [KEY])
    assert not recomputes(child_tokens(NOBODY_KNOWN, [KEY], RANDOM), ROWAN, [KEY])
    assert not recomputes(child_tokens(ROWAN, [KEY], RANDOM), NOBODY_KNOWN, [KEY])
    both = [*child_tokens(ROWAN, [KEY], RANDOM), *child_tokens(JUNO, [KEY], RANDOM)]
    assert not recomputes(both, ROWAN, [KEY])
    assert not recomputes(child_tokens(Person(nhs_number="9990001014"), [KEY], RANDOM), ROWAN, [KEY])


def test_a_recipient_accepts_tokens_that_come_with_a_cited_concern() -> None:
    alone = Person(nhs_number="9990001014")
    cited = child_tokens(ROWAN, [KEY], RANDOM)
    tokens = request_tokens(child_tokens(alone, [KEY], RANDOM), [cited])

    assert recomputes(tokens, alone, [KEY], [cited])
    assert not recomputes(tokens, alone, [KEY])


def test_an_actor_is_the_same_in_one_thread_and_a_stranger_in_the_next() -> None:
    key, thread, other = secrets.token_bytes(32), Txn("t" * 36), Txn("u" * 36)

    token = actor_token(key, thread, "bly")

    assert token == actor_token(key, thread, "bly")
    assert len(token) == 22
    assert len({token, actor_token(key, other, "bly"), actor_token(key, thread, "pell")}) == 3
    assert token != actor_token(secrets.token_bytes(32), thread, "bly")
