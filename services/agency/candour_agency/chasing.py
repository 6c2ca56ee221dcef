"""Corrections chase the copies: what an author takes back goes on to everybody who has it from us.

A recipient who passed a concern on is the only one who knows to whom, and whose statement the copy is; so its
node says the same of each copy, in the transaction that takes the author's word in. Source: domain R14.
"""

from __future__ import annotations

from typing import Final

from candour_protocol.ids import Address
from candour_protocol.kinds import Kind
from candour_protocol.strict_json import JsonObject

from candour_agency import store
from candour_agency.batch import Batch
from candour_agency.happenings import Happened
from candour_agency.messages import Direction, Message
from candour_agency.writing import Plan

_CHASED: Final = (Kind.CORRECTION, Kind.WITHDRAWAL)


def pass_on(batch: Batch, happened: Happened) -> None:
    """Say of every copy that we passed on what its author says of the original."""
    if happened.kind not in _CHASED or happened.direction is not Direction.IN or happened.about is None:
        return
    original = store.messages.by_hash(batch.connection, [happened.about]).get(happened.about)
    if original is None or original.counterparty != happened.counterparty:
        return
    for copy in store.messages.passed_on(batch.connection, original.hash):
        if copy.counterparty != happened.counterparty:
            batch.pen.write(_plan(happened, copy))


def _plan(happened: Happened, copy: Message) -> Plan:
    """The author's own code and words; no person here acts."""
    codes: JsonObject = {name: value for name, value in happened.codes.items() if name != "corrects"}
    codes |= {"txn": copy.txn, "actor": None}
    if happened.kind is Kind.CORRECTION:
        codes["corrects"] = copy.hash
    return Plan(
        kind=happened.kind,
        to=Address(copy.counterparty, copy.inbox),
        txn=copy.txn,
        urgency=copy.urgency,
        codes=codes,
        content={name: value for name, value in happened.content.items() if value is not None},
        irt=copy.hash,
        waits=() if copy.receipt is not None else (copy.hash,),
        restricted=copy.restricted,
        shut_out=copy.shut_out,
    )
