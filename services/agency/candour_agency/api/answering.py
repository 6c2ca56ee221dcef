"""Answering what came: acknowledgement, decision, answer, outcome, approval, reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from candour_protocol.kinds import Signer
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse

from candour_agency import reacting
from candour_agency.api import bodies, gate, openapi
from candour_agency.api.desk import AtDesk, Desk, keyed, notices, preferred_wait
from candour_agency.api.waiting import await_verdicts
from candour_agency.calls import Call, Composition
from candour_agency.schemas.reactions import (
    AcknowledgementBody,
    AnswerBody,
    ApprovalBody,
    DecisionBody,
    OutcomeBody,
    ReplyBody,
)

router = APIRouter(prefix="/v1", tags=["answering"])
B = TypeVar("B", bound=BaseModel)
EITHER_PARTY = (gate.INBOX_ANSWER, gate.CONCERNS_SEND, gate.REQUESTS_SEND)


@router.put("/inbox/{id}/acknowledgement", openapi_extra=openapi.takes(AcknowledgementBody, keyed=True))
async def acknowledge(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002 - as in the path
    """A named person has it. Said twice, it is sent once."""
    return await react(request, desk, (gate.INBOX_ANSWER,), AcknowledgementBody, about(id, _once))


def _once(connection: Connection, call: Call, jti: str, body: AcknowledgementBody) -> Composition:
    before = reacting.acknowledged(connection, call, jti)
    if before is None:
        return reacting.acknowledge(connection, call, jti, body)
    return reacting.repeated(call, before)


@router.post(
    "/concerns/{id}/decision", status_code=202, openapi_extra=openapi.takes(DecisionBody, keyed=True)
)
async def decide(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """What will be done about a concern, for its sender to know."""
    return await react(request, desk, (gate.INBOX_ANSWER,), DecisionBody, about(id, reacting.decide))


@router.post("/requests/{id}/answer", status_code=202, openapi_extra=openapi.takes(AnswerBody, keyed=True))
async def answer(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """An outcome for each line."""
    return await react(request, desk, (gate.INBOX_ANSWER,), AnswerBody, about(id, reacting.answer))


@router.post("/requests/{id}/outcome", status_code=202, openapi_extra=openapi.takes(OutcomeBody, keyed=True))
async def conclude(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """What came of the answer, for the holder to know."""
    return await react(request, desk, (gate.REQUESTS_SEND,), OutcomeBody, about(id, reacting.conclude))


@router.post(
    "/requests/{id}/approval", status_code=202, openapi_extra=openapi.takes(ApprovalBody, keyed=True)
)
async def approve(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """A second person's word on an own request that is waiting for one."""
    return await react(request, desk, (gate.REQUESTS_APPROVE,), ApprovalBody, about(id, reacting.approve))


@router.post("/threads/{txn}/replies", status_code=202, openapi_extra=openapi.takes(ReplyBody, keyed=True))
async def reply(txn: str, request: Request, desk: AtDesk) -> JSONResponse:
    """More for a thread: answers to questions, facts, attachments."""
    return await react(request, desk, EITHER_PARTY, ReplyBody, about(txn, reacting.reply))


def about(
    name: str, compose: Callable[[Connection, Call, str, B], Composition]
) -> Callable[[Connection, Call, B], Composition]:
    """What is composed about the message, or the thread, that a path names."""
    return lambda connection, call, body: compose(connection, call, name, body)


async def react(
    request: Request,
    desk: Desk,
    scopes: tuple[str, ...],
    model: type[B],
    compose: Callable[[Connection, Call, B], Composition],
) -> JSONResponse:
    """Carry out a call that says something about what is here; ``Prefer: wait=N`` waits for the verdicts."""
    access = desk.gate.admit(request, *scopes)
    typed = await bodies.read(request, model)
    desk.let_in(access, urgent=True)  # who answers others is not to wait for what the agency itself tells
    call = desk.call(access, _person(typed.value))
    key = keyed(request, access, typed.fingerprint)
    answered = await desk.counter.post(
        call, lambda connection: compose(connection, call, typed.value), key, notices(typed), urgent=True
    )
    if seconds := preferred_wait(request):
        answered, _ = await await_verdicts(desk, answered, seconds, key)
    return JSONResponse(answered, 202)


def _person(body: BaseModel) -> Signer | None:
    """Who is named as the one who acts."""
    if isinstance(body, AcknowledgementBody):
        return Signer(staff_id=body.staff_id, name=body.name, role=body.role)
    found = (getattr(body, name, None) for name in ("author", "decider", "who"))
    return next((one for one in found if isinstance(one, Signer)), None)
