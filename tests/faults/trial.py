"""A partnership under load that somebody harms, and the account of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from candour_protocol.note import Verifier

from tests.faults import books, checker
from tests.faults.checker import Account
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.rejudging import Court

_SETTLING = 240.0  # seconds; what is under way when the last story ends has deliveries and receipts to come
_LOOK = 1.0

Harm = Callable[[Load, random.Random], None]


@dataclass(slots=True)
class Trial:
    """One run. ``manifest`` names the partnership, ``folder`` is where the driver keeps its ledger.

    ``court`` judges the log again in the end.
    """

    manifest: dict[str, Any]
    court: Court
    folder: Path
    rate: float
    seed: int

    def run(self, harm: Harm) -> Account:
        """Load, harm, calm, account.

        Raises:
            ExceptionGroup: stories did not come to their end.
        """
        chance = random.Random(self.seed)  # noqa: S311 - a schedule, no secret
        ledger = Ledger(self.folder / "ledger.jsonl")
        with Load(self.manifest, ledger, self.rate, self.seed) as load:
            harm(load, chance)
            load.end()
        return self._settled(ledger)

    def _settled(self, ledger: Ledger) -> Account:
        """The account once nothing is under way any more, or as it stands when that takes too long."""
        verifier = Verifier.from_vkey(self.manifest["gateway"]["log"]["vkey"])
        deadline = time.monotonic() + _SETTLING
        while True:
            found = books.collect(self.manifest, ledger.lines)
            if not checker.account(ledger.lines, found, verifier).faults or time.monotonic() > deadline:
                break
            time.sleep(_LOOK)
        found.differences = self.court.differences()
        return checker.account(ledger.lines, found, verifier)
