"""What the log says about this agency's own statements: kept once, and acted on once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from candour_protocol.ids import StatementHash
from candour_protocol.kinds import Kind

from candour_agency import effects, happenings, mending, reissuing, store
from candour_agency.arrival import Verdict
from candour_agency.batch import Batch
from candour_agency.messages import Message, Place

_PASSES = ("passed", "flagged")


def take_verdict(batch: Batch, verdict: Verdict) -> None:
    """Keep a receipt with its statement; one for another statement is an incident."""
    message = batch.by_jti(verdict.jti)
    if message is None or message.received:
        batch.incident("foreign-receipt", verdict.hash)
    elif verdict.hash == message.reissues != message.hash:
        _superseded(batch, message, verdict)
    elif verdict.hash != message.hash:
        batch.incident("foreign-receipt", verdict.hash)
    elif message.receipt is None:
        _first_verdict(batch, message, verdict)


def _superseded(batch: Batch, reissue: Message, verdict: Verdict) -> None:
    """The earlier one had been opened after all: its verdict stands, and the reissue is void."""
    earlier = store.messages.by_hash(batch.connection, [verdict.hash]).get(verdict.hash)
    store.outbox.drop(batch.connection, reissue.jti)
    store.messages.change_first(batch.connection, reissue.hash, lapsed_at=batch.now_ms)
    batch.taken.settled.append(reissue.jti)
    batch.note(reissue)
    if earlier is not None:
        store.messages.change(batch.connection, earlier.hash, reissued_as=None)
        if earlier.receipt is None:
            _first_verdict(batch, earlier, verdict)


def _first_verdict(batch: Batch, message: Message, verdict: Verdict) -> None:
    entry = verdict.proven.entry
    held = entry.verdict == "held"
    batch.verdicts.append(_row(batch, message, verdict, held))
    batch.put(replace(message, receipt=verdict.receipt))
    batch.logged.append(message.hash)
    batch.note(message)
    if entry.verdict == "refused" or not message.awaits_delivery or message.delivered_at is not None:
        batch.done.append(message.jti)
    elif held and message.settled_at is None:
        batch.taken.settled.append(message.jti)  # nothing comes back before an approval
    _act(batch, message, verdict)


def _act(batch: Batch, message: Message, verdict: Verdict) -> None:
    entry = verdict.proven.entry
    if entry.verdict in _PASSES:
        _passed(batch, message, verdict)
    elif entry.verdict == "refused" and message.reissued_as is None:
        _say_again(batch, message, verdict)


def _say_again(batch: Batch, message: Message, verdict: Verdict) -> None:
    """Reissue what was refused for its form, not for what it says; operators see where that cannot be."""
    entry = verdict.proven.entry
    if "clock" in entry.rules:
        said = reissuing.after_clock(batch.connection, batch.pen, message, entry.t_ms)
    elif verdict.blames_a_key:
        said = reissuing.after_ended_key(batch.connection, batch.pen, message, batch.office)
    else:
        return
    if not said:
        batch.incident("not-said-again", message.hash)


def _row(batch: Batch, message: Message, verdict: Verdict, held: bool) -> dict[str, Any]:
    """What the log says; the word of an approval, if that came first, stands."""
    entry = verdict.proven.entry
    released = message.settled_at is not None
    return {
        "hash": message.hash,
        "receipt": verdict.receipt,
        "log_index": verdict.proven.index,
        "logged_at": entry.t_ms,
        "verdict": message.verdict if released else entry.verdict,
        "rules": list(message.rules if released else entry.rules),
        "violations": list(message.violations if released else _places(batch, message, verdict)),
        "held_at": entry.t_ms if held else None,
    }


def _places(batch: Batch, message: Message, verdict: Verdict) -> list[Place]:
    policy = batch.office.directory.policy
    entry = verdict.proven.entry
    return mending.places(batch.connection, message, entry.verdict, verdict.violations, policy)


def _passed(batch: Batch, message: Message, verdict: Verdict) -> None:
    entry = verdict.proven.entry
    if message.kind is Kind.APPROVAL and message.about is not None:
        _released(batch, message, message.about, verdict)
    elif message.kind is Kind.LINK or (message.about is not None and message.kind is not Kind.DELIVERY):
        batch.flush()  # what it changes may depend on where this was logged, and on what came beside it
        happened = replace(happenings.happened(message), at=entry.t_ms)
        for changed in effects.apply(batch.connection, happened, batch.office.directory):
            batch.note(changed)


def _released(batch: Batch, approval: Message, request: StatementHash, verdict: Verdict) -> None:
    entry = verdict.proven.entry
    batch.flush()  # the request's own verdict may have come in this batch
    store.messages.change(
        batch.connection,
        request,
        verdict=entry.verdict,
        rules=list(entry.rules),
        violations=_places(batch, approval, verdict),
        settled_at=entry.t_ms,
    )
    found = store.messages.by_hash(batch.connection, [request]).get(request)
    if found is not None:
        batch.put(found)
        batch.resume.append(found.jti)
        batch.note(found)
