"""How agencies ask and tell in a month: counts for the partnership, and nothing about anybody. Domain R06."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from candour_protocol.ids import AgencyId

from tests.gateway.partnership import GP, SCHOOL
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World

WIDE = [{"line": 1, "role": "SUBJECT_CHILD", "category": "HEALTH_SEXUAL", "months": 6}]


async def _usage(world: World, month: str = "2026-11") -> dict[AgencyId, dict[str, Any]]:
    answer = await world.get(f"/v1/usage?month={month}", ops=True)
    assert answer.status_code == 200, answer.text
    return {AgencyId(each["agency"]): each for each in answer.json()["items"]}


@ON_BOTH
async def test_asks_and_concerns_are_counted_by_agency_with_what_came_back_and_what_was_too_wide(
    world: World,
) -> None:
    partnership = world.partnership
    concern = partnership.concern(GP, SCHOOL, categories=["UNSURE"])
    name = concern.statement.hash
    await world.arrive(concern)
    await world.submit(
        partnership.request([name]),
        partnership.request([]),
        partnership.request([name], asked=WIDE),  # type: ignore[arg-type]
        partnership.concern(SCHOOL, GP),
    )

    usage = await _usage(world)

    assert set(usage) == {GP, SCHOOL}
    assert usage[GP] == {
        "agency": GP,
        "concerns": 1,
        "requests": 3,
        "returned": 1,
        "held": 1,
        "wide": 1,
        "returned_share": 0.333,
        "wide_share": 0.333,
        "requests_per_concern": 3.0,
    }
    assert (usage[SCHOOL]["concerns"], usage[SCHOOL]["returned_share"]) == (1, None)


@ON_BOTH
async def test_a_month_begins_with_its_first_millisecond_and_ends_before_the_next(world: World) -> None:
    for at in ("2026-11-30T23:59:59.999", "2026-12-01T00:00:00.000", "2026-12-31T23:59:59.999"):
        world.clock.now = datetime.fromisoformat(at).replace(tzinfo=UTC)
        await world.submit(world.partnership.concern())
    world.clock.now = datetime(2027, 1, 1, tzinfo=UTC)
    await world.submit(world.partnership.concern())

    found = [await _usage(world, month) for month in ("2026-10", "2026-11", "2026-12", "2027-01")]

    assert [each.get(GP, {}).get("concerns", 0) for each in found] == [0, 1, 2, 1]


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "2026-00", "0000-01", "November"])
async def test_what_is_no_month_is_named(world: World, month: str) -> None:
    answer = await world.get(f"/v1/usage?month={month}", ops=True)

    assert answer.status_code == 422
    assert "month" in answer.text


async def test_it_is_the_partnerships_to_read(world: World) -> None:
    assert (await world.get("/v1/usage?month=2026-11", GP)).status_code == 403
    assert (await world.get("/v1/usage?month=2026-11")).status_code == 401
