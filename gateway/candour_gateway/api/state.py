"""How things stand: what is owed, what was counted, what was no exchange. Own, or all with ``ops.read``."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from candour_gateway.api.callers import OPS_READ, Calling
from candour_gateway.api.desk import AtDesk
from candour_gateway.api.pages import Limit, cursor, page, read_cursor
from candour_gateway.api.problems import CallError
from candour_gateway.instants import to_ms
from candour_gateway.store import duties, entries, incidents, tiles, usage
from candour_gateway.store.duties import OpenDuty, Pair
from candour_gateway.store.entries import Tally
from candour_gateway.store.incidents import Incident
from candour_gateway.store.usage import Usage

router = APIRouter(prefix="/v1", tags=["state"])
Cursor = Annotated[str | None, Query(max_length=200)]
Month = Annotated[str, Query(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$", description="such as 2026-11")]


@router.get("/obligations")
async def list_obligations(
    desk: AtDesk, caller: Calling, response: Response, after: Cursor = None, limit: Limit = 100
) -> dict[str, Any]:
    """Who owes whom what by when; what is due first comes first."""
    party, now = caller.sees(OPS_READ), desk.clock()
    place = None
    if after is not None:
        due_at, index, kind = read_cursor(after, (int, int, str))
        place = (due_at, index, kind)
    async with desk.database.read() as connection:
        found = await duties.open_duties(connection, party, limit, place)
    following = {"after": _place(found[-1]), "limit": limit} if len(found) == limit else None
    return page(response, "/v1/obligations", [_duty(each, now) for each in found], following)


def _place(duty: OpenDuty) -> str:
    return cursor(to_ms(duty.due_at), duty.index, duty.kind)


def _duty(duty: OpenDuty, now: datetime) -> dict[str, Any]:
    return {
        "kind": duty.kind,
        "owed_by": duty.owed_by,
        "owed_to": duty.owed_to,
        "id": duty.id,
        "about": duty.about,
        "urgency": "URGENT" if duty.urgent else None,
        "since": duty.since.isoformat(),
        "due_at": duty.due_at.isoformat(),
        "age_seconds": int((now - duty.since).total_seconds()),
        "overdue": duty.due_at < now,
    }


@router.get("/stats")
async def stats(desk: AtDesk, caller: Calling) -> dict[str, Any]:
    """Counts and ages; nothing in it names a person or says what a message is about."""
    party, now = caller.sees(OPS_READ), desk.clock()
    async with desk.database.read() as connection:
        head = await tiles.checkpoint(connection)
        tallies = (
            await desk.counts.up_to_now(connection) if party is None else await entries.own(connection, party)
        )
        oldest = await duties.oldest(connection, party)
        owed = await duties.pairs(connection, party, now)
        unfit = await incidents.total(connection, party)
    return {
        "entries": head[0] if head else 0,
        **_counted(tallies),
        "incidents": unfit,
        "oldest": {each.kind: _duty(each, now) for each in oldest},
        "owed": [_pair(each) for each in owed],
        "at": now.isoformat(),
    }


def _counted(tallies: list[Tally]) -> dict[str, Any]:
    verdicts: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    returned: Counter[str] = Counter()
    for tally in tallies:
        verdicts[tally.verdict] += tally.count
        kinds.setdefault(tally.kind, Counter())[tally.verdict] += tally.count
        if tally.verdict == "refused":
            returned.update(dict.fromkeys(tally.rules, tally.count))
    return {"verdicts": verdicts, "kinds": kinds, "returned_by_rule": returned}


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "owed_by": pair.owed_by,
        "owed_to": pair.owed_to,
        "kind": pair.kind,
        "count": pair.count,
        "overdue": pair.overdue,
        "oldest": pair.oldest.isoformat(),
    }


@router.get("/usage")
async def usage_in_a_month(desk: AtDesk, caller: Calling, month: Month) -> dict[str, Any]:
    """Asking and telling by agency in a calendar month (UTC), for the partnership: counts and no person."""
    if caller.sees(OPS_READ) is not None:
        raise CallError(403, "missing-scope", f"Ask for a token with the scope {OPS_READ}.")
    since, until = _month(month)
    async with desk.database.read() as connection:
        found = await usage.between(connection, since, until)
    return {"month": month, "items": [_used(each) for each in found]}


def _month(month: str) -> tuple[datetime, datetime]:
    year, number = int(month[:4]), int(month[5:])
    since = datetime(year, number, 1, tzinfo=UTC)
    return since, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _used(each: Usage) -> dict[str, Any]:
    """With how many of its requests came back, asked too widely, and how many there were for each concern."""
    return {
        "agency": each.agency,
        "concerns": each.concerns,
        "requests": each.requests,
        "returned": each.returned,
        "held": each.held,
        "wide": each.wide,
        "returned_share": _share(each.returned, each.requests),
        "wide_share": _share(each.wide, each.requests),
        "requests_per_concern": _share(each.requests, each.concerns),
    }


def _share(part: int, whole: int) -> float | None:
    """Three decimals; None where there is nothing to compare with."""
    return round(part / whole, 3) if whole else None


@router.get("/incidents")
async def list_incidents(
    desk: AtDesk, caller: Calling, response: Response, after: Cursor = None, limit: Limit = 100
) -> dict[str, Any]:
    """What did not authenticate, by digest, the latest first; an agency's own, or all with ``ops.read``."""
    party = caller.sees(OPS_READ)
    before = None
    if after is not None:
        at, digest = read_cursor(after, (int, str))
        before = (at, digest)
    async with desk.database.read() as connection:
        found = await incidents.latest(connection, party, limit, before)
    last = found[-1] if len(found) == limit else None
    following = {"after": cursor(to_ms(last.last_at), last.digest), "limit": limit} if last else None
    return page(response, "/v1/incidents", [_incident(each) for each in found], following)


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "code": incident.code,
        "digest": incident.digest,
        "broker_user": incident.user,
        "first_at": incident.first_at.isoformat(),
        "last_at": incident.last_at.isoformat(),
        "count": incident.count,
    }
