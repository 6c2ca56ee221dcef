"""The partnership for everybody: agencies, documents, rules; and how a registry fact gets in."""

from __future__ import annotations

from typing import Any

from candour_protocol import base64url, strict_json
from candour_protocol.errors import MalformedError
from candour_protocol.ids import AgencyId, is_hash
from candour_protocol.registry import RegisteredKey
from fastapi import APIRouter, Request, Response

from candour_gateway.api.desk import AtDesk, Desk
from candour_gateway.api.problems import not_found
from candour_gateway.store import documents
from candour_gateway.store.documents import DocumentKind

router = APIRouter(prefix="/v1", tags=["partnership"])
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FACT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["statement"],
                    "additionalProperties": False,
                    "properties": {
                        "statement": {"type": "string", "description": "the issuer JWT"},
                        "document": {"type": "string", "description": "base64url of the profile or policy"},
                    },
                }
            }
        },
    }
}


@router.get("/agencies")
async def agencies(desk: AtDesk) -> dict[str, Any]:
    """Who takes part, how to reach them, their keys. A hint: the log's registry statements are the proof."""
    await desk.admission.catch_up()
    return {"items": [_agency(desk, agency) for agency in desk.directory.agencies]}


def _agency(desk: Desk, agency: AgencyId) -> dict[str, Any]:
    profile = desk.directory.profile(agency)
    known = profile.model_dump(mode="json") if profile else {"inboxes": []}
    general: dict[str, Any] = next((inbox for inbox in known["inboxes"] if inbox["name"] == "general"), {})
    keys = [_key(key) for key in desk.directory.registry.keys_of(agency)]
    return known | {
        "id": agency,
        "phone": profile.phone_of("general") if profile else None,
        "cover": general.get("cover"),
        "profile": desk.directory.registry.profile_digest(agency),
        "keys": keys,
    }


def _key(key: RegisteredKey) -> dict[str, Any]:
    """Validity in log indexes: from ``added`` up to, not including, ``retired`` or ``revoked``."""
    return {
        **key.jwk,
        "kid": key.kid,
        "use": key.use.value,
        "inbox": key.inbox,
        "added": key.added,
        "retired": key.retired,
        "revoked": key.revoked,
    }


@router.get("/profiles/{sha256}", response_class=Response)
async def profile(sha256: str, desk: AtDesk) -> Response:
    """A profile's exact bytes."""
    return await _document(desk, sha256, DocumentKind.PROFILE, "application/json")


@router.get("/policies/{sha256}", response_class=Response)
async def policy(sha256: str, desk: AtDesk) -> Response:
    """A policy's exact bytes."""
    return await _document(desk, sha256, DocumentKind.POLICY, "application/toml")


async def _document(desk: Desk, sha256: str, kind: DocumentKind, media_type: str) -> Response:
    if not is_hash(sha256):
        raise not_found()
    async with desk.database.read() as connection:
        raw = await documents.find(connection, sha256, kind)
    if raw is None:
        raise not_found()
    return Response(raw, media_type=media_type, headers=_FOR_EVER)


@router.post("/registry", openapi_extra=_FACT)
async def submit_fact(request: Request, desk: AtDesk) -> dict[str, Any]:
    """Hand in a registry fact; the answer is its receipt. Its signature is its authority, not a token."""
    members = strict_json.load_object(await request.body())
    statement, document = members.get("statement"), members.get("document")
    if not isinstance(statement, str) or not isinstance(document, str | None) or len(members) > 2:
        raise MalformedError("body", "a statement, and the document that it names, if any")
    raw = base64url.decode(document) if document is not None else None
    return {"receipt": await desk.facts.submit(statement, raw)}
