"""A log under the gateway's own key that holds whatever a lying gateway wants it to hold."""

from __future__ import annotations

import hashlib

from candour_gateway import keyring
from candour_protocol.checkpoint import Checkpoint, sign_checkpoint
from candour_protocol.entry import Entry
from candour_protocol.growth import Growth
from candour_protocol.ids import PolicyId
from candour_protocol.merkle import Frontier, leaf_hash
from candour_protocol.note import Signer
from candour_protocol.receipt import Receipt, render
from candour_protocol.wire import Delivered, render_delivered

from tests.gateway.partnership import POLICY_ID
from tests.journeys.hostile import Signed
from tests.journeys.town import Town


class FalseLog:
    """Each receipt is by a larger tree than the one before, so that none contradicts another."""

    def __init__(self, town: Town, signer: Signer | None = None) -> None:
        self._clock = town.clock
        self._signer = signer or keyring.read(town.partnership.settings().keys).log
        self._size = 10_000

    def receipt(self, jwt: str, verdict: str = "passed", rules: tuple[str, ...] = ()) -> str:
        """A receipt that verifies, for a statement that the true log never saw."""
        raw = Entry.at(self._clock(), verdict, rules, PolicyId(POLICY_ID), jwt).to_bytes()
        peaks = {
            level: hashlib.sha256(bytes([level])).digest() for level in range(20) if self._size >> level & 1
        }
        growth = Growth(Frontier(self._size, peaks), [leaf_hash(raw)])
        self._size += 7
        note = sign_checkpoint(Checkpoint(self._signer.name, growth.size, growth.root), self._signer)
        return render(Receipt(growth.old, growth.proofs()[0], note, raw))

    def delivers(self, signed: Signed, verdict: str = "passed", rules: tuple[str, ...] = ()) -> bytes:
        """A statement as if the log had let it through."""
        return render_delivered(Delivered(signed.body, self.receipt(signed.body.jwt, verdict, rules)))
