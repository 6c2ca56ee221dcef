"""Telling a concern.

One statement for each recipient and child, in one thread. In the caller's transaction.
"""

from __future__ import annotations

from candour_protocol.ids import Txn, new_uuid7
from candour_protocol.kinds import Kind
from sqlalchemy import Connection

from candour_agency import recognising, store
from candour_agency.calls import Call, Composition, misplaced, recipients
from candour_agency.directing import direct
from candour_agency.drafts import concerns
from candour_agency.drafts.concerns import Setting
from candour_agency.drafts.unlisted import unlisted
from candour_agency.messages import Message
from candour_agency.schemas.concern import ConcernBody
from candour_agency.writing import Pen


def tell(connection: Connection, call: Call, body: ConcernBody) -> Composition:
    """Compose a concern.

    Raises:
        CallError: no statement can be made of it.
    """
    directed = direct(call.office.directory, recipients(call, body.recipients), body, call.now)
    request = _paid_back(connection, call, body.pays_back)
    composition = Composition(_thread(connection, call, body, request), Pen(call.office, call.now))
    composition.notices += [*directed.notices, *unlisted(body)]
    setting = Setting(call.office, call.acting, composition.txn, call.iat)
    children = recognising.in_thread(connection, call, composition.txn).meet(*concerns.subjects(body))
    for address in (*directed.addresses, *directed.also):
        for child in children:
            pays_back = request.hash if request and request.counterparty == address.agency else None
            composition.write(concerns.plan(setting, body, child, address, pays_back))
    return composition


def _paid_back(connection: Connection, call: Call, jti: str | None) -> Message | None:
    if jti is None:
        return None
    found = store.messages.find(connection, jti)
    if found is None or found.received or found.kind is not Kind.REQUEST or not call.may_see(found):
        raise misplaced("/pays_back", "Give the id of an own emergency request that this concern follows.")
    return found


def _thread(connection: Connection, call: Call, body: ConcernBody, request: Message | None) -> Txn:
    if request is not None:
        return request.txn
    if body.thread is None:
        return Txn(new_uuid7(call.now))
    known = store.messages.thread(connection, body.thread)
    if not known or not all(map(call.may_see, known)):
        raise misplaced("/thread", "No thread of this id is known here. Leave it out to begin a new one.")
    return Txn(body.thread)
