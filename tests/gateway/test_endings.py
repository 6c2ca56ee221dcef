"""Closing a matter, and handing it over. Source: domain 4.1."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from candour_protocol.ids import AgencyId
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import Issued
from candour_protocol.strict_json import JsonObject, JsonValue

from tests.gateway.partnership import CHILD, CSC, GP, OTHER_CHILD, POLICE, SCHOOL, an_actor
from tests.gateway.second_looks import a_challenge, a_decision
from tests.gateway.world import World


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


async def test_about_a_closed_concern_nothing_is_owed(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    await world.arrive(concern)
    before = await _owed(world, concern)

    await world.submit(world.partnership.answering(Kind.CLOSURE, concern, reason=None))
    after = await _owed(world, concern)
    await world.submit(
        world.partnership.say(Kind.TRANSFER, CSC, SCHOOL, {"to": CSC}, irt=concern.statement.hash)
    )

    assert before == ["acknowledgement", "decision"]
    assert after == []
    assert await _owed(world, concern) == []


async def _owed(world: World, about: Issued) -> list[str]:
    return sorted(kind for kind, name in await world.obligations() if name == about.statement.hash)


@pytest.mark.parametrize(("final", "owed"), [(True, []), (False, ["decision"])])
async def test_what_is_opened_again_and_not_decided_is_due_when_it_was(
    world: World, final: bool, owed: list[str]
) -> None:
    concern = world.partnership.concern()
    closure = world.partnership.answering(Kind.CLOSURE, concern, reason=None, actor=an_actor())
    await world.arrive(concern)
    due = (await world.obligations())["decision", concern.statement.hash]["due_at"]
    await world.arrive(closure)
    await world.submit(a_challenge(world, closure))

    again = world.partnership.answering(
        Kind.DECISION, concern, decision="ADVICE_NFA", final=final, actor=an_actor()
    )
    await world.submit(again)

    assert await _owed(world, concern) == owed
    listed = await world.obligations()
    assert [listed[kind, concern.statement.hash]["due_at"] for kind in owed] == [due for _ in owed]


async def test_a_closure_that_is_challenged_has_not_ended_anything_yet(world: World) -> None:
    concern = world.partnership.concern()
    closure = world.partnership.answering(Kind.CLOSURE, concern, reason=None)
    await world.arrive(concern, closure)

    await world.submit(a_challenge(world, closure))

    assert await world.judge(world.partnership.request([concern.statement.hash])) == ("passed", ())


async def test_a_challenged_closure_is_undone_by_a_decision_of_somebody_else(world: World) -> None:
    concern, closer = world.partnership.concern(), an_actor()
    closure = world.partnership.answering(Kind.CLOSURE, concern, reason=None, actor=closer)
    await world.arrive(concern, closure)
    challenge = a_challenge(world, closure)
    await world.submit(challenge)

    same = await world.judge(a_decision(world, concern, closer))
    other = await world.judge(a_decision(world, concern, an_actor()))

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


# ---- transfer --------------------------------------------------------------------------------------


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
    handed, copy = _handed_on(world, concern)

    await world.arrive(_relay(world, concern), handed, copy)
    owed = await world.is_owed("acknowledgement", handed)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, handed))

    assert owed
    assert not await world.is_owed("acknowledgement", handed)
    assert await world.is_owed("decision", concern)
    assert world.copies(copy)


def _relay(world: World, concern: Issued, **codes: JsonValue) -> Issued:
    passed_on: dict[str, JsonValue] = {"relays": concern.statement.hash, "txn": world.txn(concern)}
    return world.partnership.concern(CSC, POLICE, **(passed_on | codes))


async def test_another_authority_has_as_long_as_the_matter_is_urgent(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC, urgency="RED")
    await world.arrive(concern, _relay(world, concern, urgency="RED"))
    handed = world.partnership.say(Kind.TRANSFER, CSC, POLICE, {"to": POLICE}, irt=concern.statement.hash)

    await world.submit(handed)

    due = (await world.obligations())["acknowledgement", handed.statement.hash]["due_at"]
    assert datetime.fromisoformat(due) - world.clock() == timedelta(hours=1)


def _handed_on(world: World, concern: Issued) -> tuple[Issued, Issued]:
    """To the police, and the copy to who told."""
    name = concern.statement.hash
    to_police, to_school = (
        world.partnership.say(Kind.TRANSFER, CSC, to, {"to": POLICE}, irt=name) for to in (POLICE, SCHOOL)
    )
    return to_police, to_school


@pytest.mark.parametrize("marks", [None, ["NO_ONWARD"]])
async def test_nobody_is_handed_a_case_of_which_they_were_not_told(
    world: World, marks: JsonValue | None
) -> None:
    concern = world.partnership.concern(SCHOOL, CSC, marks=marks or [])
    await world.arrive(concern)
    if marks:
        assert await world.judge(_relay(world, concern, marks=marks)) == ("refused", ("R15",))

    for transfer in _handed_on(world, concern):
        assert await world.judge(transfer) == ("refused", ("not-told",))
        assert not world.copies(transfer)
        assert not await world.is_owed("acknowledgement", transfer)


@pytest.mark.parametrize(("teller", "child"), [(CSC, CHILD), (SCHOOL, CHILD), (CSC, ["r1." + "A" * 43])])
async def test_a_case_is_handed_to_whoever_was_told_it_in_other_words(
    world: World, teller: AgencyId, child: JsonValue
) -> None:
    concern = world.partnership.concern(SCHOOL, CSC, marks=["NO_ONWARD"])
    told = world.partnership.concern(teller, POLICE, txn=world.txn(concern), child=child)
    await world.arrive(concern, told)

    verdicts = [await world.judge(transfer) for transfer in _handed_on(world, concern)]

    assert verdicts == [("passed", ())] * 2


@pytest.mark.parametrize("changes", [{"child": OTHER_CHILD}, {"txn": None}])
async def test_word_of_a_sibling_or_of_another_matter_is_not_word_of_this_case(
    world: World, changes: dict[str, JsonValue]
) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    about = {"txn": world.txn(concern)} | changes
    told = {name: value for name, value in about.items() if value is not None}
    await world.arrive(concern, world.partnership.concern(CSC, POLICE, **told))

    verdicts = [await world.judge(transfer) for transfer in _handed_on(world, concern)]

    assert verdicts == [("refused", ("not-told",))] * 2


async def test_a_request_that_goes_to_a_colleague_is_acknowledged_anew_and_still_answered(
    world: World,
) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    request = world.partnership.request([concern.statement.hash], SCHOOL, CSC)
    await world.arrive(concern, request)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, request))
    before = await _owed(world, request)

    await world.submit(_to(world, request, f"{CSC}/mash"))
    after = await _owed(world, request)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, request))

    assert (before, after) == (["answer"], ["acknowledgement", "answer"])
    assert await _owed(world, request) == ["answer"]


@pytest.mark.parametrize("to", [POLICE, SCHOOL])
async def test_a_request_goes_to_no_other_agency_told_or_not(world: World, to: AgencyId) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    request = world.partnership.request([concern.statement.hash], SCHOOL, CSC)
    told = world.partnership.concern(SCHOOL, POLICE, txn=world.txn(concern))
    await world.arrive(concern, told, request)
    name = request.statement.hash

    handed = [world.partnership.say(Kind.TRANSFER, CSC, aud, {"to": to}, irt=name) for aud in (to, SCHOOL)]
    verdicts = [await world.judge(each) for each in handed]

    assert verdicts == [("refused", ("not-a-party",))] * 2
    assert not any(world.copies(each) for each in handed)


@pytest.mark.parametrize("kind", [Kind.CONCERN, Kind.REQUEST])
@pytest.mark.parametrize("end", ["withdrawn", "about another child"])
async def test_nobody_owes_anything_about_what_is_handed_on_after_it_was_taken_back(
    world: World, kind: Kind, end: str
) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    request = world.partnership.request([concern.statement.hash], SCHOOL, CSC)
    await world.arrive(concern, request)
    matter = concern if kind is Kind.CONCERN else request
    name = matter.statement.hash
    wrong: dict[str, JsonValue] = {"correction_kind": "WRONG_CHILD", "corrects": name}
    taken_back = (
        world.partnership.say(Kind.WITHDRAWAL, SCHOOL, CSC, {"reason": None}, irt=name)
        if end == "withdrawn"
        else world.partnership.say(Kind.CORRECTION, SCHOOL, CSC, wrong, irt=name)
    )
    await world.submit(taken_back)

    await world.submit(_to(world, matter, CSC))

    assert await _owed(world, matter) == []


async def test_nobody_tells_themselves_that_they_hand_something_on(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    request = world.partnership.request([concern.statement.hash], SCHOOL, CSC)
    await world.arrive(concern, request)

    for matter in (concern, request):
        to_self = world.partnership.say(Kind.TRANSFER, CSC, CSC, {"to": CSC}, irt=matter.statement.hash)
        assert await world.judge(to_self) == ("refused", ("not-a-party",))


async def test_nobody_owes_anything_about_what_was_said_again_and_is_handed_on(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    request = world.partnership.request([concern.statement.hash], SCHOOL, CSC)
    await world.arrive(concern)
    await world.submit(request)
    again = world.partnership.request(
        [concern.statement.hash], SCHOOL, CSC, draft_reissues=request.statement.hash
    )
    await world.submit(again)

    await world.submit(_to(world, request, CSC))

    assert await _owed(world, request) == []
    assert await _owed(world, again) == ["acknowledgement", "answer", "delivery"]


async def test_a_correction_that_went_to_somebody_else_ends_nothing(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    name = concern.statement.hash
    wrong: dict[str, JsonValue] = {"correction_kind": "WRONG_CHILD", "corrects": name}
    await world.submit(world.partnership.say(Kind.CORRECTION, SCHOOL, POLICE, wrong, irt=name))
    await world.arrive(concern)
    await world.submit(world.partnership.answering(Kind.ACKNOWLEDGEMENT, concern))

    await world.submit(_to(world, concern, CSC))

    assert await _owed(world, concern) == ["acknowledgement", "decision"]


def _to(world: World, matter: Issued, holder: str) -> Issued:
    return world.partnership.say(Kind.TRANSFER, CSC, SCHOOL, {"to": holder}, irt=matter.statement.hash)


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
