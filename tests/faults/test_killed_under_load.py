"""The whole sandbox is killed again and again while four agencies tell; the accounting must end in zeros.

The seed is printed; ``CANDOUR_FAULT_SEED=<seed>`` repeats a schedule, ``CANDOUR_FAULT_ROUNDS=<n>`` makes it
longer.
"""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.ledger import DriversLedger
from tests.sandbox.conftest import Partner
from tests.sandbox.process import Process, free_base_port
from tests.sandbox.test_up import audited

SENDERS = ("testborough-hill", "testborough-hv", "testborough-gp", "haven-test")
RECIPIENT = "testborough-csc"
ROUNDS = int(os.environ.get("CANDOUR_FAULT_ROUNDS", "4"))
MOST_BETWEEN_KILLS = 40

pytestmark = pytest.mark.timeout(60 + 30 * ROUNDS)


def a_concern(key: str) -> dict[str, Any]:
    """A plain concern; the key is in its text, so that the driver knows it again."""
    return {
        "recipients": [RECIPIENT],
        "subject": {"name": "Ari Example", "birth_date": "2017-05-02", "nhs_number": "9990002002"},
        "categories": ["NEGLECT"],
        "need_level": "L2",
        "urgency": "AMBER",
        "facts": [
            {
                "what": f"Ari came in without a coat again and was very hungry at nine ({key}).",
                "when": "2026-11-20",
                "basis": "OBSERVED",
            }
        ],
        "author": {"staff_id": "vance", "name": "H. Vance", "role": "Lead", "training_level": "DSL"},
    }


class Teller:
    """One agency's system: sends its keys in order, each until it is accepted, whatever dies meanwhile."""

    def __init__(self, sender: str, ledger: DriversLedger) -> None:
        self.sender = sender
        self._ledger = ledger
        self._numbers = iter(range(1_000_000))
        self._open: list[str] = []

    def tell(self, door: dict[str, str], ended: Callable[[], bool]) -> None:
        """Until the sandbox is gone or ``ended`` says so; what was not answered comes first next time."""
        with Partner(door) as partner:
            while not ended():
                key = self._open.pop(0) if self._open else f"{self.sender}-{next(self._numbers)}"
                if not self._try(partner, key):
                    return

    def finish(self, door: dict[str, str]) -> None:
        """Send what is still without an answer."""
        with Partner(door) as partner:
            while self._open:
                assert self._try(partner, self._open.pop(0))

    def _try(self, partner: Partner, key: str) -> bool:
        self._ledger.attempt(key)
        try:
            answer = partner.tell(a_concern(key), key)
        except httpx.TransportError:
            self._open.insert(0, key)
            return False
        assert answer.status_code == 202, answer.text
        self._ledger.accept(key, answer.json()["messages"][0]["id"])
        return True


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Starts the sandbox on the same data, again and again."""
    base_port = free_base_port()
    with ExitStack() as running:

        def start() -> Process:
            process = Process.up(tmp_path / "data", base_port, "--no-story")
            running.callback(_end, process)
            return process

        yield start


def _end(process: Process) -> None:
    if process.popen.poll() is None:
        process.kill()


def test_killed_under_load_nothing_accepted_is_lost_and_nothing_has_a_second_effect(
    up: Callable[[], Process], tmp_path: Path
) -> None:
    seed = int(os.environ.get("CANDOUR_FAULT_SEED", random.SystemRandom().randrange(2**32)))
    print(f"CANDOUR_FAULT_SEED={seed}")  # noqa: T201 - pytest shows it where the test fails
    chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
    ledger = DriversLedger(tmp_path / "ledger.jsonl")
    tellers = [Teller(sender, ledger) for sender in SENDERS]

    for _ in range(ROUNDS):
        _kill_while_they_tell(up(), tellers, ledger, chance.randrange(1, MOST_BETWEEN_KILLS))

    process = up()
    manifest = process.ready()
    for teller in tellers:
        teller.finish(manifest["agencies"][teller.sender])
    found = _arrived(manifest["agencies"][RECIPIENT], len(ledger.accepted))
    assert ledger.contradicted == []
    assert ledger.accepted.keys() == ledger.attempted
    assert found == Counter(ledger.accepted.values()), "lost or twice"
    statements = audited(manifest).statements
    assert statements is not None
    assert statements.kinds["concern"] == len(ledger.accepted), "an entry too many or too few"
    _assert_proven(manifest, ledger)


def _kill_while_they_tell(
    process: Process, tellers: list[Teller], ledger: DriversLedger, accepted: int
) -> None:
    """Let them tell, and kill as soon as this many more were accepted."""
    doors = process.ready()["agencies"]
    enough = len(ledger.accepted) + accepted
    ending = threading.Event()
    with ThreadPoolExecutor(len(tellers)) as pool:
        told = [pool.submit(teller.tell, doors[teller.sender], ending.is_set) for teller in tellers]
        try:
            ledger.wait_for(enough)
        finally:
            process.kill()
            ending.set()
    for each in told:
        each.result()


def _arrived(door: dict[str, str], expected: int) -> Counter[str]:
    """Everything in the recipient's worklist, once as much as expected is there; waits by long polls."""
    found: Counter[str] = Counter()
    link = "/v1/inbox?limit=200"
    with Partner(door) as partner:
        for _ in range(expected // 200 + 12):
            page = partner.get(f"{link}&wait=10" if found.total() < expected else f"{link}&wait=0")
            found.update(item["id"] for item in page["items"])
            if not page["items"] and found.total() >= expected:
                break
            link = page["links"]["next"] or link
    return found


def _assert_proven(manifest: dict[str, Any], ledger: DriversLedger) -> None:
    """Every sender holds the log's receipt for what it was told is kept."""
    for sender in SENDERS:
        with Partner(manifest["agencies"][sender]) as partner:
            for key, message in ledger.accepted.items():
                if key.rsplit("-", 1)[0] == sender:
                    answer = partner.post("/v1/concerns", a_concern(key), key)
                    assert answer.json()["messages"][0]["state"] in ("passed", "delivered")
                    assert partner.message(message)["log_index"] is not None
