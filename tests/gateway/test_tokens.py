"""Who gets in: agencies by their client key, programs by access tokens of the gateway's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_gateway.api.oauth import ASSERTION
from candour_protocol.keys import SigningKey
from candour_protocol.tokens import agency_token, audience_of, client_assertion

from tests.gateway.partnership import GP, NET, SCHOOL
from tests.gateway.world import World


async def test_tokens_of_others_or_for_others_are_refused(world: World) -> None:
    key = world.partnership.parties[GP].client
    tokens = [
        agency_token(SigningKey.generate(), GP, audience_of(NET, "gateway"), world.clock()),
        agency_token(key, SCHOOL, audience_of(NET, "gateway"), world.clock()),
        agency_token(key, GP, audience_of(NET, SCHOOL), world.clock()),
        agency_token(key, GP, audience_of(NET, "gateway"), world.clock() - timedelta(minutes=3)),
        "not.a.token",
        "",
    ]

    async with world.http() as client:
        answers = [
            await client.get("/v1/entries", headers={"Authorization": f"Bearer {token}"}) for token in tokens
        ]

    assert [answer.status_code for answer in answers] == [401] * len(tokens)


async def test_a_client_gets_a_token_for_an_assertion_once(world: World) -> None:
    key = SigningKey.generate()
    await world.gateway.register_client("monitor", key.public, frozenset({"ops.read"}))
    assertion = client_assertion(key, "monitor", audience_of(NET, "gateway"), world.clock())
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion,
        "scope": "ops.read",
    }

    async with world.http() as client:
        granted = await client.post("/oauth/token", data=form)
        again = await client.post("/oauth/token", data=form)
        bearer = {"Authorization": f"Bearer {granted.json()['access_token']}"}
        stats = await client.get("/v1/stats", headers=bearer)
        too_much = await client.get("/log/tile/entries/000.p/26", headers=bearer)

    assert granted.json()["expires_in"] == 600
    assert (again.status_code, again.json()) == (401, {"error": "invalid_client"})
    assert stats.status_code == 200
    assert too_much.status_code == 403


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"client_assertion": "a.b.c"}, "invalid_client"),
        ({"scope": "log.audit"}, "invalid_scope"),
    ],
)
async def test_a_bad_token_request_is_refused(world: World, change: dict[str, str], error: str) -> None:
    key = SigningKey.generate()
    await world.gateway.register_client("monitor", key.public, frozenset({"ops.read"}))
    assertion = client_assertion(key, "monitor", audience_of(NET, "gateway"), world.clock())
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion,
    }

    async with world.http() as client:
        answer = await client.post("/oauth/token", data=form | change)

    assert answer.json() == {"error": error}
