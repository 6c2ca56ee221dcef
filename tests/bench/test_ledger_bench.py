"""How fast the log grows: entries with checkpoint and receipts, SQLite with synchronous=FULL."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from candour_gateway.database import Database
from candour_gateway.highwater import HighWater
from candour_gateway.ledger import Ledger, NewEntry
from candour_gateway.schema import migrate
from candour_gateway.store.bulk import Bulk
from candour_protocol import base64url
from candour_protocol.entry import Entry
from candour_protocol.ids import AgencyId, Jti, PolicyId, StatementHash, sha256_text
from candour_protocol.keys import SigningKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.note import Signer

BATCH = 256
BATCHES = 40
LEAST_PER_SECOND = 10_000
JWT = ".".join((base64url.encode(b"h" * 120), base64url.encode(b"p" * 1100), base64url.encode(b"s" * 64)))


def _entries(batch: int) -> list[NewEntry]:
    return [an_entry(batch * BATCH + place) for place in range(BATCH)]


def an_entry(number: int) -> NewEntry:
    digest = sha256_text(str(number).encode())
    raw = Entry(1_700_000_000_000 + number, "passed", (), PolicyId(digest), JWT).to_bytes()
    return NewEntry(
        raw,
        1_700_000_000_000 + number,
        Kind.CONCERN,
        "passed",
        (),
        AgencyId("testborough-gp"),
        AgencyId("testborough-csc"),
        Jti(f"{number:08x}-0000-7000-8000-000000000000"),
        StatementHash(digest),
        None,
        1_700_000_000,
        1_700_086_400,
    )


@pytest.mark.bench
async def test_the_log_appends_ten_thousand_entries_a_second(tmp_path: Path) -> None:
    """Measured at batch 256, one core, the time to build the entries' bytes included."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/bench.db")
    migrate(database.url)
    signer = Signer("log.example", SigningKey.generate())
    ledger = Ledger(signer, HighWater(tmp_path / "shown", signer.verifier))
    spent = []

    for batch in range(BATCHES):
        begun = time.perf_counter()
        async with database.write() as connection:
            bulk = Bulk()
            tip = await ledger.lock(connection)
            appended = ledger.append(tip, _entries(batch), bulk)
            await bulk.run(connection)
        ledger.adopt(appended)
        spent.append(time.perf_counter() - begun)
    await database.close()

    rate = BATCH / sorted(spent)[len(spent) // 2]
    print(
        f"\nlog append: {rate:,.0f} entries/s at batch {BATCH} (overall {BATCH * BATCHES / sum(spent):,.0f})"
    )
    assert rate >= LEAST_PER_SECOND
