"""Only the addressed inbox can read the narrative, and it cannot be moved under another statement."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace

import pytest
from candour_protocol import base64url, disclosures, ids, strict_json
from candour_protocol.errors import CandourError, CourierError, MalformedError, MismatchError, UnreadableError
from candour_protocol.ids import AgencyId, Jti, Kid
from candour_protocol.kinds.lists import T2, Kind
from candour_protocol.sealing import PADDED_SIZES, Envelope, open_sealed, seal
from candour_protocol.statement import Body, Issued, Statement, authenticate, match, parse
from candour_protocol.strict_json import JsonObject, JsonValue
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OKPKey

from tests.protocol.golden_sealed import GOLDEN_JWT, GOLDEN_SEALED
from tests.protocol.statements import (
    HELD,
    SCHOOL,
    SOCIAL_CARE,
    codes_text,
    issued,
    opening_key,
    payload_of,
    segment,
    signed,
)

KIND = Kind.ACKNOWLEDGEMENT
ENVELOPE = Envelope(
    SOCIAL_CARE.public.kid,
    AgencyId("oak-school"),
    AgencyId("northshire-csc"),
    Jti("0198f0a0-0000-7000-8000-000000000001"),
)
FIELDS = [disclosures.make(name, None, bytes(16)) for name in T2[KIND]]


def opened(sent: Issued) -> JsonObject:
    return open_sealed(sent.statement, sent.body, HELD)


def carrying(
    sealed: str, hidden: Sequence[str] = FIELDS, kid: Kid = SOCIAL_CARE.public.kid
) -> tuple[Statement, Body]:
    """A statement whose author signed this sealed text and these digests, and its body."""
    codes = codes_text()
    payload = payload_of(issued(KIND).statement.jwt)
    payload["_sd"] = [*sorted({disclosures.digest(text) for text in (codes, *hidden)})]
    payload["sealed"] = {"kid": kid, "sha-256": ids.sha256_text(sealed.encode())}
    jwt = signed(payload)
    return parse(jwt), Body(jwt, (codes,), sealed)


def with_header(header: JsonValue | bytes) -> str:
    """A sealed text with another header; its tag is wrong, but the header is judged first."""
    _, rest = seal(FIELDS, ENVELOPE, SOCIAL_CARE.public).split(".", 1)
    return f"{segment(header)}.{rest}"


def true_header() -> JsonObject:
    return strict_json.load_object(base64url.decode(seal(FIELDS, ENVELOPE, SOCIAL_CARE.public).split(".")[0]))


def refused_by_both(sealed: str) -> None:
    """The gateway, which cannot open it, and the recipient both see the author's fault."""
    statement, body = carrying(sealed)
    with pytest.raises(MismatchError, match="mismatch"):
        match(statement, body)
    with pytest.raises(MismatchError, match="mismatch"):
        open_sealed(statement, body, HELD)


# The way there and back


@pytest.mark.parametrize(
    "kind", [kind for kind in T2 if T2[kind] and kind in {"concern", "request", "answer", "notice"}]
)
def test_every_field_of_a_kind_arrives_absent_ones_as_null(kind: Kind) -> None:
    sent = issued(kind, content={T2[kind][0]: {"name": "Siân Llŷr آفا"}})

    assert opened(sent) == dict.fromkeys(T2[kind]) | {T2[kind][0]: {"name": "Siân Llŷr آفا"}}


def test_a_kind_without_a_narrative_opens_as_nothing() -> None:
    sent = issued(Kind.DELIVERY)

    assert sent.body.sealed == ""
    assert opened(sent) == {}


def test_what_was_opened_is_not_kept_until_garbage_is_looked_for() -> None:
    """A service looks for it seldom, and a narrative should not lie about meanwhile."""
    sent = issued(KIND)
    gc.collect()
    gc.disable()
    try:
        opened(sent)
        assert not [one for one in gc.get_objects() if isinstance(one, jwe.CompactEncryption)]
    finally:
        gc.enable()


@pytest.mark.parametrize("letters", ["Ff", "آفا", "ŷâ", "“”", "👩"])
def test_a_story_of_31_kibibytes_goes_through_in_any_script(letters: str) -> None:
    story = letters * (31 * 1024 // len(letters.encode()))
    sent = issued(Kind.CONCERN, content={"impact": story})

    assert opened(sent)["impact"] == story
    assert len(sent.raw) <= 96 * 1024


def test_a_narrative_over_56_kibibytes_is_not_sealed() -> None:
    with pytest.raises(MalformedError, match="too-large"):
        issued(content={"name": "x" * 45_000})


@pytest.mark.parametrize(
    ("length", "padded"), [(1, 2), (2048, 2), (2049, 8), (8193, 32), (32769, 56), (57344, 56)]
)
def test_a_sealed_part_betrays_only_one_of_four_sizes(length: int, padded: int) -> None:
    sealed = seal(["x" * length], ENVELOPE, SOCIAL_CARE.public)

    assert len(base64url.decode(sealed.split(".")[3])) == padded * 1024


def test_two_sealings_of_the_same_words_have_nothing_in_common() -> None:
    one, other = (seal(FIELDS, ENVELOPE, SOCIAL_CARE.public).split(".") for _ in range(2))

    assert all(left != right for left, right in zip(one, other, strict=True) if left)


def test_a_sealed_part_of_version_one_still_opens() -> None:
    """If this fails, nodes of two versions no longer read each other."""
    statement = parse(GOLDEN_JWT)
    authenticate(statement, SCHOOL.public)

    assert open_sealed(statement, Body(GOLDEN_JWT, (), GOLDEN_SEALED), HELD) == {
        "name": "Sam Okoro",
        "role": "Duty social worker",
        "questions": [],
    }


# Who cannot read it


def test_a_key_that_is_not_held_is_said_so() -> None:
    sent = issued()

    with pytest.raises(UnreadableError, match="unknown-kid"):
        open_sealed(sent.statement, sent.body, {})


def test_another_inboxs_key_opens_nothing() -> None:
    sent = issued()

    with pytest.raises(UnreadableError, match="unreadable"):
        open_sealed(sent.statement, sent.body, {SOCIAL_CARE.public.kid: opening_key("restricted")})


@pytest.mark.parametrize("part", [2, 3, 4])
@pytest.mark.parametrize("place", [0, -2])
def test_an_altered_byte_that_its_author_signed_opens_nothing(part: int, place: int) -> None:
    segments = seal(FIELDS, ENVELOPE, SOCIAL_CARE.public).split(".")
    raw = bytearray(base64url.decode(segments[part]))
    raw[place] ^= 1
    segments[part] = base64url.encode(bytes(raw))
    statement, body = carrying(".".join(segments))

    with pytest.raises(UnreadableError, match="unreadable"):
        open_sealed(statement, body, HELD)


@pytest.mark.parametrize("part", [1, 2, 3, 4])
@pytest.mark.parametrize("text", ["", "A", "AAAA", "A=", "é", "A" * 2_000])
def test_a_segment_of_another_form_opens_nothing(part: int, text: str) -> None:
    segments = seal(FIELDS, ENVELOPE, SOCIAL_CARE.public).split(".")
    if segments[part] == text:
        return
    segments[part] = text
    statement, body = carrying(".".join(segments))

    with pytest.raises((UnreadableError, CourierError)):
        open_sealed(statement, body, HELD)


def test_a_sealed_part_that_is_not_the_signed_one_is_the_couriers_fault() -> None:
    sent, other = issued(), issued()

    for sealed in ["", other.body.sealed, sent.body.sealed[:-1], sent.body.sealed + "é"]:
        with pytest.raises(CourierError, match="body-mismatch"):
            open_sealed(sent.statement, replace(sent.body, sealed=sealed), HELD)


# Its header


@pytest.mark.parametrize(
    "envelope",
    [
        replace(ENVELOPE, iss=AgencyId("elm-school")),
        replace(ENVELOPE, aud=AgencyId("southshire-csc")),
        replace(ENVELOPE, jti=Jti("0198f0a0-0000-7000-8000-000000000002")),
        replace(ENVELOPE, kid=opening_key("restricted").public.kid),
    ],
)
def test_a_sealed_part_moved_under_another_statement_is_refused(envelope: Envelope) -> None:
    refused_by_both(seal(FIELDS, envelope, SOCIAL_CARE.public))


def test_a_sealed_part_for_another_inbox_than_was_signed_is_refused() -> None:
    statement, body = carrying(
        seal(FIELDS, ENVELOPE, SOCIAL_CARE.public), kid=opening_key("restricted").public.kid
    )

    with pytest.raises(MismatchError, match="mismatch"):
        match(statement, body)


@pytest.mark.parametrize(
    "member",
    [
        {"zip": "DEF"},
        {"crit": []},
        {"crit": ["exp"], "exp": 1},
        {"jwk": SOCIAL_CARE.public.jwk},
        {"jku": "https://keys.example"},
        {"x5u": "https://keys.example"},
        {"x5c": []},
        {"b64": False},
        {"cty": "JWT"},
        {"apu": "AAAA"},
        {"apv": 7},
        {"alg": "dir"},
        {"alg": "ECDH-ES+A256KW"},
        {"alg": "none"},
        {"enc": "A128GCM"},
        {"typ": "candour-msg+sd-jwt"},
        {"iss": None},
        {"aud": ["northshire-csc"]},
        {"epk": None},
        {"epk": {}},
        {"epk": "AAAA"},
        {"epk": SCHOOL.public.jwk},
        {"epk": SOCIAL_CARE.private_jwk},
    ],
)
def test_a_header_with_other_members_or_values_is_refused(member: JsonObject) -> None:
    refused_by_both(with_header(true_header() | member))


@pytest.mark.parametrize("missing", ["alg", "enc", "kid", "typ", "iss", "aud", "jti", "epk"])
def test_a_header_without_one_of_its_members_is_refused(missing: str) -> None:
    header = true_header()
    del header[missing]

    refused_by_both(with_header(header))


@pytest.mark.parametrize("u", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18, 2**255 + 9])
def test_a_low_order_ephemeral_key_is_refused(u: int) -> None:
    epk: JsonObject = {"kty": "OKP", "crv": "X25519", "x": base64url.encode(u.to_bytes(32, "little"))}

    refused_by_both(with_header(true_header() | {"epk": epk}))


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"NaN", b'{"alg":1,"alg":1}', b"\xef\xbb\xbf{}", b"[" * 700, b"x" * 2_000]
)
def test_a_header_that_is_no_strict_json_is_refused(raw: bytes) -> None:
    refused_by_both(with_header(raw))


@pytest.mark.parametrize("sealed", ["x", "....", "a.b.c.d", "a.b.c.d.e.f", "=.a.b.c.d", "~"])
def test_what_is_no_compact_jwe_is_refused(sealed: str) -> None:
    refused_by_both(sealed)


# What was inside


def sealed_by_hand(plaintext: bytes) -> str:
    recipient = OKPKey.import_key(SOCIAL_CARE.public.exchange_key)
    registry = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM"], strict_check_header=False)
    return jwe.encrypt_compact(ENVELOPE.header(), plaintext, recipient, registry=registry)


@pytest.mark.parametrize(
    "plaintext", [b"", b"x", b"~" * 2047, b"~" * 2049, b"\xff" * 2048, b"~" * 2048, b" " * 2048]
)
def test_a_plaintext_that_is_not_padded_disclosures_is_the_authors_fault(plaintext: bytes) -> None:
    statement, body = carrying(sealed_by_hand(plaintext))

    with pytest.raises(MismatchError, match="mismatch"):
        open_sealed(statement, body, HELD)


def missing() -> list[str]:
    return FIELDS[:-1]


def repeated() -> list[str]:
    return [*FIELDS, FIELDS[0]]


def same_name_twice() -> list[str]:
    return [*FIELDS[:-1], disclosures.make("name", "Kim", bytes(16))]


def unknown() -> list[str]:
    return [*FIELDS[:-1], disclosures.make("danger_line", None, bytes(16))]


def one_too_many() -> list[str]:
    return [*FIELDS, disclosures.make("why", None, bytes(16))]


def nested() -> list[str]:
    return [*FIELDS[:-1], disclosures.make("questions", [{"_sd": []}], bytes(16))]


def codes_inside() -> list[str]:
    return [*FIELDS[:-1], codes_text()]


def short_salt() -> list[str]:
    return [*FIELDS[:-1], disclosures.make("questions", None, bytes(8))]


def text() -> list[str]:
    return [*FIELDS[:-1], "not.base64"]


@pytest.mark.parametrize(
    "inside",
    [missing, repeated, same_name_twice, unknown, one_too_many, nested, codes_inside, short_salt, text],
    ids=lambda inside: inside.__name__,
)
def test_other_disclosures_than_the_kinds_are_the_authors_fault(inside: object) -> None:
    assert callable(inside)
    hidden = inside()
    statement, body = carrying(seal(hidden, ENVELOPE, SOCIAL_CARE.public), hidden)

    with pytest.raises(MismatchError, match="mismatch"):
        open_sealed(statement, body, HELD)


def test_a_sealed_disclosure_that_was_not_signed_is_the_authors_fault() -> None:
    decoy = disclosures.make("questions", "other", bytes(16))
    statement, body = carrying(seal([*FIELDS[:-1], decoy], ENVELOPE, SOCIAL_CARE.public))

    with pytest.raises(MismatchError, match="not signed"):
        open_sealed(statement, body, HELD)


@given(st.data())
def test_whatever_an_author_signs_as_sealed_raises_nothing_but_our_own_errors(data: st.DataObject) -> None:
    sealed = seal(FIELDS, ENVELOPE, SOCIAL_CARE.public)
    start = data.draw(st.integers(0, len(sealed)))
    end = data.draw(st.integers(start, min(len(sealed), start + 8)))
    altered = sealed[:start] + data.draw(st.text(st.characters(codec="ascii"), max_size=8)) + sealed[end:]
    statement, body = carrying(altered)

    try:
        value = open_sealed(statement, body, HELD)
    except CandourError:
        return

    assert (altered, value) == (sealed, dict.fromkeys(T2[KIND]))


def test_the_padded_sizes_leave_room_for_the_statement() -> None:
    assert PADDED_SIZES[-1] * 4 // 3 + 16 * 1024 < 96 * 1024
