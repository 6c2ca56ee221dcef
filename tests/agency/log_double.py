"""A log in memory that gives real receipts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.entry import Entry
from candour_protocol.ids import PolicyId
from candour_protocol.keys import SigningKey
from candour_protocol.merkle import Coords, Frontier, inclusion_proof, leaf_hash
from candour_protocol.note import Signer
from candour_protocol.receipt import Receipt, render

ORIGIN = "log.example/candour"


class Log:
    """Appends one entry at a time."""

    def __init__(self, policy: PolicyId) -> None:
        self.signer = Signer(ORIGIN, SigningKey.generate())
        self.entries: list[bytes] = []
        self._policy = policy
        self._frontier = Frontier()
        self._hashes: dict[Coords, bytes] = {}

    @property
    def vkey(self) -> str:
        """What verifies its checkpoints."""
        return self.signer.verifier.vkey

    def append(self, at: datetime, verdict: str, rules: Sequence[str], jwt: str) -> int:
        """The index of a new entry."""
        raw = Entry.at(at, verdict, tuple(rules), self._policy, jwt).to_bytes()
        self.entries.append(raw)
        for coords, found in self._frontier.append(leaf_hash(raw)):
            self._hashes[coords] = found
        return len(self.entries) - 1

    def receipt(self, index: int, *, signer: Signer | None = None, root: bytes | None = None) -> str:
        """A receipt by the present checkpoint; ``signer`` and ``root`` are for false ones."""
        size = len(self.entries)
        proof = inclusion_proof(index, size, lambda coords: [self._hashes[one] for one in coords])
        checkpoint = Checkpoint(ORIGIN, size, root or self._frontier.root())
        note = sign_checkpoint(checkpoint, signer or self.signer)
        return render(Receipt(index, proof, note, self.entries[index]))
