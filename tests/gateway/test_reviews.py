"""What is kept from an inbox is reviewed by its author in time, and both sides hear where it was not. R10."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.lodged import lodged
from tests.gateway.partnership import CSC, GP, POLICE, START
from tests.gateway.reminded import about, both, later
from tests.gateway.world import World


def _day_ends(days: int) -> datetime:
    """The end of a day so far ahead."""
    return (START + timedelta(days=days + 1)).replace(hour=0, minute=0, second=0, microsecond=0)


async def _reviewed_by(world: World, concern: Issued) -> datetime:
    owed = (await world.obligations())[("review", concern.statement.hash)]
    assert (owed["owed_by"], owed["owed_to"]) == (GP, concern.statement.claims.aud)
    return datetime.fromisoformat(owed["due_at"])


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, 5),
        ({"review_on": None}, 7),
        ({"review_on": "2020-01-01"}, 7),
        ({"review_on": "2099-01-01"}, 7),
        ({"review_on": None, "reason": "POLICE_PREJUDICE"}, 3),
        ({"lodged_with": None}, 5),
    ],
)
async def test_whoever_keeps_a_concern_from_an_inbox_owes_its_review_by_the_day_that_is_allowed(
    world: World, changes: Any, days: int
) -> None:
    concern = lodged(world, **changes)

    await world.arrive(concern)

    assert await _reviewed_by(world, concern) == _day_ends(days)


async def test_both_hear_on_its_review_day_that_nobody_looked_again(world: World) -> None:
    concern = lodged(world)
    await world.arrive(concern)

    await later(world, _day_ends(5) - START - timedelta(milliseconds=1))
    before = about(world, concern, "review")
    await later(world, timedelta(milliseconds=1))

    assert before == []
    assert about(world, concern, "review") == both("clock", 1, GP, CSC)


async def test_its_review_is_owed_once_where_it_lies_with_others_too(world: World) -> None:
    concern = lodged(world)
    other = lodged(world, to=POLICE)
    await world.arrive(concern)
    withheld = world.codes(concern.body)["withheld"]
    relay = world.partnership.concern(
        CSC, POLICE, relays=concern.statement.hash, txn=world.txn(concern), withheld=withheld
    )

    await world.arrive(other)
    await world.arrive(relay)

    assert await world.is_owed("review", concern)
    assert not await world.is_owed("review", other)
    assert not await world.is_owed("review", relay)


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (Kind.CORRECTION, {"correction_kind": "UPDATE"}),
        (Kind.WITHDRAWAL, {"reason": "SENT_IN_ERROR"}),
        (Kind.CLOSURE, {"reason": "CHILD_SAFE"}),
    ],
)
async def test_its_review_is_over_once_its_author_says_more_or_the_matter_is_closed(
    world: World, kind: Kind, codes: dict[str, JsonValue]
) -> None:
    concern = lodged(world)
    await world.arrive(concern)
    by_author = kind is not Kind.CLOSURE
    said = {**codes, "txn": world.txn(concern)}
    if kind is Kind.CORRECTION:
        said |= {"corrects": concern.statement.hash}
    frm, to = (GP, CSC) if by_author else (CSC, GP)

    await world.arrive(world.partnership.say(kind, frm, to, said, irt=concern.statement.hash))

    assert not await world.is_owed("review", concern)
