"""Write what a batch changed: one statement for each table that it touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from candour_gateway.casebook import Mark
from candour_gateway.effects import (
    Answered,
    Barred,
    Effect,
    Erased,
    Marked,
    Opened,
    Owed,
    Refreshed,
    Reopened,
    Routed,
    Settled,
    Stopped,
)
from candour_gateway.instants import to_ms
from candour_gateway.store.bulk import Bulk, Listed
from candour_gateway.tables import codes, routes, sealed, traces

FIRST_AGAIN = timedelta(seconds=1)

_CODES = insert(codes)
_SEALED = insert(sealed)
_ROUTES = insert(routes)
_OWED = {
    "idx": "bigint",
    **dict.fromkeys(("kind", "owed_by", "owed_to", "jti", "about"), "text"),
    "urgent": "boolean",
    **dict.fromkeys(("since", "due_at", "remind_at"), "bigint"),
    "reminders": "text",
}
_INTO_OBLIGATIONS = f"INSERT INTO obligations ({', '.join(_OWED)})"
_OWE = Listed(_INTO_OBLIGATIONS, "ON CONFLICT (idx, kind) DO NOTHING", _OWED)
_REOPEN = Listed(
    _INTO_OBLIGATIONS,
    "ON CONFLICT (idx, kind) DO UPDATE SET since = excluded.since, due_at = excluded.due_at,"
    " remind_at = excluded.remind_at, reminders = excluded.reminders, settled_by = NULL",
    _OWED,
)
_TRACES = insert(traces)
_MARK = {
    mark: text(
        f"INSERT INTO histories (idx, {mark.value}) VALUES (:idx, :by)"  # noqa: S608 - names of our own columns
        f" ON CONFLICT (idx) DO UPDATE SET {mark.value} = excluded.{mark.value}"
    )
    for mark in Mark
}
_ANSWERED = text(
    "INSERT INTO histories (idx, answered, sent_back) VALUES (:idx, :lines, :sent_back)"
    " ON CONFLICT (idx) DO UPDATE SET answered = excluded.answered, sent_back = excluded.sent_back"
)
_SETTLE = Listed(
    "UPDATE obligations SET settled_by = :by",
    "WHERE idx = :at_idx AND kind = :at_kind AND settled_by IS NULL",
    {"by": "bigint", "at_idx": "bigint", "at_kind": "text"},
)
_OPEN = Listed(
    "UPDATE routes SET settled_by = :by, next_at = NULL",
    "WHERE idx = :at_idx",
    {"by": "bigint", "at_idx": "bigint"},
)
_REFRESH = text("UPDATE routes SET refreshed_by = :by WHERE idx = :at_idx")
_STOP = text("UPDATE routes SET next_at = NULL WHERE idx = :at_idx")
_KEEP = Listed(
    "UPDATE sealed SET delete_after = :delete_at",
    "WHERE idx = :at_idx",
    {"delete_at": "bigint", "at_idx": "bigint"},
)
_RELEASE = text("UPDATE sealed SET delete_after = NULL WHERE idx = :at_idx")
_BAR = text("INSERT INTO barred (hash, iss, by_idx) VALUES (:hash, :iss, :by) ON CONFLICT (hash) DO NOTHING")

_ERASE = (
    text("DELETE FROM codes WHERE idx = :at_idx"),
    text("DELETE FROM sealed WHERE idx = :at_idx"),
    text("DELETE FROM traces WHERE idx = :at_idx"),
    text("UPDATE histories SET answered = '', sent_back = '' WHERE idx = :at_idx"),
)

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
    _write_duties(bulk, effects)
    refreshed = {each.index: each.by for each in effects if isinstance(each, Refreshed)}
    bulk.add(_REFRESH, [{"at_idx": index, "by": by} for index, by in refreshed.items()])
    _write_histories(bulk, effects)
    bars = [each for each in effects if isinstance(each, Barred)]
    bulk.add(_BAR, [{"hash": each.name, "iss": each.iss, "by": each.by} for each in bars])
    _write_stopped(bulk, [each for each in effects if isinstance(each, Stopped)])
    erased = [{"at_idx": each.index} for each in effects if isinstance(each, Erased)]
    for statement in _ERASE:
        bulk.add(statement, erased)


def keep_traces(bulk: Bulk, keys: Sequence[tuple[str, int]]) -> None:
    """Keep under which keys statements are found again."""
    bulk.add(_TRACES, [{"key": key, "idx": index} for key, index in keys])


def _write_duties(bulk: Bulk, effects: Sequence[Effect]) -> None:
    """What was settled before it was opened anew stays open; of several that settle it the first counts."""
    reopened: dict[tuple[int, str], Owed] = {}
    settled: dict[tuple[int, str], int] = {}
    for each in effects:
        match each:
            case Reopened(owed=owed):
                reopened[owed.index, owed.duty.value] = owed
                settled.pop((owed.index, owed.duty.value), None)
            case Settled(index=index, duty=duty, by=by):
                settled.setdefault((index, duty.value), by)
            case _:
                pass
    bulk.add(_REOPEN, [_owed_row(each) for each in reopened.values()])
    rows = [{"at_idx": index, "at_kind": kind, "by": by} for (index, kind), by in settled.items()]
    bulk.add(_SETTLE, rows)


def _write_histories(bulk: Bulk, effects: Sequence[Effect]) -> None:
    """Of several changes to one thing the last counts."""
    for mark in Mark:
        marked = {each.index: each.by for each in effects if isinstance(each, Marked) and each.mark is mark}
        bulk.add(_MARK[mark], [{"idx": index, "by": by} for index, by in marked.items()])
    answered = {each.index: each for each in effects if isinstance(each, Answered)}
    bulk.add(_ANSWERED, [_answered_row(each) for each in answered.values()])


def _answered_row(answered: Answered) -> Mapping[str, Any]:
    lines = " ".join(map(str, sorted(answered.lines.answered)))
    sent_back = " ".join(f"{line}:{at}" for line, at in answered.lines.begins.items())
    return {"idx": answered.index, "lines": lines, "sent_back": sent_back}


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
    """Of several that open one thing the last counts."""
    by = {each.index: each.by for each in opened}
    bulk.add(_OPEN, [{"at_idx": index, "by": at} for index, at in by.items()])
    kept = {
        index: to_ms(each.keep_sealed_until)
        for each in opened
        for index in (each.index, each.approval)
        if each.keep_sealed_until is not None and index is not None
    }
    _write_kept(bulk, kept)


def _write_stopped(bulk: Bulk, stopped: Sequence[Stopped]) -> None:
    bulk.add(_STOP, [{"at_idx": each.index} for each in stopped])
    _write_kept(bulk, {each.index: to_ms(each.keep_sealed_until) for each in stopped})


def _write_kept(bulk: Bulk, until: Mapping[int, int]) -> None:
    bulk.add(_KEEP, [{"at_idx": index, "delete_at": at} for index, at in until.items()])


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
