"""Telling and asking: ``POST /v1/concerns``, ``POST /v1/requests``, and their dry runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from candour_protocol.ids import Address, AgencyId
from candour_protocol.kinds import Kind, Signer
from candour_protocol.rules.advice import may_refuse
from candour_protocol.strict_json import JsonObject
from candour_protocol.tokens import Access
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse

from candour_agency.api import bodies, gate, openapi
from candour_agency.api.desk import AtDesk, Desk, keyed, notices, preferred_wait
from candour_agency.api.doorkeeper import ticket_of
from candour_agency.api.turnstile import Ticket
from candour_agency.api.waiting import await_verdicts
from candour_agency.asking import ask
from candour_agency.calls import Call, Composition
from candour_agency.drafts import requests
from candour_agency.faults import CallError, Code
from candour_agency.office import URGENT
from candour_agency.recalling import Asked, asked_before
from candour_agency.rehearsing import NO_SECOND, rehearse, waits_in_vain
from candour_agency.schemas.concern import ConcernBody
from candour_agency.schemas.request import RequestBody
from candour_agency.telling import tell

router = APIRouter(prefix="/v1", tags=["sending"])
B = TypeVar("B", bound=BaseModel)
S = TypeVar("S", ConcernBody, RequestBody)
R = TypeVar("R")
_Composer = Callable[[Connection, Call, B], Composition]


@router.post("/concerns", status_code=202, openapi_extra=openapi.takes(ConcernBody, keyed=True))
async def post_concern(request: Request, desk: AtDesk) -> JSONResponse:
    """Tell a concern: one message for each recipient and child. ``Prefer: wait=N`` waits for the verdicts."""
    access = desk.gate.admit(request, gate.CONCERNS_SEND)
    typed, ticket = await _let_in(request, desk, access, ConcernBody)
    call = desk.call(access, typed.value.author)
    key = keyed(request, access, typed.fingerprint)
    urgent = typed.value.urgency in URGENT
    reply = await _knowing(
        desk,
        lambda: desk.counter.post(
            call, lambda c: tell(c, call, typed.value), key, notices(typed), urgent=urgent
        ),
    )
    ticket.charge(_count(reply))
    if seconds := preferred_wait(request):
        reply, _ = await await_verdicts(desk, reply, seconds, key)
    return JSONResponse(reply, 202)


@router.post("/requests", status_code=202, openapi_extra=openapi.takes(RequestBody, keyed=True))
async def post_request(request: Request, desk: AtDesk) -> JSONResponse:
    """Ask. With ``Prefer: wait=N``: 422 with every violation, once the gateway has returned every request."""
    access = desk.gate.admit(request, gate.REQUESTS_SEND)
    typed, ticket = await _let_in(request, desk, access, RequestBody)
    call = desk.call(access, typed.value.author)
    key = keyed(request, access, typed.fingerprint)
    urgent = typed.value.urgency in URGENT
    reply = await _knowing(
        desk,
        lambda: desk.counter.post(
            call, lambda c: _ask(c, call, typed.value), key, notices(typed), urgent=urgent
        ),
    )
    ticket.charge(_count(reply))
    if seconds := preferred_wait(request):
        reply, messages = await await_verdicts(desk, reply, seconds, key)
        asked = [one for one in messages if one["kind"] == Kind.REQUEST]
        if asked and all(one["state"] == "refused" for one in asked):
            raise _returned(asked, [one for one in messages if _is_returned_relay(one)], typed.value)
    return JSONResponse(reply, 202)


def _ask(connection: Connection, call: Call, body: RequestBody) -> Composition:
    """What asking comes to, with word of what its author will have to wait for in vain."""
    composed = ask(connection, call, body)
    if call.acting.staff_id is None and waits_in_vain(call, composed, _before(connection, call, composed)):
        composed.notices.append(NO_SECOND)
    return composed


def _before(connection: Connection, call: Call, composed: Composition) -> list[Asked]:
    plans = [part.plan for part in composed.parts if part.plan.kind is Kind.REQUEST]
    return asked_before(connection, call.office, call.now, {plan.to.agency for plan in plans})


async def _let_in(
    request: Request, desk: Desk, access: Access, model: type[S]
) -> tuple[bodies.Typed[S], Ticket]:
    """The body of a call, and what it is let in by: what may be urgent is read before that is known."""
    typed = await bodies.read(request, model)
    ticket = ticket_of(request) or desk.let_in(access, urgent=typed.value.urgency in URGENT)
    return typed, ticket


def _count(reply: JsonObject) -> int:
    messages = reply["messages"]
    return len(messages) if isinstance(messages, list) else 1


async def _knowing(desk: Desk, carry_out: Callable[[], Awaitable[R]]) -> R:
    """Carry a call out; where a recipient is not known, once more with the registry as it is by now.

    Raises:
        CallError: the call cannot be carried out, or the recipient is still not known.
    """
    known = desk.office.directory.registry.last_index
    try:
        return await carry_out()
    except CallError as error:
        if error.code is not Code.UNKNOWN_RECIPIENT:
            raise
        await desk.registering.refresh()
        if desk.office.directory.registry.last_index == known:
            raise
    return await carry_out()


def _is_returned_relay(message: JsonObject) -> bool:
    codes = message["codes"]
    relays = message["kind"] == Kind.CONCERN and isinstance(codes, dict) and codes.get("relays")
    return bool(relays) and message["state"] == "refused"


def _returned(messages: list[JsonObject], relays: list[JsonObject], body: RequestBody) -> CallError:
    """The problem for a call whose every request came back; ``message`` is the first of them.

    A request whose concern could not be passed on says only that its holder was not told. Why stands with the
    relay, so that comes first.
    """
    found: dict[str, JsonObject] = {}
    for message in (*relays, *messages):
        to = Address(AgencyId(str(message["counterparty"])), str(message["inbox"]))
        for one in _violations(message):
            placed = one | {"pointer": requests.in_body(str(one["pointer"]), body, to)}
            if message not in relays or may_refuse(str(one["rule"]), str(one["pointer"])):
                found.setdefault(f"{placed['rule']} {placed['pointer']}", placed)
    members = {
        "violations": list(found.values()),
        "next_steps": messages[0]["next_steps"],
        "message": messages[0],
        "messages": messages,
    }
    detail = "Every request was returned to you. Each violation says how to mend it; then ask again."
    return CallError(Code.RETURNED, detail, members=members)


def _violations(message: JsonObject) -> list[JsonObject]:
    verdict = message["verdict"]
    violations = verdict["violations"] if isinstance(verdict, dict) else []
    return [one for one in violations if isinstance(one, dict)] if isinstance(violations, list) else []


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
    return await _check(request, desk, RequestBody, _ask, Kind.REQUEST)


async def _check(
    request: Request, desk: Desk, model: type[B], compose: _Composer[B], kind: Kind
) -> JSONResponse:
    access = desk.gate.admit(request)
    typed = await bodies.read(request, model)
    author = getattr(typed.value, "author", None)
    call = desk.call(access, author if isinstance(author, Signer) else None)

    def work(connection: Connection) -> tuple[Composition, list[Asked]]:
        composed = compose(connection, call, typed.value)
        return composed, _before(connection, call, composed)

    composition, asked = await _knowing(desk, lambda: desk.database.read(work))
    found = rehearse(
        call, composition, kind, desk.views, lambda place, to: _in_body(place, typed.value, to), asked
    )
    return JSONResponse(found | {"notices": [*notices(typed), *composition.notices]})


def _in_body(pointer: str, body: BaseModel, to: Address) -> str:
    return requests.in_body(pointer, body, to) if isinstance(body, RequestBody) else pointer
