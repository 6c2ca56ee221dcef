"""Keys that end while messages are under way: what is refused for a key alone is said again, by itself."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from candour_agency import assembly
from candour_protocol import registry_facts
from candour_protocol.ids import AgencyId
from candour_protocol.keys import OpeningKey, SigningKey
from candour_protocol.registry_facts import KeyUse
from candour_protocol.transport.topology import SUBMIT

from tests.gateway.partnership import CSC, POLICE, SCHOOL
from tests.journeys.personal import AUTHOR, BECAUSE, FACTS, TAMSIN
from tests.journeys.town import Town, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONCERN: dict[str, Any] = {
    "recipients": [CSC],
    "subject": TAMSIN,
    "categories": ["NEGLECT"],
    "need_level": "L3",
    "urgency": "RED",
    "facts": FACTS,
    "author": AUTHOR,
}
REQUEST: dict[str, Any] = {
    "recipients": [POLICE],
    "subject": TAMSIN,
    "urgency": "RED",
    "purpose": "TRIAGE",
    "lawful_basis": "A6_E",
    "special_category": "A9_G18",
    "power": "CA04_S11",
    "lines": [
        {
            "person": TAMSIN | {"role": "SUBJECT_CHILD"},
            "category": "KNOWN_YN",
            "months": 12,
            "question": "Seen at any incident?",
            "because": BECAUSE,
        }
    ],
    "openness": {"position": "INFORMED_AGREED"},
    "author": AUTHOR,
}


async def replace_seal_key(town: Town, agency: AgencyId) -> None:
    """A new key for the general inbox, the old one revoked at once; only the agency itself has noticed."""
    party, new = town.partnership.parties[agency], OpeningKey.generate()
    old = party.seal["general"].public
    office = town.nodes[agency].desk.office
    office.keys.opening[new.public.kid] = new  # type: ignore[index]
    office.keys.inboxes[new.public.kid] = "general"  # type: ignore[index]
    now = town.clock()
    add = registry_facts.key_add(party.voice, agency, new.public, KeyUse.SEAL, now, inbox="general")
    await town.gateway.admit_registry(add)
    await town.gateway.admit_registry(registry_facts.key_revoke(party.voice, agency, old, now))
    party.seal["general"] = new


async def replace_sign_key(town: Town, agency: AgencyId) -> SigningKey:
    """A new sign key in the registry, the old one retired; the agency's node has not been given it yet."""
    party, new = town.partnership.parties[agency], SigningKey.generate()
    old, now = party.sign, town.clock()
    add = registry_facts.key_add(party.voice, agency, new.public, KeyUse.SIGN, now)
    await town.gateway.admit_registry(add)
    await town.gateway.admit_registry(registry_facts.key_retire(party.voice, agency, old.public, now))
    party.sign = new
    return new


async def restart(town: Town, agency: AgencyId, sign: SigningKey | None = None) -> None:
    """Stop a node and start it on the same data, with another sign key if one is given."""
    await town.nodes[agency].stop()
    settings = settings_of(town, agency)
    if sign is not None:
        settings.sign_key.write_text(json.dumps(sign.private_jwk))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(town.gateway.app), base_url="http://town")
    town.nodes[agency] = await assembly.build(settings, town.courier, town.clocks[agency], http=http)
    await town.nodes[agency].start()


async def test_a_concern_sealed_to_a_key_that_was_revoked_meanwhile_is_told_again_by_itself(
    town: Town,
) -> None:
    await replace_seal_key(town, CSC)

    sent = (await town.post(SCHOOL, "/v1/concerns", CONCERN)).json()["messages"][0]
    await town.courier.settle()

    shown = await town.message(SCHOOL, sent["id"])
    assert (shown["state"], shown["opened"], shown["verdict"]["rules"]) == ("delivered", "sound", [])
    assert [item["id"] for item in await town.inbox(CSC)] == [shown["reissued_as"]]


async def test_an_inbox_that_was_opened_a_moment_ago_is_known_to_whoever_writes_to_it(town: Town) -> None:
    party, key = town.partnership.parties[CSC], OpeningKey.generate()
    office = town.nodes[CSC].desk.office
    office.keys.opening[key.public.kid] = key  # type: ignore[index]
    office.keys.inboxes[key.public.kid] = "edt"  # type: ignore[index]
    now = town.clock()
    add = registry_facts.key_add(party.voice, CSC, key.public, KeyUse.SEAL, now, inbox="edt")
    await town.gateway.admit_registry(add)

    answer = await town.post(SCHOOL, "/v1/concerns", CONCERN | {"recipients": [f"{CSC}/edt"]})

    assert answer.status_code == 202, answer.text
    found = await town.arrived(CSC, answer.json()["messages"][0]["id"])
    assert (found["inbox"], found["opened"]) == ("edt", "sound")


async def test_a_request_with_its_concern_follows_the_holders_new_key(town: Town) -> None:
    """The concern inside the call is told again first; the request cites that one."""
    await replace_seal_key(town, POLICE)
    inline = {name: value for name, value in CONCERN.items() if name != "recipients"}

    answer = await town.post(SCHOOL, "/v1/requests", REQUEST | {"concern": inline})
    await town.courier.settle()

    assert answer.status_code == 202, answer.text
    states = [(await town.message(SCHOOL, one["id"]))["state"] for one in answer.json()["messages"]]
    assert states == ["delivered", "delivered"]
    assert sorted(item["kind"] for item in await town.inbox(POLICE)) == ["concern", "request"]


async def test_a_concern_signed_with_a_key_that_has_ended_is_shown_as_returned_with_what_to_do(
    town: Town,
) -> None:
    """The node holds no other key, so it cannot say it again; the operator sees an incident."""
    await replace_sign_key(town, POLICE)

    sent = (await town.post(POLICE, "/v1/concerns", CONCERN)).json()["messages"][0]

    shown = await town.message(POLICE, sent["id"])
    assert (shown["state"], shown["verdict"]["rules"]) == ("refused", ["key"])
    assert "signing key" in shown["verdict"]["violations"][0]["fix"]
    metrics = (await town.call(POLICE, "GET", "/metrics")).text
    assert 'candour_agency_incidents_total{code="not-said-again"} 1.0' in metrics


async def test_what_was_under_way_when_the_sign_key_changed_is_signed_again_with_the_new_one(
    town: Town,
) -> None:
    town.courier.loses = lambda message: message.exchange == SUBMIT and message.user == SCHOOL
    sent = (await town.post(SCHOOL, "/v1/concerns", CONCERN, wait=0)).json()["messages"][0]
    new = await replace_sign_key(town, SCHOOL)
    town.courier.let_through()
    since = len(town.courier.published)

    await restart(town, SCHOOL, new)
    await town.courier.until(lambda: len(town.courier.passed_on("", since)) > 0)
    await town.courier.settle()

    shown = await town.message(SCHOOL, sent["id"])
    assert (shown["state"], shown["opened"]) == ("delivered", "sound")
