"""Learning the registry: from nothing, after a restart, on an unknown key, and with an alarm."""

from __future__ import annotations

import pytest
from candour_agency.assembly import build
from candour_protocol import failpoints, registry_facts
from candour_protocol.keys import SigningKey
from candour_protocol.policy import policy_for
from candour_protocol.registry_facts import KeyUse, Voice
from candour_protocol.transport import connect

from tests.agency.partnership import CSC, NET, SCHOOL, Office, Partnership, a_concern


async def test_a_node_is_ready_once_it_has_read_of_its_own_admission(school: Office) -> None:
    ready = await school.get("/readyz")

    assert ready["status"] == "ready"
    assert {one["name"]: one["status"] for one in ready["checks"]} == {
        "database": "ok",
        "registry": "ok",
        "courier": "ok",
        "outbox": "ok",
    }
    assert (await school.get("/livez"))["status"] == "ok"


async def test_a_node_without_a_gateway_starts_and_says_that_it_is_not_ready(
    partnership: Partnership,
) -> None:
    partnership.gateway.away = True

    school = await partnership.open(SCHOOL)

    answer = await school.call("GET", "/readyz")
    assert answer.status_code == 503
    told = await school.call("POST", "/v1/concerns", a_concern())
    assert told.json()["code"] == "unknown-recipient"


async def test_a_node_without_its_broker_starts_and_takes_concerns(partnership: Partnership) -> None:
    """Nobody is kept from telling because a broker is away when the node is started again."""
    nowhere = f"amqp://{SCHOOL}:x@127.0.0.1:9/candour"
    courier = await connect(nowhere, SCHOOL, patiently=True)

    school = await partnership.open(SCHOOL, courier)
    told = await school.post("/v1/concerns", a_concern())
    ready = await school.call("GET", "/readyz")
    await school.stop()
    await courier.close()

    assert told["messages"][0]["state"] == "queued"
    assert ready.status_code == 200
    checks = {one["name"]: one["status"] for one in ready.json()["checks"]}
    assert checks["courier"] == "warning"


async def test_a_node_in_production_refuses_to_be_made_to_die(
    partnership: Partnership, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = partnership.folder / "live.toml"
    live.write_bytes(policy_for(NET))
    settings = partnership.settings(SCHOOL).model_copy(update={"policy": live})
    monkeypatch.setenv(failpoints.VARIABLE, "node.composed:1")

    with pytest.raises(failpoints.FailpointError, match="unset it"):
        await build(settings, partnership.courier, partnership.clock)


async def test_what_was_read_is_kept_over_a_restart(school: Office, partnership: Partnership) -> None:
    partnership.gateway.away = True

    await school.restart()

    assert (await school.post("/v1/concerns", a_concern()))["messages"][0]["phone"] == "01632 960001"
    ready = {one["name"]: one for one in (await school.get("/readyz"))["checks"]}
    assert (ready["registry"]["status"], ready["registry"]["reason"]) == ("warning", "unreachable")


def _sign_with_a_new_key(school: Office, partnership: Partnership) -> None:
    """From now on; the log has it, and the other nodes have not read that yet."""
    new = SigningKey.generate()
    voice = Voice(NET, SCHOOL, partnership.keys[SCHOOL].sign)
    partnership.gateway.fact(
        registry_facts.key_add(voice, SCHOOL, new.public, KeyUse.SIGN, partnership.clock())
    )
    object.__setattr__(school.node.desk.office.keys, "sign", new)


async def test_an_unknown_key_is_looked_up_before_a_message_is_given_up(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    _sign_with_a_new_key(school, partnership)

    told = await school.tell()

    await school.until(told, "delivered")
    assert partnership.courier.parked == []


async def test_while_the_registry_cannot_be_read_a_message_waits_and_is_not_given_up(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    _sign_with_a_new_key(school, partnership)
    partnership.gateway.away = True

    await school.until(await school.tell(), "passed")
    await partnership.courier.quiet()

    assert len(partnership.courier.retried) == 1
    assert partnership.courier.parked == []


async def test_a_key_in_the_agencys_name_that_it_does_not_hold_is_an_alarm(
    csc: Office, partnership: Partnership
) -> None:
    voice = Voice(NET, CSC, partnership.keys[CSC].sign)
    strange = SigningKey.generate().public
    partnership.gateway.fact(registry_facts.key_add(voice, CSC, strange, KeyUse.SIGN, partnership.clock()))

    await csc.node.desk.registering.refresh()
    await csc.node.desk.registering.refresh()

    metrics = (await csc.http.get("/metrics")).text
    assert 'candour_agency_incidents_total{code="strange-key"} 1.0' in metrics


async def test_a_statement_in_the_agencys_name_that_it_never_made_is_an_alarm(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await school.tell()
    await school.until(told, "delivered")
    await school.stop()
    partnership.places.lose(SCHOOL)

    await school.start()

    metrics = (await school.http.get("/metrics")).text
    assert 'candour_agency_incidents_total{code="own-statement-unknown"} 1.0' in metrics


async def test_the_registry_is_read_page_by_page_and_only_once(
    school: Office, partnership: Partnership
) -> None:
    reads = partnership.gateway.reads

    await school.node.desk.registering.refresh()

    assert partnership.gateway.reads == reads + 1
