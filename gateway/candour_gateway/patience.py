"""How long the gateway waits for its database, and how long others have to wait for a gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Patience:
    """Time limits on the database's sessions.

    Attributes:
        idle: PostgreSQL ends a session that does nothing for so long within a transaction. A worker that is
            frozen while it has the log's lock keeps the others waiting for no longer, and cannot commit
            afterwards.
        lock: the longest wait for another worker's lock; above ``idle``, so that who waits outlasts it.
        statement: the longest that one statement may take.
        connect: the longest that opening a session may take.
        for_a_seat: the longest wait for one of this process's own connections.
    """

    idle: timedelta = timedelta(seconds=5)
    lock: timedelta = timedelta(seconds=10)
    statement: timedelta = timedelta(seconds=30)
    connect: timedelta = timedelta(seconds=5)
    for_a_seat: timedelta = timedelta(seconds=10)
