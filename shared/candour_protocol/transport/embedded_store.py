"""The embedded courier's one file: messages, what was parked, and which agencies are declared.

Everything here blocks, and runs in the transport's one thread. A file lock beside the database keeps other
processes out, so claims need not be written down. Times in the file are UTC milliseconds since 1970.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from candour_protocol.errors import TransportError
from candour_protocol.ids import AgencyId
from candour_protocol.transport.port import Delivery, Parked

SCHEMA_VERSION = 1
MAX_CHUNK = 256  # messages in one INSERT; SQLite takes 32,766 values

_SCHEMA = """
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, routing_key TEXT NOT NULL, user TEXT NOT NULL,
    body BLOB NOT NULL, enqueued_at INTEGER NOT NULL, attempt INTEGER NOT NULL,
    due INTEGER NOT NULL DEFAULT 0  -- 0: at once
) STRICT;
CREATE INDEX messages_by_queue ON messages (queue, id, due);
CREATE TABLE parked (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, routing_key TEXT NOT NULL, user TEXT NOT NULL,
    body BLOB NOT NULL, enqueued_at INTEGER NOT NULL, attempt INTEGER NOT NULL,
    reason TEXT NOT NULL, parked_at INTEGER NOT NULL
) STRICT;
CREATE TABLE agencies (id TEXT PRIMARY KEY) STRICT;
"""
_PRAGMAS = (
    ("journal_mode", "wal"),
    ("synchronous", 2),  # FULL: a commit is on the disk
    ("foreign_keys", 1),
    ("secure_delete", 1),  # what is delivered is forgotten, not only unlinked
)
# Put into statements below, hence their S608: a list of columns, never a value.
_ITEM = "id, queue, routing_key, user, body, enqueued_at, attempt"
_Statement = tuple[str, Sequence[object]]
_ItemRow = tuple[int, str, str, str, bytes, int, int]


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return int(at.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The instant, aware UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """A stored message.

    Attributes:
        faults: how many handlers in a row have raised with it in hand, since the process started.
    """

    id: int
    delivery: Delivery
    faults: int = 0


@dataclass(slots=True)
class Batch:
    """What one transaction writes.

    Attributes:
        retried: with the new due time.
        parked: with the time and the reason.
    """

    published: list[Item] = field(default_factory=list)
    acked: list[Item] = field(default_factory=list)
    retried: list[tuple[Item, int]] = field(default_factory=list)
    parked: list[tuple[Item, int, str]] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """How many messages it settles."""
        return len(self.acked) + len(self.retried) + len(self.parked)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the file held when it was opened.

    Attributes:
        queues: name to number of messages and the largest id.
        delayed: queue, due time and id of what waits for a retry.
    """

    last_id: int
    agencies: tuple[AgencyId, ...]
    queues: dict[str, tuple[int, int]]
    delayed: tuple[tuple[str, int, int], ...]


class Store:
    """The open file. Only `open` makes one."""

    def __init__(self, database: sqlite3.Connection, lock: int) -> None:
        self._database = database
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open or make the file.

        Raises:
            TransportError: ``in-use`` by another transport, ``schema`` of another version, or ``unusable``.
        """
        lock = _lock(path)
        try:
            return cls(_connect(path), lock)
        except sqlite3.Error as error:
            os.close(lock)
            raise TransportError("unusable", f"the transport file cannot be opened: {error}") from None
        except BaseException:
            os.close(lock)
            raise

    def close(self) -> None:
        """Close the file and let others in."""
        self._database.close()
        os.close(self._lock)

    def contents(self) -> Contents:
        """Everything about the stored messages but their bodies."""
        rows = self._database.execute
        (last_id,) = rows("SELECT max(ifnull((SELECT max(id) FROM messages), 0), "
                          "ifnull((SELECT max(id) FROM parked), 0))").fetchone()  # fmt: skip
        queues = rows("SELECT queue, count(*), max(id) FROM messages GROUP BY queue").fetchall()
        delayed = rows("SELECT queue, due, id FROM messages WHERE due > 0").fetchall()
        agencies = rows("SELECT id FROM agencies ORDER BY id").fetchall()
        return Contents(
            last_id=last_id,
            agencies=tuple(AgencyId(agency) for (agency,) in agencies),
            queues={queue: (count, largest) for queue, count, largest in queues},
            delayed=tuple(delayed),
        )

    def declare(self, agencies: Iterable[AgencyId]) -> None:
        """Remember agencies; those known stay."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            rows = [(agency,) for agency in agencies]
            self._database.executemany("INSERT OR IGNORE INTO agencies (id) VALUES (?)", rows)

    def write(self, batch: Batch) -> None:
        """Write everything in one transaction, on the disk when this returns; or nothing, and raise."""
        statements = [
            *_inserts(batch.published),
            *_parkings(batch.parked),
            *_deletion([item.id for item in batch.acked] + [item.id for item, _, _ in batch.parked]),
            *_delays([[item.id, due] for item, due in batch.retried]),
        ]
        if len(statements) > 1:
            statements = [("BEGIN IMMEDIATE", ()), *statements]
        with self._database:
            for statement, values in statements:
                self._database.execute(statement, values)

    def after(self, queue: str, last: int, limit: int) -> list[Item]:
        """The next messages of a queue whose id is above ``last``, without those that wait for a retry."""
        found = self._database.execute(
            f"SELECT {_ITEM} FROM messages WHERE queue = ? AND id > ? AND due = 0 ORDER BY id LIMIT ?",  # noqa: S608
            (queue, last, limit),
        )
        return [_item(row) for row in found]

    def pick(self, ids: Sequence[int]) -> list[Item]:
        """These messages, in the order of their ids."""
        found = self._database.execute(
            f"SELECT {_ITEM} FROM messages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",  # noqa: S608
            (json.dumps(list(ids)),),
        )
        return [_item(row) for row in found]

    def oldest(self, queue: str) -> int | None:
        """When the oldest message of a queue was enqueued."""
        query = "SELECT enqueued_at FROM messages WHERE queue = ? ORDER BY id LIMIT 1"
        row = self._database.execute(query, (queue,)).fetchone()
        return None if row is None else int(row[0])

    def parked(self, limit: int) -> list[Parked]:
        """What was parked, oldest first."""
        query = f"SELECT {_ITEM}, reason, parked_at FROM parked ORDER BY id LIMIT ?"  # noqa: S608
        found = self._database.execute(query, (limit,))
        return [Parked(_item(row[:7]).delivery, row[7], from_ms(row[8])) for row in found]

    def parked_depth(self) -> tuple[int, int | None]:
        """How many are parked, and when the oldest of them was enqueued."""
        row = self._database.execute("SELECT count(*), min(enqueued_at) FROM parked").fetchone()
        return int(row[0]), row[1]


# One statement for many rows, and no BEGIN for a single one: sqlite3 gives up the interpreter lock at every
# row of executemany and at every statement, and has it back from a busy event loop only after up to 5 ms.


def _inserts(items: Sequence[Item]) -> Iterator[_Statement]:
    for start in range(0, len(items), MAX_CHUNK):
        chunk = items[start : start + MAX_CHUNK]
        rows = ",".join(["(?,?,?,?,?,?,?)"] * len(chunk))
        values = tuple(chain.from_iterable(map(_row, chunk)))
        yield f"INSERT INTO messages ({_ITEM}) VALUES {rows}", values  # noqa: S608


def _deletion(ids: Sequence[int]) -> Iterator[_Statement]:
    if ids:
        yield "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)


def _delays(changes: Sequence[Sequence[int]]) -> Iterator[_Statement]:
    if changes:
        statement = """UPDATE messages SET attempt = attempt + 1, due = json_extract(change.value, '$[1]')
            FROM json_each(?) AS change WHERE messages.id = json_extract(change.value, '$[0]')"""
        yield statement, (json.dumps(changes),)


def _parkings(parked: Sequence[tuple[Item, int, str]]) -> Iterator[_Statement]:
    statement = f"""INSERT INTO parked ({_ITEM}, reason, parked_at)
        SELECT {_ITEM}, ?, ? FROM messages WHERE id = ?"""  # noqa: S608
    for item, at, reason in parked:
        yield statement, (reason, at, item.id)


def _lock(path: Path) -> int:
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TransportError("unusable", f"the transport file cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise TransportError("in-use", "another process works with this transport file") from None
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)  # codes travel unsealed; SQLite gives its other files the same mode
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA page_size = 8192")  # several messages a page; new files only
        for name, wanted in _PRAGMAS:
            database.execute(f"PRAGMA {name} = {wanted}")
            (actual,) = database.execute(f"PRAGMA {name}").fetchone()
            if actual != wanted:
                raise TransportError("unusable", f"the transport file refuses {name} = {wanted}")
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _migrate(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION:
        raise TransportError("schema", f"the transport file is of version {version}, not {SCHEMA_VERSION}")


def _row(item: Item) -> _ItemRow:
    it = item.delivery
    return item.id, it.queue, it.routing_key, it.user, it.body, to_ms(it.enqueued_at), it.attempt


def _item(row: _ItemRow) -> Item:
    item_id, queue, routing_key, user, body, enqueued_at, attempt = row
    return Item(item_id, Delivery(queue, routing_key, user, body, attempt, from_ms(enqueued_at)))
