"""What was answered under an ``Idempotency-Key``; in the transaction of the message, and for ever."""

from __future__ import annotations

from sqlalchemy import Connection, select

from candour_agency.faults import CallError, Code
from candour_agency.tables import idempotency


def recall(connection: Connection, client: str, key: str, fingerprint: str) -> str | None:
    """The answer given before, if this call was made before.

    Raises:
        CallError: the key belongs to another call.
    """
    query = select(idempotency.c.fingerprint, idempotency.c.reply)
    row = connection.execute(query.where(idempotency.c.client == client, idempotency.c.key == key)).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise CallError(
            Code.KEY_REUSED,
            "This Idempotency-Key was used with another body. Use a fresh key for another message.",
        )
    return str(row.reply)


def remember(
    connection: Connection, client: str, key: str, fingerprint: str, reply: str, now_ms: int
) -> None:
    """Keep the answer."""
    connection.execute(
        idempotency.insert(),
        {"client": client, "key": key, "fingerprint": fingerprint, "reply": reply, "made_at": now_ms},
    )
