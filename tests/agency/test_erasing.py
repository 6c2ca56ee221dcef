"""A node deletes on proof, and never on the gateway's word alone. Protocol section 6."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from candour_agency.api.gate import SCOPES
from candour_agency.tables import messages
from candour_protocol.ids import StatementHash
from candour_protocol.registry_facts import Voice, registrar
from sqlalchemy import select, text

from tests.agency.gateway_double import Seen
from tests.agency.partnership import CSC, Office, Partnership
from tests.agency.places import ON_BOTH

KEEP = timedelta(days=730)
_SAID = ("codes", "content", "disclosures", "violations", "opened_rules", "acknowledged_by")


async def _told(school: Office, csc: Office) -> dict[str, Any]:
    told = await school.tell(CSC)
    await school.until(told, "delivered")
    return await csc.until(told, "delivered")


async def _notify(office: Office, notice: str, about: dict[str, Any], because: Seen | None) -> str:
    gateway = office.partnership.gateway
    seen = gateway.notify(
        office.agency, notice, StatementHash(about["hash"]), about["thread"], because=because
    )
    await office.partnership.courier.quiet()
    return str(seen.statement.claims.jti)


async def _row(office: Office, jti: str) -> dict[str, Any]:
    query = select(messages).where(messages.c.jti == jti)
    row = await office.node.desk.database.read(lambda connection: connection.execute(query).one())
    return dict(row._mapping)


async def _incidents(office: Office) -> list[str]:
    query = text("SELECT code FROM incidents ORDER BY seq")
    return await office.node.desk.database.read(lambda connection: list(connection.scalars(query)))


def _wait(by: timedelta, *offices: Office) -> None:
    """Time passes; tokens do not last that long."""
    offices[0].partnership.clock.forward(by)
    for office in offices:
        office.token = office.with_scopes(*SCOPES, may_assert=True)


def _by(office: Office) -> Voice:
    return Voice(office.partnership.gateway.net, office.agency, office.keys.sign)


def _by_registrar(partnership: Partnership) -> Voice:
    return registrar(partnership.gateway.net, partnership.gateway.registrar)


@ON_BOTH
async def test_what_its_author_has_erased_in_time_is_gone_on_both_sides(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await _told(school, csc)
    _wait(KEEP, school, csc)
    erasure = partnership.gateway.erase(_by(school), [StatementHash(told["hash"])])

    for office in (school, csc):
        await _notify(office, "erased", told, erasure)

    for office in (school, csc):
        row, shown = await _row(office, told["id"]), await office.message(told["id"])
        assert [row[name] for name in _SAID] == [None] * len(_SAID)
        assert (shown["content"], shown["codes"], shown["state"]) == ({}, None, "closed")
        assert shown["erased_at"] is not None
        assert [one["event"] for one in shown["timeline"]][-1] == "erased"
        assert shown["hash"] == told["hash"]
        assert [one for one in shown["obligations"] if one["settled_at"] is None] == []


async def test_a_second_before_its_time_nothing_is_deleted_whatever_the_log_says(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await _told(school, csc)
    _wait(KEEP - timedelta(seconds=1), school, csc)
    erasure = partnership.gateway.erase(_by(school), [StatementHash(told["hash"])])

    await _notify(csc, "erased", told, erasure)

    assert (await csc.message(told["id"]))["content"]
    assert await _incidents(csc) == ["unproven-erasure"]


@pytest.mark.parametrize("whose", ["its recipient", "somebody else"])
async def test_what_another_than_its_author_has_erased_stays(
    school: Office, csc: Office, police: Office, partnership: Partnership, whose: str
) -> None:
    told = await _told(school, csc)
    _wait(KEEP, school, csc)
    by = csc if whose == "its recipient" else police
    erasure = partnership.gateway.erase(_by(by), [StatementHash(told["hash"])])

    for office in (school, csc):
        await _notify(office, "erased", told, erasure)

    for office in (school, csc):
        assert (await office.message(told["id"]))["content"]


async def test_word_of_an_erasure_without_it_or_with_another_is_parked(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told, other = await _told(school, csc), await _told(school, csc)
    _wait(KEEP, school, csc)
    of_another = partnership.gateway.erase(_by(school), [StatementHash(other["hash"])])
    returned = partnership.gateway.erase(_by(school), [StatementHash(told["hash"])], "refused")

    for because in (None, of_another, returned):
        await _notify(csc, "erased", told, because)

    assert await _incidents(csc) == ["no-proof", "mismatch", "not-passed"]
    assert (await csc.message(told["id"]))["content"]


@ON_BOTH
async def test_before_its_time_it_goes_once_this_agency_has_agreed(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await _told(school, csc)
    erasure = partnership.gateway.erase(_by_registrar(partnership), [StatementHash(told["hash"])], "held")
    notice = await _notify(csc, "erasure", told, erasure)

    await _notify(csc, "erased", told, erasure)
    without = (await csc.message(told["id"]))["content"]
    await csc.post(f"/v1/inbox/{notice}/agreement", {"author": {"staff_id": "okri"}})
    await partnership.courier.quiet()
    await _notify(csc, "erased", told, erasure)

    assert without
    assert (await csc.message(told["id"]))["content"] == {}


async def test_the_registrar_alone_has_nothing_erased_before_its_time(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await _told(school, csc)
    erasure = partnership.gateway.erase(_by_registrar(partnership), [StatementHash(told["hash"])])

    await _notify(csc, "erased", told, erasure)

    assert (await csc.message(told["id"]))["content"]


async def test_agreeing_wants_a_named_person_and_is_done_once(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    told = await _told(school, csc)
    erasure = partnership.gateway.erase(_by_registrar(partnership), [StatementHash(told["hash"])], "held")
    notice = await _notify(csc, "erasure", told, erasure)
    path = f"/v1/inbox/{notice}/agreement"

    somebody = {"author": {"staff_id": "okri"}}
    nobody = await csc.call("POST", path, {})
    by_person = await csc.call("POST", path, somebody)
    again = await csc.call("POST", path, somebody)
    elsewhere = await csc.call("POST", f"/v1/inbox/{told['id']}/agreement", somebody)

    assert [each.status_code for each in (nobody, by_person, again, elsewhere)] == [422, 202, 409, 409]
    assert nobody.json()["code"] == "nobody-named"
    item = next(one for one in await csc.inbox() if one["id"] == notice)
    assert item["text"] == "the registrar wants this deleted before its time; your agency is asked to agree"


_AFTER: dict[str, Callable[[str], tuple[str, dict[str, Any]]]] = {
    "decide": lambda jti: (f"/v1/concerns/{jti}/decision", {"decision": "ADVICE_NFA"}),
    "close": lambda jti: (f"/v1/concerns/{jti}/closure", {}),
    "hand on": lambda jti: (f"/v1/concerns/{jti}/transfer", {"to": "shire-police"}),
    "acknowledge": lambda jti: (f"/v1/inbox/{jti}/acknowledgement", {"name": "B. Okri"}),
}


@pytest.mark.parametrize("step", sorted(_AFTER))
async def test_nothing_is_built_on_what_is_erased(
    school: Office, csc: Office, partnership: Partnership, step: str
) -> None:
    told = await _told(school, csc)
    _wait(KEEP, school, csc)
    erasure = partnership.gateway.erase(_by(school), [StatementHash(told["hash"])])
    await _notify(csc, "erased", told, erasure)
    path, body = _AFTER[step](told["id"])

    answer = await csc.call("PUT" if step == "acknowledge" else "POST", path, body)

    assert answer.status_code == 409, answer.text
    assert answer.json()["code"] in ("erased", "already-done")
    assert "detail" in answer.json()
