"""What arrives is acted on only once it is proven: receipts, addressees, keys, bodies."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from candour_protocol import base64url
from candour_protocol.ids import AgencyId, Jti, new_uuid7
from candour_protocol.keys import SigningKey
from candour_protocol.kinds import Kind
from candour_protocol.note import Signer
from candour_protocol.statement import Issued, issue
from candour_protocol.wire import Answered, Delivered, render_answered, render_delivered

from tests.agency.gateway_double import Says, Seen
from tests.agency.log_double import ORIGIN
from tests.agency.partnership import CSC, GP, NET, POLICE, SCHOOL, Office, Partnership

Forge = Callable[[Partnership, Seen], bytes]


def _with_receipt(partnership: Partnership, seen: Seen, receipt: str) -> bytes:
    return render_delivered(Delivered(seen.body, receipt))


def _another_log(partnership: Partnership, seen: Seen) -> bytes:
    signer = Signer(ORIGIN, SigningKey.generate())
    return _with_receipt(partnership, seen, partnership.gateway.log.receipt(seen.index, signer=signer))


def _another_tree(partnership: Partnership, seen: Seen) -> bytes:
    return _with_receipt(partnership, seen, partnership.gateway.log.receipt(seen.index, root=b"r" * 32))


def _another_entry(partnership: Partnership, seen: Seen) -> bytes:
    return _with_receipt(partnership, seen, partnership.gateway.log.receipt(0))


def _cut(partnership: Partnership, seen: Seen) -> bytes:
    return _with_receipt(partnership, seen, partnership.gateway.log.receipt(seen.index)[:-20])


def _no_receipt(partnership: Partnership, seen: Seen) -> bytes:
    return _with_receipt(partnership, seen, "")


def _altered_disclosure(partnership: Partnership, seen: Seen) -> bytes:
    members = json.loads(_with_receipt(partnership, seen, partnership.gateway.log.receipt(seen.index)))
    statement, disclosure, _ = members["statement"].split("~")
    raw = base64url.decode(disclosure).replace(b"RED", b"RID")
    return json.dumps({**members, "statement": f"{statement}~{base64url.encode(raw)}~"}).encode()


def _altered_seal(partnership: Partnership, seen: Seen) -> bytes:
    members = json.loads(_with_receipt(partnership, seen, partnership.gateway.log.receipt(seen.index)))
    sealed = members["sealed"]
    return json.dumps({**members, "sealed": sealed[:-5] + "AAAAA"}).encode()


def _no_json(partnership: Partnership, seen: Seen) -> bytes:
    return b"\xff\xfe{"


@pytest.mark.parametrize(
    "forge",
    [
        _another_log,
        _another_tree,
        _another_entry,
        _cut,
        _no_receipt,
        _altered_disclosure,
        _altered_seal,
        _no_json,
    ],
)
async def test_what_cannot_be_proven_is_parked_and_acted_on_in_nothing(
    school: Office, csc: Office, partnership: Partnership, forge: Forge
) -> None:
    partnership.gateway.keeps_back = {Kind.CONCERN}
    await school.until(await school.tell(), "passed")
    [seen] = partnership.gateway.of_kind(Kind.CONCERN)

    partnership.gateway.put(CSC, forge(partnership, seen))
    await partnership.courier.quiet()

    assert len(partnership.courier.parked) == 1
    assert await csc.inbox() == []
    assert partnership.gateway.of_kind(Kind.DELIVERY) == []
    metrics = (await csc.http.get("/metrics")).text
    assert "candour_agency_incidents_total{" in metrics


async def test_the_true_message_goes_through_after_a_courier_sent_it_mutilated(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.gateway.keeps_back = {Kind.CONCERN}
    told = await school.tell()
    await school.until(told, "passed")
    [seen] = partnership.gateway.of_kind(Kind.CONCERN)
    partnership.gateway.put(CSC, _altered_seal(partnership, seen))
    await partnership.courier.quiet()

    partnership.gateway.deliver(seen)

    assert (await school.until(told, "delivered"))["opened"] == "sound"


async def test_a_verdict_that_lets_nothing_through_lets_nothing_in(
    school: Office, csc: Office, partnership: Partnership
) -> None:

    partnership.gateway.judge = lambda statement: Says("refused", ("R01",))
    await school.until(await school.tell(), "refused")
    [seen] = partnership.gateway.of_kind(Kind.CONCERN)

    partnership.gateway.deliver(seen)
    await partnership.courier.quiet()

    assert [reason for _, reason in partnership.courier.parked] == ["not-passed"]
    assert await csc.inbox() == []


def _issued(
    partnership: Partnership, to: AgencyId, *, net: str = NET, signer: SigningKey | None = None
) -> Issued:
    """A delivery statement by the school, which needs no seal; or somebody else's under its name."""
    codes = {"txn": new_uuid7(partnership.clock()), "actor": None}
    draft = partnership.draft(SCHOOL, to, Kind.ACKNOWLEDGEMENT, net=net, codes=codes, content={})
    key = partnership.keys[CSC].general.public
    return issue(draft, signer or partnership.keys[SCHOOL].sign, key)


def _log(partnership: Partnership, issued: Issued) -> bytes:
    gateway = partnership.gateway
    index = gateway.log.append(partnership.clock(), "passed", (), issued.statement.jwt)
    return render_delivered(Delivered(issued.body, gateway.log.receipt(index)))


async def test_a_message_for_another_agency_is_not_taken(csc: Office, partnership: Partnership) -> None:
    partnership.gateway.put(CSC, _log(partnership, _issued(partnership, POLICE)))
    await partnership.courier.quiet()

    assert [reason for _, reason in partnership.courier.parked] == ["not-for-us"]


async def test_a_message_of_another_partnership_is_not_taken(csc: Office, partnership: Partnership) -> None:
    partnership.gateway.put(CSC, _log(partnership, _issued(partnership, CSC, net="elsewhere")))
    await partnership.courier.quiet()

    assert [reason for _, reason in partnership.courier.parked] == ["not-for-us"]


async def test_a_statement_under_another_agencys_key_is_not_taken(
    csc: Office, partnership: Partnership
) -> None:
    forged = _issued(partnership, CSC, signer=partnership.keys[GP].sign)

    partnership.gateway.put(CSC, _log(partnership, forged))
    await partnership.courier.quiet()

    assert [reason for _, reason in partnership.courier.parked] == ["unknown-kid"]


async def test_a_receipt_for_somebody_elses_statement_changes_nothing(
    school: Office, csc: Office, partnership: Partnership
) -> None:
    partnership.gateway.mute = True
    told = await school.tell()
    await csc.until(told, "delivered")

    partnership.gateway.put(SCHOOL, render_answered(Answered(Jti(told), partnership.gateway.log.receipt(0))))
    await partnership.courier.quiet()

    assert (await school.message(told))["verdict"] is None


async def test_a_strangers_delivery_counts_for_nothing(
    school: Office, csc: Office, police: Office, partnership: Partnership
) -> None:
    await csc.stop()
    told = await school.tell()
    shown = await school.until(told, "passed")
    codes = {"txn": shown["thread"], "actor": None, "opened": "sound", "rules": {}}
    draft = partnership.draft(POLICE, SCHOOL, Kind.DELIVERY, codes=codes, irt=shown["hash"])

    partnership.gateway.put(SCHOOL, _log(partnership, issue(draft, partnership.keys[POLICE].sign, None)))
    await partnership.courier.quiet()

    assert (await school.message(told))["state"] == "passed"
    await csc.start()
    await school.until(told, "delivered")


async def test_a_receipt_is_served_as_it_came(school: Office, csc: Office, partnership: Partnership) -> None:
    told = await school.tell()
    await school.until(told, "delivered")

    receipt = (await school.call("GET", f"/v1/messages/{told}/receipt")).text

    assert receipt.startswith("c2sp.org/tlog-proof@v1\n")
    proven = school.node.desk.registering.witness.prove(receipt)
    assert proven.entry.statement == (await school.message(told))["hash"]
