"""What the recipient's node finds when it opens a statement, and says in its delivery."""

from __future__ import annotations

from typing import Any

from candour_agency.bells import rung
from candour_agency.reissuing import MOST_TIMES
from candour_protocol import registry_facts
from candour_protocol.disclosures import read
from candour_protocol.ids import AgencyId
from candour_protocol.keys import OpeningKey, SealKey
from candour_protocol.kinds import Kind
from candour_protocol.registry_facts import KeyUse, Voice
from candour_protocol.statement import Draft, issue
from candour_protocol.transport.port import Outbound
from candour_protocol.transport.topology import SUBMIT, submit_key

from tests.agency.partnership import (
    CSC,
    NET,
    PATIENCE,
    POLICE,
    SCHOOL,
    Office,
    Partnership,
    a_concern,
    a_request,
    a_subject,
)


async def _said_again(office: Office, told: str, **changes: Any) -> str:
    """Another statement with the codes and content of one that was told, some of them changed."""
    shown = await office.message(told)
    draft = office.partnership.draft(
        office.agency,
        AgencyId(shown["counterparty"]),
        Kind(shown["kind"]),
        codes={**shown["codes"], **changes.get("codes", {})},
        content={**shown["content"], **changes.get("content", {})},
    )
    key = office.partnership.keys[draft.aud].general.public
    return await _submitted(office, draft, changes.get("seal_to", key))


async def _submitted(office: Office, draft: Draft, seal_to: SealKey | None) -> str:
    """Past the node, in the name of its agency."""
    issued = issue(draft, office.partnership.keys[office.agency].sign, seal_to)
    routing_key = submit_key(office.agency, draft.kind, urgent=False)
    await office.partnership.courier.publish([Outbound(SUBMIT, routing_key, issued.raw, office.agency)])
    return draft.jti


async def test_codes_that_name_another_child_than_the_sealed_part_are_a_mismatch(
    school: Office, csc: Office
) -> None:
    told = await school.tell()

    again = await _said_again(school, told, content={"subject": a_subject(nhs_number="9990001022")})

    found = await csc.until(again, "delivered")
    assert found["opened"] == "mismatch"
    assert found["content"]["facts"]


async def test_an_attestation_that_is_not_true_is_a_mismatch(school: Office, csc: Office) -> None:
    told = await school.tell()
    empty = [{"what": "as discussed", "when": "today", "basis": "RECORD"}]

    again = await _said_again(school, told, content={"facts": empty})

    assert (await csc.until(again, "delivered"))["opened"] == "mismatch"


async def test_a_rule_set_that_is_not_here_is_no_mismatch(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await school.tell()
    shown = await school.message(told)
    other = {**shown["codes"]["checks"], "ruleset": "A" * 43}

    again = await _said_again(school, told, codes={"checks": other})

    assert (await csc.until(again, "delivered"))["opened"] == "sound"
    [_, delivery] = await partnership.gateway.logged(Kind.DELIVERY, 2)
    assert delivery.statement.claims.irt == (await csc.message(again))["hash"]


async def test_what_is_sealed_to_another_key_is_kept_shown_and_reported_as_unreadable(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await school.tell()

    again = await _said_again(school, told, seal_to=OpeningKey.generate().public)

    found = await csc.until(again, "delivered")
    assert found["opened"] == "unreadable"
    assert found["content"] == {}
    [item] = [item for item in await csc.inbox() if item["id"] == again]
    assert (item["opened"], item["urgency"]) == ("unreadable", "RED")


async def test_an_unreadable_message_is_said_again_to_the_recipients_new_key(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    new = OpeningKey.generate()
    voice = Voice(NET, CSC, partnership.keys[CSC].sign)
    partnership.gateway.keeps_back = {Kind.CONCERN}
    lost = OpeningKey.generate()
    fact = registry_facts.key_add(voice, CSC, lost.public, KeyUse.SEAL, partnership.clock(), inbox="general")
    partnership.gateway.fact(fact)
    await school.node.desk.registering.refresh()
    told = await school.tell()
    await school.until(told, "passed")
    fact = registry_facts.key_add(voice, CSC, new.public, KeyUse.SEAL, partnership.clock(), inbox="general")
    partnership.gateway.fact(fact)
    await school.node.desk.registering.refresh()
    csc.node.desk.office.keys.opening[new.public.kid] = new  # type: ignore[index]
    partnership.gateway.keeps_back = set()

    [seen] = partnership.gateway.of_kind(Kind.CONCERN)
    partnership.gateway.deliver(seen)

    shown = await school.until(told, "delivered")
    assert shown["opened"] == "sound"
    again = shown["reissued_as"]
    assert (await csc.until(again, "delivered"))["content"]["facts"]
    assert (await csc.message(told))["state"] == "closed"


async def _denied(office: Office, jti: str) -> None:
    """An agency whose node has opened a message says all the same that it cannot."""
    shown = await office.message(jti)
    codes = {"txn": shown["thread"], "opened": "unreadable", "rules": {}}
    to = AgencyId(shown["counterparty"])
    draft = office.partnership.draft(office.agency, to, Kind.DELIVERY, codes=codes, irt=shown["hash"])
    await _submitted(office, draft, None)


async def _successor(office: Office, jti: str) -> str:
    """The message that took the place of one, once there is one."""
    with office.node.desk.bells.listen([jti]) as bell:
        while not (again := (await office.message(jti))["reissued_as"]):
            assert await rung(bell, PATIENCE), "it was not said again"
            bell.clear()
    return str(again)


async def test_what_is_called_unreadable_again_and_again_is_not_said_without_end(
    school: Office, csc: Office
) -> None:
    copies = [await school.tell()]
    for _ in range(MOST_TIMES):
        await csc.until(copies[-1], "delivered")
        await school.until(copies[-1], "delivered")
        await _denied(csc, copies[-1])
        copies.append(await _successor(school, copies[-1]))
    await csc.until(copies[-1], "delivered")
    await school.until(copies[-1], "delivered")

    await _denied(csc, copies[-1])
    later = await school.tell()
    await school.until(later, "delivered")

    assert (await school.message(copies[-1]))["reissued_as"] is None


async def test_what_is_sealed_to_the_restricted_inbox_stands_there(school: Office, csc: Office) -> None:
    told = await school.tell(f"{CSC}/restricted")

    found = await csc.until(told, "delivered")

    assert found["inbox"] == "restricted"


async def test_a_relay_with_the_originators_words_is_sound(
    school: Office, csc: Office, police: Office
) -> None:
    told = await school.tell(onward_to=[POLICE])
    await csc.until(told, "delivered")

    answer = await csc.post("/v1/requests", _asking(told))

    relay, request = answer["messages"]
    assert (relay["kind"], request["kind"]) == ("concern", "request")
    found = await police.until(relay["id"], "delivered")
    assert found["opened"] == "sound"
    assert found["content"]["original"]["statement"].count(".") == 2
    assert found["content"].get("facts") is None
    assert (await police.until(request["id"], "delivered"))["opened"] == "sound"
    assert found["thread"] == (await school.message(told))["thread"]


def _asking(told: str, **changes: Any) -> dict[str, Any]:
    return a_request(POLICE, concern_ids=[told], **changes)


async def test_a_relay_whose_original_is_not_what_it_names_is_a_mismatch(
    school: Office, csc: Office, police: Office
) -> None:
    told, other = await school.tell(), await school.tell()
    await csc.until(told, "delivered")
    await csc.until(other, "delivered")
    relay = (await csc.post("/v1/requests", _asking(told)))["messages"][0]["id"]
    await csc.until(relay, "delivered")

    again = await _said_again(csc, relay, codes={"relays": (await csc.message(other))["hash"]})

    assert (await police.until(again, "delivered"))["opened"] == "mismatch"


async def test_a_protected_referrer_is_left_out_of_a_relay(
    school: Office, csc: Office, police: Office
) -> None:
    told = await school.tell(handling=["REFERRER_PROTECTED"])
    await csc.until(told, "delivered")

    relay = (await csc.post("/v1/requests", _asking(told)))["messages"][0]["id"]

    found = await police.until(relay, "delivered")
    assert found["codes"]["marks"] == ["REFERRER_PROTECTED"]
    named = {read(text).name for text in found["content"]["original"]["disclosures"]}
    assert "facts" in named
    assert not named & {"author", "reach"}


async def test_a_concern_is_passed_on_once(school: Office, csc: Office, police: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")

    first = await csc.post("/v1/requests", _asking(told))
    await csc.until(first["messages"][-1]["id"], "delivered")
    second = await csc.post("/v1/requests", _asking(told))

    assert [one["kind"] for one in second["messages"]] == ["request"]


async def test_an_originator_is_asked_without_being_told_its_own_concern(school: Office, csc: Office) -> None:
    told = await school.tell()
    await csc.until(told, "delivered")
    answer = await csc.post("/v1/requests", a_request(SCHOOL, concern_ids=[told]))

    assert [one["kind"] for one in answer["messages"]] == ["request"]
    assert (await school.until(answer["messages"][0]["id"], "delivered"))["opened"] == "sound"


async def test_names_and_bidi_marks_that_people_type_go_through(school: Office, csc: Office) -> None:
    said = "Dywedodd Siân ‘dwi’n ofni’; قال الولد إنه خائف من البيت.\u202e\x00"
    story = said + " ".join(f"dydd{day} ‘gair{day}’ يوم{day}x كلمة{day}" for day in range(400))
    facts = [{"what": story, "when": "2026-11-20", "basis": "CHILD_SAID"}]

    answer = await school.post("/v1/concerns", a_concern(facts=facts, subject=a_subject(name="Siân ‎عمر")))

    assert answer["notices"]
    found = await csc.until(answer["messages"][0]["id"], "delivered")
    assert found["opened"] == "sound"
    assert "\u202e" not in found["content"]["facts"][0]["what"]
    assert found["content"]["subject"]["name"] == "Siân عمر"
