"""What authenticates and is refused: logged with its reason, answered with a receipt, never delivered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from candour_protocol import base64url, registry_facts, strict_json
from candour_protocol.ids import AgencyId, StatementHash, sha256_text
from candour_protocol.keys import OpeningKey, SigningKey
from candour_protocol.kinds.lists import Kind
from candour_protocol.registry_facts import KeyUse
from candour_protocol.statement import Body, Draft, Issued, issue, parse
from candour_protocol.strict_json import JsonObject

from tests.gateway.partnership import (
    CSC,
    GP,
    NET,
    OTHER_CHILD,
    POLICE,
    SCHOOL,
    a_txn,
    attested,
    concern_codes,
)
from tests.gateway.world import World


async def _refused(world: World, issued: Issued) -> tuple[str, ...]:
    """The reasons for which it is refused."""
    verdict, rules = await world.judge(issued)

    assert verdict == "refused"
    assert not world.copies(issued)
    told = world.answered(issued.statement.claims.jti, issued.statement.claims.iss).violations
    assert {rule for rule, _ in told} == set(rules)
    return rules


# -- the rules ---------------------------------------------------------------------------------------


async def test_a_request_without_a_concern(world: World) -> None:
    assert await _refused(world, world.partnership.request([])) == ("R01",)


async def test_a_request_that_cites_what_was_never_logged(world: World) -> None:
    unknown = StatementHash(sha256_text(b"nothing"))

    assert await _refused(world, world.partnership.request([unknown])) == ("R01",)


async def test_a_thin_concern_is_delivered_but_unlocks_no_request(world: World) -> None:
    thin = world.partnership.concern(checks=attested("R02", "R03", "R13", failing=("R02",)))

    verdict = await world.judge(thin)

    assert verdict == ("flagged", ("R02",))
    assert world.copies(thin)
    assert await _refused(world, world.partnership.request([thin.statement.hash])) == ("R02",)


async def test_a_concern_that_its_recipient_found_thin_unlocks_no_later_request(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern, opened="thin")

    assert await _refused(world, world.partnership.request([concern.statement.hash])) == ("R02",)


async def test_a_reply_that_adds_to_a_thin_concern_makes_it_count_again(world: World) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern, opened="thin")
    more = world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=concern.statement.hash)
    await world.submit(more)

    verdict = await world.judge(world.partnership.request([concern.statement.hash]))

    assert verdict == ("passed", ())


async def test_a_reply_in_which_the_askers_node_finds_no_fact_changes_nothing(world: World) -> None:
    """Only nodes can read a reply, so whoever rests on one attests that it says something."""
    thin = attested("R02", "R03", "R13", failing=("R02", "R03"))
    concern = world.partnership.concern(checks=thin)
    await world.arrive(concern, opened="thin")
    await world.submit(world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=concern.statement.hash))

    empty = attested("R02", "R03", "R05", "R07", "R09", "R12", "R13", failing=("R02", "R03"))
    asked = world.partnership.request([concern.statement.hash], checks=empty)

    assert await _refused(world, asked) == ("R02", "R03")


@pytest.mark.parametrize("opened", ["mismatch", "unreadable"])
async def test_a_concern_that_could_not_be_opened_unlocks_nothing(world: World, opened: str) -> None:
    concern = world.partnership.concern()
    await world.arrive(concern, opened=opened)
    await world.submit(world.partnership.say(Kind.REPLY, GP, SCHOOL, {}, irt=concern.statement.hash))

    assert await _refused(world, world.partnership.request([concern.statement.hash])) == ("R01",)


async def test_another_childs_concern(world: World) -> None:
    concern = world.partnership.concern(child=OTHER_CHILD)
    await world.submit(concern)

    assert await _refused(world, world.partnership.request([concern.statement.hash])) == ("R04",)


async def test_a_concern_told_to_somebody_else(world: World) -> None:
    concern = world.partnership.concern(GP, CSC)
    await world.submit(concern)

    assert await _refused(world, world.partnership.request([concern.statement.hash])) == ("R01",)


async def test_a_concern_told_to_another_inbox(world: World) -> None:
    concern = world.partnership.concern(GP, SCHOOL, inbox="restricted")
    await world.submit(concern)

    assert await _refused(world, world.partnership.request([concern.statement.hash])) == ("R10",)


async def test_a_request_that_its_own_node_attests_as_failing(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    checks = attested("R02", "R03", "R05", "R07", "R09", "R12", "R13", failing=("R12",))

    assert await _refused(world, world.partnership.request([concern.statement.hash], checks=checks)) == (
        "R12",
    )


# -- parent and parties ------------------------------------------------------------------------------


async def test_an_answer_without_a_request(world: World) -> None:
    stray = world.partnership.say(
        Kind.ANSWER, SCHOOL, GP, {"outcomes": []}, irt=StatementHash(sha256_text(b"nothing"))
    )

    assert await _refused(world, stray) == ("not-a-party",)


async def test_an_answer_to_a_refused_request(world: World) -> None:
    request = world.partnership.request([])
    await world.submit(request)

    assert await _refused(world, world.partnership.answer(request)) == ("not-a-party",)


async def test_an_answer_from_somebody_who_was_not_asked(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)

    assert await _refused(world, world.partnership.answer(request, CSC)) == ("not-a-party",)


async def test_an_answer_for_lines_that_were_not_asked(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern, request)
    lines: JsonObject = {"line": 7, "outcome": "DISCLOSED_FULL", "reason": None}

    assert await _refused(world, world.partnership.answer(request, outcomes=[lines])) == ("R11",)


async def test_an_answer_to_a_request_that_was_not_opened(world: World) -> None:
    concern = world.partnership.concern()
    request = world.partnership.request([concern.statement.hash])
    await world.arrive(concern)
    await world.submit(request)

    assert await _refused(world, world.partnership.answer(request)) == ("not-opened",)


async def test_a_strangers_delivery_does_not_stop_the_sending(world: World) -> None:
    concern = world.partnership.concern()
    await world.submit(concern)
    stranger = world.partnership.delivery(concern, frm=CSC)

    reasons = await _refused(world, stranger)
    world.clock.advance(timedelta(seconds=2))
    await world.gateway.drive()

    assert reasons == ("not-a-party",)
    assert len(world.copies(concern)) == 2


@pytest.mark.parametrize("kind", [Kind.ACKNOWLEDGEMENT, Kind.DECISION, Kind.DELIVERY, Kind.OUTCOME])
async def test_nobody_answers_nothing(world: World, kind: Kind) -> None:
    codes: dict[Kind, JsonObject] = {
        Kind.DECISION: {"decision": "ADVICE_NFA"},
        Kind.DELIVERY: {"opened": "sound", "rules": {}},
    }
    stray = world.partnership.say(kind, SCHOOL, GP, codes.get(kind, {}))

    assert await _refused(world, stray) == ("not-a-party",)


async def test_a_relay_of_what_was_never_received(world: World) -> None:
    concern = world.partnership.concern(SCHOOL, CSC)
    await world.submit(concern)
    relay = world.partnership.concern(POLICE, GP, relays=concern.statement.hash)

    assert await _refused(world, relay) == ("not-a-party",)


async def test_a_recipient_that_is_no_agency(world: World) -> None:
    nobody = world.partnership.concern(GP, AgencyId("nobody-here"))

    verdict = await world.judge(nobody)

    assert verdict[0] == "refused"
    assert verdict[1][0] in {"not-a-party", "mismatch"}


async def test_an_agency_cannot_make_the_gateways_notices(world: World) -> None:
    notice = world.partnership.say(Kind.NOTICE, GP, SCHOOL, {"notice": "incident", "about": None})

    assert await _refused(world, notice) == ("not-a-party",)


# -- form and time -----------------------------------------------------------------------------------


async def test_a_statement_that_lives_a_hundred_years(world: World) -> None:
    """The builder refuses to make one, so it is signed by hand."""
    concern = _signed_by_hand(world, exp=int(world.clock().timestamp()) + 100 * 365 * 86_400)

    assert await _refused(world, concern) == ("form",)


async def test_a_clock_61_seconds_ahead_is_refused_and_one_60_seconds_ahead_is_not(world: World) -> None:
    now = int(world.clock().timestamp())
    ahead = world.partnership.concern(draft_iat=now + 61, draft_exp=now + 600)
    within = world.partnership.concern(draft_iat=now + 60, draft_exp=now + 600)

    assert await _refused(world, ahead) == ("clock",)
    assert await world.judge(within) == ("passed", ())
    assert world.receipt(ahead).entry.moment == world.clock()


async def test_a_request_after_its_time_is_refused_and_a_concern_passes_marked(world: World) -> None:
    first = world.partnership.concern()
    await world.submit(first)
    request = world.partnership.request([first.statement.hash])
    concern = world.partnership.concern()
    world.clock.advance(timedelta(days=2))

    assert await _refused(world, request) == ("late",)
    assert await world.judge(concern) == ("flagged", ("late",))
    assert world.copies(concern)


# -- parts that do not fit ---------------------------------------------------------------------------


async def test_something_sealed_to_another_inbox(world: World) -> None:
    concern = world.partnership.issue(_draft(world, {"inbox": "restricted"}), "mash")

    assert await _refused(world, concern) == ("mismatch",)


async def test_something_sealed_to_a_key_that_nobody_registered(world: World) -> None:
    key = OpeningKey.generate().public
    concern = issue(_draft(world, {}), world.partnership.parties[GP].sign, key)

    assert await _refused(world, concern) == ("mismatch",)


async def test_codes_that_are_not_those_of_the_kind(world: World) -> None:
    concern = world.partnership.concern(child=["not a token"])

    assert await _refused(world, concern) == ("mismatch",)


# -- keys --------------------------------------------------------------------------------------------


async def test_a_retired_key_is_answered_and_refused(world: World) -> None:
    party, partnership = world.partnership.parties[GP], world.partnership
    concern = partnership.concern()
    old, party_key = party.sign, SigningKey.generate()
    add = registry_facts.key_add(party.voice, GP, party_key.public, KeyUse.SIGN, world.clock())
    await world.gateway.admit_registry(add)
    party.sign = party_key
    retire = registry_facts.key_retire(party.voice, GP, old.public, world.clock())
    await world.gateway.admit_registry(retire)

    assert await _refused(world, concern) == ("key",)
    assert await world.judge(partnership.concern()) == ("passed", ())


async def test_a_revoked_key_is_answered_and_refused(world: World) -> None:
    partnership = world.partnership
    concern = partnership.concern()
    revoke = registry_facts.key_revoke(
        partnership.voice, GP, partnership.parties[GP].sign.public, world.clock()
    )
    await world.gateway.admit_registry(revoke)

    assert await _refused(world, concern) == ("key",)


async def test_what_was_admitted_under_a_key_is_answered_after_its_end(world: World) -> None:
    partnership = world.partnership
    concern = partnership.concern()
    await world.submit(concern)
    revoke = registry_facts.key_revoke(
        partnership.voice, GP, partnership.parties[GP].sign.public, world.clock()
    )
    await world.gateway.admit_registry(revoke)

    assert await world.judge(concern) == ("passed", ())


async def test_a_retired_seal_key_is_accepted_for_seven_days(world: World) -> None:
    partnership, party = world.partnership, world.partnership.parties[SCHOOL]
    retired = party.seal["general"].public
    await world.gateway.admit_registry(registry_facts.key_retire(party.voice, SCHOOL, retired, world.clock()))

    within = await world.judge(partnership.concern())
    world.clock.advance(timedelta(days=7, seconds=1))
    after = await world.judge(partnership.concern())

    assert within == ("passed", ())
    assert after == ("refused", ("mismatch",))


def _draft(world: World, codes: JsonObject) -> Draft:
    claims = world.partnership.concern().statement.claims
    return Draft(
        net=NET,
        iss=GP,
        aud=SCHOOL,
        jti=claims.jti,
        iat=claims.iat,
        exp=claims.exp,
        kind=Kind.CONCERN,
        codes={"txn": a_txn()} | concern_codes() | codes,
    )


def _signed_by_hand(world: World, **claims: int) -> Issued:
    concern = world.partnership.concern()
    first, second, _ = concern.statement.jwt.split(".")
    payload = strict_json.load_object(base64url.decode(second)) | claims
    signed = f"{first}.{base64url.encode(strict_json.dumps(payload).encode())}"
    jwt = f"{signed}.{base64url.encode(world.partnership.parties[GP].sign.sign(signed.encode()))}"
    return Issued(parse(jwt), Body(jwt, concern.body.disclosures, concern.body.sealed))
