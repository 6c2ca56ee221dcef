"""Looking at messages: one, its receipt, a whole thread."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from candour_agency import outside, prompting, reconsidering, store
from candour_agency.api import gate
from candour_agency.api.desk import AtDesk
from candour_agency.api.waiting import newest
from candour_agency.calls import Call, visible, visible_thread
from candour_agency.faults import CallError, Code
from candour_agency.messages import Message
from candour_agency.views import Around, Thread

router = APIRouter(prefix="/v1", tags=["messages"])


@router.get("/messages/{id}")
async def get_message(id: str, request: Request, desk: AtDesk) -> JSONResponse:  # noqa: A002 - as in the path
    """A message that this agency sent or received: state, verdict, what is due, timeline, content."""
    call = desk.call(desk.gate.admit(request, gate.MESSAGES_READ))
    message = await desk.database.glance(lambda connection: visible(connection, call, id))
    shown = await newest(desk, message)
    around = await desk.database.glance(lambda connection: _around(connection, call, shown or message))
    return JSONResponse(desk.views.message(message, shown, around))


def _around(connection: store.Connection, call: Call, message: Message) -> Around:
    parents = store.messages.by_hash(connection, [message.about] if message.about else [])
    said = store.messages.about(connection, message.hash)
    parent = next((one for one in parents.values() if call.may_see(one)), None)
    prompts = prompting.on_reading(connection, call, [message]).get(message.hash, ())
    told = outside.told(message, parent, _seen(connection, call, message))
    decider = reconsidering.deciders(connection, [message], call.office.agency).get(message.hash)
    return Around(parent, [one for one in said if call.may_see(one)], prompts, decider, told)


def _seen(connection: store.Connection, call: Call, message: Message) -> Iterator[Message]:
    """Its thread, read only where somebody looks into it."""
    yield from (one for one in store.messages.thread(connection, message.txn) if call.may_see(one))


@router.get("/messages/{id}/receipt", response_class=PlainTextResponse)
async def get_receipt(id: str, request: Request, desk: AtDesk) -> PlainTextResponse:  # noqa: A002
    """The receipt, which verifies with nothing but the log's key."""
    call = desk.call(desk.gate.admit(request, gate.MESSAGES_READ))
    message = await desk.database.glance(lambda connection: visible(connection, call, id))
    shown = await newest(desk, message) or message
    if shown.receipt is None:
        raise CallError(Code.NO_RECEIPT, "The log has not answered yet. Ask again in a moment.")
    return PlainTextResponse(shown.receipt)


def _joined(connection: store.Connection, call: Call, txn: str) -> list[str]:
    """The threads of which this caller may see something, joined by a link that they may see."""
    pairs = store.joins.joined_to(connection, txn)
    links = store.messages.by_hash(connection, {link for link, _ in pairs})
    threads = sorted({thread for link, thread in pairs if call.may_see(links.get(link))})
    return [each for each in threads if any(map(call.may_see, store.messages.thread(connection, each)))]


@router.get("/threads/{txn}")
async def get_thread(txn: str, request: Request, desk: AtDesk) -> JSONResponse:
    """A whole matter, and the board of all lines that were asked in it."""
    call = desk.call(desk.gate.admit(request, gate.MESSAGES_READ))
    thread = await desk.database.read(lambda connection: _thread(connection, call, txn))
    return JSONResponse(desk.views.thread(thread))


def _thread(connection: store.Connection, call: Call, txn: str) -> Thread:
    messages = visible_thread(connection, call, txn)
    deciders = reconsidering.deciders(connection, messages, call.office.agency)
    prompts = prompting.on_reading(connection, call, messages)
    return Thread(txn, messages, _joined(connection, call, txn), deciders, prompts)
