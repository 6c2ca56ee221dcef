"""Bytes that are no exchange, by a party with registered keys: parked, told by digest, sent to nobody."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from candour_protocol import base64url, registry_facts, strict_json
from candour_protocol.ids import GATEWAY
from candour_protocol.keys import SigningKey
from candour_protocol.registry_facts import KeyUse
from candour_protocol.statement import Body
from candour_protocol.strict_json import JsonObject, JsonValue
from candour_protocol.transport.port import Outbound, PublishResult
from candour_protocol.transport.topology import SUBMIT, submit_key
from candour_protocol.wire import render_body
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from tests.gateway.partnership import CSC, SCHOOL
from tests.journeys.hostile import Signed, Surgery, header_of, payload_of, segment, sign
from tests.journeys.spoiled import HOSTILE, Spoil

pytestmark = pytest.mark.asyncio(loop_scope="module")


def flipped(text: str, place: int) -> str:
    """Another character of the alphabet at one place."""
    other = "A" if text[place] != "A" else "B"
    return text[:place] + other + text[place % len(text) + 1 :]


async def test_a_proper_concern_and_the_request_that_rests_on_it_go_through(surgery: Surgery) -> None:
    """What everything below differs from in one thing."""
    concern = surgery.concern().signed()
    request = surgery.request([concern]).signed()

    verdicts = [await surgery.judge(concern), await surgery.judge(request)]

    assert verdicts == [("passed", ()), ("passed", ())]
    assert [(await surgery.reached(each))["opened"] for each in (concern, request)] == ["sound", "sound"]


# -- altered -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
@pytest.mark.parametrize("place", [3, 20, -4])
async def test_an_altered_byte_in_the_statement(surgery: Surgery, part: int, place: int) -> None:
    concern = surgery.concern().signed()
    parts = concern.body.jwt.split(".")
    parts[part] = flipped(parts[part], place)

    reason = await surgery.parked(concern.mutilated(jwt=".".join(parts)))

    assert reason in {"signature", "json", "header", "claims", "unknown-kind", "unknown-kid"}
    assert await surgery.judge(concern) == ("passed", ())


@pytest.mark.parametrize("place", [0, 40, -1])
async def test_an_altered_byte_in_the_disclosure(surgery: Surgery, place: int) -> None:
    concern = surgery.concern().signed()
    (shown,) = concern.body.disclosures

    reason = await surgery.parked(concern.mutilated(disclosures=(flipped(shown, place),)))

    assert reason == "body-mismatch"
    assert await surgery.judge(concern) == ("passed", ())


@pytest.mark.parametrize("part", [0, 2, 3, 4], ids=["header", "iv", "ciphertext", "tag"])
async def test_an_altered_byte_in_the_sealed_part(surgery: Surgery, part: int) -> None:
    concern = surgery.concern().signed()
    parts = concern.body.sealed.split(".")
    parts[part] = flipped(parts[part], 5)

    reason = await surgery.parked(concern.mutilated(sealed=".".join(parts)))

    assert reason == "body-mismatch"
    assert await surgery.judge(concern) == ("passed", ())


@pytest.mark.parametrize(
    ("claim", "value"),
    [("aud", CSC), ("iss", SCHOOL), ("net", "elsewhere"), ("type", "org.candour.request.v1"), ("exp", 1)],
)
async def test_a_swapped_recipient_sender_or_partnership(
    surgery: Surgery, claim: str, value: JsonValue
) -> None:
    concern = surgery.concern().signed()
    head, _, signature = concern.body.jwt.split(".")
    swapped = segment(payload_of(concern) | {claim: value})

    reason = await surgery.parked(concern.mutilated(jwt=f"{head}.{swapped}.{signature}"))

    assert reason in {"signature", "unknown-kid"}


async def test_a_statement_of_another_partnership(surgery: Surgery) -> None:
    concern = replace(surgery.concern(), claims={"net": "elsewhere"}).signed()

    assert await surgery.parked(concern.raw) == "net"


# -- keys --------------------------------------------------------------------------------------------


async def test_another_agencys_key_under_its_own_kid(surgery: Surgery) -> None:
    thief = surgery.town.partnership.parties[SCHOOL].sign

    assert await surgery.parked(replace(surgery.concern(), key=thief).signed().raw) == "unknown-kid"


async def test_another_agencys_key_under_the_issuers_kid(surgery: Surgery) -> None:
    concern = surgery.concern().signed()
    thief = surgery.town.partnership.parties[SCHOOL].sign
    forged = sign(thief, payload_of(concern), header_of(surgery.key))

    assert await surgery.parked(concern.mutilated(jwt=forged)) == "signature"


async def test_a_key_that_nobody_registered(surgery: Surgery) -> None:
    stranger = SigningKey.generate()

    assert await surgery.parked(replace(surgery.concern(), key=stranger).signed().raw) == "unknown-kid"


async def test_an_own_key_that_is_for_something_else(surgery: Surgery) -> None:
    client = surgery.town.partnership.parties[surgery.id].client

    assert await surgery.parked(replace(surgery.concern(), key=client).signed().raw) == "unknown-kid"


async def _ended(surgery: Surgery, *, revoked: bool) -> SigningKey:
    """A key of the surgery that was good for a while."""
    partnership, now = surgery.town.partnership, surgery.town.clock()
    voice, key = partnership.parties[surgery.id].voice, SigningKey.generate()
    admit = surgery.town.gateway.admit_registry
    await admit(registry_facts.key_add(voice, surgery.id, key.public, KeyUse.SIGN, now))
    end = registry_facts.key_revoke if revoked else registry_facts.key_retire
    await admit(end(partnership.voice if revoked else voice, surgery.id, key.public, now))
    return key


@pytest.mark.parametrize("revoked", [False, True], ids=["retired", "revoked"])
async def test_a_key_that_has_ended_is_answered_and_refused(surgery: Surgery, revoked: bool) -> None:
    key = await _ended(surgery, revoked=revoked)

    assert await surgery.refused(replace(surgery.concern(), key=key).signed()) == ("key",)


async def test_nobody_submits_for_another(surgery: Surgery) -> None:
    concern = surgery.concern().signed()

    assert await surgery.parked(concern.raw, user=CSC) == "broker-user"


async def test_the_courier_takes_nothing_under_anothers_routing_key(surgery: Surgery) -> None:
    concern = surgery.concern().signed()
    message = Outbound(SUBMIT, submit_key(CSC, "concern", False), concern.raw, surgery.id)

    assert await surgery.town.courier.publish([message]) == [PublishResult.REJECTED]


@pytest.mark.parametrize("issuer", [GATEWAY, "registrar", CSC])
async def test_nobody_speaks_as_the_gateway_or_as_another(surgery: Surgery, issuer: str) -> None:
    concern = replace(surgery.concern(), claims={"iss": issuer}).signed()

    assert await surgery.parked(concern.raw) == "unknown-kid"


# -- headers -----------------------------------------------------------------------------------------


def _with_signature(concern: Signed, header: JsonObject, signature: bytes) -> bytes:
    signed = f"{segment(header)}.{segment(payload_of(concern))}"
    return concern.mutilated(jwt=f"{signed}.{base64url.encode(signature)}")


async def test_alg_none_without_a_signature(surgery: Surgery) -> None:
    concern = surgery.concern().signed()
    raw = _with_signature(concern, header_of(surgery.key) | {"alg": "none"}, b"")

    assert await surgery.parked(raw) == "header"


async def test_hs256_with_the_public_key_as_its_secret(surgery: Surgery) -> None:
    concern = surgery.concern().signed()
    header = header_of(surgery.key) | {"alg": "HS256"}
    signed = f"{segment(header)}.{segment(payload_of(concern))}".encode()
    mac = hmac.new(surgery.key.public.raw, signed, hashlib.sha256).digest()

    assert await surgery.parked(_with_signature(concern, header, mac)) == "header"


async def test_es256(surgery: Surgery) -> None:
    concern = surgery.concern().signed()
    header = header_of(surgery.key) | {"alg": "ES256"}
    signed = f"{segment(header)}.{segment(payload_of(concern))}".encode()
    signature = ec.generate_private_key(ec.SECP256R1()).sign(signed, ec.ECDSA(SHA256()))

    assert await surgery.parked(_with_signature(concern, header, signature[:64])) == "header"


_JWK: JsonObject = dict(SigningKey.generate().public.jwk)


@pytest.mark.parametrize(
    "member",
    [
        {"jwk": _JWK},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "json"},
        {"alg": "EdDSA"},
        {"typ": "at+jwt"},
        {"typ": "candour-client+jwt"},
        {"typ": "JWT"},
        {"kid": None},
        {"kid": "not a thumbprint"},
    ],
    ids=lambda member: " ".join(f"{name}={str(value)[:12]}" for name, value in member.items()),
)
async def test_a_header_that_says_anything_else_though_it_is_signed(
    surgery: Surgery, member: dict[str, JsonValue]
) -> None:
    concern = replace(surgery.concern(), header=member).signed()

    assert await surgery.parked(concern.raw) == "header"


# -- JSON --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_json_in_a_signed_payload(surgery: Surgery, spoil: Spoil) -> None:
    concern = surgery.concern().signed()
    proper = strict_json.dumps_utf8(payload_of(concern))

    spoiled = sign(surgery.key, spoil(proper), header_of(surgery.key))

    assert spoil(proper) != proper
    assert await surgery.parked(concern.mutilated(jwt=spoiled)) == "json"


@pytest.mark.parametrize("name", [name for name in HOSTILE if "10^" not in name])
async def test_hostile_json_in_a_header(surgery: Surgery, name: str) -> None:
    concern = surgery.concern().signed()
    proper = strict_json.dumps_utf8(header_of(surgery.key) | {"v": 1})

    spoiled = sign(surgery.key, payload_of(concern), HOSTILE[name](proper))

    assert await surgery.parked(concern.mutilated(jwt=spoiled)) == "json"


@pytest.mark.parametrize("spoil", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_json_around_a_true_statement(surgery: Surgery, spoil: Spoil) -> None:
    concern = surgery.concern().signed()
    proper = concern.raw[:-1] + b',"v":1}'

    assert await surgery.parked(spoil(proper)) == "json"
    assert await surgery.judge(concern) == ("passed", ())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "json"),
        (b'{"statement":1' + b"0" * 5000 + b',"sealed":""}', "json"),
        (b"[" * 90_000, "json"),
        (b"[" * 100_000 + b"]" * 100_000, "size"),
        (b'{"statement":' + b'{"a":' * 15_000 + b"1" + b"}" * 15_000 + b"}", "json"),
        (b" " * (8 * 1024 * 1024), "size"),
        (b'{"statement":"' + b"a" * (8 * 1024 * 1024) + b'","sealed":""}', "size"),
        (b"\xff\xfe{\x00}\x00", "json"),
        (b'{"statement":"x~"}', "body"),
        (b'{"statement":"x~","sealed":"","receipt":"r"}', "body"),
        (b'{"statement":["x~"],"sealed":""}', "body"),
        (b'{"statement":"x","sealed":""}', "body"),
        (b'{"statement":"x~","sealed":""}', "header"),
    ],
    ids=["nothing", "10^5000", "depth 90,000", "depth 100,000", "objects 15,000 deep", "8 MB of spaces",
         "8 MB of text", "UTF-16", "no sealed", "a receipt", "a list", "no tilde", "no statement"],
)  # fmt: skip
async def test_bytes_that_nobody_may_send(surgery: Surgery, raw: bytes, reason: str) -> None:
    assert await surgery.parked(raw) == reason


async def test_an_issuer_jwt_of_eight_megabytes(surgery: Surgery) -> None:
    concern = surgery.concern().signed()

    assert await surgery.parked(concern.mutilated(jwt="e" * 8 * 1024 * 1024)) == "size"
    assert await surgery.parked(concern.mutilated(jwt=concern.body.jwt + "A" * 5000)) == "size"


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
async def test_padded_base64(surgery: Surgery, part: int) -> None:
    """Signed as it stands, so that nothing but the padding is wrong."""
    concern = surgery.concern().signed()
    parts = concern.body.jwt.split(".")
    parts[part] += "=" * (-len(parts[part]) % 4 or 4)
    if part < 2:
        parts[2] = base64url.encode(surgery.key.sign(".".join(parts[:2]).encode()))

    assert await surgery.parked(concern.mutilated(jwt=".".join(parts))) == "base64url"


async def test_a_kind_that_is_not_in_force_is_refused_by_name(surgery: Surgery) -> None:
    concern = replace(surgery.concern(), claims={"type": "org.candour.gossip.v1"}).signed()

    assert await surgery.parked(concern.raw) == "unknown-kind"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [SCHOOL]},
        {"jti": "1"},
        {"exp": "2026"},
        {"_sd_alg": "sha-512"},
        {"narrative": "what happened"},
        {"sealed": {"kid": "x"}},
        {"iat": -1},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_claims_in_another_form(surgery: Surgery, claims: dict[str, JsonValue]) -> None:
    concern = replace(surgery.concern(), claims=claims).signed()

    assert await surgery.parked(concern.raw) == "claims"


async def test_bytes_without_a_statement_hold_up_no_neighbour(surgery: Surgery) -> None:
    concern = surgery.concern().signed()
    key = submit_key(surgery.id, "concern", False)
    batch = [b"not json", concern.raw, render_body(Body(concern.body.jwt, (), ""))]

    await surgery.town.courier.publish([Outbound(SUBMIT, key, raw, surgery.id) for raw in batch])
    await surgery.town.courier.settle()

    assert (await surgery.reached(concern))["opened"] == "sound"
