"""One adult alleged to be a risk to unrelated children, shown to social care if switched on. Domain 5.5."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from candour_gateway.database import Database
from candour_gateway.naming import MOST_UNDER_A_KEY
from candour_gateway.tables import entries, traces
from candour_protocol.codes import AgencyKind
from candour_protocol.ids import AgencyId
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from sqlalchemy import func, select

from tests.gateway.adults import NAMING, adult, alleged, child, link, opened, said_as_judged_again, shown
from tests.gateway.partnership import CSC, GP, POLICE, SCHOOL, Partnership, Party, a_txn
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World, found, open_world

NEIGHBOUR = AgencyId("nexttown-csc")


@pytest.fixture
async def watching(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A partnership that names adults, and has not switched on that children are shown."""
    async with opened(engine, tmp_path, request, NAMING) as world:
        yield world
        await said_as_judged_again(world)


@pytest.fixture
async def lasting(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """One that looks back for ten years."""
    policy = NAMING.replace(b"window_days = 180", b"window_days = 3650")
    async with opened(engine, tmp_path, request, policy) as world:
        yield world


async def _traces(world: World, of: Issued | None = None) -> int:
    """How many traces are kept: in all, or of one statement."""
    query = select(func.count()).select_from(traces)
    if of is not None:
        query = query.join(entries, entries.c.idx == traces.c.idx).where(entries.c.hash == of.statement.hash)
    database = Database(world.partnership.settings().database_url)
    try:
        async with database.read() as connection:
            return await connection.scalar(query) or 0
    finally:
        await database.close()


@ON_BOTH
async def test_social_care_sees_that_unrelated_children_share_an_adult_and_nobody_else_does(
    watching: World,
) -> None:
    first = alleged(watching, "one", GP)
    second = alleged(watching, "two", SCHOOL)
    await watching.submit(first)
    before = shown(watching, CSC)
    await watching.submit(second)

    (pattern,) = shown(watching, CSC)
    assert before == []
    assert (pattern["seen"], pattern["concerns"], pattern["agencies"]) == ("ALLEGED_RISK", 2, 2)
    assert pattern["agency_kinds"] == ["GP", "SCHOOL"]
    assert pattern["ids"] == [each.statement.claims.jti for each in (first, second)]
    assert not any(shown(watching, agency) for agency in (GP, SCHOOL, POLICE))
    assert "a1." not in str(pattern)


async def test_two_at_once_are_seen_as_one_after_the_other(watching: World) -> None:
    await watching.submit(alleged(watching, "one", GP), alleged(watching, "two", SCHOOL))

    assert [each["concerns"] for each in shown(watching, CSC)] == [2]


async def test_several_concerns_about_one_child_are_no_pattern_of_an_adult(watching: World) -> None:
    await watching.submit(*[alleged(watching, "one", each) for each in (GP, SCHOOL, POLICE)])

    assert shown(watching, CSC) == []


@pytest.mark.parametrize("adults", [None, adult("somebody else")])
async def test_who_names_nobody_or_somebody_else_is_joined_to_nobody(watching: World, adults: Any) -> None:
    partnership = watching.partnership
    changes = {} if adults is None else {"adults": adults}
    await watching.submit(alleged(watching, "one"))

    await watching.submit(partnership.concern(SCHOOL, CSC, child=child("two"), **changes))

    assert shown(watching, CSC) == []


@pytest.mark.parametrize(("children", "seen"), [(2, 0), (3, 1)])
async def test_how_many_children_that_are_is_the_partnerships_to_say(
    tmp_path: Path, children: int, seen: int
) -> None:
    three = NAMING.replace(b"adult_children = 2", b"adult_children = 3")
    async with open_world(await found(tmp_path, policy=three)) as world:
        await world.submit(*[alleged(world, f"child {each}") for each in range(children)])

        assert len(shown(world, CSC)) == seen


@pytest.mark.parametrize(("days", "seen"), [(180, 1), (181, 0)])
async def test_what_is_older_than_half_a_year_is_let_be(watching: World, days: int, seen: int) -> None:
    await watching.submit(alleged(watching, "one"))
    watching.clock.advance(timedelta(days=days))

    await watching.submit(alleged(watching, "two"))

    assert len(shown(watching, CSC)) == seen


# -- children that are related -----------------------------------------------------------------------


async def test_brothers_and_sisters_told_of_in_one_call_are_one_matter_and_told_of_once(
    watching: World,
) -> None:
    thread = a_txn()
    family = [alleged(watching, each, txn=thread) for each in ("sister", "brother")]
    await watching.submit(*family)
    alone = shown(watching, CSC)
    await watching.submit(alleged(watching, "two", SCHOOL))
    other = a_txn()
    more = [alleged(watching, each, POLICE, to, txn=other) for each in ("three", "four") for to in (CSC, GP)]
    await watching.submit(*more)

    assert alone == []
    assert [each["concerns"] for each in shown(watching, CSC)] == [2, 3]  # and the copies are no news


@ON_BOTH
async def test_what_a_person_at_social_care_has_joined_is_no_pattern(watching: World) -> None:
    one, two = child("one"), child("two")
    assert isinstance(one, list)
    assert isinstance(two, list)
    thread = a_txn()
    await watching.submit(alleged(watching, "one", txn=thread))

    await watching.submit(link(watching, CSC, GP, one[0], two[0]))
    await watching.submit(alleged(watching, "two", SCHOOL))

    assert shown(watching, CSC) == []


async def test_threads_that_a_person_at_social_care_has_joined_are_no_pattern(watching: World) -> None:
    threads = [a_txn(), a_txn()]
    partnership = watching.partnership
    await watching.submit(
        alleged(watching, "one", txn=threads[0]),
        partnership.concern(SCHOOL, CSC, child=child("two"), txn=threads[1]),
    )

    await watching.submit(link(watching, CSC, GP, *threads))
    await watching.submit(alleged(watching, "two", SCHOOL, txn=threads[1]))

    assert shown(watching, CSC) == []


async def test_what_others_join_hides_nothing_from_social_care(watching: World) -> None:
    one, two = child("one"), child("two")
    assert isinstance(one, list)
    assert isinstance(two, list)
    await watching.submit(alleged(watching, "one"), alleged(watching, "one", GP, SCHOOL))
    await watching.submit(link(watching, GP, SCHOOL, one[0], two[0]))

    await watching.submit(alleged(watching, "two", SCHOOL))

    assert len(shown(watching, CSC)) == 1


# -- what counts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kept",
    [
        {"inbox": "restricted"},
        {"marks": ["LADO_ONLY"]},
        {"categories": ["STAFF_ALLEGATION"]},
        {"withheld": {"from": CSC, "reason": "POLICE_PREJUDICE", "lodged_with": POLICE}},
    ],
)
@pytest.mark.parametrize("which", [0, 1])
async def test_an_allegation_that_is_kept_from_an_inbox_links_nothing(
    watching: World, kept: dict[str, Any], which: int
) -> None:
    """Whatever its author's node has put into it."""
    said = [alleged(watching, "one"), alleged(watching, "two", SCHOOL)]
    said[which] = alleged(watching, "three", POLICE, GP, **kept)

    for each in said:
        await watching.submit(each)

    assert shown(watching, CSC) == []


async def test_what_was_taken_back_counts_no_more(watching: World) -> None:
    first = alleged(watching, "one")
    await watching.arrive(first)
    words = watching.partnership.say(
        Kind.WITHDRAWAL, GP, CSC, {"reason": "SENT_IN_ERROR"}, irt=first.statement.hash
    )
    await watching.submit(words)

    await watching.submit(alleged(watching, "two", SCHOOL))

    assert shown(watching, CSC) == []


async def test_a_copy_counts_for_nothing(watching: World) -> None:
    original = alleged(watching, "one", GP, SCHOOL)
    await watching.arrive(original, alleged(watching, "one", POLICE))

    copy = alleged(
        watching,
        "one",
        SCHOOL,
        relays=original.statement.hash,
        txn=watching.txn(original),
        child=child("one"),
    )
    await watching.submit(copy)

    assert shown(watching, CSC) == []


async def test_a_child_who_has_two_numbers_and_an_adult_who_has_two_are_shown_once(watching: World) -> None:
    both = adult("nhs of dez", "chi of dez")
    await watching.submit(
        alleged(watching, "one", adults=both), alleged(watching, "two", SCHOOL, adults=both)
    )

    assert len(shown(watching, CSC)) == 1


async def test_while_the_key_rotates_both_tokens_join_what_came_before_and_after(watching: World) -> None:
    before, during, after = adult("old"), adult("old", "new"), adult("new")

    await watching.submit(alleged(watching, "one", adults=before), alleged(watching, "two", adults=after))
    apart = shown(watching, CSC)
    await watching.submit(alleged(watching, "three", SCHOOL, adults=during))

    assert apart == []
    assert [each["concerns"] for each in shown(watching, CSC)] == [2, 2]  # with each of the two


async def test_of_very_many_the_newest_count_so_that_nobody_can_talk_them_away(watching: World) -> None:
    flood = [alleged(watching, "one", POLICE, GP) for _ in range(MOST_UNDER_A_KEY + 10)]
    await watching.submit(*flood)
    before = shown(watching, CSC)

    await watching.submit(alleged(watching, "two"))

    (pattern,) = shown(watching, CSC)
    assert before == []
    assert (pattern["concerns"], len(pattern["ids"])) == (MOST_UNDER_A_KEY, 64)


# -- who is shown it ---------------------------------------------------------------------------------


async def test_whoever_invents_a_concern_about_an_adult_learns_of_no_other(tmp_path: Path) -> None:
    partnership = await _with_a_neighbour(tmp_path)
    async with open_world(partnership) as world:
        await world.submit(alleged(world, "one"))

        await world.submit(alleged(world, "invented", SCHOOL, GP), alleged(world, "again", SCHOOL, SCHOOL))
        await world.submit(alleged(world, "anybody", NEIGHBOUR, GP))

        assert not any(shown(world, agency) for agency in (SCHOOL, GP, POLICE, NEIGHBOUR))
        assert shown(world, CSC)  # which was told one of them


async def _with_a_neighbour(folder: Path) -> Partnership:
    """There is a second social care, which is told nothing."""
    partnership = await found(folder, policy=NAMING)
    partnership.parties[NEIGHBOUR] = Party(NEIGHBOUR, AgencyKind.CSC)
    async with open_world(partnership) as world:
        for jwt, document in partnership.admission(partnership.parties[NEIGHBOUR]):
            await world.gateway.admit_registry(jwt, document)
    return partnership


async def test_where_it_is_off_nothing_is_shown_and_no_list_of_adults_is_begun(world: World) -> None:
    await world.submit(world.partnership.concern(GP, CSC, child=child("one")))
    start = await _traces(world)
    await world.submit(world.partnership.concern(GP, CSC, child=child("two")))
    each = await _traces(world) - start

    await world.submit(alleged(world, "three"))

    assert shown(world, CSC) == []
    assert await _traces(world) == start + 2 * each


@ON_BOTH
async def test_what_is_erased_leaves_no_trace_of_an_adult_and_counts_no_more(lasting: World) -> None:
    concern = alleged(lasting, "one", GP, CSC)
    await lasting.arrive(concern)
    done = lasting.partnership.answering(Kind.DECISION, concern, decision="ADVICE_NFA", final=True)
    await lasting.arrive(done)
    lasting.clock.advance(timedelta(days=730))
    lasting.erased = True
    before = await _traces(lasting, concern)

    verdict = await lasting.judge(lasting.partnership.erasure(concern))
    await lasting.submit(alleged(lasting, "two", SCHOOL))

    assert (verdict, before > 0) == (("passed", ()), True)
    assert await _traces(lasting, concern) == 0
    assert shown(lasting, CSC) == []


@ON_BOTH
async def test_what_is_not_erased_counts_for_as_long_as_the_partnership_says(lasting: World) -> None:
    await lasting.submit(alleged(lasting, "one"))
    lasting.clock.advance(timedelta(days=730))

    await lasting.submit(alleged(lasting, "two", SCHOOL))

    assert len(shown(lasting, CSC)) == 1
