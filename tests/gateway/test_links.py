"""What a named person joins, and what was told outside. Source: protocol section 3.1."""

from __future__ import annotations

import pytest
from candour_protocol.ids import sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonValue

from tests.gateway.partnership import CHILD, GP, OTHER_CHILD, POLICE, SCHOOL, a_txn, an_actor
from tests.gateway.world import World


def _link(world: World, *items: str, frm: str = GP, to: str = SCHOOL, undoes: str | None = None) -> Issued:
    joins: JsonValue = [*items] or None
    codes: dict[str, JsonValue] = {"actor": an_actor(), "joins": joins, "undoes": undoes}
    return world.partnership.say(Kind.LINK, frm, to, codes)  # type: ignore[arg-type]


def _token(tokens: JsonValue) -> str:
    assert isinstance(tokens, list)
    return str(tokens[0])


async def test_two_tokens_that_a_person_has_joined_are_one_child(world: World) -> None:
    concern = world.partnership.concern(child=OTHER_CHILD)
    await world.arrive(concern)
    apart = await world.judge(world.partnership.request([concern.statement.hash]))
    link = _link(world, _token(CHILD), _token(OTHER_CHILD))

    verdict = await world.judge(link)
    joined = await world.judge(world.partnership.request([concern.statement.hash]))
    await world.submit(_link(world, undoes=link.statement.hash))
    undone = await world.judge(world.partnership.request([concern.statement.hash]))

    assert verdict == ("passed", ())
    assert (apart, joined, undone) == (("refused", ("R04",)), ("passed", ()), ("refused", ("R04",)))


async def test_a_thread_without_an_identifier_is_joined_by_a_person_and_never_by_the_machine(
    world: World,
) -> None:
    thread = a_txn()
    unknown: JsonValue = ["r1." + sha256_text(b"nobody knows")]
    concern = world.partnership.concern(child=unknown, txn=thread)
    await world.arrive(concern)
    request = world.partnership.request([concern.statement.hash], txn=thread)

    apart = await world.judge(request)
    await world.submit(_link(world, thread, _token(CHILD)))
    joined = await world.judge(world.partnership.request([concern.statement.hash], txn=thread))

    assert (apart, joined) == (("refused", ("R04",)), ("passed", ()))


async def test_a_link_between_others_joins_nothing_here(world: World) -> None:
    concern = world.partnership.concern(child=OTHER_CHILD)
    await world.arrive(concern)

    await world.submit(_link(world, _token(CHILD), _token(OTHER_CHILD), to=POLICE))

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("refused", ("R04",))


async def test_the_undoing_that_comes_before_its_link_holds(world: World) -> None:
    concern = world.partnership.concern(child=OTHER_CHILD)
    link = _link(world, _token(CHILD), _token(OTHER_CHILD))
    await world.arrive(concern)

    await world.submit(_link(world, undoes=link.statement.hash), link)

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("refused", ("R04",))


@pytest.mark.parametrize("codes", [{"actor": None}, {"joins": None}])
async def test_a_link_names_a_person_and_what_it_joins(world: World, codes: dict[str, JsonValue]) -> None:
    own: dict[str, JsonValue] = {"actor": an_actor(), "joins": [_token(CHILD), _token(OTHER_CHILD)]}

    link = world.partnership.say(Kind.LINK, GP, SCHOOL, own | codes)

    assert await world.judge(link) == ("refused", ("not-a-party",))


async def test_a_newer_concern_on_a_token_that_is_joined_stands_in_for_one_that_was_corrected(
    world: World,
) -> None:
    thread = a_txn()
    concern = world.partnership.concern(txn=thread)
    request = world.partnership.request([concern.statement.hash], txn=thread)
    await world.arrive(concern, request)
    wrong: dict[str, JsonValue] = {"correction_kind": "FACT_WRONG", "corrects": concern.statement.hash}
    await world.submit(world.partnership.say(Kind.CORRECTION, GP, SCHOOL, wrong | {"actor": an_actor()}))
    owed_meanwhile = await world.is_owed("answer", request)
    await world.submit(_link(world, _token(CHILD), _token(OTHER_CHILD)))

    await world.arrive(world.partnership.concern(txn=thread, child=OTHER_CHILD))

    assert not owed_meanwhile
    assert await world.is_owed("answer", request)


# ---- told outside ----------------------------------------------------------------------------------


async def test_what_was_told_outside_the_exchange_is_on_the_record(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    codes: dict[str, JsonValue] = {"told_outside": {"how": "PHONE", "when": "2026-11-20"}, "reply_by": None}

    about = world.partnership.say(Kind.TOLD, GP, SCHOOL, codes, irt=concern.statement.hash)
    foreign = world.partnership.say(Kind.TOLD, POLICE, SCHOOL, codes, irt=concern.statement.hash)

    assert await world.judge(about) == ("passed", ())
    assert await world.judge(foreign) == ("refused", ("not-a-party",))
