"""Saying the same again under another id: after a clock refusal, or when nobody could open it.

Source: protocol section 3, ``reissues``.
"""

from __future__ import annotations

from candour_protocol.ids import Address, StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.statement import parse
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.messages import Message
from candour_agency.office import Office
from candour_agency.writing import Pen, Plan


def after_clock(connection: Connection, pen: Pen, message: Message, log_time: int) -> None:
    """Reissue what was refused because this node's clock is ahead, by the log's time (milliseconds)."""
    _reissue(connection, pen, message, log_time // 1000)


def after_unreadable(connection: Connection, pen: Pen, message: Message, office: Office) -> bool:
    """Reissue to the recipient's present key; ``False`` when that is the one which it could not open with."""
    key = office.directory.seal_to(Address(message.counterparty, message.inbox))
    sealed = parse(message.jwt).claims.sealed
    if key is None or sealed is None or key.kid == sealed.kid:
        return False
    _reissue(connection, pen, message, None)
    return True


def _reissue(connection: Connection, pen: Pen, message: Message, issued_at: int | None) -> None:
    codes, waits = _with_successors(connection, dict(message.codes or {}))
    written = pen.write(
        Plan(
            kind=message.kind,
            to=Address(message.counterparty, message.inbox),
            txn=message.txn,
            urgency=message.urgency,
            codes=codes,
            content=message.content or {},
            irt=parse(message.jwt).claims.irt,
            about=message.about,
            reissues=message.hash,
            waits=waits,
            needs_delivery=message.kind not in (Kind.DELIVERY, Kind.APPROVAL),
            issued_at=issued_at,
        )
    )
    pen.store(connection)  # so that what cites it finds it
    store.messages.change(connection, message.hash, reissued_as=written.jti)
    store.outbox.drop(connection, message.jti)


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
    while message is not None and message.reissued_as is not None:
        message = store.messages.find(connection, message.reissued_as)
    return message.hash if message else None
