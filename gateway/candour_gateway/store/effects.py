"""Write what a batch changed: one statement for each table that it touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from candour_gateway.consequences import Barred, Effect, Opened, Owed, Refreshed, Routed, Settled, Stopped
from candour_gateway.instants import to_ms
from candour_gateway.store.bulk import Bulk
from candour_gateway.tables import codes, routes, sealed

FIRST_AGAIN = timedelta(seconds=1)

_CODES = insert(codes)
_SEALED = insert(sealed)
_ROUTES = insert(routes)
_OWE = text(
    "INSERT INTO obligations"
    " (idx, kind, owed_by, owed_to, jti, about, urgent, since, due_at, remind_at, reminders) VALUES"
    " (:idx, :kind, :owed_by, :owed_to, :jti, :about, :urgent, :since, :due_at, :remind_at, :reminders)"
    " ON CONFLICT (idx, kind) DO NOTHING"
)
_SETTLE = text(
    "UPDATE obligations SET settled_by = :by WHERE idx = :at_idx AND kind = :at_kind AND settled_by IS NULL"
)
_OPEN = text("UPDATE routes SET settled_by = :by, next_at = NULL WHERE idx = :at_idx")
_REFRESH = text("UPDATE routes SET refreshed_by = :by WHERE idx = :at_idx")
_STOP = text("UPDATE routes SET next_at = NULL WHERE idx = :at_idx")
_KEEP = text("UPDATE sealed SET delete_after = :delete_at WHERE idx = :at_idx")
_RELEASE = text("UPDATE sealed SET delete_after = NULL WHERE idx = :at_idx")
_BAR = text("INSERT INTO barred (hash, iss, by_idx) VALUES (:hash, :iss, :by) ON CONFLICT (hash) DO NOTHING")

Rows = list[Mapping[str, Any]]


def keep_parts(
    bulk: Bulk,
    boxes: Sequence[tuple[int, bytes]],
    jwes: Sequence[tuple[int, str, datetime | None]],
) -> None:
    """Keep T1 boxes, and sealed parts with the time after which an undelivered one may go, by index."""
    bulk.add(_CODES, [{"idx": idx, "box": box} for idx, box in boxes])
    rows = [
        {"idx": idx, "jwe": jwe, "delete_after": None if until is None else to_ms(until)}
        for idx, jwe, until in jwes
    ]
    bulk.add(_SEALED, rows)


def write(bulk: Bulk, effects: Sequence[Effect], at: datetime) -> None:
    """Carry out effects, in the transaction that logs what they follow from."""
    _write_routes(bulk, [each for each in effects if isinstance(each, Routed)], at)
    bulk.add(_OWE, [_owed_row(each) for each in effects if isinstance(each, Owed)])
    _write_opened(bulk, [each for each in effects if isinstance(each, Opened)])
    settled = [
        {"at_idx": each.index, "at_kind": each.duty.value, "by": each.by}
        for each in effects
        if isinstance(each, Settled)
    ]
    bulk.add(_SETTLE, settled)
    refreshed = [{"at_idx": each.index, "by": each.by} for each in effects if isinstance(each, Refreshed)]
    bulk.add(_REFRESH, refreshed)
    bars = [each for each in effects if isinstance(each, Barred)]
    bulk.add(_BAR, [{"hash": each.name, "iss": each.iss, "by": each.by} for each in bars])
    _write_stopped(bulk, [each for each in effects if isinstance(each, Stopped)])


def _write_routes(bulk: Bulk, routed: Iterable[Routed], at: datetime) -> None:
    again = to_ms(at + FIRST_AGAIN)
    rows: Rows = [
        {
            "idx": each.index,
            "recipient": each.route.recipient,
            "lane": each.route.lane.value,
            "urgent": each.route.urgent,
            "approval": each.route.approval,
            "attempts": 1,
            "sent_at": to_ms(at),
            "next_at": again,
        }
        for each in routed
    ]
    bulk.add(_ROUTES, rows)
    released = [{"at_idx": row["idx"]} for row in rows if row["approval"] is not None]
    bulk.add(_RELEASE, released)


def _write_opened(bulk: Bulk, opened: Sequence[Opened]) -> None:
    bulk.add(_OPEN, [{"at_idx": each.index, "by": each.by} for each in opened])
    kept = [
        {"at_idx": index, "delete_at": to_ms(each.keep_sealed_until)}
        for each in opened
        for index in (each.index, each.approval)
        if each.keep_sealed_until is not None and index is not None
    ]
    bulk.add(_KEEP, kept)


def _write_stopped(bulk: Bulk, stopped: Sequence[Stopped]) -> None:
    bulk.add(_STOP, [{"at_idx": each.index} for each in stopped])
    kept = [{"at_idx": each.index, "delete_at": to_ms(each.keep_sealed_until)} for each in stopped]
    bulk.add(_KEEP, kept)


def _owed_row(owed: Owed) -> Mapping[str, Any]:
    return {
        "idx": owed.index,
        "kind": owed.duty.value,
        "owed_by": owed.owed_by,
        "owed_to": owed.owed_to,
        "jti": owed.jti,
        "about": owed.about,
        "urgent": owed.urgent,
        "since": to_ms(owed.since),
        "due_at": to_ms(owed.due_at),
        "remind_at": to_ms(owed.reminders[0]) if owed.reminders else None,
        "reminders": " ".join(str(to_ms(each)) for each in owed.reminders),
    }
