"""One agency asks about one adult with several unrelated children: both leads hear of it once. Domain R06."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import load_policy
from candour_protocol.statement import Issued

from tests.gateway.adults import (
    NAMING,
    adult,
    asked,
    child,
    link,
    opened,
    said_as_judged_again,
)
from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL, a_txn, attested
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World, found, open_world

ALERT = ["pattern"]


@pytest.fixture
async def naming(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A partnership that names adults."""
    async with opened(engine, tmp_path, request, NAMING) as world:
        yield world
        await said_as_judged_again(world)


def _heard(world: World, request: Issued) -> list[list[str]]:
    """What asker and holder were told of a request, and whether it went through."""
    assert world.verdict(request)[0] == "passed"
    claims = request.statement.claims
    return [
        [each for each in world.told(agency, request) if each == "pattern"]
        for agency in (claims.iss, claims.aud)
    ]


async def _several(world: World, *about: str, **codes: Any) -> list[list[list[str]]]:
    return [_heard(world, await asked(world, each, **codes)) for each in about]


SILENCE: list[list[str]] = [[], []]


@ON_BOTH
async def test_at_the_third_unrelated_child_both_leads_hear_once_and_nothing_is_blocked(
    naming: World,
) -> None:
    requests = [await asked(naming, each) for each in ("one", "two", "three", "four")]

    heard = [_heard(naming, each) for each in requests]
    assert heard == [SILENCE, SILENCE, [ALERT, ALERT], SILENCE]
    assert not any(naming.told(agency, each) for agency in (CSC, POLICE) for each in requests)


async def test_the_same_three_children_without_the_adult_are_nothing(naming: World) -> None:
    named = await _several(naming, "one", "two")
    unnamed = await _several(naming, "three", adults=adult("somebody else"))

    assert [*named, *unnamed] == [SILENCE] * 3


async def test_asking_again_about_the_same_child_adds_no_child(naming: World) -> None:
    assert await _several(naming, "one", "two", "one", "two") == [SILENCE] * 4


async def test_children_of_one_matter_are_related(naming: World) -> None:
    thread = a_txn()

    assert await _several(naming, "one", "two", "three", txn=thread) == [SILENCE] * 3


async def test_children_whom_asker_and_holder_know_to_be_joined_are_related(naming: World) -> None:
    await _several(naming, "one", "two")
    one, three = child("one"), child("three")
    assert isinstance(one, list)
    assert isinstance(three, list)
    await naming.submit(link(naming, GP, SCHOOL, one[0], three[0]))

    assert await _several(naming, "three") == [SILENCE]


async def test_whom_an_asker_has_joined_for_itself_are_not(naming: World) -> None:
    await _several(naming, "one", "two")
    one, three = child("one"), child("three")
    assert isinstance(one, list)
    assert isinstance(three, list)
    await naming.submit(naming.partnership.concern(GP, POLICE, child=child("one")))
    await naming.submit(link(naming, GP, POLICE, one[0], three[0]))

    assert await _several(naming, "three") == [[ALERT, ALERT]]


@pytest.mark.parametrize(("days", "heard"), [(28, [ALERT, ALERT]), (29, SILENCE)])
async def test_it_counts_over_the_time_over_which_r06_counts(
    naming: World, days: int, heard: list[list[str]]
) -> None:
    await _several(naming, "one", "two")
    naming.clock.advance(timedelta(days=days))

    assert await _several(naming, "three") == [heard]


async def test_what_each_of_several_agencies_asks_is_its_own(naming: World) -> None:
    heard = [
        (await _several(naming, each, frm=frm))[0]
        for each, frm in (("one", GP), ("two", CSC), ("three", POLICE))
    ]

    assert heard == [SILENCE] * 3


async def test_what_is_asked_of_several_holders_counts_together(naming: World) -> None:
    heard = [
        (await _several(naming, each, to=to))[0]
        for each, to in (("one", SCHOOL), ("two", CSC), ("three", POLICE))
    ]

    assert heard == [SILENCE, SILENCE, [ALERT, ALERT]]


@ON_BOTH
async def test_a_request_that_was_held_counts_once_somebody_has_approved_it(naming: World) -> None:
    await _several(naming, "one", "two")
    held = await _held(naming)
    before = naming.told(GP, held) + naming.told(SCHOOL, held)

    await naming.submit(naming.partnership.approval(held))

    assert before == []
    assert [naming.told(agency, held) for agency in (GP, SCHOOL)] == [ALERT, ALERT]


async def _held(world: World) -> Issued:
    """About a third child, with a line that wants a second person."""
    line = {"line": 1, "role": "PARENT_PR", "category": "HEALTH_SEXUAL", "months": 12}
    request = await asked(world, "three", told={"categories": ["SEXUAL_ADULT"]}, asked=[line])
    assert world.verdict(request) == ("held", ("R05",))
    return request


async def test_an_emergency_counts_for_nothing(naming: World) -> None:
    await _several(naming, "one", "two")
    checks = attested("R05", "R07", "R09", "R13", ruleset=load_policy(NAMING).id)

    urgent = naming.partnership.emergency(child=child("three"), adults=adult("dez"), checks=checks)
    await naming.submit(urgent)

    assert naming.verdict(urgent)[0] == "flagged"
    assert "pattern" not in naming.told(GP, urgent) + naming.told(SCHOOL, urgent)


async def test_what_was_asked_in_a_restricted_inbox_counts_for_nothing(naming: World) -> None:
    await _several(naming, "one", "two")

    assert await _several(naming, "three", told={"inbox": "restricted"}, inbox="restricted") == [SILENCE]


@pytest.mark.parametrize(("answered", "heard"), [(False, SILENCE), (True, [ALERT, ALERT])])
async def test_what_was_withdrawn_counts_only_if_it_was_answered(
    naming: World, answered: bool, heard: list[list[str]]
) -> None:
    first = await asked(naming, "one")
    await _several(naming, "two")
    if answered:
        await _answer(naming, first)
    words = naming.partnership.say(
        Kind.WITHDRAWAL, GP, SCHOOL, {"reason": "SENT_IN_ERROR"}, irt=first.statement.hash
    )
    await naming.submit(words)

    assert await _several(naming, "three") == [heard]


async def _answer(world: World, request: Issued) -> None:
    """Its holder discloses what was asked."""
    checks = attested("R11", ruleset=load_policy(NAMING).id)
    answer = world.partnership.answer(request, checks=checks)
    await world.submit(world.partnership.delivery(request), answer)
    assert world.verdict(answer) == ("passed", ())


async def test_where_it_is_off_nobody_hears(world: World) -> None:
    assert await _several(world, "one", "two", "three") == [SILENCE] * 3


@pytest.mark.parametrize(("number", "crossing"), [(2, 1), (4, 3)])
async def test_how_many_children_that_are_is_the_partnerships_to_say(
    tmp_path: Path, number: int, crossing: int
) -> None:
    policy = NAMING.replace(b"adult_children = 3 ", b"adult_children = %d " % number)
    async with open_world(await found(tmp_path, policy=policy)) as world:
        heard = await _several(world, "one", "two", "three", "four")

        assert [place for place, each in enumerate(heard) if each != SILENCE] == [crossing]
