"""Accounting for what went out and came in about a person: ``POST /v1/disclosure-reports``."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

from candour_protocol import base64url
from candour_protocol.errors import MalformedError
from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Person
from candour_protocol.strict_json import JsonObject
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from candour_agency import reporting
from candour_agency.api import bodies, gate, openapi
from candour_agency.api.desk import AtDesk, Desk
from candour_agency.calls import Call, misplaced
from candour_agency.moments import text, to_ms
from candour_agency.reporting import Line
from candour_agency.schemas.report import ReportBody
from candour_agency.sightings import Match, can_be_found
from candour_agency.views import Around

router = APIRouter(prefix="/v1", tags=["reports"])

_TOO_LITTLE: Final = (
    "Not enough to know who is meant. Give a number, or the name with the birth date as YYYY-MM-DD."
)
_NO_CURSOR: Final = "This is no cursor of a report. Give the next of the page before, or leave it out."
_NO_DAY: Final = "Give a day of the calendar as YYYY-MM-DD, or leave it out."


@router.post("/disclosure-reports", openapi_extra=openapi.takes(ReportBody))
async def post_report(request: Request, desk: AtDesk) -> JSONResponse:
    """Who was told what about a person, who asked, what was disclosed and refused, when, with the receipts.

    Nothing is sent or kept. Found by a number, or by name and birth date; what names them without a birth
    date is there too, marked ``by-name``. ``next`` goes on where a page ends.
    """
    call = desk.call(desk.gate.admit(request, gate.AUDIT_READ))
    body = (await bodies.read(request, ReportBody)).value
    if not can_be_found(body.person):
        raise misplaced("/person", _TOO_LITTLE)
    begin, end = _day(body.since, "/since", 0), _day(body.until, "/until", _NEVER)
    after = _place(body.after)
    found = await _search(desk, call, body.person)
    known = [line for line in found if begin <= _at(line) < end + _DAY]
    rest = [line for line in known if line.message.seq > after]
    return JSONResponse(_report(desk, call, known, rest, body.limit))


async def _search(desk: Desk, call: Call, person: Person) -> list[Line]:
    """All of it, oldest first."""
    threads: dict[str, dict[StatementHash, Match]] = {}
    after: int | None = 0
    while after is not None:
        found = await desk.database.read(partial(reporting.search, call=call, person=person, after=after))
        for name, (txn, match) in found.found.items():
            threads.setdefault(txn, {})[name] = match
        after = found.after
    lines: list[Line] = []
    names = list(threads)
    for place in range(0, len(names), reporting.THREADS):
        some = {name: threads[name] for name in names[place : place + reporting.THREADS]}
        lines += await desk.database.read(partial(reporting.lines, call=call, threads=some))
    return sorted(lines, key=lambda line: line.message.seq)


def _report(desk: Desk, call: Call, known: list[Line], rest: list[Line], limit: int) -> JsonObject:
    page = rest[:limit]
    more = _cursor(page[-1]) if len(rest) > limit else None
    return {
        "made_at": text(to_ms(call.now)),
        "agency": desk.office.agency,
        "count": len(known),
        "summary": list(reporting.summary(known)),
        "items": [_item(desk, line) for line in page],
        "next": more,
    }


def _item(desk: Desk, line: Line) -> JsonObject:
    """A message as ``GET /v1/messages/{id}`` has it, with why it is here."""
    return desk.views.message(line.message, around=Around(decided_by=line.decided_by)) | {
        "about": line.matter.jti if line.matter and line.matter is not line.message else None,
        "match": line.match.value,
        "marks": list(line.marks),
        "not_for_family": line.not_for_family,
        "receipt": line.message.receipt,
    }


# -- days and pages ------------------------------------------------------------------------------------------

_DAY: Final = 86_400_000  # milliseconds
_NEVER: Final = 1 << 62


def _at(line: Line) -> int:
    return line.message.logged_at or line.message.made_at


def _day(typed: str | None, pointer: str, otherwise: int) -> int:
    """Midnight, UTC, in milliseconds since 1970.

    Raises:
        CallError: no such day.
    """
    if typed is None:
        return otherwise
    try:
        return to_ms(datetime.fromisoformat(typed).replace(tzinfo=UTC))
    except ValueError:
        raise misplaced(pointer, _NO_DAY) from None


def _cursor(line: Line) -> str:
    return base64url.encode(str(line.message.seq).encode())


def _place(cursor: str | None) -> int:
    """Behind which a page begins.

    Raises:
        CallError: it is no cursor.
    """
    try:
        typed = base64url.decode(cursor or "").decode("ascii") or "0"
        if not (typed.isdigit() and len(typed) < 19):
            raise ValueError
    except (MalformedError, ValueError):
        raise misplaced("/after", _NO_CURSOR) from None
    return int(typed)
