"""Tokens for this node's clients: client credentials with a signed assertion.

Source: RFC 6749, RFC 7523, RFC 9068.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from candour_protocol.errors import UnauthenticError
from candour_protocol.ids import Kid
from candour_protocol.keys import VerifyKey
from candour_protocol.tokens import (
    ACCESS_LIFETIME,
    Assertion,
    FindKey,
    access_token,
    jwks,
    verify_client_assertion,
)
from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse

from candour_agency import store
from candour_agency.api.desk import AtDesk, Desk
from candour_agency.moments import to_ms
from candour_agency.store.clients import Client

router = APIRouter(tags=["tokens"])

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NO_STORE: Final = {"Cache-Control": "no-store"}
_REFUSED: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}
_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_assertion_type": {"const": ASSERTION_TYPE},
                        "client_assertion": {"type": "string"},
                        "scope": {"type": "string"},
                    },
                }
            }
        },
    },
    "responses": {
        "400": {"description": "RFC 6749 section 5.2", "content": {"application/json": {"schema": _REFUSED}}},
        "401": {"description": "RFC 6749 section 5.2", "content": {"application/json": {"schema": _REFUSED}}},
    },
}


@router.post("/oauth/token", openapi_extra=_FORM)
async def token(request: Request, desk: AtDesk) -> JSONResponse:
    """An access token of ten minutes, with those of the scopes asked for that the client has."""
    form = _form(await request.body())
    if form is None:
        return _error("invalid_request", "Send each parameter once, as a form in UTF-8.")
    if form.get("grant_type") != "client_credentials":
        return _error("unsupported_grant_type", "The grant type is client_credentials.")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        return _error("invalid_client", "Send a client_assertion signed by the client's key.", 401)
    client = await _client(desk, form["client_assertion"], form.get("client_id"))
    if client is None:
        return _error("invalid_client", "The client assertion is not valid here.", 401)
    return _granted(desk, client, form.get("scope", ""))


@router.get("/.well-known/jwks.json")
async def keys(desk: AtDesk) -> dict[str, Any]:
    """The key that signs this node's access tokens."""
    return dict(jwks([desk.office.keys.token.public]))


def _form(raw: bytes) -> dict[str, str] | None:
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=16)
    except ValueError:
        return None
    form = dict(pairs)
    return form if len(form) == len(pairs) else None


async def _client(desk: Desk, assertion: str, client_id: str | None) -> Client | None:
    """The client that signed an assertion, which is good once."""
    now = desk.office.clock()

    def work(connection: Connection) -> Client | None:
        try:
            found = verify_client_assertion(assertion, _finder(connection), desk.gate.party, now)
        except UnauthenticError:
            return None
        fresh = store.clients.use_assertion(
            connection, found.client_id, found.jti, to_ms(found.expires_at), to_ms(now)
        )
        return store.clients.find(connection, found.client_id) if fresh and _is(found, client_id) else None

    return await desk.database.write(work)


def _is(assertion: Assertion, client_id: str | None) -> bool:
    return client_id in (None, assertion.client_id)


def _finder(connection: Connection) -> FindKey:
    def find(client: str, kid: Kid) -> VerifyKey | None:
        found = store.clients.find(connection, client)
        return found.key if found is not None and found.key.kid == kid else None

    return find


def _granted(desk: Desk, client: Client, asked: str) -> JSONResponse:
    wanted = set(asked.split()) or set(client.scopes)
    scopes = wanted & client.scopes
    if not scopes:
        return _error("invalid_scope", "The client has none of these scopes.")
    party = desk.gate.party
    made = access_token(
        desk.gate.key,
        party,
        party,
        client.client,
        scopes,
        desk.office.clock(),
        may_assert=client.may_assert,
    )
    body = {
        "access_token": made,
        "token_type": "Bearer",
        "expires_in": _seconds(ACCESS_LIFETIME),
        "scope": " ".join(sorted(scopes)),
    }
    return JSONResponse(body, headers=_NO_STORE)


def _seconds(lifetime: timedelta) -> int:
    return int(lifetime.total_seconds())


def _error(code: str, description: str, status: int = 400) -> JSONResponse:
    """RFC 6749 section 5.2; the one place where a problem has another shape, which OAuth libraries expect."""
    return JSONResponse({"error": code, "error_description": description}, status, _NO_STORE)
