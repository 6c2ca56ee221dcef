"""Receipts: what proves to anybody that a statement is in the log, and how it was judged.

A receipt is a C2SP ``tlog-proof@v1`` whose ``extra`` line is the base64 of the entry's bytes. So it verifies
alone: hash the entry, follow the proof to the root, check the checkpoint's signature.
Source: protocol section 6.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from candour_protocol.checkpoint import Checkpoint, open_checkpoint
from candour_protocol.entry import Entry, parse_entry
from candour_protocol.errors import MalformedError, ProofError
from candour_protocol.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from candour_protocol.note import MAX_NOTE, Verifier, decode_base64, encode_base64

HEADER = "c2sp.org/tlog-proof@v1"
MAX_RECEIPT = MAX_NOTE + 32 * 1024

_EXTRA = re.compile(r"extra (.+)\Z")
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})\Z")
_MAX_PROOF = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was read, not yet verified.

    Attributes:
        index: the entry's place in the log, from 0.
        proof: 32-byte hashes, from the leaf's sibling upwards.
        checkpoint: the signed note, verbatim.
        entry: the entry's bytes.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    entry: bytes


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves."""

    index: int
    entry: Entry
    checkpoint: Checkpoint


def render(receipt: Receipt) -> str:
    """The receipt's text."""
    proof = "".join(map(_line, receipt.proof))
    extra = encode_base64(receipt.entry)
    return f"{HEADER}\nextra {extra}\nindex {receipt.index}\n{proof}\n{receipt.checkpoint}"


@functools.lru_cache(maxsize=1024)
def _line(sibling: bytes) -> str:
    """Neighbours share the upper part of their proofs."""
    return encode_base64(sibling) + "\n"


def parse(text: str) -> Receipt:
    """Read a receipt's text; nothing is verified yet.

    Raises:
        ProofError: ``receipt`` or ``base64``.
    """
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > MAX_RECEIPT or not blank or len(lines) < 3 or lines[0] != HEADER:
        raise ProofError("receipt", "not a tlog-proof@v1 receipt")
    extra, index = _EXTRA.match(lines[1]), _INDEX.match(lines[2])
    if not extra or not index or len(lines) > 3 + _MAX_PROOF:
        raise ProofError("receipt", "its lines are not those of a receipt")
    proof = tuple(map(decode_base64, lines[3:]))
    if any(len(sibling) != HASH_SIZE for sibling in proof):
        raise ProofError("receipt", "a line of its proof is not a SHA-256")
    return Receipt(int(index[1]), proof, checkpoint, decode_base64(extra[1]))


def verify(receipt: Receipt | str, verifier: Verifier, *, origin: str | None = None) -> VerifiedReceipt:
    """Check a receipt with the log's key alone.

    This shows that the log holds the entry. Whose statement the entry holds, its own signature shows.

    Raises:
        ProofError: ``receipt``, ``base64``, what ``open_checkpoint`` raises, ``inclusion`` or ``entry``.
    """
    read = parse(receipt) if isinstance(receipt, str) else receipt
    return verify_under(read, open_checkpoint(read.checkpoint, verifier, origin=origin))


def verify_under(receipt: Receipt, checkpoint: Checkpoint) -> VerifiedReceipt:
    """Check a receipt against its checkpoint that the caller has opened before: a batch shares one.

    Raises:
        ProofError: ``inclusion`` or ``entry``.
    """
    leaf = leaf_hash(receipt.entry)
    verify_inclusion(leaf, receipt.index, checkpoint.size, receipt.proof, checkpoint.root)
    try:
        entry = parse_entry(receipt.entry)
    except MalformedError:
        raise ProofError("entry", "what was logged is not an entry of this protocol") from None
    return VerifiedReceipt(receipt.index, entry, checkpoint)
