"""What was answered under an ``Idempotency-Key``; in the transaction of the message, and for ever."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from candour_agency.engines.sheet import Verb, Write, put
from candour_agency.faults import CallError, Code
from candour_agency.tables import idempotency

_RECALL = select(idempotency.c.fingerprint, idempotency.c.reply).where(
    idempotency.c.client == bindparam("client"), idempotency.c.key == bindparam("key")
)
_ADD = Write(Verb.ADD, idempotency, ("client", "key", "fingerprint", "reply", "made_at"))
_UPDATE = (
    idempotency.update()
    .where(idempotency.c.client == bindparam("of_client"), idempotency.c.key == bindparam("of_key"))
    .values(reply=bindparam("reply"))
)


def recall(connection: Connection, client: str, key: str, fingerprint: str) -> str | None:
    """The answer given before, if this call was made before.

    Raises:
        CallError: the key belongs to another call.
    """
    row = connection.execute(_RECALL, {"client": client, "key": key}).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise CallError(
            Code.KEY_REUSED,
            "This Idempotency-Key was used with another body. Use a fresh key for another message.",
        )
    return str(row.reply)


def replace(connection: Connection, client: str, key: str, reply: str) -> None:
    """Keep another answer in place of the one that was kept."""
    connection.execute(_UPDATE, {"of_client": client, "of_key": key, "reply": reply})


def remember(
    connection: Connection, client: str, key: str, fingerprint: str, reply: str, now_ms: int
) -> None:
    """Keep the answer."""
    row = {"client": client, "key": key, "fingerprint": fingerprint, "reply": reply, "made_at": now_ms}
    put(connection, _ADD, [row])
