"""What does not authenticate: parked and counted, kept by digest only, and its broker user is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from candour_gateway.database import Database
from candour_gateway.housekeeping import forget_incidents
from candour_gateway.store import incidents
from candour_protocol import base64url, registry_facts, strict_json
from candour_protocol.ids import sha256_text
from candour_protocol.keys import SigningKey
from candour_protocol.registry_facts import Voice
from candour_protocol.statement import Body, Issued
from candour_protocol.strict_json import JsonObject, JsonValue
from candour_protocol.transport.port import Ack, Park
from candour_protocol.transport.topology import submit_key
from candour_protocol.wire import render_body

from tests.gateway.partnership import CSC, GP, NET, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World, mutilated


def _key(agency: str = GP, kind: str = "concern") -> str:
    return submit_key(agency, kind, urgent=False)


async def _parked(world: World, raw: bytes, user: str = GP, key: str | None = None) -> str:
    """The reason for which it is parked; nothing but a digest is kept, and nothing was delivered."""
    sent = len(world.courier.sent)
    size = (await world.get("/v1/stats", ops=True)).json()["entries"]

    (settlement,) = await world.courier.bring((user, key or _key(), raw))

    assert isinstance(settlement, Park)
    assert (await world.get("/v1/stats", ops=True)).json()["entries"] == size
    incidents = (await world.get("/v1/incidents", ops=True)).json()["items"]
    assert (settlement.reason, sha256_text(raw)) in {(each["code"], each["digest"]) for each in incidents}
    told = world.courier.sent[sent:]
    assert {each.routing_key for each in told} <= {f"{user}.ordinary"}
    return settlement.reason


def _resigned(issued: Issued, key: SigningKey, header: JsonValue = None, **claims: JsonValue) -> bytes:
    """The same statement with another header or other claims, signed by this key."""
    first, second, _ = issued.statement.jwt.split(".")
    head = header or strict_json.load_object(base64url.decode(first))
    payload = strict_json.load_object(base64url.decode(second)) | claims
    signed = ".".join(base64url.encode(strict_json.dumps(part).encode()) for part in (head, payload))
    jwt = f"{signed}.{base64url.encode(key.sign(signed.encode()))}"
    return mutilated(issued, jwt=jwt)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b'{"statement":"a","statement":"b","sealed":""}', "json"),
        (b'{"statement":NaN,"sealed":""}', "json"),
        (b'{"statement":1e400,"sealed":""}', "json"),
        (b'{"statement":1' + b"0" * 5000 + b',"sealed":""}', "json"),
        (b"[" * 90_000, "json"),
        (b'{"statement":"\x00~","sealed":""}', "json"),
        (b'{"statement":"\\ud800~","sealed":""}', "json"),
        (b'{"statement":"\xe2\x80\xae~","sealed":""}', "json"),
        (b'{"statement":"x"}', "body"),
        (b" " * 8_000_000, "size"),
    ],
)
async def test_bytes_that_nobody_may_send_are_parked(world: World, raw: bytes, reason: str) -> None:
    found = await _parked(world, raw)

    assert found == reason
    (problem,) = world.problems(GP)
    assert (problem.problem, problem.digest) == (reason, sha256_text(raw))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"alg": "none"}, "header"),
        ({"alg": "HS256"}, "header"),
        ({"alg": "ES256"}, "header"),
        ({"typ": "at+jwt"}, "header"),
        ({"jwk": {}}, "header"),
        ({"jku": "https://evil.example"}, "header"),
        ({"x5u": "https://evil.example"}, "header"),
        ({"crit": []}, "header"),
        ({"b64": False}, "header"),
        ({"zip": "DEF"}, "header"),
        ({"cty": "x"}, "header"),
    ],
)
async def test_a_header_says_exactly_what_it_must(
    world: World, change: dict[str, JsonValue], reason: str
) -> None:
    concern = world.partnership.concern()
    key = world.partnership.parties[GP].sign
    plain: JsonObject = {"alg": "Ed25519", "kid": concern.statement.kid, "typ": "candour-msg+sd-jwt"}
    header: JsonObject = plain | change

    found = await _parked(world, _resigned(concern, key, header))

    assert found == reason


async def test_an_altered_signature_is_parked(world: World) -> None:
    concern = world.partnership.concern()
    jwt = concern.statement.jwt
    altered = jwt[:-4] + ("AAAA" if jwt[-4:] != "AAAA" else "BBBB")

    assert await _parked(world, mutilated(concern, jwt=altered)) in {"signature", "base64url"}


async def test_an_altered_claim_is_parked(world: World) -> None:
    concern = world.partnership.concern()
    first, second, third = concern.statement.jwt.split(".")
    payload = strict_json.load_object(base64url.decode(second)) | {"aud": CSC}
    jwt = f"{first}.{base64url.encode(strict_json.dumps(payload).encode())}.{third}"

    assert await _parked(world, mutilated(concern, jwt=jwt)) == "signature"


async def test_padded_base64_is_parked(world: World) -> None:
    concern = world.partnership.concern()

    assert await _parked(world, mutilated(concern, jwt=concern.statement.jwt + "=")) == "base64url"


async def test_another_agencys_key_does_not_speak_for_an_issuer(world: World) -> None:
    concern = world.partnership.concern()
    thief = world.partnership.parties[SCHOOL].sign
    header: JsonValue = {"alg": "Ed25519", "kid": thief.public.kid, "typ": "candour-msg+sd-jwt"}

    assert await _parked(world, _resigned(concern, thief, header)) == "unknown-kid"


async def test_a_key_that_nobody_registered_is_unknown(world: World) -> None:
    concern = world.partnership.concern()
    stranger = SigningKey.generate()
    header: JsonValue = {"alg": "Ed25519", "kid": stranger.public.kid, "typ": "candour-msg+sd-jwt"}

    assert await _parked(world, _resigned(concern, stranger, header)) == "unknown-kid"


async def test_nobody_submits_for_another(world: World) -> None:
    concern = world.partnership.concern(GP)

    assert await _parked(world, concern.raw, user=SCHOOL, key=_key(SCHOOL)) == "broker-user"


async def test_the_routing_key_speaks_for_the_issuer_too(world: World) -> None:
    concern = world.partnership.concern(GP)

    assert await _parked(world, concern.raw, user=GP, key=_key(SCHOOL)) == "broker-user"


async def test_a_statement_of_another_partnership_is_parked(world: World) -> None:
    concern = world.partnership.concern(draft_net="elsewhere")

    assert await _parked(world, concern.raw) == "net"


async def test_kinds_that_are_not_in_force_are_refused_by_name(world: World) -> None:
    concern = world.partnership.concern()
    key = world.partnership.parties[GP].sign

    gossip = _resigned(concern, key, type="org.candour.gossip.v1")

    assert await _parked(world, gossip) == "unknown-kind"


async def test_claims_that_are_not_in_form_are_never_logged(world: World) -> None:
    concern = world.partnership.concern()
    key = world.partnership.parties[GP].sign

    assert await _parked(world, _resigned(concern, key, narrative="what happened")) == "claims"


@pytest.mark.parametrize("part", ["disclosure", "sealed", "missing", "repeated", "decoy"])
async def test_a_mutilated_copy_does_not_stop_the_true_message(world: World, part: str) -> None:
    concern = world.partnership.concern()
    (shown,) = concern.body.disclosures
    other = world.partnership.concern()
    copies: dict[str, dict[str, Any]] = {
        "disclosure": {"disclosures": (shown[:-2] + ("AA" if not shown.endswith("AA") else "BA"),)},
        "sealed": {"sealed": other.body.sealed},
        "missing": {"disclosures": ()},
        "repeated": {"disclosures": (shown, shown)},
        "decoy": {"disclosures": (shown, *other.body.disclosures)},
    }

    reason = await _parked(world, mutilated(concern, **copies[part]))
    verdict = await world.judge(concern)

    assert reason in {"body-mismatch", "body"}
    assert verdict == ("passed", ())
    assert world.copies(concern)


async def test_a_broker_user_who_is_no_agency_is_told_nothing(world: World) -> None:
    sent = len(world.courier.sent)

    (settlement,) = await world.courier.bring(("somebody", _key("somebody"), b"{}"))

    assert isinstance(settlement, Park)
    assert len(world.courier.sent) == sent


async def test_one_bad_message_does_not_hold_up_its_neighbours(world: World) -> None:
    before, after = world.partnership.concern(), world.partnership.concern()

    settlements = await world.courier.bring(
        world.message(before), (GP, _key(), b"not json"), world.message(after)
    )

    assert settlements == [Ack(), Park("json"), Ack()]
    assert world.copies(before)
    assert world.copies(after)


async def test_a_registry_fact_that_the_chain_forbids_is_not_logged(world: World) -> None:
    party, now = world.partnership.parties[GP], world.clock()
    jwt = registry_facts.profile(Voice(NET, GP, party.sign), SCHOOL, sha256_text(b"x"), now)
    raw = render_body(Body(jwt, (), ""))

    assert await _parked(world, raw, key=_key(GP, "registry")) == "not-allowed"


async def test_incidents_keep_digests_and_no_bytes(world: World) -> None:
    narrative = b'{"statement":"Rowan said something~","sealed":"", "extra": 1}'

    await _parked(world, narrative)

    database = (world.partnership.folder / "gateway.db").read_bytes()
    wal = (world.partnership.folder / "gateway.db-wal").read_bytes()
    assert b"Rowan" not in database + wal


@ON_BOTH
async def test_of_whoever_sends_nothing_but_junk_the_newest_incidents_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "MOST", 3)
    for number in range(7):
        await world.courier.bring((GP, _key(), f"junk {number}".encode()))
        world.clock.advance(timedelta(seconds=1))
    await world.courier.bring((CSC, _key(CSC), b"junk of another"))
    database = Database(world.partnership.settings().database_url)

    forgotten = [await forget_incidents(database) for _ in range(2)]
    await database.close()

    found = (await world.get("/v1/incidents", ops=True)).json()["items"]
    kept = [("junk of another", CSC), *[(f"junk {number}", GP) for number in (6, 5, 4)]]
    assert forgotten == [4, 0]
    assert [(each["digest"], each["broker_user"]) for each in found] == [
        (sha256_text(raw.encode()), user) for raw, user in kept
    ]
