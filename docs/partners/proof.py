"""What the log proves. A receipt is verified with the log's public key alone, offline."""

from __future__ import annotations

from candour_protocol import receipt as receipts
from candour_protocol.errors import ProofError
from candour_protocol.receipt import VerifiedReceipt

from book import Book
from office import Office


def prove(office: Office, book: Book, text: str) -> VerifiedReceipt:
    """What a receipt proves; its checkpoint is remembered, inside the caller's transaction.

    Raises:
        ProofError: it does not verify; or ``fork``: the log has shown another tree of that size before. Two
            such checkpoints prove that the log's operator misbehaved: keep both.
    """
    proven = receipts.verify(text, office.log, origin=office.origin)
    if not book.agrees(proven.checkpoint.size, proven.checkpoint.root):
        raise ProofError("fork", "the log has shown two different trees of one size")
    return proven
