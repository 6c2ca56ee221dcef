"""Steps that take a matter off its straight way, or on to somebody else.

Withdrawal, correction and its application, challenge, closure, transfer, told outside, link, a lodgee's word,
erasure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from candour_protocol.kinds import Kind
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse

from candour_agency import challenges, corrections, endings, erasing, lodging, reconsidering, ties
from candour_agency.api import gate, openapi
from candour_agency.api.answering import EITHER_PARTY, about, react
from candour_agency.api.desk import AtDesk, Desk
from candour_agency.calls import Call, Composition, visible
from candour_agency.faults import CallError, Code
from candour_agency.messages import Message
from candour_agency.schemas.steps import (
    AppliedBody,
    ChallengeBody,
    ClosureBody,
    CorrectionBody,
    ErasureBody,
    LinkBody,
    ToldBody,
    TransferBody,
    WithdrawalBody,
    WordBody,
)

router = APIRouter(prefix="/v1", tags=["steps"])
B = TypeVar("B", bound=BaseModel)
_SENDING = {Kind.CONCERN: gate.CONCERNS_SEND, Kind.REQUEST: gate.REQUESTS_SEND}


@router.post(
    "/messages/{id}/withdrawal", status_code=202, openapi_extra=openapi.takes(WithdrawalBody, keyed=True)
)
async def withdraw(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002 - as in the path
    """Take back what your agency sent."""
    return await _as_the_parent(id, request, desk, WithdrawalBody, corrections.withdraw)


@router.post(
    "/messages/{id}/correction", status_code=202, openapi_extra=openapi.takes(CorrectionBody, keyed=True)
)
async def correct(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """Put right what your agency sent, with everybody who has it."""
    return await _as_the_parent(id, request, desk, CorrectionBody, corrections.correct)


@router.post("/inbox/{id}/applied", status_code=202, openapi_extra=openapi.takes(AppliedBody, keyed=True))
async def apply(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """Whether a correction stands in your agency's records, or why it cannot."""
    return await react(request, desk, (gate.INBOX_ANSWER,), AppliedBody, about(id, corrections.apply))


@router.post(
    "/messages/{id}/challenge", status_code=202, openapi_extra=openapi.takes(ChallengeBody, keyed=True)
)
async def challenge(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """Ask for another decision by somebody else, or take a challenge one stage further."""
    return await _as_the_parent(id, request, desk, ChallengeBody, challenges.challenge)


@router.post("/concerns/{id}/closure", status_code=202, openapi_extra=openapi.takes(ClosureBody, keyed=True))
async def close_concern(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """End a concern; everybody concerned is told, holders of unanswered checks too."""
    return await react(
        request,
        desk,
        (gate.INBOX_ANSWER, gate.CONCERNS_SEND),
        ClosureBody,
        about(id, partial(endings.close, kind=Kind.CONCERN)),
    )


@router.post("/requests/{id}/closure", status_code=202, openapi_extra=openapi.takes(ClosureBody, keyed=True))
async def close_request(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """End a request of your own."""
    return await react(
        request,
        desk,
        (gate.REQUESTS_SEND,),
        ClosureBody,
        about(id, partial(endings.close, kind=Kind.REQUEST)),
    )


@router.post(
    "/concerns/{id}/transfer", status_code=202, openapi_extra=openapi.takes(TransferBody, keyed=True)
)
async def transfer_concern(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """Hand a received concern to another worker, inbox or agency."""
    return await _hand_on(id, request, desk, Kind.CONCERN)


@router.post(
    "/requests/{id}/transfer", status_code=202, openapi_extra=openapi.takes(TransferBody, keyed=True)
)
async def transfer_request(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """Hand a received request to a colleague, who says that they have it."""
    return await _hand_on(id, request, desk, Kind.REQUEST)


async def _hand_on(jti: str, request: Request, desk: Desk, kind: Kind) -> JSONResponse:
    compose = about(jti, partial(endings.transfer, kind=kind))
    return await react(request, desk, (gate.INBOX_ANSWER,), TransferBody, compose)


@router.post("/threads/{txn}/told", status_code=202, openapi_extra=openapi.takes(ToldBody, keyed=True))
async def tell_of(txn: str, request: Request, desk: AtDesk) -> JSONResponse:
    """Somebody outside the exchange was told by other means."""
    return await react(request, desk, EITHER_PARTY, ToldBody, about(txn, ties.tell_of))


@router.post("/threads/{txn}/links", status_code=202, openapi_extra=openapi.takes(LinkBody, keyed=True))
async def link(txn: str, request: Request, desk: AtDesk) -> JSONResponse:
    """Say that other threads, or tokens, are one child with this one; or undo that."""
    return await react(request, desk, EITHER_PARTY, LinkBody, about(txn, ties.link))


@router.post("/inbox/{id}/word", status_code=202, openapi_extra=openapi.takes(WordBody, keyed=True))
async def give_word(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """A lodgee's word that a request on what is lodged with it is justified."""
    return await react(request, desk, (gate.REQUESTS_APPROVE,), WordBody, about(id, lodging.give_word))


@router.post("/messages/{id}/erasure", status_code=202, openapi_extra=openapi.takes(ErasureBody, keyed=True))
async def erase(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """Have what your agency's message said deleted, here, there and in between."""
    return await _as_the_parent(id, request, desk, ErasureBody, erasing.ask)


@router.post("/inbox/{id}/agreement", status_code=202, openapi_extra=openapi.takes(ErasureBody, keyed=True))
async def agree(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002
    """Agree that something is erased before its time, by the notice that asks for it."""
    return await react(
        request,
        desk,
        (gate.REQUESTS_APPROVE,),
        ErasureBody,
        lambda c, call, body: erasing.agree(c, call, id, body),
    )


async def _as_the_parent(
    jti: str,
    request: Request,
    desk: Desk,
    model: type[B],
    compose: Callable[[Connection, Call, str, B], Composition],
) -> JSONResponse:
    """A step that wants the scope of what it is about: of sending it, or of answering what came."""
    access = desk.gate.admit(request, *EITHER_PARTY)

    def composed(connection: Connection, call: Call, body: B) -> Composition:
        message = visible(connection, call, jti)
        scope = _scope(reconsidering.matter_of(connection, message))
        if scope not in access.scopes:
            raise CallError(Code.MISSING_SCOPE, f"Ask for a token with the scope {scope}.")
        return compose(connection, call, jti, body)

    return await react(request, desk, EITHER_PARTY, model, composed)


def _scope(matter: Message | None) -> str:
    """Who may send a matter may take it back; who answers one may do the rest."""
    if matter is None or matter.received:
        return gate.INBOX_ANSWER
    return _SENDING.get(matter.kind, gate.INBOX_ANSWER)
