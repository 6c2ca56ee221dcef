"""What goes wrong between a partner and the others, and what becomes of it: nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from candour_gateway import keyring
from candour_protocol import base64url, registry_facts
from candour_protocol.entry import Entry
from candour_protocol.errors import TransportError
from candour_protocol.ids import AgencyId, Jti, StatementHash, new_uuid7, sha256_text
from candour_protocol.keys import OpeningKey, SealKey, SigningKey
from candour_protocol.kinds import Kind
from candour_protocol.registry_facts import KeyUse
from candour_protocol.statement import Body, Draft, Issued, issue, parse
from candour_protocol.strict_json import JsonObject
from candour_protocol.transport.port import Delivery, PublishResult, Settlement
from candour_protocol.transport.topology import Lane, inbox_queue, submit_key
from candour_protocol.wire import Delivered

from tests.gateway.partnership import (
    CSC,
    GP,
    NET,
    POLICE,
    POLICY_ID,
    SCHOOL,
    Party,
    a_txn,
    concern_codes,
)
from tests.journeys.bodies import a_concern_for
from tests.partners.bodies import a_concern
from tests.partners.district import District
from tests.protocol.logbook import Logbook

pytestmark = pytest.mark.asyncio(loop_scope="module")

IN_BOOK = "SELECT count(*) FROM message WHERE hash = ?"


async def test_killed_between_commit_and_acknowledgement_it_does_nothing_twice(district: District) -> None:
    surgery = district.surgery
    surgery.kill()
    await surgery.listen_and_choke()
    told = await district.call("POST", "/v1/concerns", a_concern_for(GP))
    concern = told["messages"][0]["id"]
    name = StatementHash((await surgery.has(concern))["hash"])

    surgery.kill()
    await surgery.listen()

    await surgery.hears(f"again concern {concern}")
    await district.reaches(concern, "delivered")
    assert surgery.look_up(IN_BOOK, name) == 1
    assert await district.deliveries(name) == 1


async def test_a_receipt_that_was_lost_comes_again_for_the_same_bytes(district: District) -> None:
    surgery, before = district.surgery, len(await district.logged(GP, Kind.CONCERN))
    surgery.kill()
    told = await surgery.tell(a_concern())
    raw = surgery.look_up("SELECT body FROM outbox WHERE jti = ?", told)
    await district.submit(GP, raw)
    await district.is_logged(GP, Kind.CONCERN, before + 1)
    district.empty_inbox()

    await surgery.listen()

    assert (await surgery.has(told, "opened"))["verdict"] == "passed"
    assert len(await district.logged(GP, Kind.CONCERN)) == before + 1


async def test_what_comes_again_is_answered_with_the_same_delivery(district: District) -> None:
    surgery, concern = district.surgery, _concern(district)
    await district.submit(SCHOOL, concern.raw)
    shown = await surgery.has(concern.statement.claims.jti)

    await district.drop_in(Delivered(concern.body, shown["receipt"]))

    await surgery.hears(f"again concern {shown['id']}")
    assert surgery.look_up(IN_BOOK, concern.statement.hash) == 1
    assert await district.deliveries(concern.statement.hash) == 1


async def test_a_statement_whose_parts_do_not_fit_is_delivered_and_said_to_be_so(district: District) -> None:
    concern = _concern(district)  # its child's token is of nobody who is named in it

    await district.submit(SCHOOL, concern.raw)

    assert (await district.surgery.has(concern.statement.claims.jti))["opened"] == "mismatch"


async def test_a_statement_that_cannot_be_opened_is_kept_and_said_to_be_unreadable(
    district: District,
) -> None:
    concern = _sealed_to_a_stranger(district)

    await district.submit(SCHOOL, concern.raw)

    shown = await district.surgery.has(concern.statement.claims.jti)
    assert (shown["opened"], shown["content"]) == ("unreadable", None)


async def test_what_its_recipient_could_not_open_is_sealed_again_to_the_key_that_it_has_now(
    district: District,
) -> None:
    surgery, police = district.surgery, district.partnership.parties[POLICE]
    told = await surgery.tell(a_concern() | {"to": POLICE})
    first = await surgery.has(told)
    await _rotate_seal_key(district, police)
    unreadable: JsonObject = {"opened": "unreadable", "rules": {}}
    word = district.partnership.say(Kind.DELIVERY, POLICE, GP, unreadable, irt=first["hash"])

    await district.submit(POLICE, word.raw)

    await surgery.knows("SELECT verdict FROM message WHERE reissues = ?", first["hash"])
    assert surgery.look_up("SELECT verdict FROM message WHERE reissues = ?", first["hash"]) == "passed"
    jwt = surgery.look_up("SELECT jwt FROM message WHERE reissues = ?", first["hash"])
    sealed = parse(jwt).claims.sealed
    assert sealed is not None
    assert sealed.kid == police.seal["general"].public.kid


async def test_what_its_recipient_cannot_open_with_the_key_that_it_has_is_for_people(
    district: District,
) -> None:
    surgery = district.surgery
    told = await surgery.tell(a_concern() | {"to": CSC})
    first = await surgery.has(told)
    unreadable: JsonObject = {"opened": "unreadable", "rules": {}}

    await district.submit(
        CSC, district.partnership.say(Kind.DELIVERY, CSC, GP, unreadable, irt=first["hash"]).raw
    )

    await surgery.knows("SELECT 1 FROM incident WHERE code = 'not-said-again' AND digest = ?", first["hash"])


async def test_what_is_sealed_to_the_key_before_the_present_one_is_still_opened(district: District) -> None:
    surgery, party = district.surgery, district.partnership.parties[GP]
    before = _concern(district)
    surgery.kill()
    await _rotate_seal_key(district, party)
    surgery.take_up("general", party.seal["general"].private_jwk)
    await surgery.listen()

    for concern in (before, _concern(district)):
        await district.submit(SCHOOL, concern.raw)

        shown = await surgery.has(concern.statement.claims.jti)
        assert shown["content"] is not None
    assert surgery.look_up("SELECT count(*) FROM incident WHERE code = 'strange-key'") == 0


async def test_a_statement_that_its_issuer_did_not_sign_is_parked(district: District) -> None:
    forged = _signed_by_a_stranger(district, SCHOOL, GP)

    await district.drop_in(Delivered(forged.body, _receipt(district, forged, 20)))

    await district.surgery.hears("parked signature")
    assert district.surgery.look_up(IN_BOOK, forged.statement.hash) == 0
    assert district.surgery.look_up("SELECT count(*) FROM incident WHERE code = 'signature'") == 1


async def test_a_statement_beside_another_narrative_than_was_signed_is_parked(district: District) -> None:
    concern, other = _concern(district), _concern(district)
    mixed = Body(concern.body.jwt, concern.body.disclosures, other.body.sealed)

    await district.drop_in(Delivered(mixed, _receipt(district, concern, 21)))

    await district.surgery.hears("parked body-mismatch")
    assert district.surgery.look_up(IN_BOOK, concern.statement.hash) == 0


async def test_a_log_that_shows_two_trees_of_one_size_is_found_out(district: District) -> None:
    first, second = _concern(district), _concern(district)

    await district.drop_in(Delivered(first.body, _receipt(district, first, 22)))
    await district.surgery.hears(f"concern {first.statement.claims.jti}")
    await district.drop_in(Delivered(second.body, _receipt(district, second, 22)))

    await district.surgery.hears("parked fork")


async def test_what_the_log_refused_is_not_taken_for_a_statement(district: District) -> None:
    concern = _concern(district)

    await district.drop_in(Delivered(concern.body, _receipt(district, concern, 23, "refused")))

    await district.surgery.hears("parked not-passed")


async def test_a_statement_with_somebody_elses_receipt_is_parked(district: District) -> None:
    first, second = _concern(district), _concern(district)
    await district.submit(SCHOOL, first.raw)
    receipt = (await district.surgery.has(first.statement.claims.jti))["receipt"]

    await district.drop_in(Delivered(second.body, receipt))

    await district.surgery.hears("parked other-statement")
    assert district.surgery.look_up(IN_BOOK, second.statement.hash) == 0


async def test_bytes_that_are_no_statement_come_back_as_a_problem(district: District) -> None:
    await district.submit(GP, b"nonsense")

    await district.surgery.hears(f"problem json {sha256_text(b'nonsense')}")


async def test_a_statement_in_its_own_name_by_another_key_comes_back_as_a_problem(
    district: District,
) -> None:
    forged = _signed_by_a_stranger(district, GP, SCHOOL)

    await district.submit(GP, forged.raw)

    await district.surgery.hears(f"problem signature {sha256_text(forged.raw)}")


async def test_the_broker_takes_nothing_in_another_agencys_name(district: District) -> None:
    under = submit_key(SCHOOL, Kind.CONCERN, urgent=False)

    result = await district.submit(GP, district.partnership.concern(GP, SCHOOL).raw, under)

    assert result is PublishResult.REJECTED


async def test_the_broker_gives_nobody_another_agencys_post(district: District) -> None:
    courier = await district.realm.connect(GP)

    with pytest.raises(TransportError):
        await courier.consume(inbox_queue(SCHOOL, Lane.ORDINARY), _never)


async def _never(_: Sequence[Delivery]) -> Sequence[Settlement]:
    raise AssertionError("a message that is somebody else's")


async def _rotate_seal_key(district: District, party: Party) -> None:
    """Another key for the general inbox, and the end of the one before it."""
    before, now = party.seal["general"], datetime.now(UTC)
    party.seal["general"] = OpeningKey.generate()
    after = party.seal["general"].public
    for fact in (
        registry_facts.key_add(party.voice, party.id, after, KeyUse.SEAL, now, inbox="general"),
        registry_facts.key_retire(party.voice, party.id, before.public, now),
    ):
        await district.gateway.admit_registry(fact)


def _concern(district: District) -> Issued:
    return district.partnership.concern(SCHOOL, GP)


def _sealed_to_a_stranger(district: District) -> Issued:
    """A concern under the kid of the surgery's inbox, sealed with a key that nobody holds."""
    kid = district.partnership.parties[GP].seal["general"].public.kid
    key = SealKey(OpeningKey.generate().public.raw)
    object.__setattr__(key, "kid", kid)
    now = datetime.now(UTC)
    iat, codes = int(now.timestamp()), {"txn": a_txn(), "actor": None} | concern_codes()
    draft = Draft(NET, SCHOOL, GP, Jti(new_uuid7(now)), iat, iat + 86_400, Kind.CONCERN, codes)
    return issue(draft, district.partnership.parties[SCHOOL].sign, key)


def _signed_by_a_stranger(district: District, frm: AgencyId, to: AgencyId) -> Issued:
    """A concern under the kid of its issuer, with another's signature."""
    true = district.partnership.concern(frm, to)
    signed = true.statement.jwt.rpartition(".")[0]
    signature = base64url.encode(SigningKey.generate().sign(signed.encode()))
    statement = parse(f"{signed}.{signature}")
    return Issued(statement, Body(statement.jwt, true.body.disclosures, true.body.sealed))


def _receipt(district: District, issued: Issued, size: int, verdict: str = "passed") -> str:
    """A receipt by the log's own key, from a log of this size that the gateway never had."""
    log = Logbook(keyring.read(district.partnership.folder / "keys").log)
    entry = Entry.at(datetime.now(UTC), verdict, (), POLICY_ID, issued.statement.jwt)
    log.append(*(str(number).encode() for number in range(size - 1)), entry.to_bytes())
    return log.receipt(size - 1)
