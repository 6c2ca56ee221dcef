"""The ids that an audit has met, kept on disk, so that a log of any length can be audited."""

from __future__ import annotations

import sqlite3
import uuid

from candour_protocol import base64url


class SeenOnDisk:
    """An audit's ``Seen`` in a temporary database of its own; its file goes away with ``close``."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE met (jti BLOB, digest BLOB, entry INTEGER, PRIMARY KEY (jti, digest)) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def __call__(self, jti: str, digest: str, index: int, /) -> tuple[int, bool] | None:
        """See ``audit.Seen``."""
        key, raw = uuid.UUID(jti).bytes, base64url.decode(digest)
        found = self._database.execute("SELECT entry, digest FROM met WHERE jti = ?", (key,)).fetchall()
        self._database.execute("INSERT OR IGNORE INTO met VALUES (?, ?, ?)", (key, raw, index))
        if not found:
            return None
        return min(entry for entry, _ in found), any(met == raw for _, met in found)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()
