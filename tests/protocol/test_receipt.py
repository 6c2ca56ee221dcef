"""Receipts: they verify with the log's key alone, and any change shows."""

from __future__ import annotations

import pytest
from candour_protocol import receipt
from candour_protocol.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from candour_protocol.entry import Entry
from candour_protocol.errors import ProofError
from candour_protocol.growth import Growth
from candour_protocol.ids import PolicyId
from candour_protocol.keys import SigningKey
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.note import Signer, encode_base64
from candour_protocol.receipt import Receipt
from hypothesis import given, settings
from hypothesis import strategies as st

LOG = Signer("log.example/one", SigningKey.from_seed(b"1" * 32))
WITNESS = Signer("witness.example", SigningKey.from_seed(b"2" * 32))


def an_entry(number: int) -> bytes:
    return Entry(
        1_700_000_000_000 + number, "passed", (), PolicyId("A" * 43), f"aGVhZA.{number}.c2ln"
    ).to_bytes()


def receipts_of(entries: list[bytes]) -> list[Receipt]:
    """The receipts that one batch gets in an empty log."""
    growth = Growth(Frontier(), list(map(leaf_hash, entries)))
    note = sign_checkpoint(Checkpoint(LOG.name, growth.size, growth.root), LOG)
    return [Receipt(i, proof, note, entries[i]) for i, proof in enumerate(growth.proofs())]


SAMPLE = receipt.render(receipts_of([an_entry(i) for i in range(11)])[6])


def test_every_receipt_of_a_batch_verifies_with_the_log_s_key_alone() -> None:
    for count in (1, 2, 3, 8, 50):
        for index, issued in enumerate(receipts_of([an_entry(i) for i in range(count)])):
            verified = receipt.verify(receipt.render(issued), LOG.verifier)

            assert (verified.index, verified.checkpoint.size) == (index, count)
            assert verified.entry.to_bytes() == an_entry(index)


def test_a_receipt_reads_as_the_specification_lays_it_out() -> None:
    lines = SAMPLE.split("\n")

    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "extra " + encode_base64(an_entry(6))
    assert lines[2] == "index 6"
    assert lines[lines.index("") + 1 :][:2] == ["log.example/one", "11"]
    assert receipt.render(receipt.parse(SAMPLE)) == SAMPLE


@settings(max_examples=300)
@given(st.integers(0, len(SAMPLE.encode()) - 1), st.integers(0, 7))
def test_any_flipped_bit_of_a_receipt_fails(at: int, bit: int) -> None:
    raw = bytearray(SAMPLE.encode())
    raw[at] ^= 1 << bit

    with pytest.raises(ProofError):
        receipt.verify(raw.decode(errors="surrogateescape"), LOG.verifier)


def test_any_byte_left_out_of_a_receipt_fails() -> None:
    for at in range(len(SAMPLE)):
        with pytest.raises(ProofError):
            receipt.verify(SAMPLE[:at] + SAMPLE[at + 1 :], LOG.verifier)


def test_a_receipt_under_another_log_s_key_or_checkpoint_fails() -> None:
    stranger = Signer(LOG.name, SigningKey.from_seed(b"3" * 32))
    other = receipts_of([an_entry(i) for i in range(12)])[6]
    mixed = Receipt(6, receipt.parse(SAMPLE).proof, other.checkpoint, other.entry)

    with pytest.raises(ProofError):
        receipt.verify(SAMPLE, stranger.verifier)
    with pytest.raises(ProofError, match="inclusion"):
        receipt.verify(mixed, LOG.verifier)
    with pytest.raises(ProofError, match="origin"):
        receipt.verify(SAMPLE, LOG.verifier, origin="log.example/two")


def test_a_witness_s_line_below_the_checkpoint_does_not_disturb_a_receipt() -> None:
    parsed = receipt.parse(SAMPLE)
    text = parsed.checkpoint.rpartition("\n\n")[0] + "\n"
    cosigned = SAMPLE + WITNESS.sign(text).removeprefix(text + "\n")

    assert receipt.verify(cosigned, LOG.verifier) == receipt.verify(SAMPLE, LOG.verifier)


def test_a_checkpoint_opened_once_serves_all_receipts_of_its_batch() -> None:
    issued = receipts_of([an_entry(i) for i in range(5)])

    checkpoint = open_checkpoint(issued[0].checkpoint, LOG.verifier)

    assert [receipt.verify_under(each, checkpoint).index for each in issued] == [0, 1, 2, 3, 4]


def test_a_logged_thing_that_is_no_entry_of_ours_makes_no_receipt() -> None:
    with pytest.raises(ProofError, match="entry"):
        receipt.verify(receipts_of([b"something else"])[0], LOG.verifier)


@given(st.text(max_size=100))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    for forged in (text, receipt.HEADER + "\n" + text, SAMPLE[:60] + text + SAMPLE[60:]):
        try:
            receipt.verify(forged, LOG.verifier)
        except ProofError:
            continue
        assert forged == SAMPLE
