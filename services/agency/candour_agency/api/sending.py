"""Telling and asking: ``POST /v1/concerns``, ``POST /v1/requests``, and their dry runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from candour_protocol.kinds import Kind, Signer
from candour_protocol.strict_json import JsonObject
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse

from candour_agency.api import bodies, gate, openapi
from candour_agency.api.desk import AtDesk, Desk, keyed, notices, preferred_wait
from candour_agency.api.waiting import await_verdicts
from candour_agency.asking import ask
from candour_agency.calls import Call, Composition
from candour_agency.faults import CallError, Code
from candour_agency.rehearsing import rehearse
from candour_agency.schemas.concern import ConcernBody
from candour_agency.schemas.request import RequestBody
from candour_agency.telling import tell

router = APIRouter(prefix="/v1", tags=["sending"])
B = TypeVar("B", bound=BaseModel)
_Composer = Callable[[Connection, Call, B], Composition]


@router.post("/concerns", status_code=202, openapi_extra=openapi.takes(ConcernBody, keyed=True))
async def post_concern(request: Request, desk: AtDesk) -> JSONResponse:
    """Tell a concern: one message for each recipient and child. ``Prefer: wait=N`` waits for the verdicts."""
    access = desk.gate.admit(request, gate.CONCERNS_SEND)
    typed = await bodies.read(request, ConcernBody)
    call = desk.call(access, typed.value.author)
    key = keyed(request, access, typed.fingerprint)
    reply = await desk.counter.post(call, lambda c: tell(c, call, typed.value), key, notices(typed))
    if seconds := preferred_wait(request):
        reply, _ = await await_verdicts(desk, reply, seconds)
    return JSONResponse(reply, 202)


@router.post("/requests", status_code=202, openapi_extra=openapi.takes(RequestBody, keyed=True))
async def post_request(request: Request, desk: AtDesk) -> JSONResponse:
    """Ask. With ``Prefer: wait=N``: 422 with every violation, once the gateway has returned every request."""
    access = desk.gate.admit(request, gate.REQUESTS_SEND)
    typed = await bodies.read(request, RequestBody)
    call = desk.call(access, typed.value.author)
    key = keyed(request, access, typed.fingerprint)
    reply = await desk.counter.post(call, lambda c: ask(c, call, typed.value), key, notices(typed))
    if seconds := preferred_wait(request):
        reply, messages = await await_verdicts(desk, reply, seconds)
        asked = [one for one in messages if one["kind"] == Kind.REQUEST]
        if asked and all(one["state"] == "refused" for one in asked):
            raise _returned(asked)
    return JSONResponse(reply, 202)


def _returned(messages: list[JsonObject]) -> CallError:
    """The problem for a call whose every request came back; ``message`` is the first of them."""
    found: dict[str, JsonObject] = {}
    for message in messages:
        verdict = message["verdict"]
        violations = verdict["violations"] if isinstance(verdict, dict) else []
        for one in violations if isinstance(violations, list) else []:
            if isinstance(one, dict):
                found.setdefault(f"{one['rule']} {one['pointer']}", one)
    members = {"violations": list(found.values()), "message": messages[0], "messages": messages}
    detail = "Every request was returned to you. Each violation says how to mend it; then ask again."
    return CallError(Code.RETURNED, detail, members=members)


@router.post("/concerns/check", openapi_extra=openapi.takes(ConcernBody))
async def check_concern(request: Request, desk: AtDesk) -> JSONResponse:
    """What telling it would do.

    Every violation with its fix, whom it would reach. Nothing is sent or kept.
    """
    desk.gate.admit(request, gate.CONCERNS_SEND)
    return await _check(request, desk, ConcernBody, tell, Kind.CONCERN)


@router.post("/requests/check", openapi_extra=openapi.takes(RequestBody))
async def check_request(request: Request, desk: AtDesk) -> JSONResponse:
    """What asking would do: every violation with its fix, whom it would reach. Nothing is sent or kept."""
    desk.gate.admit(request, gate.REQUESTS_SEND)
    return await _check(request, desk, RequestBody, ask, Kind.REQUEST)


async def _check(
    request: Request, desk: Desk, model: type[B], compose: _Composer[B], kind: Kind
) -> JSONResponse:
    access = desk.gate.admit(request)
    typed = await bodies.read(request, model)
    author = getattr(typed.value, "author", None)
    call = desk.call(access, author if isinstance(author, Signer) else None)
    composition = await desk.database.read(lambda connection: compose(connection, call, typed.value))
    found = rehearse(call, composition, kind, desk.views)
    return JSONResponse(found | {"notices": notices(typed)})
