"""The whole embedded sandbox is killed again and again under load; the accounting must end in zeros.

The seed is printed; ``CANDOUR_FAULT_SEED=<seed>`` repeats a schedule, ``CANDOUR_FAULT_KILLS=<n>`` makes it
longer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.conftest import KILLS, RATE
from tests.faults.load import Load
from tests.faults.trial import Trial
from tests.sandbox.process import Process, free_base_port

MOST_BETWEEN_KILLS = 60
ROUNDS = min(KILLS, 4)

pytestmark = pytest.mark.timeout(900 + 60 * KILLS)


class Mortal:
    """A sandbox in one process, killed and started again on the same folder."""

    def __init__(self, data: Path) -> None:
        self._data, self._port = data, free_base_port()
        self.process = self._up()
        self.manifest = self.process.ready()

    def _up(self) -> Process:
        return Process.up(self._data, self._port, "--no-story")

    def kill(self) -> None:
        """``kill -9``, and start again."""
        self.process.kill()
        self.process = self._up()
        self.process.ready()

    def end(self) -> None:
        """Whatever it is doing."""
        with suppress(ProcessLookupError):
            if self.process.popen.poll() is None:
                self.process.kill()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    """A sandbox that a test may kill."""
    made = Mortal(tmp_path / "data")
    yield made
    made.end()


def test_killed_under_load_nothing_accepted_is_lost_and_nothing_has_a_second_effect(
    mortal: Mortal, tmp_path: Path, seed: int
) -> None:
    def harm(load: Load, chance: random.Random) -> None:
        for _ in range(ROUNDS):
            load.wait_for(chance.randrange(1, MOST_BETWEEN_KILLS))
            load.harmed("killed the sandbox")
            mortal.kill()
        load.wait_for(MOST_BETWEEN_KILLS)

    account = Trial(mortal.manifest, tmp_path, RATE, seed).run(harm)

    print(account)  # noqa: T201 - pytest shows it where the test fails
    assert account.faults == {}
    assert account.calls > ROUNDS
