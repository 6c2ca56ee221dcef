"""``POST /oauth/token``: client credentials with ``private_key_jwt``. RFC 6749, RFC 7523, RFC 9068."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from candour_protocol.errors import UnauthenticError
from candour_protocol.ids import Kid
from candour_protocol.keys import VerifyKey
from candour_protocol.tokens import ACCESS_LIFETIME, access_token, verify_client_assertion
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from candour_gateway.api.desk import AtDesk, Desk
from candour_gateway.store import clients
from candour_gateway.store.clients import Client

router = APIRouter(prefix="/oauth", tags=["oauth"])
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NAMES = ("grant_type", "client_assertion_type", "client_assertion", "scope")
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": list(_NAMES[:3]),
                    "properties": {name: {"type": "string"} for name in _NAMES},
                }
            }
        },
    }
}

# RFC 6749 section 5.2, which OAuth libraries expect; the one answer that is no problem document
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "An OAuth error", "content": {"application/json": {}}}
}


@router.post("/token", openapi_extra=_FORM, responses=_ERRORS)
async def token(request: Request, desk: AtDesk) -> JSONResponse:
    """An access token of ten minutes, with the scopes asked for as far as the client has them."""
    form = await _form(request)
    if form is None or form.get("client_assertion_type") != ASSERTION:
        return _refused(400, "invalid_request")
    if form.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type")
    client = await _authenticated(desk, form.get("client_assertion", ""))
    if client is None:
        return _refused(401, "invalid_client")
    wanted = frozenset(form.get("scope", "").split()) or client.scopes
    if not wanted <= client.scopes:
        return _refused(400, "invalid_scope")
    return _granted(desk, client, wanted)


async def _form(request: Request) -> dict[str, str] | None:
    """The form's fields; None where one is given twice or it is no form."""
    try:
        pairs = parse_qsl((await request.body()).decode("ascii"), strict_parsing=True, max_num_fields=16)
    except ValueError:
        return None
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


async def _authenticated(desk: Desk, assertion: str) -> Client | None:
    """The client, if its assertion is good and was never used before."""
    now = desk.clock()
    async with desk.database.read() as connection:
        known = {client.id: client for client in await clients.everybody(connection)}

    def find(client_id: str, kid: Kid) -> VerifyKey | None:
        client = known.get(client_id)
        return client.key if client and client.key.kid == kid else None

    try:
        taken = verify_client_assertion(assertion, find, desk.audience, now)
    except UnauthenticError:
        return None
    async with desk.database.write() as connection:
        first = await clients.use_assertion(connection, taken, now)
    return known[taken.client_id] if first else None


def _granted(desk: Desk, client: Client, scopes: frozenset[str]) -> JSONResponse:
    made = access_token(desk.keys.token, desk.audience, desk.audience, client.id, scopes, desk.clock())
    body = {
        "access_token": made,
        "token_type": "Bearer",
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "scope": " ".join(sorted(scopes)),
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _refused(status: int, error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status, {"Cache-Control": "no-store"})
