"""The REST interface: who sees what, pages, problems, tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol import base64url, registry_facts
from candour_protocol.client import GatewayClient
from candour_protocol.ids import sha256_text
from candour_protocol.policy import load_policy
from candour_protocol.receipt import verify
from candour_protocol.statement import parse
from candour_protocol.wire import Delivered, parse_inbound

from tests.gateway.partnership import CSC, GP, NET, POLICE, POLICY, POLICY_ID, SCHOOL
from tests.gateway.world import World

PROBLEM = "application/problem+json"


async def test_an_agency_reads_its_own_entries_and_every_registry_fact(world: World) -> None:
    own, foreign = world.partnership.concern(GP, SCHOOL), world.partnership.concern(CSC, POLICE)
    await world.submit(own, foreign)

    items = (await world.get("/v1/entries?limit=500", SCHOOL)).json()["items"]

    seen = [verify(item["receipt"], world.verifier) for item in items]
    kinds = [parse(each.entry.jwt).claims.kind.value for each in seen]
    assert kinds.count("registry") == 26
    assert [each.entry.statement for each in seen if each.index >= 26] == [own.statement.hash]
    assert [item["index"] for item in items] == [each.index for each in seen]


async def test_entries_come_in_pages(world: World) -> None:
    concerns = [world.partnership.concern() for _ in range(3)]
    await world.submit(*concerns)
    path: str | None = "/v1/entries?after=-1&limit=7"
    found: list[int] = []

    while path:
        answer = await world.get(path, GP)
        found += [item["index"] for item in answer.json()["items"]]
        path = answer.json()["links"]["next"]

    assert found == list(range(29))


async def test_an_auditor_sees_everything_and_an_operator_without_log_audit_does_not(world: World) -> None:
    await world.submit(world.partnership.concern(CSC, POLICE))
    ops_only = world.gateway.token("ops", frozenset({"ops.read"}), timedelta(minutes=1))

    everything = await world.get("/v1/entries?limit=500", ops=True)
    async with world.http() as client:
        nothing = await client.get("/v1/entries", headers={"Authorization": f"Bearer {ops_only}"})

    assert len(everything.json()["items"]) == 27
    assert nothing.status_code == 403
    assert nothing.json()["code"] == "missing-scope"


@pytest.mark.parametrize(
    "path", ["/v1/entries", "/v1/deliveries", "/v1/obligations", "/v1/stats", "/v1/incidents"]
)
async def test_without_a_token_nobody_reads_anything_that_is_somebodys(world: World, path: str) -> None:
    answer = await world.get(path)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_hash_tiles_are_public_and_entries_are_for_auditors(world: World) -> None:
    checkpoint = await world.get("/log/checkpoint")
    tile = await world.get("/log/tile/0/000.p/26")
    entries = await world.get("/log/tile/entries/000.p/26")
    own = await world.get("/log/tile/entries/000.p/26", GP)
    audit = await world.get("/log/tile/entries/000.p/26", ops=True)

    assert [checkpoint.status_code, tile.status_code, audit.status_code] == [200, 200, 200]
    assert len(tile.content) == 26 * 32
    assert "immutable" in tile.headers["cache-control"]
    assert [entries.status_code, own.status_code] == [401, 403]


@pytest.mark.parametrize("path", ["0/000", "0/001", "0/000.p/27", "0/0", "9/000", "../secrets", "0/000.p/0"])
async def test_a_tile_that_is_not_there_is_not_found(world: World, path: str) -> None:
    assert (await world.get(f"/log/tile/{path}")).status_code == 404


async def test_obligations_are_ones_own_or_all_for_operators(world: World) -> None:
    mine, theirs = world.partnership.concern(GP, SCHOOL), world.partnership.concern(CSC, POLICE)
    await world.submit(mine, theirs)

    own = (await world.get("/v1/obligations", GP)).json()["items"]
    every = (await world.get("/v1/obligations", ops=True)).json()["items"]

    assert {item["about"] for item in own} == {mine.statement.hash}
    assert {item["kind"] for item in own} == {"delivery", "acknowledgement", "decision"}
    assert {item["owed_by"] for item in own} == {SCHOOL}
    assert len(every) == 6
    assert every == sorted(every, key=lambda item: item["due_at"])


async def test_obligations_come_in_pages_that_miss_none(world: World) -> None:
    await world.submit(*[world.partnership.concern() for _ in range(4)])
    path: str | None = "/v1/obligations?limit=5"
    found = []

    while path:
        answer = (await world.get(path, ops=True)).json()
        found += [(item["kind"], item["about"]) for item in answer["items"]]
        path = answer["links"]["next"]

    assert len(found) == len(set(found)) == 12


async def test_stats_count_verdicts_rules_and_what_is_oldest(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern, world.partnership.request([]))
    world.clock.advance(timedelta(minutes=20))

    stats = (await world.get("/v1/stats", ops=True)).json()

    assert stats["entries"] == 28
    assert stats["verdicts"] == {"passed": 27, "refused": 1}
    assert stats["returned_by_rule"] == {"R01": 1}
    assert stats["oldest"]["delivery"]["id"] == concern.statement.claims.jti
    assert stats["oldest"]["delivery"]["age_seconds"] == 1200
    assert stats["oldest"]["delivery"]["overdue"]
    owed = {(each["owed_by"], each["owed_to"], each["kind"]): each["count"] for each in stats["owed"]}
    assert owed[SCHOOL, GP, "acknowledgement"] == 1


async def test_stats_of_an_agency_count_its_own(world: World) -> None:
    await world.submit(world.partnership.concern(GP, SCHOOL), world.partnership.concern(CSC, POLICE))

    stats = (await world.get("/v1/stats", POLICE)).json()

    assert stats["kinds"]["concern"] == {"passed": 1}


async def test_incidents_are_ones_own_or_all_for_operators(world: World) -> None:
    await world.courier.bring((GP, f"{GP}.concern.ordinary", b"{"), (CSC, f"{CSC}.concern.ordinary", b"["))

    own = (await world.get("/v1/incidents", GP)).json()["items"]
    first = (await world.get("/v1/incidents?limit=1", ops=True)).json()
    second = (await world.get(first["links"]["next"], ops=True)).json()

    assert [each["broker_user"] for each in own] == [GP]
    assert {each["broker_user"] for each in first["items"] + second["items"]} == {GP, CSC}


async def test_the_directory_shows_agencies_their_phones_and_keys(world: World) -> None:
    items = (await world.get("/v1/agencies")).json()["items"]

    school = next(item for item in items if item["id"] == SCHOOL)
    assert school["kind"] == "SCHOOL"
    assert school["phone"] == "01632 960000"
    assert {(key["use"], key["inbox"]) for key in school["keys"]} == {
        ("sign", None),
        ("client", None),
        ("seal", "general"),
        ("seal", "restricted"),
        ("seal", "mash"),
    }


async def test_the_protocol_shows_rules_with_examples_nations_code_lists_and_policy(world: World) -> None:
    protocol = (await world.get("/v1/protocol")).json()
    policy = await world.get(f"/v1/policies/{protocol['policy']}")

    rules = {rule["id"]: rule for rule in protocol["rules"]}
    assert sorted(rules) == [f"R{number:02}" for number in range(1, 16)]
    assert rules["R01"]["passing"]
    assert rules["R01"]["failing"]
    for rule in rules.values():
        assert rule["in_force"]
        assert all(rule[part] for part in ("statement", "why", "fix", "severity"))
        assert rule["passing"]["said"] != rule["failing"]["said"]
    assert protocol["clocks"]["deadlines"]["escalate_percent"] == [100, 150, 200]
    assert set(protocol["nations"]) == {"ENGLAND", "WALES", "SCOTLAND", "NORTHERN_IRELAND"}
    assert protocol["nations"]["WALES"]["terms"]["lead"] == "designated safeguarding person"
    assert "urgency" in protocol["codes"]
    assert policy.content == POLICY
    assert sha256_text(policy.content) == protocol["policy"]


async def test_documents_are_found_by_their_hash_and_kind(world: World) -> None:
    profile = world.partnership.parties[GP].profile
    digest = sha256_text(profile)

    assert (await world.get(f"/v1/profiles/{digest}")).content == profile
    assert (await world.get(f"/v1/policies/{digest}")).status_code == 404
    assert (await world.get("/v1/profiles/nonsense")).status_code == 404


async def test_the_partners_client_speaks_to_this_gateway(world: World) -> None:
    await world.submit(world.partnership.concern())
    party = world.partnership.parties[GP]
    profile = party.profile.replace(b"The ", b"That ")
    fact = registry_facts.profile(party.voice, GP, sha256_text(profile), world.clock())

    async with world.http() as http:
        client = GatewayClient("http://gateway", NET, GP, party.client, world.clock, http)
        entries = [item async for item in client.every_entry()]
        receipts = [await client.submit_registry(fact, profile) for _ in range(2)]
        served = await client.profile(sha256_text(profile))
        directory = await client.agencies()

    assert len(entries) == 27
    assert [verify(receipt, world.verifier).index for receipt in receipts] == [27, 27]
    assert served == profile
    assert [item["id"] for item in directory] == list(world.partnership.parties)


async def test_the_partners_client_fetches_what_was_delivered(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    party = world.partnership.parties[SCHOOL]

    async with world.http() as http:
        client = GatewayClient("http://gateway", NET, SCHOOL, party.client, world.clock, http)
        (item,) = await client.deliveries()

    delivered = parse_inbound(item.body)
    assert isinstance(delivered, Delivered)
    assert delivered.body == concern.body


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "json"),
        (b"{}", 400, "body"),
        (b'{"statement": 1}', 400, "body"),
        (b'{"statement": "x", "document": null, "more": 1}', 400, "body"),
        (b'{"statement": "x"}', 400, "header"),
        (b'{"statement": "x", "statement": "y"}', 400, "json"),
        (b" " * 1_100_000, 413, "too-large"),
    ],
)
async def test_a_registry_fact_that_cannot_be_read_is_a_problem(
    world: World, body: bytes, status: int, code: str
) -> None:
    async with world.http() as client:
        answer = await client.post("/v1/registry", content=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM


async def test_a_fact_without_its_document_or_with_another_is_refused(world: World) -> None:
    party = world.partnership.parties[GP]
    fact = registry_facts.profile(party.voice, GP, sha256_text(b"{}"), world.clock())
    bodies = [
        {"statement": fact},
        {"statement": fact, "document": base64url.encode(b"other")},
        {"statement": fact, "document": base64url.encode(b"{}")},
    ]

    async with world.http() as client:
        answers = [await client.post("/v1/registry", json=body) for body in bodies]

    assert [answer.json()["code"] for answer in answers] == ["document", "document", "profile"]


async def test_a_fact_that_is_not_the_speakers_to_say_is_refused(world: World) -> None:
    school = world.partnership.parties[SCHOOL]
    profile = world.partnership.parties[GP].profile
    fact = registry_facts.profile(school.voice, GP, sha256_text(profile), world.clock())

    async with world.http() as client:
        answer = await client.post(
            "/v1/registry", json={"statement": fact, "document": base64url.encode(profile)}
        )

    assert answer.status_code == 422
    assert answer.json()["code"] == "not-allowed"


async def test_it_is_ready_once_its_log_has_begun(world: World) -> None:
    ready = await world.get("/readyz")

    assert ready.status_code == 200
    assert ready.json()["status"] == "ok"
    assert (await world.get("/livez")).json() == {"status": "ok"}
    assert set(ready.json()["checks"]) == {"database", "log", "policy", "transport"}


async def test_metrics_count_statements_by_kind_and_verdict(world: World) -> None:
    await world.submit(world.partnership.concern(), world.partnership.request([]))

    text = (await world.get("/metrics")).text

    assert 'candour_statements_total{kind="concern",verdict="passed"} 1.0' in text
    assert 'candour_rule_violations_total{rule="R01"} 1.0' in text


async def test_a_traceparent_comes_back(world: World) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async with world.http() as client:
        answer = await client.get("/livez", headers={"traceparent": trace})
        nonsense = await client.get("/livez", headers={"traceparent": "x"})

    assert answer.headers["traceparent"] == trace
    assert "traceparent" not in nonsense.headers


@pytest.mark.parametrize("path", ["/nothing", "/v1/entries/7"])
async def test_what_is_not_there_is_a_problem(world: World, path: str) -> None:
    answer = await world.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("query", ["after=x", "limit=0", "limit=501", "after=-2"])
async def test_a_parameter_that_cannot_be_used_is_a_problem(world: World, query: str) -> None:
    answer = await world.get(f"/v1/entries?{query}", GP)

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-parameter"


@pytest.mark.parametrize("made", [b"\0\0\0", b"1 2 deb\0t"], ids=["no cursor", "a NUL in it"])
async def test_a_cursor_of_ones_own_making_is_a_problem(world: World, made: bytes) -> None:
    answer = await world.get(f"/v1/obligations?after={base64url.encode(made)}", ops=True)

    assert (answer.status_code, answer.json()["code"]) == (422, "cursor")


async def test_the_description_and_the_token_key_are_served(world: World) -> None:
    described = (await world.get("/openapi.json")).json()
    keys = (await world.get("/.well-known/jwks.json")).json()["keys"]

    assert "/v1/registry" in described["paths"]
    assert [sorted(key) for key in keys] == [["alg", "crv", "kid", "kty", "use", "x"]]
    assert load_policy(POLICY).id == POLICY_ID
