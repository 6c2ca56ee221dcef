"""The log grows in batches of any size, and every receipt and tile verifies."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from candour_gateway.database import Database
from candour_gateway.highwater import HighWater
from candour_gateway.ledger import Appended, Ledger, NewEntry
from candour_gateway.schema import migrate
from candour_gateway.store import entries as entry_store
from candour_gateway.store import tiles as tile_store
from candour_gateway.store.bulk import Bulk
from candour_protocol.audit import AuditReport, audit_log
from candour_protocol.checkpoint import Checkpoint, open_checkpoint
from candour_protocol.entry import Entry
from candour_protocol.ids import PolicyId
from candour_protocol.keys import SigningKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.merkle import consistency_proof, verify_consistency
from candour_protocol.note import Signer
from candour_protocol.receipt import verify
from candour_protocol.statement import Draft, issue
from candour_protocol.tiles import ENTRIES, TileId, TileReader, bundle, needed_for_consistency, tiles_of

from tests.bench.test_ledger_bench import an_entry as a_statement
from tests.gateway.world import Files

SIZES = (1, 1, 2, 250, 1, 1, 256, 300, 3, 512, 77)


_KEY = SigningKey.generate()


def an_entry(number: int) -> NewEntry:
    """A statement of its own each time; nobody registered its key."""
    entry = a_statement(number)
    draft = Draft("anytown", entry.iss, entry.aud, entry.jti, entry.iat, entry.exp, Kind.DELIVERY)
    jwt = issue(draft, _KEY, None).statement.jwt
    raw = Entry(entry.t_ms, "passed", (), PolicyId(entry.hash), jwt).to_bytes()
    return replace(entry, raw=raw)


class Log:
    """A ledger on a real database."""

    def __init__(self, folder: Path) -> None:
        self.signer = Signer("log.example", SigningKey.generate())
        self.database = Database(f"sqlite+aiosqlite:///{folder}/log.db")
        migrate(self.database.url)
        self._folder = folder
        self.reopen()

    def reopen(self) -> None:
        """As after a restart: nothing in memory."""
        self.ledger = Ledger(self.signer, HighWater(self._folder / "shown", self.signer.verifier))

    async def append(self, entries: list[NewEntry]) -> Appended:
        async with self.database.write() as connection:
            bulk = Bulk()
            tip = await self.ledger.lock(connection)
            appended = self.ledger.append(tip, entries, bulk)
            await bulk.run(connection)
        self.ledger.adopt(appended)
        return appended

    async def files(self) -> dict[str, bytes]:
        async with self.database.read() as connection:
            head = await tile_store.checkpoint(connection)
            assert head is not None
            size, note = head
            found = {"checkpoint": note.encode()}
            for tile, width in tiles_of(size):
                data = await tile_store.read(connection, [tile])
                found[tile.path(width)] = data[tile]
            for n in range(-(-size // 256)):
                tile = TileId(ENTRIES, n)
                width = tile.width(size)
                found[tile.path(width)] = bundle(await entry_store.bundle(connection, n * 256, width))
        return found


async def test_batches_of_any_size_make_one_log(tmp_path: Path) -> None:
    log = Log(tmp_path)
    done = 0
    checkpoints: list[Checkpoint] = []

    for place, size in enumerate(SIZES):
        if place % 3 == 2:
            log.reopen()
        appended = await log.append([an_entry(done + i) for i in range(size)])
        receipts = [verify(receipt, log.signer.verifier) for receipt in appended.receipts]
        assert [each.index for each in receipts] == list(range(done, done + size))
        checkpoints.append(open_checkpoint(appended.tip.checkpoint, log.signer.verifier))
        done += size

    report = audit_log(Files(await log.files()), log.signer.verifier)
    assert isinstance(report, AuditReport), report
    assert report.checkpoint.size == sum(SIZES)
    await _consistent(log, checkpoints)
    await log.database.close()


async def _consistent(log: Log, checkpoints: list[Checkpoint]) -> None:
    """Any two checkpoints that were ever shown are of one history."""
    for old, new in pairwise(checkpoints):
        async with log.database.read() as connection:
            found = await tile_store.read(connection, needed_for_consistency(old.size, new.size))
        path = consistency_proof(old.size, new.size, TileReader(found))
        verify_consistency(old.size, new.size, old.root, new.root, path)


async def test_old_entries_get_receipts_against_the_newest_checkpoint(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for batch in range(3):
        await log.append([an_entry(batch * 200 + i) for i in range(200)])

    async with log.database.read() as connection:
        wanted = [0, 1, 199, 255, 256, 300, 599]
        found = await entry_store.leaves(connection, wanted)
        receipts = await tile_store.receipts(connection, found)

    verified = {index: verify(text, log.signer.verifier) for index, text in receipts.items()}
    assert sorted(verified) == wanted
    assert {each.checkpoint.size for each in verified.values()} == {600}
    await log.database.close()


async def test_a_batch_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    log = Log(tmp_path)
    await log.append([an_entry(0)])

    try:
        async with log.database.write() as connection:
            bulk = Bulk()
            tip = await log.ledger.lock(connection)
            log.ledger.append(tip, [an_entry(1)], bulk)
            await bulk.run(connection)
            raise OSError("the disk is full")
    except OSError:
        pass
    await log.append([an_entry(2), an_entry(3)])

    report = audit_log(Files(await log.files()), log.signer.verifier)
    assert isinstance(report, AuditReport), report
    assert report.checkpoint.size == 3
    await log.database.close()
