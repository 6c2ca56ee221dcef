"""Which adults a statement names by tokens, and how its recipient finds the same again."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from candour_protocol import base64url
from candour_protocol.adults import MOST_PEOPLE, adult_tokens, may_link, recomputes, stated
from candour_protocol.children import child_tokens
from candour_protocol.identifiers import nhs_check_digit
from candour_protocol.ids import StatementHash, sha256_text
from candour_protocol.kinds import ConcernContent, Kind, Person, parse_codes, parse_content
from candour_protocol.policy import Policy, load_policy, policy_for
from candour_protocol.relaying import relay_codes
from candour_protocol.rules import Matter
from candour_protocol.rules.rehearsal import CONCERN, REQUEST, written
from candour_protocol.strict_json import JsonObject

KEY, OLDER = b"k" * 32, b"o" * 32
CHI = next(n + d for n in map("0101{:05}".format, range(5000, 5100)) if (d := nhs_check_digit(n)))
DEZ: JsonObject = {"name": "Dez Karvell", "role": "ALLEGED_RISK", "nhs_number": "9990001030"}
OTHER: JsonObject = DEZ | {"name": "Somebody Else", "nhs_number": "9990001049"}
ORIGINAL = StatementHash(sha256_text(b"the original"))
ON = load_policy(policy_for("testborough", identifiers="test", adults=True))
OFF = load_policy(policy_for("testborough", identifiers="test", patterns=True))


def _person(**changes: Any) -> Person:
    return Person.model_validate(DEZ | changes)


def _concern(*household: JsonObject, **codes: Any) -> Matter:
    made = written(Kind.CONCERN, CONCERN)
    content = parse_content(Kind.CONCERN, {"household": [*household]}, partial=True)
    return Matter(
        Kind.CONCERN, parse_codes(Kind.CONCERN, made.codes.model_dump(mode="json") | codes), content
    )


def _request(*persons: JsonObject, **codes: Any) -> Matter:
    made = written(Kind.REQUEST, REQUEST)
    content = parse_content(Kind.REQUEST, {"persons": [*persons]}, partial=True)
    return Matter(
        Kind.REQUEST, parse_codes(Kind.REQUEST, made.codes.model_dump(mode="json") | codes), content
    )


def _stating(matter: Matter, keys: tuple[bytes, ...] = (KEY,), policy: Policy = ON) -> Matter:
    """The statement with what its sender's node puts into it."""
    codes = matter.codes.model_dump(mode="json") | stated(matter, (), policy, keys)
    return Matter(matter.kind, parse_codes(matter.kind, codes), matter.content, matter.original)


def _found(matter: Matter, keys: tuple[bytes, ...] = (KEY,), policy: Policy | None = ON) -> bool:
    return recomputes(matter, (), policy, keys)


# -- the token ---------------------------------------------------------------------------------------


def test_an_adult_has_one_token_for_each_number_under_the_partnerships_key() -> None:
    tokens = adult_tokens([_person(chi=CHI, hcn="9990001049")], [KEY])

    named = hmac.new(KEY, b"adult:nhs:9990001030", hashlib.sha256).digest()
    assert f"a1.{base64url.encode(named)}" in tokens
    assert tokens == sorted(tokens)
    assert len(tokens) == 3


def test_nothing_tells_that_a_child_and_an_adult_have_the_same_number() -> None:
    number = "9990001030"

    (adult,) = adult_tokens([_person(nhs_number=number)], [KEY])
    (child,) = child_tokens(Person(nhs_number=number), [KEY], bytes(32))

    assert adult.partition(".")[2] != child.partition(".")[2]


def test_spaces_do_not_make_another_adult_and_another_key_does() -> None:
    assert adult_tokens([_person(nhs_number=" 999 000 1030")], [KEY]) == adult_tokens([_person()], [KEY])
    assert not set(adult_tokens([_person()], [OLDER])) & set(adult_tokens([_person()], [KEY]))


def test_after_a_rotation_both_keys_give_tokens() -> None:
    both = adult_tokens([_person()], [KEY, OLDER])

    assert set(both) == {*adult_tokens([_person()], [KEY]), *adult_tokens([_person()], [OLDER])}


@pytest.mark.parametrize(
    "changes",
    [
        {"nhs_number": None},
        {"nhs_number": " "},
        {"nhs_number": "0000000000"},
        {"nhs_number": "9990001031"},
        {"nhs_number": None, "upn": "N999400015001"},
        {"nhs_number": None, "mother_nhs_number": "9990001030", "edd": "2027-01-02"},
        {
            "nhs_number": None,
            "birth_date": "1991-04-01",
            "address": "14 Sample Rise",
            "phone": "01632 960000",
        },
    ],
)
def test_an_adult_without_a_number_of_their_own_has_no_token(changes: dict[str, Any]) -> None:
    assert adult_tokens([_person(**changes)], [KEY]) == []


@pytest.mark.parametrize(
    ("role", "count"),
    [
        ("ALLEGED_RISK", 1),
        ("ALLEGED_RISK_POT", 1),
        ("person alleged to be a risk", 1),
        ("PARENT_PR", 0),
        ("PARTNER_OF_PARENT", 0),
        ("PROTECTIVE_ADULT", 0),
        ("SUBJECT_CHILD", 0),
        ("no such role", 0),
        (None, 0),
    ],
)
def test_only_who_is_alleged_to_be_a_risk_has_one(role: str | None, count: int) -> None:
    assert len(adult_tokens([_person(role=role)], [KEY])) == count


def test_only_so_many_people_are_named_and_both_sides_name_the_same() -> None:
    numbers = [f"{n:09}" for n in range(999000200, 999000260)]
    crowd = [DEZ | {"nhs_number": n + nhs_check_digit(n)} for n in numbers if nhs_check_digit(n)]

    concern = _stating(_concern(*crowd), (KEY, OLDER))

    assert len(stated(concern, (), ON, (KEY,))["adults"]) == MOST_PEOPLE  # type: ignore[arg-type]
    assert _found(concern, (KEY, OLDER))


# -- where it is stated ------------------------------------------------------------------------------


@pytest.mark.parametrize("matter", [_concern(DEZ), _request(DEZ)])
def test_a_statement_names_adults_only_where_the_rule_set_says_so(matter: Matter) -> None:
    assert stated(matter, (), ON, [KEY]) == {"adults": adult_tokens([_person()], [KEY])}
    assert stated(matter, (), OFF, [KEY]) == {}


def test_a_statement_that_names_nobody_has_no_such_member() -> None:
    nobody = _concern(DEZ | {"role": "PARENT_PR"})

    assert stated(nobody, (), ON, [KEY]) == {}
    assert stated(_concern(), (), ON, [KEY]) == {}
    assert "adults" not in _stating(nobody).codes.model_dump(mode="json")


RESTRICTED: list[dict[str, Any]] = [
    {"inbox": "restricted"},
    {"marks": ["NOT_FAMILY", "LADO_ONLY"]},
    {"categories": ["NEGLECT", "STAFF_ALLEGATION"]},
    {
        "withheld": {
            "from": None,
            "reason": None,
            "lodged_with": None,
            "second": None,
            "review_on": None,
        }
    },
]


@pytest.mark.parametrize("kept", RESTRICTED)
def test_what_is_kept_from_an_inbox_or_alleges_something_against_staff_names_nobody(
    kept: dict[str, Any],
) -> None:
    concern = _concern(DEZ, **kept)

    assert stated(concern, (), ON, [KEY]) == {}
    assert stated(_request(DEZ), [concern], ON, [KEY]) == {}
    assert _found(concern)
    assert not _found(_concern(DEZ, **kept, adults=adult_tokens([_person()], [KEY])))


def test_a_request_in_a_restricted_inbox_names_nobody() -> None:
    assert stated(_request(DEZ, inbox="restricted"), (), ON, [KEY]) == {}


# -- what its recipient finds ------------------------------------------------------------------------


@pytest.mark.parametrize("matter", [_concern(DEZ), _request(DEZ), _concern(), _request()])
def test_a_recipient_finds_the_sealed_adults_in_the_tokens(matter: Matter) -> None:
    assert _found(_stating(matter))
    assert _found(_stating(matter, (KEY, OLDER)), (KEY, OLDER))
    assert _found(_stating(matter, (OLDER,)), (KEY, OLDER))
    assert _found(_stating(matter, policy=OFF), policy=OFF)
    assert _found(_stating(matter), policy=None)


@pytest.mark.parametrize("make", [_concern, _request])
def test_a_recipient_finds_that_another_adult_was_named_to_the_gateway(make: Any) -> None:
    tokens = stated(_concern(DEZ), (), ON, [KEY])["adults"]

    assert not _found(make(OTHER, adults=tokens))
    assert not _found(make(adults=tokens))
    assert not _found(make(DEZ, adults=tokens), policy=OFF)  # nobody was to name anybody
    assert not _found(make(OTHER, adults=tokens), policy=None)


def test_a_concern_that_names_too_few_is_found_out_and_a_request_may_know_why() -> None:
    one = stated(_concern(DEZ), (), ON, [KEY])["adults"]

    assert not _found(_concern(DEZ))
    assert not _found(_concern(DEZ, OTHER, adults=one))
    assert _found(_request(DEZ))
    assert _found(_request(DEZ, OTHER, adults=one))


# -- relays ------------------------------------------------------------------------------------------


def _relay(household: Any, **codes: Any) -> Matter:
    own = {"relays": ORIGINAL, **codes}
    original = ConcernContent.model_validate({"household": household})
    matter = _concern(**own)
    return Matter(Kind.CONCERN, matter.codes, matter.content, original)


def test_a_relay_names_whom_its_originator_named_whatever_its_own_rule_set() -> None:
    tokens = stated(_concern(DEZ), (), ON, [KEY])["adults"]

    for policy in (ON, OFF, None):
        assert _found(_relay([DEZ], adults=tokens), policy=policy)
        assert _found(_relay([DEZ]), policy=policy)
        assert not _found(_relay([OTHER], adults=tokens), policy=policy)
    assert _found(_relay(None, adults=tokens))  # the household was too long to go on


@pytest.mark.parametrize(("inbox", "kept"), [("mash", True), ("restricted", False)])
def test_a_relay_to_a_restricted_inbox_leaves_them_behind(inbox: str, kept: bool) -> None:
    original: JsonObject = _stating(_concern(DEZ)).codes.model_dump(mode="json")

    codes = relay_codes(original, ORIGINAL, inbox, None)

    assert ("adults" in codes) is kept
    assert may_link(_concern(**codes).codes) is kept  # type: ignore[arg-type]
