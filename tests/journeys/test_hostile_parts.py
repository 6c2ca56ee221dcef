"""What comes beside a statement.

A courier's mutilation is parked and uses nothing up; what the author himself signed wrongly is refused in the
log; what only the recipient can see unlocks nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from candour_protocol import base64url, disclosures, strict_json
from candour_protocol.keys import OpeningKey
from candour_protocol.sealing import Envelope, seal
from candour_protocol.strict_json import JsonObject

from tests.gateway.partnership import CSC, SCHOOL
from tests.journeys.hostile import Parts, Signed, Surgery, disclose, segment
from tests.journeys.personal import IDRIS, SEEN, TAMSIN
from tests.journeys.spoiled import HOSTILE, Spoil

pytestmark = pytest.mark.asyncio(loop_scope="module")

SALT = bytes(range(16))


def spare(text: str = "decoy") -> str:
    """A disclosure that no kind has."""
    return disclose(text, "whatever", SALT)


# -- what the courier did ----------------------------------------------------------------------------


COURIERS: dict[str, Callable[[Signed, Signed], bytes]] = {
    "without its disclosure": lambda true, _: true.mutilated(disclosures=()),
    "with its disclosure twice": lambda true, _: true.mutilated(disclosures=true.body.disclosures * 2),
    "with a decoy more": lambda true, _: true.mutilated(disclosures=(*true.body.disclosures, spare())),
    "with a decoy in place": lambda true, _: true.mutilated(disclosures=(spare(),)),
    "with another statement's disclosure": lambda true, other: true.mutilated(
        disclosures=other.body.disclosures
    ),
    "with its T2 in the open": lambda true, _: true.mutilated(
        disclosures=(*true.body.disclosures, *true.parts.hidden)
    ),
    "with a padded disclosure": lambda true, _: true.mutilated(disclosures=(true.body.disclosures[0] + "=",)),
    "without its sealed part": lambda true, _: true.mutilated(sealed=""),
    "with another sealed part": lambda true, other: true.mutilated(sealed=other.body.sealed),
    "with a padded sealed part": lambda true, _: true.mutilated(sealed=true.body.sealed + "="),
    "with a short sealed part": lambda true, _: true.mutilated(sealed=true.body.sealed[:-8]),
}


@pytest.mark.parametrize("mutilate", COURIERS.values(), ids=COURIERS.keys())
async def test_a_copy_that_a_courier_mutilated_does_not_stop_the_true_message(
    surgery: Surgery, mutilate: Callable[[Signed, Signed], bytes]
) -> None:
    concern, other = surgery.concern().signed(), surgery.concern().signed()

    reason = await surgery.parked(mutilate(concern, other))
    verdict = await surgery.judge(concern)

    assert reason == "body-mismatch"
    assert verdict == ("passed", ())
    assert (await surgery.reached(concern))["opened"] == "sound"


# -- what the author signed --------------------------------------------------------------------------


def _codes(parts: Parts) -> JsonObject:
    value = disclosures.read(parts.shown[0]).value
    assert isinstance(value, dict)
    return value


def _shown(parts: Parts, text: str) -> Parts:
    return replace(parts, shown=(text,))


AUTHORS: dict[str, Callable[[Parts], Parts]] = {
    "a decoy digest": lambda parts: replace(parts, hidden=(*parts.hidden, spare())),
    "a digest twice": lambda parts: replace(parts, hidden=(*parts.hidden[:-1], parts.hidden[0])),
    "a missing digest": lambda parts: replace(parts, hidden=parts.hidden[:-1]),
    "a disclosure of another name": lambda parts: _shown(parts, disclose("kodes", _codes(parts))),
    "a T2 field in the open": lambda parts: replace(
        parts, shown=(parts.hidden[0],), hidden=(*parts.shown, *parts.hidden[1:])
    ),
    "codes that are a list": lambda parts: _shown(parts, disclose("codes", [])),
    "an array element's disclosure": lambda parts: _shown(parts, segment(["A" * 21 + "A", {"codes": 1}])),
    "a short salt": lambda parts: _shown(parts, segment([base64url.encode(b"x"), "codes", _codes(parts)])),
    "digests inside the codes": lambda parts: _shown(
        parts, segment([base64url.encode(SALT), "codes", _codes(parts) | {"_sd": ["A" * 43]}])
    ),
    "an ellipsis inside the codes": lambda parts: _shown(
        parts,
        segment([base64url.encode(SALT), "codes", _codes(parts) | {"marks": [{"...": "A" * 43}]}]),
    ),
    "an unknown field": lambda parts: _shown(parts, disclose("codes", _codes(parts) | {"colour": "RED"})),
    "a missing field": lambda parts: _shown(
        parts, disclose("codes", {name: each for name, each in _codes(parts).items() if name != "marks"})
    ),
    "free text where a code belongs": lambda parts: parts.with_codes(need_level="she came in barefoot"),
    "free text where an openness reason belongs": lambda parts: parts.with_codes(
        openness={"position": "NOT_INFORMED", "reason": "mother would hit him"}
    ),
    "a name where a token belongs": lambda parts: parts.with_codes(child=["Tamsin Oldacre"]),
    "tokens out of order": lambda parts: parts.with_codes(child=["v1." + "B" * 42 + "A", "v1." + "A" * 43]),
    "another inbox than it is sealed to": lambda parts: parts.with_codes(inbox="restricted"),
    "an inbox that nobody has": lambda parts: parts.with_codes(inbox="nowhere"),
    "padded base64": lambda parts: _shown(parts, parts.shown[0] + "=" * (-len(parts.shown[0]) % 4 or 4)),
}


@pytest.mark.parametrize("spoil", AUTHORS.values(), ids=AUTHORS.keys())
async def test_parts_that_their_author_signed_wrongly_are_refused_in_the_log(
    surgery: Surgery, spoil: Callable[[Parts], Parts]
) -> None:
    concern = spoil(surgery.concern()).signed()

    assert await surgery.refused(concern) == ("mismatch",)


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_json_in_a_signed_disclosure(surgery: Surgery, spoil: Spoil) -> None:
    parts = surgery.concern()
    codes = spoil(strict_json.dumps_utf8(_codes(parts)))
    text = base64url.encode(b'["' + base64url.encode(SALT).encode() + b'","codes",' + codes + b"]")

    assert await surgery.refused(_shown(parts, text).signed()) == ("mismatch",)


@pytest.mark.parametrize("levels", [1_000, 30_000])
async def test_brackets_without_end_in_a_signed_disclosure(surgery: Surgery, levels: int) -> None:
    text = base64url.encode(b'["' + base64url.encode(SALT).encode() + b'","codes",' + b"[" * levels)

    assert await surgery.refused(_shown(surgery.concern(), text).signed()) == ("mismatch",)


async def test_a_number_of_five_thousand_digits_in_a_signed_disclosure(surgery: Surgery) -> None:
    codes = b'{"txn":1' + b"0" * 5000 + b"}"
    text = base64url.encode(b'["' + base64url.encode(SALT).encode() + b'","codes",' + codes + b"]")

    assert await surgery.refused(_shown(surgery.concern(), text).signed()) == ("mismatch",)


# -- the sealed part, as far as the gateway sees it ---------------------------------------------------


def _jwe(parts: Parts, change: Callable[[JsonObject], object], segments: int = 5) -> Parts:
    """Signed over a JWE with another header."""
    jwe = parts.signed().body.sealed.split(".")
    header = strict_json.load_object(base64url.decode(jwe[0]))
    changed = change(header)
    jwe[0] = segment(header if changed is None else changed)  # type: ignore[arg-type]
    return replace(parts, sealed=".".join(jwe[:segments]))


def _epk(x: bytes) -> Callable[[JsonObject], object]:
    return lambda header: header | {"epk": {"kty": "OKP", "crv": "X25519", "x": base64url.encode(x)}}


LOW_ORDER = {
    "zero": bytes(32),
    "one": b"\x01" + bytes(31),
    "order eight": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    "order eight, the other": bytes.fromhex(
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"
    ),
    "p - 1": ((1 << 255) - 20).to_bytes(32, "little"),
    "p": ((1 << 255) - 19).to_bytes(32, "little"),
    "p + 1": ((1 << 255) - 18).to_bytes(32, "little"),
}


@pytest.mark.parametrize("x", LOW_ORDER.values(), ids=LOW_ORDER.keys())
async def test_a_low_order_ephemeral_key(surgery: Surgery, x: bytes) -> None:
    concern = _jwe(surgery.concern(), _epk(x)).signed()

    assert await surgery.refused(concern) == ("mismatch",)
    assert surgery.told(concern).violations == (("mismatch", "/sealed"),)


@pytest.mark.parametrize(
    "member",
    [
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"b64": False},
        {"jku": "https://evil.example"},
        {"x5u": "https://evil.example"},
        {"jwk": {"kty": "OKP"}},
        {"alg": "dir"},
        {"alg": "RSA-OAEP"},
        {"alg": "none"},
        {"enc": "A128CBC-HS256"},
        {"apu": "QQ"},
        {"typ": "JWT"},
        {"iss": CSC},
        {"aud": CSC},
        {"jti": "0198f0a0-0000-7000-8000-000000000001"},
        {"kid": "A" * 43},
    ],
    ids=lambda member: " ".join(f"{name}={str(value)[:12]}" for name, value in member.items()),
)
async def test_a_sealed_part_whose_header_says_anything_else(
    surgery: Surgery, member: dict[str, Any]
) -> None:
    concern = _jwe(surgery.concern(), lambda header: header | member).signed()

    assert await surgery.refused(concern) == ("mismatch",)


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_json_in_the_header_of_a_sealed_part(surgery: Surgery, name: str) -> None:
    def spoiled(header: JsonObject) -> bytes:
        numbered: JsonObject = {"v": 1}
        return HOSTILE[name](strict_json.dumps_utf8(numbered | header))

    assert await surgery.refused(_jwe(surgery.concern(), spoiled).signed()) == ("mismatch",)


@pytest.mark.parametrize("sealed", ["x", "a.b.c.d.e", "....", "é", "e30.e30.e30.e30.e30"])
async def test_a_sealed_part_that_is_no_jwe(surgery: Surgery, sealed: str) -> None:
    concern = replace(surgery.concern(), sealed=sealed).signed()

    if sealed.isascii():
        assert await surgery.refused(concern) == ("mismatch",)
    else:
        assert await surgery.parked(concern.raw) == "body"


async def test_four_segments_are_no_jwe(surgery: Surgery) -> None:
    assert await surgery.refused(_jwe(surgery.concern(), lambda _: None, 4).signed()) == ("mismatch",)


async def test_a_sealed_part_moved_from_another_statement(surgery: Surgery) -> None:
    other = surgery.concern().signed()

    moved = replace(surgery.concern(), sealed=other.body.sealed).signed()

    assert await surgery.refused(moved) == ("mismatch",)


async def test_something_sealed_to_another_agencys_inbox(surgery: Surgery) -> None:
    other = surgery.town.partnership.parties[CSC].seal["general"].public

    assert await surgery.refused(replace(surgery.concern(), seal_to=other).signed()) == ("mismatch",)


async def test_something_sealed_to_another_inbox_of_the_recipient(surgery: Surgery) -> None:
    """So nobody can have a restricted story read in the ordinary inbox, or the other way round."""
    other = surgery.town.partnership.parties[SCHOOL].seal["restricted"].public

    concern = replace(surgery.concern(), seal_to=other).signed()

    assert await surgery.refused(concern) == ("mismatch",)
    assert surgery.told(concern).violations == (("mismatch", "/sealed/kid"),)


async def test_something_sealed_to_a_key_that_nobody_registered(surgery: Surgery) -> None:
    stranger = OpeningKey.generate().public

    assert await surgery.refused(replace(surgery.concern(), seal_to=stranger).signed()) == ("mismatch",)


# -- what only the recipient can see -----------------------------------------------------------------


async def _found(surgery: Surgery, parts: Parts) -> tuple[str, dict[str, Any]]:
    """What the recipient's node says of it in its ``delivery``; and that it unlocks no question."""
    concern = parts.signed()
    assert (await surgery.judge(concern))[0] in ("passed", "flagged")
    seen = await surgery.reached(concern)
    await surgery.town.courier.until(lambda: bool(surgery.opened(concern)))
    (opened,) = surgery.opened(concern)
    assert await surgery.refused(surgery.request_resting_on(concern).signed()) == ("R01",)
    return str(opened), seen


async def test_codes_that_name_another_child_than_the_sealed_part(surgery: Surgery) -> None:
    parts = surgery.concern(subject=IDRIS, child=surgery.tokens(TAMSIN))

    opened, _ = await _found(surgery, parts)

    assert opened == "mismatch"


async def test_checks_that_the_sealed_part_does_not_bear_out(surgery: Surgery) -> None:
    honest = surgery.concern()
    empty = honest.with_content("facts", disclose("facts", []))

    opened, seen = await _found(surgery, empty)

    assert (opened, seen["opened"]) == ("mismatch", "mismatch")


async def test_an_altered_byte_in_the_sealed_part_that_its_author_signed(surgery: Surgery) -> None:
    jwe = surgery.concern().signed()
    parts = jwe.body.sealed.split(".")
    parts[3] = ("A" if parts[3][0] != "A" else "B") + parts[3][1:]

    opened, seen = await _found(surgery, replace(jwe.parts, sealed=".".join(parts)))

    assert opened == "unreadable"
    assert seen["content"] == {}


NARRATORS: dict[str, Callable[[Parts], Parts]] = {
    "a decoy": lambda parts: _sealing(parts, (*parts.hidden, spare())),
    "one missing": lambda parts: _sealing(parts, parts.hidden[1:]),
    "one twice": lambda parts: _sealing(parts, (*parts.hidden, parts.hidden[0])),
    "one unsigned in place of another": lambda parts: _sealing(parts, (*parts.hidden[1:], spare("subject"))),
    "nothing": lambda parts: _sealing(parts, ()),
    "an unknown field": lambda parts: parts.with_content("impact", spare("colour")),
    "one field under two disclosures": lambda parts: parts.with_content(
        "impact", disclose("subject", None, SALT)
    ),
    "digests inside": lambda parts: parts.with_content(
        "impact", segment([base64url.encode(SALT), "impact", {"_sd": ["A" * 43]}])
    ),
    "padding": lambda parts: parts.with_content("impact", disclose("impact", SEEN, SALT) + "="),
    "a member of another type": lambda parts: parts.with_content("impact", disclose("impact", 5, SALT)),
    "an unknown member": lambda parts: parts.with_content("author", disclose("author", {"shoe": 1}, SALT)),
}


def _sealing(parts: Parts, texts: tuple[str, ...]) -> Parts:
    """Signed as it should be, with something else inside the seal."""
    assert parts.seal_to is not None
    envelope = Envelope(parts.seal_to.kid, parts.iss, parts.aud, parts.jti)
    return replace(parts, sealed=seal(texts, envelope, parts.seal_to))


@pytest.mark.parametrize("spoil", NARRATORS.values(), ids=NARRATORS.keys())
async def test_sealed_disclosures_that_are_not_those_of_the_kind(
    surgery: Surgery, spoil: Callable[[Parts], Parts]
) -> None:
    opened, seen = await _found(surgery, spoil(surgery.concern()))

    assert opened == "mismatch"
    assert seen["state"] == "delivered"


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "no object"])
async def test_hostile_json_in_a_sealed_disclosure(surgery: Surgery, name: str) -> None:
    """Nobody is shown a story that two readers could read differently."""
    value = HOSTILE[name](b'{"code":"SOUGHT","text":null,"reason":"' + SEEN.encode() + b'"}')
    text = base64url.encode(b'["' + base64url.encode(SALT).encode() + b'","child_view",' + value + b"]")

    opened, seen = await _found(surgery, surgery.concern().with_content("child_view", text))

    assert opened == "mismatch"
    assert seen["content"] == {}
