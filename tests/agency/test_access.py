"""Who may call what: tokens, scopes, the restricted inbox, clients and their assertions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from candour_agency import store
from candour_agency.api.gate import SCOPES
from candour_agency.moments import to_ms
from candour_agency.store.clients import Client
from candour_protocol import base64url
from candour_protocol.keys import SigningKey
from candour_protocol.kinds import Kind
from candour_protocol.tokens import access_token, agency_token, audience_of, client_assertion

from tests.agency.partnership import CSC, NET, SCHOOL, Office, Partnership, a_concern, an_answer

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _alg_none(office: Office) -> str:
    header, payload, _ = office.token.split(".")
    changed = json.loads(base64url.decode(header)) | {"alg": "none"}
    return f"{base64url.encode(json.dumps(changed).encode())}.{payload}."


def _hmac_with_the_public_key(office: Office) -> str:
    claims = json.loads(base64url.decode(office.token.split(".")[1]))
    public = office.keys.token.public
    return jwt.encode(claims, public.raw, "HS256", headers={"typ": "at+jwt", "kid": public.kid})


def _another_typ(office: Office) -> str:
    audience = audience_of(NET, SCHOOL)
    return agency_token(office.keys.token, SCHOOL, audience, office.partnership.clock())


def _another_key(office: Office) -> str:
    party = audience_of(NET, SCHOOL)
    now = office.partnership.clock()
    return access_token(SigningKey.generate(), party, party, "tester", SCOPES, now)


def _another_node(office: Office) -> str:
    party = audience_of(NET, CSC)
    return access_token(office.keys.token, party, party, "tester", SCOPES, office.partnership.clock())


def _over(office: Office) -> str:
    party = audience_of(NET, SCHOOL)
    then = office.partnership.clock() - timedelta(hours=1)
    return access_token(office.keys.token, party, party, "tester", SCOPES, then)


def _altered(office: Office) -> str:
    return office.token[:-4] + "AAAA"


def _nonsense(office: Office) -> str:
    return "a.b.c"


@pytest.mark.parametrize(
    "forge",
    [
        _alg_none,
        _hmac_with_the_public_key,
        _another_typ,
        _another_key,
        _another_node,
        _over,
        _altered,
        _nonsense,
    ],
)
async def test_a_token_that_is_not_one_opens_nothing(school: Office, forge: Any) -> None:
    answer = await school.call("POST", "/v1/concerns", a_concern(), token=forge(school))

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_no_token_opens_nothing(school: Office) -> None:
    answer = await school.http.get("/v1/inbox")

    assert answer.status_code == 401


async def test_a_token_is_not_good_for_longer_than_it_says(school: Office, partnership: Partnership) -> None:
    assert (await school.call("GET", "/v1/inbox")).status_code == 200

    partnership.clock.forward(timedelta(minutes=11))

    assert (await school.call("GET", "/v1/inbox")).status_code == 401


CALLS = [
    ("POST", "/v1/concerns", "concerns.send"),
    ("POST", "/v1/concerns/check", "concerns.send"),
    ("POST", "/v1/requests", "requests.send"),
    ("POST", "/v1/requests/check", "requests.send"),
    ("GET", "/v1/messages/x", "messages.read"),
    ("GET", "/v1/messages/x/receipt", "messages.read"),
    ("GET", "/v1/threads/x", "messages.read"),
    ("GET", "/v1/inbox", "inbox.read"),
    ("GET", "/v1/inbox/events", "inbox.read"),
    ("PUT", "/v1/inbox/x/acknowledgement", "inbox.answer"),
    ("POST", "/v1/concerns/x/decision", "inbox.answer"),
    ("POST", "/v1/requests/x/answer", "inbox.answer"),
    ("POST", "/v1/requests/x/outcome", "requests.send"),
    ("POST", "/v1/requests/x/approval", "requests.approve"),
    ("POST", "/v1/disclosure-reports", "audit.read"),
]


@pytest.mark.parametrize(("method", "path", "scope"), CALLS)
async def test_every_call_wants_its_scope(school: Office, method: str, path: str, scope: str) -> None:
    others = school.with_scopes(*(one for one in SCOPES if one != scope))

    answer = await school.call(method, path, {}, token=others)

    assert (answer.status_code, answer.json()["code"]) == (403, "missing-scope")
    assert scope in answer.json()["detail"]


async def test_the_restricted_inbox_is_not_there_without_its_scope(school: Office, csc: Office) -> None:
    told = await school.tell(f"{CSC}/restricted")
    shown = await csc.until(told, "delivered")
    ordinary = csc.with_scopes(*(one for one in SCOPES if one != "inbox.restricted"))

    answers = [
        await csc.call("GET", f"/v1/messages/{told}", token=ordinary),
        await csc.call("GET", f"/v1/messages/{told}/receipt", token=ordinary),
        await csc.call("GET", f"/v1/threads/{shown['thread']}", token=ordinary),
        await csc.call("PUT", f"/v1/inbox/{told}/acknowledgement", {"name": "X"}, token=ordinary),
        await csc.call("POST", f"/v1/concerns/{told}/decision", {}, token=ordinary),
        await csc.call("GET", "/v1/inbox?inbox=restricted", token=ordinary),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert (await csc.get("/v1/inbox", token=ordinary))["items"] == []
    [item] = (await csc.get("/v1/inbox?inbox=restricted"))["items"]
    assert item["id"] == told


async def test_a_restricted_concern_cannot_be_cited_without_the_scope(
    school: Office, csc: Office, police: Office
) -> None:
    told = await school.tell(f"{CSC}/restricted")
    await csc.until(told, "delivered")
    ordinary = csc.with_scopes("requests.send")

    answer = await csc.call(
        "POST", "/v1/requests", {"recipients": ["shire-police"], "concern_ids": [told]}, token=ordinary
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-concern")


async def test_somebody_elses_message_is_as_absent_as_one_that_never_was(
    school: Office, csc: Office, gp: Office
) -> None:
    told = await school.tell()

    stranger = await gp.call("GET", f"/v1/messages/{told}")
    nobody = await gp.call("GET", "/v1/messages/01a207a2-3280-7de3-8026-da2db6219e21")
    odd = await gp.call("GET", "/v1/messages/%00%ff..")

    assert stranger.status_code == nobody.status_code == odd.status_code == 404
    assert stranger.json() == nobody.json() == odd.json()


async def test_what_follows_a_restricted_matter_stays_there(school: Office, csc: Office) -> None:
    told = await school.tell(f"{CSC}/restricted")
    shown = await csc.until(told, "delivered")

    sent = await school.post(f"/v1/threads/{shown['thread']}/replies", {"facts": [{"what": "He called."}]})

    found = await csc.until(sent["messages"][0]["id"], "delivered")
    assert found["inbox"] == "restricted"


async def _register(office: Office, key: SigningKey, *scopes: str) -> None:
    client = Client("case-system", key.public, frozenset(scopes), may_assert=True)
    now = to_ms(office.partnership.clock())
    await office.node.desk.database.write(lambda connection: store.clients.add(connection, client, now))


def _form(office: Office, key: SigningKey, **changes: str) -> dict[str, str]:
    audience = audience_of(NET, office.agency)
    made = client_assertion(key, "case-system", audience, office.partnership.clock())
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": made,
        "scope": "concerns.send",
        **changes,
    }


async def test_a_registered_client_gets_a_token_that_works(school: Office) -> None:
    key = SigningKey.generate()
    await _register(school, key, "concerns.send", "messages.read")

    answer = await school.http.post("/oauth/token", data=_form(school, key))

    granted = answer.json()
    assert (answer.status_code, granted["token_type"], granted["expires_in"]) == (200, "Bearer", 600)
    assert granted["scope"] == "concerns.send"
    told = await school.call("POST", "/v1/concerns", a_concern(), token=granted["access_token"])
    assert told.status_code == 202
    author = (await school.message(told.json()["messages"][0]["id"]))["content"]["author"]
    assert author["as_stated"] is False


async def test_an_assertion_is_good_once(school: Office) -> None:
    key = SigningKey.generate()
    await _register(school, key, "concerns.send")
    form = _form(school, key)

    first = await school.http.post("/oauth/token", data=form)
    second = await school.http.post("/oauth/token", data=form)

    assert (first.status_code, second.status_code) == (200, 401)
    assert second.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "other"}, "invalid_client"),
        ({"client_assertion": "x.y.z"}, "invalid_client"),
        ({"client_id": "somebody-else"}, "invalid_client"),
        ({"scope": "inbox.read"}, "invalid_scope"),
    ],
)
async def test_a_bad_token_request_is_told_what_is_wrong(
    school: Office, changes: dict[str, str], error: str
) -> None:
    key = SigningKey.generate()
    await _register(school, key, "concerns.send")

    answer = await school.http.post("/oauth/token", data=_form(school, key, **changes))

    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error


async def test_an_unregistered_key_gets_no_token(school: Office) -> None:
    await _register(school, SigningKey.generate(), "concerns.send")

    answer = await school.http.post("/oauth/token", data=_form(school, SigningKey.generate()))

    assert answer.status_code == 401


async def test_a_form_that_is_none_is_refused(school: Office) -> None:
    answers = [
        await school.http.post("/oauth/token", content=b"\xff\xfe=%%"),
        await school.http.post("/oauth/token", content=b"grant_type=a&grant_type=b"),
        await school.http.post("/oauth/token"),
    ]

    assert {answer.status_code for answer in answers} == {400}


async def test_the_keys_are_served(school: Office) -> None:
    keys = (await school.http.get("/.well-known/jwks.json")).json()["keys"]

    assert [key["kid"] for key in keys] == [school.keys.token.public.kid]
    assert "d" not in keys[0]


async def test_an_answer_is_for_its_scope_only(csc: Office, police: Office, partnership: Partnership) -> None:
    asked = await csc.ask("shire-police")
    await police.until(asked, "delivered")
    reader = police.with_scopes("inbox.read", "messages.read")

    answer = await police.call("POST", f"/v1/requests/{asked}/answer", an_answer(), token=reader)

    assert answer.status_code == 403
    assert partnership.gateway.of_kind(Kind.ANSWER) == []
