"""What proofs cost by themselves: growing the tree, making and checking receipts, auditing a whole log."""

from __future__ import annotations

import time

import pytest
from candour_protocol import receipt as receipts
from candour_protocol.audit import AuditReport, audit_log
from candour_protocol.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from candour_protocol.growth import Growth
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.receipt import Receipt, render

from tests.protocol.logbook import LOG, Logbook, Partnership, Shelf

BATCH = 256
BATCHES = 40
STATEMENTS = 1024
ENTRY = b"e" * 1700
LEAST_GAIN = 2  # times a receipt with a checkpoint of its own, for 256 that share one


def _append(frontier: Frontier) -> tuple[Frontier, list[str]]:
    growth = Growth(frontier, [leaf_hash(ENTRY)] * BATCH)
    checkpoint = sign_checkpoint(Checkpoint(LOG.name, growth.size, growth.root), LOG)
    made = [
        render(Receipt(growth.old + place, proof, checkpoint, ENTRY))
        for place, proof in enumerate(growth.proofs())
    ]
    return growth.frontier, made


@pytest.mark.bench
def test_a_batch_of_receipts_costs_one_signature_to_make() -> None:
    """Tree, checkpoint and receipts of batches of 256; no database."""
    frontier, made = Frontier(), list[str]()

    begun = time.perf_counter()
    for _ in range(BATCHES):
        frontier, made = _append(frontier)
    spent = time.perf_counter() - begun

    print(f"\ntree, checkpoint and receipts: {BATCH * BATCHES / spent:8,.0f} entries/s at batch {BATCH}")
    assert receipts.parse(made[-1]).index == BATCH * BATCHES - 1


@pytest.mark.bench
def test_receipts_under_one_checkpoint_are_checked_several_times_faster() -> None:
    """As a node checks a batch from the gateway, beside one receipt that verifies alone."""
    partnership = Partnership()
    first = len(partnership.log.entries)
    partnership.log.append(*(partnership.entry(partnership.statement()) for _ in range(BATCH)))
    texts = [partnership.log.receipt(first + place) for place in range(BATCH)]

    begun = time.perf_counter()
    for text in texts:
        receipts.verify(text, LOG.verifier)
    alone = (time.perf_counter() - begun) / BATCH
    begun = time.perf_counter()
    shared = open_checkpoint(receipts.parse(texts[0]).checkpoint, LOG.verifier)
    for text in texts:
        receipts.verify_under(receipts.parse(text), shared)
    together = (time.perf_counter() - begun) / BATCH

    print(
        f"\na receipt is checked in {alone * 1e6:.0f} µs,"
        f" {together * 1e6:.0f} µs where a batch shares its checkpoint"
    )
    assert alone >= LEAST_GAIN * together


@pytest.mark.bench
def test_an_audit_goes_through_a_log_entry_by_entry() -> None:
    """Tree, checkpoint, chain of keys, every statement's form and signature."""
    partnership = Partnership()
    log: Logbook = partnership.log
    for _ in range(STATEMENTS // BATCH):
        log.append(*(partnership.entry(partnership.statement()) for _ in range(BATCH)))
    shelf = Shelf(log.files())

    begun = time.perf_counter()
    report = audit_log(shelf, LOG.verifier, partnership.registrar_key.public)
    spent = time.perf_counter() - begun

    assert isinstance(report, AuditReport)
    print(f"\naudit: {report.checkpoint.size / spent:8,.0f} entries/s")
