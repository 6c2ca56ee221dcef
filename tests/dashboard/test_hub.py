"""One round upstream for all who watch, and none while nobody does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from candour_dashboard.hub import Hub
from candour_dashboard.readings import Picture, Proven

from tests.dashboard.gateway_double import NOW


class Looks:
    """Counts how often somebody looked; can fail now and then."""

    def __init__(self) -> None:
        self.count = 0
        self.fail_at: set[int] = set()

    async def __call__(self) -> Picture:
        self.count += 1
        if self.count in self.fail_at:
            raise RuntimeError("a look that fails")
        return Picture(NOW + timedelta(seconds=self.count), None, "", Proven(0, None, 0), ())


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def hub(looks: Looks) -> Hub:
    return Hub(looks, timedelta(milliseconds=1))


async def test_a_viewer_gets_a_picture_at_once_and_then_newer_ones(hub: Hub) -> None:
    viewing = hub.watch()

    seen = [await anext(viewing) for _ in range(3)]

    assert seen[0].at < seen[1].at < seen[2].at
    await viewing.aclose()


async def test_nobody_watching_means_nobody_is_asked(hub: Hub, looks: Looks) -> None:
    viewing = hub.watch()
    await anext(viewing)
    await viewing.aclose()
    asked = looks.count

    others = [asyncio.create_task(asyncio.sleep(0)) for _ in range(50)]
    await asyncio.gather(*others)

    assert looks.count == asked
    assert hub.viewers == 0


async def test_viewers_come_back_after_everybody_left(hub: Hub) -> None:
    first = hub.watch()
    await anext(first)
    await first.aclose()
    second = hub.watch()

    seen = [await anext(second), await anext(second)]

    assert seen[0].at < seen[1].at
    await second.aclose()


async def test_a_hundred_viewers_cost_one_round(hub: Hub, looks: Looks) -> None:
    viewings = [hub.watch() for _ in range(100)]
    await asyncio.gather(*(anext(viewing) for viewing in viewings))
    first = looks.count

    newer = await asyncio.gather(*(anext(viewing) for viewing in viewings))

    assert looks.count - first < 50
    assert len(newer) == 100
    for viewing in viewings:
        await viewing.aclose()


async def test_a_round_that_fails_does_not_end_the_watching(hub: Hub, looks: Looks) -> None:
    looks.fail_at = {2, 3}
    viewing = hub.watch()
    await anext(viewing)

    seen = await anext(viewing)

    assert seen.at == NOW + timedelta(seconds=4)
    await viewing.aclose()


async def test_closing_sends_every_viewer_away(hub: Hub) -> None:
    viewing = hub.watch()
    await anext(viewing)

    await hub.close()
    left = [picture async for picture in viewing]

    assert left == []
    assert hub.viewers == 0
