"""A challenged outcome, transfer or correction: said again, or standing by a second person's word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from candour_protocol.ids import AgencyId, StatementHash
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonObject

from tests.gateway.partnership import CSC, GP, SCHOOL, an_actor
from tests.gateway.postgres import ON_BOTH
from tests.gateway.second_looks import a_challenge
from tests.gateway.world import World

FIRST, SECOND = an_actor(), an_actor()


@dataclass(frozen=True)
class Case:
    """What is challenged, and how the same agency says another of its kind as somebody."""

    challenge: Issued
    again: Callable[[str | None], Issued]


async def _outcome(world: World) -> Case:
    request = world.partnership.request([await _told(world)])
    await world.arrive(request)
    answer = world.partnership.answer(request)
    await world.arrive(answer)

    def tell(actor: str | None) -> Issued:
        return world.partnership.answering(Kind.OUTCOME, answer, outcome="ADVICE_NFA", actor=actor)

    return await _challenged(world, tell)


async def _told(world: World) -> StatementHash:
    concern = world.partnership.concern()
    await world.arrive(concern)
    return concern.statement.hash


async def _known_to_both(world: World) -> Issued:
    """A concern at the school, which social care was told as well."""
    concern = world.partnership.concern()
    await world.arrive(concern, world.partnership.concern(to=CSC, txn=world.txn(concern)))
    return concern


async def _transfer(world: World) -> Case:
    concern = await _known_to_both(world)

    def hand_on(actor: str | None) -> Issued:
        codes: JsonObject = {"to": CSC, "actor": actor}
        return world.partnership.say(Kind.TRANSFER, SCHOOL, GP, codes, irt=concern.statement.hash)

    return await _challenged(world, hand_on)


async def _correction(world: World) -> Case:
    concern = world.partnership.concern()
    await world.arrive(concern)

    def correct(actor: str | None) -> Issued:
        codes: JsonObject = {
            "actor": actor,
            "correction_kind": "UPDATE",
            "corrects": concern.statement.hash,
        }
        return world.partnership.say(Kind.CORRECTION, GP, SCHOOL, codes)

    return await _challenged(world, correct)


async def _challenged(world: World, again: Callable[[str | None], Issued]) -> Case:
    first = again(FIRST)
    await world.arrive(first)
    challenge = a_challenge(world, first)
    await world.submit(challenge)
    assert await world.is_owed("challenge", challenge)
    return Case(challenge, again)


_Make = Callable[[World], Awaitable[Case]]
EACH = pytest.mark.parametrize("make", [_outcome, _transfer, _correction])


def _words(world: World, of: Issued, actor: str | None, frm: AgencyId | None = None) -> Issued:
    """A reply to a challenge, by whoever is challenged unless said."""
    claims = of.statement.claims
    to = claims.iss if frm in (None, claims.aud) else claims.aud
    codes: JsonObject = {"actor": actor}
    return world.partnership.say(Kind.REPLY, frm or claims.aud, to, codes, irt=of.statement.hash)


@ON_BOTH
@EACH
async def test_what_is_challenged_is_said_again_by_somebody_else(world: World, make: _Make) -> None:
    case = await make(world)

    verdict = await world.judge(case.again(SECOND))

    assert verdict == ("passed", ())
    assert not await world.is_owed("challenge", case.challenge)


@EACH
@pytest.mark.parametrize("who", [FIRST, None], ids=["the same", "nobody"])
async def test_the_same_person_or_nobody_meets_no_challenge(
    world: World, make: _Make, who: str | None
) -> None:
    case = await make(world)

    verdict = await world.judge(case.again(who))

    # who has a child, and what is right about one, is never held back; what came of an answer can wait
    refused = make is _outcome
    assert verdict == (("refused", ("same-decider",)) if refused else ("passed", ()))
    assert await world.is_owed("challenge", case.challenge)


@ON_BOTH
@EACH
async def test_it_stands_by_a_second_persons_word(world: World, make: _Make) -> None:
    case = await make(world)

    await world.submit(_words(world, case.challenge, FIRST))
    by_the_same = await world.is_owed("challenge", case.challenge)
    await world.submit(_words(world, case.challenge, None))
    by_nobody = await world.is_owed("challenge", case.challenge)
    await world.submit(_words(world, case.challenge, SECOND, case.challenge.statement.claims.iss))
    by_who_challenged = await world.is_owed("challenge", case.challenge)
    await world.submit(_words(world, case.challenge, SECOND))

    assert (by_the_same, by_nobody, by_who_challenged) == (True, True, True)
    assert not await world.is_owed("challenge", case.challenge)


@EACH
async def test_at_a_higher_stage_it_is_met_the_same_way(world: World, make: _Make) -> None:
    case = await make(world)
    higher = a_challenge(world, case.challenge, 2, case.challenge.statement.claims.iss)
    await world.submit(higher)

    await world.submit(_words(world, higher, FIRST))
    before = await world.is_owed("challenge", higher)
    await world.submit(_words(world, higher, SECOND))

    assert before
    assert not await world.is_owed("challenge", higher)


async def test_a_correction_of_something_else_meets_no_challenge(world: World) -> None:
    case = await _correction(world)
    other = world.partnership.concern(txn=world.txn(case.challenge))
    await world.arrive(other)
    codes: JsonObject = {
        "actor": SECOND,
        "correction_kind": "UPDATE",
        "corrects": other.statement.hash,
    }

    await world.submit(world.partnership.say(Kind.CORRECTION, GP, SCHOOL, codes))

    assert await world.is_owed("challenge", case.challenge)


async def test_whoever_it_was_handed_on_to_is_told_what_meets_their_challenge(world: World) -> None:
    concern = await _known_to_both(world)
    handed = _handed_on(world, concern, CSC, FIRST)
    await world.arrive(handed)
    challenge = a_challenge(world, handed)
    await world.submit(challenge)

    await world.submit(_handed_on(world, concern, GP, SECOND))
    told_another = await world.is_owed("challenge", challenge)
    await world.submit(_handed_on(world, concern, CSC, SECOND))

    assert told_another
    assert not await world.is_owed("challenge", challenge)


def _handed_on(world: World, concern: Issued, told: AgencyId, actor: str) -> Issued:
    codes: JsonObject = {"to": CSC, "actor": actor}
    return world.partnership.say(Kind.TRANSFER, SCHOOL, told, codes, irt=concern.statement.hash)
