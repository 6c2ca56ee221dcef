"""Challenges, answers in parts, closing, handing over, links: what comes after an answer. Domain 4."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from candour_protocol import profiles
from candour_protocol.calendars import end_of, opening
from candour_protocol.ids import sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import Clock, Unit
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonObject, JsonValue

from tests.gateway.partnership import CHILD, CSC, GP, OTHER_CHILD, POLICE, SCHOOL, a_txn, an_actor
from tests.gateway.postgres import ON_BOTH
from tests.gateway.world import World


def _challenge(world: World, of: Issued, stage: int = 1, frm: str | None = None) -> Issued:
    claims = of.statement.claims
    to = claims.iss if frm in (None, claims.aud) else claims.aud
    codes: dict[str, JsonValue] = {"actor": an_actor(), "stage": stage, "challenges": of.statement.hash}
    return world.partnership.say(Kind.CHALLENGE, frm or claims.aud, to, codes)  # type: ignore[arg-type]


def _decision(world: World, of: Issued, actor: str) -> Issued:
    return world.partnership.answering(Kind.DECISION, of, decision="ADVICE_NFA", final=True, actor=actor)


# ---- challenge ---------------------------------------------------------------------------------------


async def test_a_challenged_decision_is_made_again_by_somebody_else(world: World) -> None:
    concern, decider = world.partnership.concern(), an_actor()
    decision = _decision(world, concern, decider)
    await world.arrive(concern, decision)
    challenge = _challenge(world, decision)

    verdict = await world.judge(challenge)
    owed = await world.is_owed("challenge", challenge)
    same = await world.judge(_decision(world, concern, decider))
    other = await world.judge(_decision(world, concern, an_actor()))

    assert (verdict, owed) == (("passed", ()), True)
    assert same == ("refused", ("same-decider",))
    assert other == ("passed", ())
    assert not await world.is_owed("challenge", challenge)


async def test_words_do_not_meet_a_challenge_of_what_is_to_be_decided_again(world: World) -> None:
    concern, decider = world.partnership.concern(), an_actor()
    decision = _decision(world, concern, decider)
    await world.arrive(concern, decision)
    challenge = _challenge(world, decision)
    await world.submit(challenge)

    words = world.partnership.say(Kind.REPLY, SCHOOL, GP, {"actor": decider}, irt=challenge.statement.hash)
    said = await world.judge(words)

    assert said == ("passed", ())
    assert await world.is_owed("challenge", challenge)
    assert await world.judge(_decision(world, concern, decider)) == ("refused", ("same-decider",))


async def test_an_answer_is_challenged_and_given_again_by_somebody_else(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    first = an_actor()
    answer = world.partnership.answer(request, actor=first)
    await world.arrive(answer)
    challenge = _challenge(world, answer)
    await world.submit(challenge)

    same = await world.judge(world.partnership.answer(request, actor=first))
    other = await world.judge(world.partnership.answer(request, actor=an_actor()))

    assert (same, other) == (("refused", ("same-decider",)), ("passed", ()))
    assert not await world.is_owed("challenge", challenge)


@pytest.mark.parametrize(("stage", "days"), [(1, 1), (2, 1), (3, 2), (4, 5)])
async def test_each_stage_has_its_time(world: World, stage: int, days: int) -> None:
    owed = await _challenged(world, stage, urgency="AMBER")

    assert (owed["owed_by"], owed["owed_to"]) == (SCHOOL, GP)
    assert owed["due_at"] >= (world.clock() + timedelta(days=days)).isoformat()[:10]


@pytest.mark.parametrize("urgency", ["EMERGENCY", "RED"])
@pytest.mark.parametrize("stage", [1, 2, 3, 4])
async def test_each_stage_of_what_is_urgent_has_an_hour_whatever_the_time_of_day(
    world: World, stage: int, urgency: str
) -> None:
    owed = await _challenged(world, stage, urgency)

    due = datetime.fromisoformat(owed["due_at"])
    assert timedelta() < due - world.clock() <= timedelta(hours=1)


async def _challenged(world: World, stage: int, urgency: str) -> Any:
    """What is owed about a challenge of this stage."""
    concern = world.partnership.concern(urgency=urgency)
    decision = _decision(world, concern, an_actor())
    await world.arrive(concern, decision)
    challenge = _challenge(world, decision, stage)
    await world.submit(challenge)
    return (await world.obligations())[("challenge", challenge.statement.hash)]


async def test_a_higher_stage_takes_the_place_of_the_one_before(world: World) -> None:
    concern = world.partnership.concern()
    decision = _decision(world, concern, an_actor())
    await world.arrive(concern, decision)
    first = _challenge(world, decision)
    await world.submit(first)
    second = _challenge(world, first, 2, GP)

    verdict = await world.judge(second)
    lower = await world.judge(_challenge(world, second, 2, GP))

    assert verdict == ("passed", ())
    assert lower == ("refused", ("not-a-party",))
    assert not await world.is_owed("challenge", first)
    assert await world.is_owed("challenge", second)


async def test_a_stranger_challenges_nothing(world: World) -> None:
    concern = world.partnership.concern()
    decision = _decision(world, concern, an_actor())
    await world.arrive(concern, decision)

    assert await world.judge(_challenge(world, decision, 1, CSC)) == ("refused", ("not-a-party",))


async def test_while_too_thin_is_challenged_the_concern_counts(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    thin = world.partnership.delivery(concern, "thin")
    await world.submit(thin)
    before = await world.judge(world.partnership.request([concern.statement.hash]))
    challenge = _challenge(world, thin)

    await world.submit(challenge)
    meanwhile = await world.judge(world.partnership.request([concern.statement.hash]))
    await world.submit(
        world.partnership.say(Kind.REPLY, SCHOOL, GP, {"actor": an_actor()}, irt=challenge.statement.hash)
    )
    afterwards = await world.judge(world.partnership.request([concern.statement.hash]))

    assert (before, meanwhile, afterwards) == (("refused", ("R02",)), ("passed", ()), ("refused", ("R02",)))


async def test_a_newer_concern_of_substance_makes_up_for_a_thin_one(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern, opened="thin")

    await world.submit(world.partnership.concern(txn=world.txn(concern)))

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("passed", ())


async def test_a_reason_that_is_not_enough_is_delivered_and_opens_the_first_stage(world: World) -> None:
    concern, decider = world.partnership.concern(), an_actor()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    declined: JsonValue = [{"line": 1, "outcome": "REFUSED", "reason": "GDPR"}]
    answer = world.partnership.answer(request, outcomes=declined, actor=decider)

    verdict = await world.judge(answer)
    owed = await world.is_owed("challenge", answer)
    same = await world.judge(world.partnership.answer(request, actor=decider))
    other = await world.judge(world.partnership.answer(request, actor=an_actor()))

    assert (verdict, owed) == (("flagged", ("R11",)), True)
    assert world.copies(answer)
    assert world.told(GP, answer) == world.told(SCHOOL, answer) == ["escalation"]
    assert (same, other) == (("refused", ("same-decider",)), ("passed", ()))
    assert not await world.is_owed("challenge", answer)


async def test_another_line_is_answered_by_the_same_person_meanwhile(world: World) -> None:
    request, decider = await _two_lines(world), an_actor()
    declined: JsonValue = [{"line": 1, "outcome": "REFUSED", "reason": "GDPR"}]
    await world.submit(world.partnership.answer(request, outcomes=declined, actor=decider))

    second = await world.judge(world.partnership.answer(request, outcomes=_about(2), actor=decider))

    assert second == ("passed", ())


async def test_two_professionals_just_want_to_talk(world: World) -> None:
    """Advice without a child: a thread of its own, no subject, and nothing can be asked on its strength."""
    advice = world.partnership.say(Kind.REPLY, GP, SCHOOL, {"actor": an_actor()})
    await world.arrive(advice)

    assert world.verdict(advice) == ("passed", ())
    assert await world.judge(world.partnership.request([advice.statement.hash])) == ("refused", ("R01",))


# ---- answers in parts --------------------------------------------------------------------------------

_TWO_LINES: JsonValue = [
    {"line": line, "role": "SUBJECT_CHILD", "category": "EDU_ATTEND", "months": 6} for line in (1, 2)
]


async def _two_lines(world: World) -> Issued:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash], asked=_TWO_LINES)
    await world.arrive(concern, request)
    return request


def _about(line: int, outcome: str = "DISCLOSED_FULL") -> list[JsonValue]:
    return [{"line": line, "outcome": outcome, "reason": None}]


async def test_an_answer_is_owed_until_every_line_has_its_outcome(world: World) -> None:
    request = await _two_lines(world)

    first = await world.judge(world.partnership.answer(request, outcomes=_about(1)))
    owed = await world.is_owed("answer", request)
    second = await world.judge(world.partnership.answer(request, outcomes=_about(2)))

    assert (first, owed, second) == (("passed", ()), True, ("passed", ()))
    assert not await world.is_owed("answer", request)


async def _due(world: World, request: Issued) -> timedelta:
    """How long from now its holder still has to answer."""
    duty = (await world.obligations())["answer", request.statement.hash]
    return datetime.fromisoformat(duty["due_at"]) - world.clock()


async def test_an_outcome_is_owed_once_something_was_answered_and_not_for_too_thin(world: World) -> None:
    request = await _two_lines(world)

    await world.submit(world.partnership.answer(request, outcomes=_about(1, "NEED_MORE")))
    for_more = await world.is_owed("outcome", request)
    await world.submit(world.partnership.answer(request, outcomes=_about(2)))

    assert not for_more
    assert await world.is_owed("outcome", request)


async def _want_more(world: World, request: Issued, *lines: int) -> None:
    outcomes: list[JsonValue] = [{"line": line, "outcome": "NEED_MORE", "reason": None} for line in lines]
    await world.submit(world.partnership.answer(request, outcomes=outcomes))


async def _say_more(world: World, request: Issued) -> None:
    await world.submit(world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=request.statement.hash))


@ON_BOTH
async def test_a_line_that_wants_more_stops_the_clock_until_the_asker_has_said_it(world: World) -> None:
    request = await _two_lines(world)
    whole = await _due(world, request)
    await world.submit(world.partnership.answer(request, outcomes=_about(1)))
    world.clock.advance(timedelta(hours=2))

    await _want_more(world, request, 2)
    paused = await _due(world, request)
    world.clock.advance(timedelta(hours=3))
    await _say_more(world, request)
    again = await _due(world, request)
    await world.submit(world.partnership.answer(request, outcomes=_about(2)))

    assert paused > whole
    assert again == whole
    assert not await world.is_owed("answer", request)


async def test_without_a_word_the_clock_goes_on_after_one_working_day(world: World) -> None:
    request = await _two_lines(world)
    profile = profiles.parse(world.partnership.parties[GP].profile)
    ends = end_of(Clock(amount=1, unit=Unit.WORKING_DAYS), world.clock(), opening(profile, "general"))

    await _want_more(world, request, 1, 2)

    duty = (await world.obligations())["answer", request.statement.hash]
    assert datetime.fromisoformat(duty["since"]) == ends
    assert datetime.fromisoformat(duty["due_at"]) > ends


@pytest.mark.parametrize(("early", "anew"), [(timedelta(seconds=1), True), (timedelta(0), False)])
async def test_a_word_that_comes_after_that_day_gives_the_holder_no_more_time(
    world: World, early: timedelta, anew: bool
) -> None:
    request = await _two_lines(world)
    await _want_more(world, request, 1, 2)
    before = (await world.obligations())["answer", request.statement.hash]
    world.clock.now = datetime.fromisoformat(before["since"]) - early

    await _say_more(world, request)

    after = (await world.obligations())["answer", request.statement.hash]
    assert (after["since"] == world.clock().isoformat()) is (anew or early == timedelta(0))
    assert (after["due_at"] == before["due_at"]) is not anew


@ON_BOTH
async def test_the_same_line_stops_the_clock_only_once(world: World) -> None:
    request = await _two_lines(world)
    await _want_more(world, request, 1, 2)
    await _say_more(world, request)
    before = await _due(world, request)

    await _want_more(world, request, 1, 2)

    assert await _due(world, request) == before


async def test_another_line_may_stop_it_after_the_first(world: World) -> None:
    request = await _two_lines(world)
    await _want_more(world, request, 1)
    await _say_more(world, request)
    before = await _due(world, request)
    await world.submit(world.partnership.answer(request, outcomes=_about(1)))

    await _want_more(world, request, 2)

    assert await _due(world, request) > before


# ---- closing -----------------------------------------------------------------------------------------


async def test_closing_with_checks_unanswered_wants_a_reason_and_tells_everybody(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    relay = world.partnership.concern(CSC, POLICE, relays=concern.statement.hash, txn=world.txn(concern))
    request = world.partnership.request([relay.statement.hash], CSC, POLICE)
    await world.arrive(concern, relay, request)

    silent = await world.judge(world.partnership.answering(Kind.CLOSURE, concern, reason=None))
    strange = await world.judge(world.partnership.answering(Kind.CLOSURE, concern, reason="BORED"))
    closure = world.partnership.answering(Kind.CLOSURE, concern, reason="CHECKS_UNANSWERED")
    given = await world.judge(closure)

    assert (silent, given) == (("refused", ("reason-needed",)), ("passed", ()))
    assert strange == silent
    assert world.copies(closure)
    assert world.told(POLICE, request) == ["closed"]


@pytest.mark.parametrize("relay_first", [False, True])
async def test_a_matter_that_is_closed_with_its_copy_is_told_of_once_for_each_check(
    world: World, relay_first: bool
) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    relay = world.partnership.concern(CSC, POLICE, relays=concern.statement.hash, txn=world.txn(concern))
    request = world.partnership.request([relay.statement.hash], CSC, POLICE)
    await world.arrive(concern, relay, request)
    reason: JsonObject = {"reason": "CHECKS_UNANSWERED"}
    closures = [
        world.partnership.say(Kind.CLOSURE, CSC, SCHOOL, reason, irt=concern.statement.hash),
        world.partnership.say(Kind.CLOSURE, CSC, POLICE, reason, irt=relay.statement.hash),
    ]

    for closure in reversed(closures) if relay_first else closures:
        assert await world.judge(closure) == ("passed", ())

    assert world.told(POLICE, request) == ["closed"]


async def test_closing_when_nothing_is_unanswered_needs_no_reason(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)

    closed = await world.judge(world.partnership.answering(Kind.CLOSURE, concern, reason=None))

    assert closed == ("passed", ())
    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("refused", ("R04",))


async def test_a_closure_that_is_challenged_has_not_ended_anything_yet(world: World) -> None:
    concern = world.partnership.concern()
    closure = world.partnership.answering(Kind.CLOSURE, concern, reason=None)
    await world.arrive(concern, closure)

    await world.submit(_challenge(world, closure))

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("passed", ())


async def test_a_challenged_closure_is_undone_by_a_decision_of_somebody_else(world: World) -> None:
    concern, closer = world.partnership.concern(), an_actor()
    closure = world.partnership.answering(Kind.CLOSURE, concern, reason=None, actor=closer)
    await world.arrive(concern, closure)
    challenge = _challenge(world, closure)
    await world.submit(challenge)

    same = await world.judge(_decision(world, concern, closer))
    other = await world.judge(_decision(world, concern, an_actor()))

    assert (same, other) == (("refused", ("same-decider",)), ("passed", ()))
    assert not await world.is_owed("challenge", challenge)
    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("passed", ())


async def test_who_asked_closes_the_request_and_nothing_more_is_owed(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)

    await world.submit(
        world.partnership.say(
            Kind.CLOSURE, GP, SCHOOL, {"reason": "CHECKS_NOT_NEEDED"}, irt=request.statement.hash
        )
    )

    assert not await world.is_owed("answer", request)


# ---- transfer ----------------------------------------------------------------------------------------


async def test_an_open_case_that_goes_to_its_worker_is_acknowledged_anew(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    await world.arrive(concern)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, concern))
    before = await world.is_owed("acknowledgement", concern)

    await world.submit(
        world.partnership.say(Kind.TRANSFER, CSC, SCHOOL, {"to": f"{CSC}/mash"}, irt=concern.statement.hash)
    )
    after = await world.is_owed("acknowledgement", concern)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, concern))

    assert (before, after) == (False, True)
    assert not await world.is_owed("acknowledgement", concern)


async def test_another_authority_says_that_it_has_the_case_and_the_sender_hears(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    await world.arrive(concern)
    handed = world.partnership.say(Kind.TRANSFER, CSC, POLICE, {"to": POLICE}, irt=concern.statement.hash)
    copy = world.partnership.say(Kind.TRANSFER, CSC, SCHOOL, {"to": POLICE}, irt=concern.statement.hash)

    await world.arrive(handed, copy)
    owed = await world.is_owed("acknowledgement", handed)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, handed))

    assert owed
    assert not await world.is_owed("acknowledgement", handed)
    assert await world.is_owed("decision", concern)
    assert world.copies(copy)


@pytest.mark.parametrize(("frm", "to"), [(SCHOOL, POLICE), (CSC, GP)])
async def test_nobody_else_hands_a_case_over(world: World, frm: str, to: str) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    await world.arrive(concern)

    transfer = world.partnership.say(
        Kind.TRANSFER,
        frm,  # type: ignore[arg-type]
        to,  # type: ignore[arg-type]
        {"to": POLICE},
        irt=concern.statement.hash,
    )

    assert await world.judge(transfer) == ("refused", ("not-a-party",))


# ---- links -------------------------------------------------------------------------------------------


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


# ---- told outside ------------------------------------------------------------------------------------


async def test_what_was_told_outside_the_exchange_is_on_the_record(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern)
    codes: dict[str, JsonValue] = {"told_outside": {"how": "PHONE", "when": "2026-11-20"}, "reply_by": None}

    about = world.partnership.say(Kind.TOLD, GP, SCHOOL, codes, irt=concern.statement.hash)
    foreign = world.partnership.say(Kind.TOLD, POLICE, SCHOOL, codes, irt=concern.statement.hash)

    assert await world.judge(about) == ("passed", ())
    assert await world.judge(foreign) == ("refused", ("not-a-party",))
