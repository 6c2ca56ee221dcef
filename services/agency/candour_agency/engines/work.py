"""What is done in a database: plain functions of a connection, one or many in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]


class AwayError(Exception):
    """The database cannot be used just now; whether the last transaction was kept may be unknown.

    Attributes:
        reason: one word for operators.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database is away: {reason}")
        self.reason = reason


class TakenError(AwayError):
    """Another process has the database; this one may have it once that has ended."""

    def __init__(self) -> None:
        super().__init__("taken")
        self.args = ("another process serves this database; this one can start once that has ended",)


@dataclass(frozen=True, slots=True)
class Failed:
    """One piece of work that raised; nothing of it was kept, and the others are not harmed."""

    error: Exception


class Engine(Protocol):
    """A database as `Database` uses it: one writer, and readers beside it."""

    async def open(self) -> None:
        """Become the one who writes.

        Raises:
            TakenError: somebody else does.
            AwayError: it cannot be reached.
        """
        ...

    async def commit(self, group: Sequence[Work[Any]]) -> list[Any]:
        """Do everything in one transaction; results, or `Failed`, in order, once they are on disk.

        Raises:
            Exception: the transaction itself failed, or work that was alone in it; nothing is known to be
                kept.
        """
        ...

    async def glance(self, work: Work[T]) -> T:
        """Read a few rows by their key."""
        ...

    async def read(self, work: Work[T], *, single: bool = False) -> T:
        """Read on a consistent view; nothing that ``work`` writes is kept.

        Args:
            single: each query may have a view of its own.
        """
        ...

    def why_away(self, error: BaseException) -> str:
        """Why the database cannot be used, in one word; ``""`` where it can, and the work was at fault."""
        ...

    async def close(self) -> None:
        """Let it go."""
        ...


def attempt(connection: Connection, work: Work[Any]) -> Any:
    """Do one piece under a savepoint of its own, which lasts until the commit: to release it is a trip more.

    Raises:
        Exception: the savepoint cannot be rolled back, so the connection is of no use.
    """
    connection.exec_driver_sql("SAVEPOINT piece")
    try:
        result = work(connection)
    except Exception as error:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT piece")
        result = Failed(error)
    return result
