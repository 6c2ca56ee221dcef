"""A partnership under load that somebody harms, and the account of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from candour_protocol.note import Verifier

from tests.faults import books, checker
from tests.faults.checker import Account
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.rejudging import Court

_SETTLING = 240.0  # seconds; what is under way when the last story ends has deliveries and receipts to come
_LOOK = 1.0

Harm = Callable[[Load, random.Random], None]


class Partnership(Protocol):
    """What is harmed."""

    @property
    def manifest(self) -> dict[str, Any]:
        """Who is where."""

    @property
    def court(self) -> Court:
        """Who judges its log again."""

    def condition(self) -> str:
        """What is parked, what waits, and the last words of every process."""


@dataclass(slots=True)
class Trial:
    """One run; ``folder`` is where the driver keeps its ledger."""

    partnership: Partnership
    folder: Path
    rate: float
    seed: int

    def run(self, harm: Harm) -> Account:
        """Load, harm, calm, account; printed, and where there are faults with the partnership's condition.

        Raises:
            UnfinishedError: stories did not come to their end.
        """
        try:
            account = self._run(harm)
        except BaseException:
            print(self.partnership.condition())  # noqa: T201 - pytest shows it where the test fails
            raise
        print(account)  # noqa: T201
        if account.faults:
            print(self.partnership.condition())  # noqa: T201
        return account

    def _run(self, harm: Harm) -> Account:
        chance = random.Random(self.seed)  # noqa: S311 - a schedule, no secret
        ledger = Ledger(self.folder / "ledger.jsonl")
        with Load(self.partnership.manifest, ledger, self.rate, self.seed) as load:
            harm(load, chance)
            load.end()
        return self._settled(ledger)

    def _settled(self, ledger: Ledger) -> Account:
        """The account once nothing is under way any more, or as it stands when that takes too long."""
        manifest = self.partnership.manifest
        verifier = Verifier.from_vkey(manifest["gateway"]["log"]["vkey"])
        deadline = time.monotonic() + _SETTLING
        while True:
            found = books.collect(manifest, ledger.lines)
            if not checker.account(ledger.lines, found, verifier).faults or time.monotonic() > deadline:
                break
            time.sleep(_LOOK)
        found.differences = self.partnership.court.differences()
        return checker.account(ledger.lines, found, verifier)
