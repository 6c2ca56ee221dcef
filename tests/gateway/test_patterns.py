"""Several concerns about one child, shown together to social care: off unless switched on. Domain 5.5."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from candour_protocol.codes import AgencyKind
from candour_protocol.ids import AgencyId, sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import (
    CHILD,
    CSC,
    GP,
    OTHER_CHILD,
    POLICE,
    POLICY,
    SCHOOL,
    a_txn,
    an_actor,
)
from tests.gateway.world import World, found, open_world

SHOWN = POLICY.replace(b"shown = false", b"shown = true")


@pytest.fixture
async def watching(tmp_path: Path) -> AsyncIterator[World]:
    """A partnership that has switched patterns on."""
    async with open_world(await found(tmp_path, policy=SHOWN)) as world:
        yield world


def _seen(world: World, agency: AgencyId) -> list[dict[str, Any]]:
    codes = [world.codes(each.body) for each in world.deliveries(agency)]
    return [each["about"] for each in codes if each.get("notice") == "pattern"]  # type: ignore[misc]


async def _three(world: World) -> None:
    partnership = world.partnership
    await world.submit(
        partnership.concern(GP, SCHOOL), partnership.concern(GP, CSC), partnership.concern(SCHOOL, CSC)
    )


async def test_social_care_sees_counts_kinds_days_and_ids_and_nobody_else_sees_anything(
    watching: World,
) -> None:
    await _three(watching)

    (pattern,) = _seen(watching, CSC)
    assert (pattern["seen"], pattern["concerns"], pattern["agencies"]) == ("CHILD", 3, 2)
    assert pattern["agency_kinds"] == ["GP", "SCHOOL"]
    assert (len(pattern["dates"]), len(pattern["ids"])) == (3, 3)
    assert not any(_seen(watching, agency) for agency in (GP, SCHOOL, POLICE))


async def test_nothing_is_shown_unless_it_is_switched_on(world: World) -> None:
    await _three(world)

    assert _seen(world, CSC) == []


@pytest.mark.parametrize(
    "kept",
    [
        {"inbox": "restricted"},
        {"marks": ["LADO_ONLY"]},
        {"withheld": {"from": CSC, "reason": "POLICE_PREJUDICE", "lodged_with": POLICE}},
    ],
)
async def test_what_is_kept_from_an_inbox_shows_in_no_pattern(watching: World, kept: dict[str, Any]) -> None:
    partnership = watching.partnership
    await watching.submit(partnership.concern(POLICE, GP, **kept), partnership.concern(SCHOOL, CSC))

    await watching.submit(partnership.concern(GP, CSC))
    await watching.submit(partnership.concern(CSC, SCHOOL, categories=["OUT_OF_SIGHT"]))

    names = [name for pattern in _seen(watching, CSC) for name in pattern["agency_kinds"]]
    assert "POLICE" not in names


async def test_nobody_finds_out_about_a_child_by_telling_themselves(watching: World) -> None:
    partnership = watching.partnership
    await watching.submit(partnership.concern(GP, SCHOOL), partnership.concern(POLICE, SCHOOL))

    await watching.submit(partnership.concern(CSC, CSC, categories=["OUT_OF_SIGHT"]))

    assert _seen(watching, CSC) == []


async def test_nobody_finds_out_about_a_child_by_joining_its_token(watching: World) -> None:
    partnership, own = watching.partnership, a_txn()
    concerns = [partnership.concern(each, SCHOOL) for each in (GP, POLICE)]
    more = partnership.concern(GP, CSC, child=OTHER_CHILD, txn=own)
    await watching.submit(*concerns, more)
    assert isinstance(CHILD, list)
    joins: JsonValue = [own, CHILD[0]]

    await watching.submit(partnership.say(Kind.LINK, CSC, GP, {"actor": an_actor(), "joins": joins}))
    await watching.submit(partnership.concern(GP, CSC, child=OTHER_CHILD))

    assert _seen(watching, CSC) == []


async def test_two_concerns_or_one_agency_are_no_pattern(watching: World) -> None:
    partnership = watching.partnership
    await watching.submit(*[partnership.concern(GP, CSC) for _ in range(4)])
    await watching.submit(*[partnership.concern(each, CSC, child=OTHER_CHILD) for each in (GP, SCHOOL)])

    assert _seen(watching, CSC) == []


async def test_what_was_told_to_several_at_once_counts_once(watching: World) -> None:
    partnership, thread = watching.partnership, a_txn()
    told = [partnership.concern(GP, to, txn=thread) for to in (CSC, SCHOOL, POLICE)]

    await watching.submit(*told, partnership.concern(SCHOOL, CSC))

    assert _seen(watching, CSC) == []


async def test_what_completes_a_pattern_shows_it_once_to_however_many_it_was_told(watching: World) -> None:
    partnership, thread = watching.partnership, a_txn()
    await watching.submit(partnership.concern(GP, CSC), partnership.concern(GP, CSC))

    await watching.submit(*[partnership.concern(SCHOOL, to, txn=thread) for to in (CSC, GP, POLICE)])

    assert [each["concerns"] for each in _seen(watching, CSC)] == [3]


async def test_what_an_agency_goes_on_to_tell_in_its_thread_counts_by_itself(watching: World) -> None:
    partnership, thread = watching.partnership, a_txn()
    await watching.submit(partnership.concern(SCHOOL, CSC, txn=thread), partnership.concern(GP, CSC))
    watching.clock.advance(timedelta(days=1))

    await watching.submit(partnership.concern(SCHOOL, CSC, txn=thread))

    assert [each["concerns"] for each in _seen(watching, CSC)] == [3]


async def test_social_care_is_given_the_ids_of_the_copies_that_it_was_told_itself(watching: World) -> None:
    partnership, thread = watching.partnership, a_txn()
    told = [partnership.concern(GP, to, txn=thread) for to in (POLICE, CSC, SCHOOL)]
    await watching.submit(*told, partnership.concern(SCHOOL, CSC))

    await watching.submit(partnership.concern(POLICE, CSC))

    (pattern,) = _seen(watching, CSC)
    assert pattern["ids"][0] == told[1].statement.claims.jti


async def test_of_two_authorities_each_sees_what_it_was_told_one_of(tmp_path: Path) -> None:
    kinds = {POLICE: AgencyKind.CSC}  # another authority's social care
    async with open_world(await found(tmp_path, policy=SHOWN, kinds=kinds)) as world:
        partnership, thread = world.partnership, a_txn()
        told = [partnership.concern(GP, to, txn=thread) for to in (SCHOOL, CSC)]
        await world.submit(*told, partnership.concern(GP, SCHOOL))

        await world.submit(partnership.concern(SCHOOL, GP))

        assert [each["concerns"] for each in _seen(world, CSC)] == [3]
        assert _seen(world, POLICE) == []


async def test_a_copy_counts_for_nothing(watching: World) -> None:
    partnership = watching.partnership
    original = partnership.concern(GP, SCHOOL)
    await watching.arrive(original, partnership.concern(SCHOOL, CSC))

    await watching.submit(
        partnership.concern(SCHOOL, CSC, relays=original.statement.hash, txn=watching.txn(original))
    )

    assert _seen(watching, CSC) == []


@pytest.mark.parametrize(("days", "seen"), [(180, 1), (181, 0)])
async def test_what_is_older_than_half_a_year_is_let_be(watching: World, days: int, seen: int) -> None:
    partnership = watching.partnership
    await watching.submit(partnership.concern(GP, CSC), partnership.concern(SCHOOL, CSC))
    watching.clock.advance(timedelta(days=days))

    await watching.submit(partnership.concern(POLICE, CSC))

    assert len(_seen(watching, CSC)) == seen


async def test_a_child_who_goes_out_of_sight_after_a_concern_is_seen(watching: World) -> None:
    partnership = watching.partnership
    await watching.submit(partnership.concern(GP, CSC))

    await watching.submit(partnership.concern(GP, CSC, categories=["OUT_OF_SIGHT"]))

    assert [each["seen"] for each in _seen(watching, CSC)] == ["OUT_OF_SIGHT"]


async def test_a_child_of_whom_nobody_told_before_does_not_go_out_of_sight_by_a_second_copy(
    watching: World,
) -> None:
    partnership, thread = watching.partnership, a_txn()

    await watching.submit(
        *[
            partnership.concern(GP, to, txn=thread, categories=["OUT_OF_SIGHT"])
            for to in (CSC, SCHOOL, POLICE)
        ]
    )

    assert _seen(watching, CSC) == []


async def test_a_child_without_identifier_is_joined_by_a_person_at_social_care_alone(
    watching: World,
) -> None:
    partnership, thread = watching.partnership, a_txn()
    unknown: JsonValue = ["r1." + sha256_text(b"surname possibly Ashbyte")]
    await watching.submit(
        partnership.concern(GP, CSC, child=unknown, txn=thread), partnership.concern(SCHOOL, CSC)
    )
    await watching.submit(partnership.concern(POLICE, CSC))
    by_the_machine = len(_seen(watching, CSC))

    assert isinstance(CHILD, list)
    joins: JsonValue = [thread, CHILD[0]]
    await watching.submit(partnership.say(Kind.LINK, CSC, GP, {"actor": an_actor(), "joins": joins}))
    by_a_person = [each["concerns"] for each in _seen(watching, CSC)]
    await watching.submit(partnership.say(Kind.LINK, CSC, SCHOOL, {"actor": an_actor(), "joins": joins}))
    await watching.submit(partnership.concern(POLICE, CSC, txn=a_txn()))

    assert by_the_machine == 0
    assert by_a_person == [3]  # at once; to whom else it is told is no news
    assert [each["concerns"] for each in _seen(watching, CSC)] == [3, 4]


async def test_what_somebody_else_joins_shows_social_care_nothing(watching: World) -> None:
    partnership, thread = watching.partnership, a_txn()
    unknown: JsonValue = ["r1." + sha256_text(b"surname possibly Ashbyte")]
    await watching.submit(
        partnership.concern(GP, CSC, child=unknown, txn=thread), partnership.concern(SCHOOL, CSC)
    )
    await watching.submit(partnership.concern(POLICE, CSC))

    assert isinstance(CHILD, list)
    joins: JsonValue = [thread, CHILD[0]]
    await watching.submit(partnership.say(Kind.LINK, GP, CSC, {"actor": an_actor(), "joins": joins}))

    assert not any(_seen(watching, agency) for agency in (CSC, GP, SCHOOL, POLICE))
