"""What this agency has said and heard, in one SQLite file.

One transaction holds an effect and everything that follows from it, and it is on disk before anything is
acknowledged or published. So a kill at any moment loses nothing and does nothing twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from candour_protocol.ids import AgencyId, Jti, StatementHash, Txn
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject

FIRST_PAUSE = 1_000  # milliseconds, before the same bytes are submitted again; doubled each time
LONGEST_PAUSE = 300_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    hash TEXT PRIMARY KEY,
    jti TEXT NOT NULL UNIQUE,
    own INTEGER NOT NULL,
    kind TEXT NOT NULL,
    party TEXT NOT NULL,             -- whom it is for, or who sent it
    inbox TEXT NOT NULL,
    txn TEXT NOT NULL,
    urgent INTEGER NOT NULL,
    about TEXT,                      -- hash of what it answers, approves or reports as delivered
    reissues TEXT,
    codes TEXT,                      -- T1
    content TEXT,                    -- T2; NULL where it could not be opened
    jwt TEXT NOT NULL,
    kept_at INTEGER NOT NULL,        -- milliseconds since 1970
    receipt TEXT,
    log_index INTEGER,
    verdict TEXT,
    violations TEXT NOT NULL DEFAULT '[]',
    opened TEXT,                     -- how its recipient found it
    once TEXT UNIQUE                 -- the caller's own key, so that a repeated command says nothing twice
) STRICT;
CREATE INDEX IF NOT EXISTS message_about ON message (about);
CREATE TABLE IF NOT EXISTS outbox (
    jti TEXT PRIMARY KEY,
    routing_key TEXT NOT NULL,
    body BLOB NOT NULL,
    waits TEXT NOT NULL,             -- hashes of own concerns whose receipts must be held first
    tries INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0   -- milliseconds since 1970
) STRICT;
CREATE TABLE IF NOT EXISTS disclosed (
    hash TEXT PRIMARY KEY REFERENCES message,
    texts TEXT NOT NULL              -- the T2 disclosures of a concern as they came: a relay passes these on
) STRICT;
CREATE TABLE IF NOT EXISTS fact (log_index INTEGER PRIMARY KEY, t INTEGER NOT NULL, jwt TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS document (digest TEXT PRIMARY KEY, raw BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tree (size INTEGER PRIMARY KEY, root BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS incident (code TEXT, digest TEXT, at INTEGER, PRIMARY KEY (code, digest)) STRICT;
"""
_COLUMNS = (
    "hash jti own kind party inbox txn urgent about reissues codes content jwt kept_at receipt log_index"
    " verdict violations opened"
)
_SELECT = f"SELECT {_COLUMNS.replace(' ', ', ')} FROM message"  # noqa: S608 - our own column names


@dataclass(frozen=True, slots=True)
class Message:
    """A statement that was said or heard."""

    hash: StatementHash
    jti: Jti
    own: bool
    kind: Kind
    party: AgencyId
    inbox: str
    txn: Txn
    urgent: bool
    about: StatementHash | None
    reissues: StatementHash | None
    codes: JsonObject | None
    content: JsonObject | None
    jwt: str
    kept_at: int
    receipt: str | None = None
    log_index: int | None = None
    verdict: str | None = None
    violations: tuple[tuple[str, str], ...] = ()
    opened: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the log let it through."""
        return self.verdict in ("passed", "flagged")

    @property
    def awaits_delivery(self) -> bool:
        """Whether its recipient owes a ``delivery`` for it."""
        return self.own and self.kind not in (Kind.DELIVERY, Kind.APPROVAL)


@dataclass(frozen=True, slots=True)
class Due:
    """Bytes to submit now."""

    jti: Jti
    routing_key: str
    body: bytes
    tries: int


class Book:
    """Use it inside ``with book.writing()``, but for questions."""

    def __init__(self, file: Path) -> None:
        self._sql = sqlite3.connect(file, isolation_level=None, timeout=30)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._sql.execute(f"PRAGMA {pragma}")
        self._sql.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._sql.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, on disk when this ends; nothing of it if it ends by an error."""
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")

    # -- statements -----------------------------------------------------------------------------------

    def keep(self, message: Message, once: str | None = None) -> None:
        """Put a statement in the book."""
        values = (
            message.hash, message.jti, message.own, message.kind.value, message.party, message.inbox,
            message.txn, message.urgent, message.about, message.reissues, _text(message.codes),
            _text(message.content), message.jwt, message.kept_at, message.receipt, message.log_index,
            message.verdict, json.dumps(message.violations), message.opened, once,
        )  # fmt: skip
        marks = ", ".join("?" * len(values))
        self._sql.execute(
            f"INSERT INTO message ({_COLUMNS.replace(' ', ', ')}, once) VALUES ({marks})",  # noqa: S608
            values,
        )

    def keep_disclosed(self, name: StatementHash, texts: Sequence[str]) -> None:
        """The disclosures of a concern that came, as they came."""
        self._sql.execute("INSERT INTO disclosed VALUES (?, ?)", (name, json.dumps(texts)))

    def disclosed(self, name: StatementHash) -> list[str]:
        """The disclosures of a concern that came; none where it could not be opened."""
        row = self._sql.execute("SELECT texts FROM disclosed WHERE hash = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else []

    def by_hash(self, name: StatementHash | None) -> Message | None:
        """The statement of this hash."""
        return self._one("hash = ?", name)

    def by_jti(self, jti: str) -> Message | None:
        """The statement of this id."""
        return self._one("jti = ?", jti)

    def by_key(self, once: str) -> Message | None:
        """What was said under this key of a caller's."""
        return self._one("once = ?", once)

    def about(self, name: StatementHash, kind: Kind) -> list[Message]:
        """What was said about a statement."""
        return self._many("about = ? AND kind = ?", name, kind.value)

    def added_to(self, concern: Message, before: int | None = None) -> list[Message]:
        """The replies by which a concern's own author has added to it, up to this place in the log."""
        return [
            one
            for one in self.about(concern.hash, Kind.REPLY)
            if one.own == concern.own
            and one.verdict != "refused"
            and one.content is not None
            and (before is None or (one.log_index is not None and one.log_index < before))
        ]

    def thread(self, txn: str) -> list[Message]:
        """Everything about one matter, oldest first; without the machines' deliveries."""
        return self._many("txn = ? AND kind <> 'delivery'", txn)

    def everything(self) -> list[Message]:
        """All of it, oldest first; without the machines' deliveries."""
        return self._many("kind <> 'delivery'")

    def to_be_mended(self) -> list[Message]:
        """Own statements that nobody could open, or that were refused for a key; and not said again yet."""
        return self._many(
            "own AND kind <> 'delivery' AND NOT EXISTS"
            " (SELECT 1 FROM message AS later WHERE later.reissues = message.hash)"
            " AND (opened = 'unreadable' OR (verdict = 'refused' AND EXISTS"
            " (SELECT 1 FROM json_each(violations)"
            " WHERE json_extract(value, '$[0]') IN ('key', 'mismatch'))))"
        )

    def note_verdict(
        self, name: StatementHash, receipt: str, index: int, verdict: str, violations: Sequence[Sequence[str]]
    ) -> None:
        """What the log holds about an own statement."""
        self._sql.execute(
            "UPDATE message SET receipt = ?, log_index = ?, verdict = ?, violations = ? WHERE hash = ?",
            (receipt, index, verdict, json.dumps(violations), name),
        )

    def note_released(self, name: StatementHash, verdict: str) -> None:
        """A second person's approval was logged: that verdict counts now."""
        self._sql.execute("UPDATE message SET verdict = ? WHERE hash = ?", (verdict, name))

    def note_opened(self, name: StatementHash, opened: str) -> None:
        """How the recipient of an own statement found it."""
        self._sql.execute("UPDATE message SET opened = ? WHERE hash = ?", (opened, name))

    def _one(self, where: str, value: str | None) -> Message | None:
        found = self._many(where, value) if value is not None else []
        return found[0] if found else None

    def _many(self, where: str, *values: object) -> list[Message]:
        rows = self._sql.execute(f"{_SELECT} WHERE {where} ORDER BY kept_at, jti", values)
        return [_message(row) for row in rows]

    # -- the outbox -----------------------------------------------------------------------------------

    def offer(self, jti: Jti, routing_key: str, body: bytes, waits: Sequence[StatementHash]) -> None:
        """To be submitted until it is settled."""
        self._sql.execute(
            "INSERT INTO outbox (jti, routing_key, body, waits) VALUES (?, ?, ?, ?)",
            (jti, routing_key, body, json.dumps(waits)),
        )

    def due(self, now: int, limit: int = 128) -> list[Due]:
        """What to submit now, urgent or not, oldest first."""
        rows = self._sql.execute(
            "SELECT jti, routing_key, body, tries FROM outbox WHERE due <= ? AND NOT EXISTS"
            " (SELECT 1 FROM json_each(waits) LEFT JOIN message ON hash = value WHERE receipt IS NULL)"
            " ORDER BY jti LIMIT ?",
            (now, limit),
        )
        return [Due(*row) for row in rows]

    def tried(self, due: Due, now: int) -> None:
        """It was submitted; again in 1 s, doubling to 5 minutes, without end."""
        pause = min(FIRST_PAUSE << min(due.tries, 16), LONGEST_PAUSE)
        self._sql.execute(
            "UPDATE outbox SET tries = tries + 1, due = ? WHERE jti = ?", (now + pause, due.jti)
        )

    def submit_again(self, jti: Jti, not_before: int = 0) -> None:
        """Submit the same bytes once more, soon."""
        self._sql.execute("UPDATE outbox SET tries = 0, due = ? WHERE jti = ?", (not_before, jti))

    def settle(self, jti: Jti) -> None:
        """Nothing more is due for it."""
        self._sql.execute("DELETE FROM outbox WHERE jti = ?", (jti,))

    def outstanding(self) -> int:
        """How many statements are not settled."""
        return int(self._sql.execute("SELECT count(*) FROM outbox").fetchone()[0])

    # -- the registry and the log -----------------------------------------------------------------------

    def keep_fact(self, log_index: int, t: int, jwt: str) -> None:
        """A registry fact, proven to be in the log."""
        self._sql.execute("INSERT OR IGNORE INTO fact VALUES (?, ?, ?)", (log_index, t, jwt))

    def facts(self) -> list[tuple[int, int, str]]:
        """Index, time and issuer JWT of each fact, in log order."""
        return self._sql.execute("SELECT log_index, t, jwt FROM fact ORDER BY log_index").fetchall()

    def keep_document(self, digest: str, raw: bytes) -> None:
        """A profile or policy."""
        self._sql.execute("INSERT OR IGNORE INTO document VALUES (?, ?)", (digest, raw))

    def document(self, digest: str) -> bytes | None:
        """A profile or policy by its SHA-256."""
        row = self._sql.execute("SELECT raw FROM document WHERE digest = ?", (digest,)).fetchone()
        return row[0] if row else None

    def agrees(self, size: int, root: bytes) -> bool:
        """Note a checkpoint; whether the log has always shown this root at this size."""
        self._sql.execute("INSERT OR IGNORE INTO tree VALUES (?, ?)", (size, root))
        kept = self._sql.execute("SELECT root FROM tree WHERE size = ?", (size,)).fetchone()
        return bool(kept[0] == root)

    def note_read(self, name: str, value: int) -> None:
        """How far something was read."""
        self._sql.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (name, value))

    def read_to(self, name: str) -> int | None:
        """How far something was read; ``None`` before the first time."""
        row = self._sql.execute("SELECT value FROM progress WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def incident(self, code: str, digest: str, at: int) -> None:
        """Something was not as it must be: for people to look into; by digest, never by content."""
        self._sql.execute("INSERT OR IGNORE INTO incident VALUES (?, ?, ?)", (code, digest, at))

    def incidents(self) -> list[tuple[str, str, int]]:
        """Code, digest and time of each, oldest first."""
        return self._sql.execute("SELECT code, digest, at FROM incident ORDER BY at").fetchall()


def _text(value: JsonObject | None) -> str | None:
    return None if value is None else json.dumps(value)


def _message(row: Sequence[object]) -> Message:
    values = dict(zip(_COLUMNS.split(), row, strict=True))
    values |= {name: json.loads(str(values[name])) for name in ("codes", "content") if values[name]}
    values["violations"] = tuple((rule, at) for rule, at in json.loads(str(values["violations"])))
    flags = {name: bool(values[name]) for name in ("own", "urgent")}
    return Message(**values | flags | {"kind": Kind(str(values["kind"]))})  # type: ignore[arg-type]
