"""Saying the same again under another id: after a refusal for clock or key, or when nobody could open it.

Source: protocol section 3, ``reissues``.
"""

from __future__ import annotations

from typing import Final

from candour_protocol.ids import Address, StatementHash
from candour_protocol.statement import parse
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import store, successors
from candour_agency.faults import CallError
from candour_agency.messages import Message
from candour_agency.office import Office
from candour_agency.writing import Pen, Plan

MOST_TIMES: Final = 5  # that one statement is said again because it could not be opened there, or was lost


def after_clock(connection: Connection, pen: Pen, message: Message, log_time: int) -> bool:
    """Reissue what was refused because this node's clock is ahead, by the log's time (milliseconds).

    ``False`` when there is no key to seal to any more.
    """
    return _reissue(connection, pen, message, log_time // 1000)


def after_unreadable(connection: Connection, pen: Pen, message: Message, office: Office) -> bool:
    """Reissue to the recipient's present key; ``False`` when that is the one which it could not open with."""
    again = _has_another_seal_key(message, office) and not _often_enough(connection, message)
    return again and _reissue(connection, pen, message, None)


def after_loss(connection: Connection, pen: Pen, message: Message) -> bool:
    """Say again what the recipient had, and lost with its disk.

    Not a reissue in the protocol's sense: what passed and was opened stands in the log, and cannot be barred.
    """
    return not _often_enough(connection, message) and _reissue(connection, pen, message, None, instead=False)


def _often_enough(connection: Connection, message: Message) -> bool:
    """Whether this was said again so often that people have to talk: each time is one more statement."""
    before = {
        one.reissued_as: one for one in store.messages.thread(connection, message.txn) if one.reissued_as
    }
    times, found = 0, before.get(message.jti)
    while found is not None and times < MOST_TIMES:
        times, found = times + 1, before.get(found.jti)
    return times >= MOST_TIMES


def after_ended_key(connection: Connection, pen: Pen, message: Message, office: Office) -> bool:
    """Reissue what was refused because the recipient's seal key, or this agency's sign key, had ended.

    ``False`` when the keys to use now are those that were used.
    """
    signed_by_another = parse(message.jwt).kid != office.keys.sign.public.kid
    if not (signed_by_another or _has_another_seal_key(message, office)):
        return False
    return _reissue(connection, pen, message, None)


def _has_another_seal_key(message: Message, office: Office) -> bool:
    key = office.directory.seal_to(Address(message.counterparty, message.inbox))
    sealed = parse(message.jwt).claims.sealed
    return key is not None and sealed is not None and key.kid != sealed.kid


def _reissue(
    connection: Connection, pen: Pen, message: Message, issued_at: int | None, *, instead: bool = True
) -> bool:
    codes, waits = _with_successors(connection, dict(message.codes or {}))
    plan = Plan(
        kind=message.kind,
        to=Address(message.counterparty, message.inbox),
        txn=message.txn,
        urgency=message.urgency,
        codes=codes,
        content=message.content or {},
        irt=parse(message.jwt).claims.irt,
        about=message.about,
        reissues=message.hash if instead else None,
        waits=waits,
        issued_at=issued_at,
        restricted=message.restricted,
        shut_out=message.shut_out,
    )
    try:
        written = pen.write(plan)
    except CallError:
        return False
    pen.store(connection)  # so that what cites it finds it
    store.messages.change(connection, message.hash, reissued_as=written.jti)
    store.imprints.hand_on(connection, message.jti, written.jti)
    store.outbox.wait_for_instead(connection, message.hash, written.hash)
    store.outbox.drop(connection, message.jti)
    return True


def _with_successors(
    connection: Connection, codes: JsonObject
) -> tuple[JsonObject, tuple[StatementHash, ...]]:
    """Cite what took the place of a cited concern, and wait for its receipt."""
    cited = codes.get("concern_refs")
    if not isinstance(cited, list) or not cited:
        return codes, ()
    found = store.messages.by_hash(connection, map(str, cited))
    newest = [_newest(connection, found.get(StatementHash(str(name)))) or str(name) for name in cited]
    held = store.messages.by_hash(connection, newest)
    waits = tuple(one.hash for one in held.values() if one.receipt is None)
    return codes | {"concern_refs": list(newest)}, waits


def _newest(connection: Connection, message: Message | None) -> StatementHash | None:
    return successors.newest(connection, message).hash if message else None
