"""The same random steps through the real tables, in batches: the store finds all that a verdict needs."""

from __future__ import annotations

import inspect
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
from candour_gateway.assembly import build
from candour_protocol.kinds.lists import Kind

from tests.gateway.adults import said_as_judged_again
from tests.gateway.courier import Courier
from tests.gateway.partnership import START, TestClock
from tests.gateway.random_steps import CHALLENGED, PARTIES, PEOPLE, THREADS, Steps, founded
from tests.gateway.world import World, open_world

_STEPS = 60
_VALUES: Mapping[str, Sequence[object]] = {
    "frm": PARTIES,
    "to": PARTIES,
    "lodgee": PARTIES,
    "txn": THREADS,
    "actor": PEOPLE,
    "choice": range(10_000),
    "marks": (0, 0, 0, 1, 2, 3),
    "held": range(8),
    "times": range(1, 6),
    "line": (1, 1, 2, 2, 3),
    "outcome": range(3),
    "stage": range(1, 5),
    "opened": ("sound", "sound", "sound", "thin", "unreadable"),
    "capacity": ("second", "lodgee"),
    "kind": ("WRONG_CHILD", "FACT_WRONG", "UPDATE"),
    "of_kind": CHALLENGED,
    "reason": (None, "CHECKS_UNANSWERED"),
    "applied": ("yes", "cannot"),
    "hours": (1, 1, 5, 24 * 8),
}
_MOVES = (
    *("tell", "tell_and_ask", "tell_and_ask", "lodge_and_ask", "relay", "ask", "borrow", "pay", "deliver"),
    *("deliver_everything", "deliver_everything", "answer", "answer", "approve", "approve", "decide"),
    *(
        "challenge",
        "challenge",
        "conclude",
        "correct",
        "withdraw",
        "close",
        "apply",
        "reply",
        "hand_over",
        "join",
        "say_again",
        "wait",
    ),
)


def _walked(seed: int) -> Steps:
    """A machine after random steps, each of which held every invariant when it was written down."""
    chance, machine = random.Random(seed), Steps()  # noqa: S311 - a walk that can be walked again
    for _ in range(_STEPS):
        move = getattr(machine, chance.choice(_MOVES))
        names = inspect.signature(move).parameters
        move(**{name: chance.choice(_VALUES.get(name, (False, True))) for name in names})
    return machine


@pytest.mark.parametrize("seed", range(5))
async def test_the_tables_give_the_verdicts_that_the_whole_log_gives(seed: int, tmp_path: Path) -> None:
    machine = _walked(seed)
    partnership, _, _ = founded()
    shutil.copytree(partnership.folder, tmp_path, dirs_exist_ok=True)
    own = replace(partnership, folder=tmp_path, clock=TestClock(START))
    gateway = await build(own.settings(), Courier(), own.clock)
    for jwt, document in own.founding():
        await gateway.admit_registry(jwt, document)
    await gateway.stop()

    async with open_world(own) as world:
        await _replay(world, machine)

        await said_as_judged_again(world)
        logged = (await world.replay()).verdicts
        for heard in machine.heard:
            if heard.logged.kind is not Kind.NOTICE:
                assert logged[heard.logged.hash] == (heard.verdict.outcome.value, heard.verdict.rules)


async def _replay(world: World, machine: Steps) -> None:
    """Everything that was said at one time, in one batch."""
    said = zip(machine.times, machine.made, strict=True)
    for at, batch in groupby(said, key=lambda pair: pair[0]):
        world.clock.now = at
        await world.submit(*[issued for _, issued in batch])
