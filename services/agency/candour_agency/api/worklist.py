"""The inbox as a worklist: pages, long poll, and server-sent events. Woken by arrivals, never by a timer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from candour_protocol import base64url
from candour_protocol.codes import Urgency
from candour_protocol.errors import MalformedError
from candour_protocol.ids import RESTRICTED
from candour_protocol.kinds import Kind
from candour_protocol.tokens import Access
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse

from candour_agency import reconsidering, store
from candour_agency.api import gate
from candour_agency.api.desk import AtDesk, Desk
from candour_agency.bells import INBOX, rung
from candour_agency.engines.work import AwayError
from candour_agency.faults import CallError, Code, Place, unknown_message
from candour_agency.store.messages import Filter, Listed

router = APIRouter(prefix="/v1/inbox", tags=["inbox"])

HEARTBEAT: Final = 25.0  # seconds without an event, after which a comment keeps the connection open
_CARRIED: Final = ("limit", "inbox", "kind", "urgency", "state", "order")  # into the next page's link
_KINDS: Final = tuple(kind for kind in Kind if kind not in (Kind.REGISTRY, Kind.ERASURE))
_AT_ONCE: Final = 100  # events in one look

Limit = Annotated[int, Query(ge=1, le=200)]
Wait = Annotated[int, Query(ge=0, le=60, description="Seconds to wait for something to arrive.")]
Word = Annotated[str | None, Query(max_length=48, pattern=r"^[A-Za-z0-9_-]*$")]


@router.get("")
async def get_inbox(
    request: Request,
    desk: AtDesk,
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    wait: Wait = 0,
    inbox: Word = None,
    kind: Word = None,
    urgency: Word = None,
    state: Annotated[str, Query(pattern="^(open|all)$")] = "all",
    order: Annotated[str, Query(pattern="^(arrival|urgency)$")] = "arrival",
) -> JSONResponse:
    """What was received, oldest first or urgent first. ``links.next`` goes on behind the last item.

    With ``wait`` an empty page comes only when that time is over.
    """
    access = desk.gate.admit(request, gate.INBOX_READ)
    own = desk.office.directory
    inbox = _one_of("inbox", inbox, own.inboxes(own.agency))
    rank, seq = _read_cursor(after)
    wanted = Filter(
        after=seq,
        rank=rank,
        limit=limit,
        inbox=inbox,
        kind=_one_of("kind", kind, _KINDS),
        urgency=_one_of("urgency", urgency, tuple(Urgency)),
        open_only=state == "open",
        restricted=_sees(access, inbox),
        urgent_first=order == "urgency",
        person=_person(access),
    )
    found = await _wait_for(desk, wanted, wait)
    return _page(desk, request, found[:limit])


def _one_of(name: str, typed: str | None, known: Sequence[str]) -> str | None:
    """The word that a filter names, in whatever case; a mistyped one would find nothing, and say nothing.

    Raises:
        CallError: it is none of these.
    """
    if not typed:
        return None
    found = next((word for word in known if word.casefold() == typed.casefold()), None)
    if found is None:
        detail = f"Give one of {', '.join(known)}; or leave it out."
        raise CallError(Code.INVALID_PARAMETER, detail, places=[Place(f"/query/{name}", detail)])
    return found


def _person(access: Access) -> str | None:
    """Who looks, as marks that keep somebody out are compared with it."""
    return access.acts_as.strip().lower() if access.acts_as else None


def _sees(access: Access, inbox: str | None) -> bool:
    """Whether restricted items are listed.

    Asking for that inbox alone without the scope finds nothing there.
    """
    sees = gate.sees_restricted(access)
    if inbox == RESTRICTED and not sees:
        raise unknown_message()
    return sees


async def _wait_for(desk: Desk, wanted: Filter, seconds: int) -> list[Listed]:
    now = asyncio.get_running_loop().time
    ends = now() + seconds
    with desk.bells.listen([INBOX]) as bell:
        while True:
            bell.clear()
            found = await _look(desk, wanted)
            if found or not await rung(bell, ends - now()):
                return found


def _page(desk: Desk, request: Request, found: list[Listed]) -> JSONResponse:
    link = None
    if found:
        kept = [(name, request.query_params[name]) for name in _CARRIED if name in request.query_params]
        link = "/v1/inbox?" + urlencode([("after", _cursor(found[-1])), *kept])
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    items = [desk.views.item(one) for one in found]
    return JSONResponse({"items": items, "links": {"next": link}}, headers=headers)


def _cursor(listed: Listed) -> str:
    return base64url.encode(f"{listed.rank} {listed.message.seq}".encode())


def _read_cursor(text: str | None) -> tuple[int, int]:
    """Rank and place behind which to go on.

    Raises:
        CallError: it is no cursor.
    """
    if not text:
        return 0, 0
    try:
        rank, seq = base64url.decode(text).decode("ascii").split(" ")
        if not (rank.isdigit() and seq.isdigit() and len(rank + seq) < 20):
            raise ValueError
    except (MalformedError, ValueError):
        detail = "This is no cursor of the inbox. Follow links.next, or begin without one."
        raise CallError(Code.INVALID_PARAMETER, detail, places=[Place("/query/after", detail)]) from None
    return int(rank), int(seq)


@router.get("/events", response_class=StreamingResponse)
async def get_events(request: Request, desk: AtDesk) -> StreamingResponse:
    """Server-sent events, one for each arrival from now on; ``Last-Event-ID`` goes on where it broke off.

    The stream ends with the token that it was opened with.
    """
    access = desk.gate.admit(request, gate.INBOX_READ)
    last = request.headers.get("last-event-id")
    if last:
        after = _read_cursor(last)[1]
    else:
        after = await desk.database.read(store.messages.last_received)
    wanted = Filter(
        after=after, limit=_AT_ONCE, restricted=gate.sees_restricted(access), person=_person(access)
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(desk, wanted, access.expires_at), media_type="text/event-stream", headers=headers
    )


async def _events(desk: Desk, wanted: Filter, until: datetime) -> AsyncIterator[str]:
    yield ": open\n\n"
    with desk.bells.listen([INBOX]) as bell:
        while not desk.stopping.is_set() and desk.gate.clock() < until:
            bell.clear()
            try:
                found = await _look(desk, wanted)
            except AwayError:
                return  # the caller comes again with the last id it saw
            for one in found[:_AT_ONCE]:
                yield _event(desk.views.item(one), one)
                wanted = replace(wanted, after=one.message.seq)
            if len(found) <= _AT_ONCE and not await rung(bell, HEARTBEAT):  # else there is more already
                yield ": still here\n\n"


async def _look(desk: Desk, wanted: Filter) -> list[Listed]:
    return await desk.database.read(lambda connection: _listed(connection, desk, wanted), single=True)


def _listed(connection: store.Connection, desk: Desk, wanted: Filter) -> list[Listed]:
    found = store.messages.worklist(connection, wanted)
    deciders = reconsidering.deciders(connection, [one.message for one in found], desk.office.agency)
    return [replace(one, decided_by=deciders.get(one.message.hash)) for one in found]


def _event(item: dict[str, Any], listed: Listed) -> str:
    return f"id: {_cursor(listed)}\nevent: message\ndata: {json.dumps(item, separators=(',', ':'))}\n\n"
