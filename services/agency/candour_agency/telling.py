"""Telling a concern.

One statement for each recipient and child, in one thread. In the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from candour_protocol.ids import Address, AgencyId, Txn, new_uuid7
from candour_protocol.kinds import Kind
from sqlalchemy import Connection

from candour_agency import debts, kinship, prompting, recognising, statutory, store, successors
from candour_agency.calls import Call, Composition, goes_on, misplaced, recipients
from candour_agency.directing import direct
from candour_agency.drafts import concerns, marking
from candour_agency.drafts.concerns import Child, Setting
from candour_agency.drafts.unlisted import unlisted
from candour_agency.messages import Message
from candour_agency.prompting import Said
from candour_agency.schemas.concern import ConcernBody
from candour_agency.writing import Pen

_NOT_TOLD_THERE = (
    "This does not go to {agency}: the concern that follows your emergency request is owed there."
)
_ANOTHER_CHILD = (
    "This does not pay back your emergency request to {agency}: it is about another child, or describes "
    "it otherwise. The concern about that child is still owed. Give the number, or the name and birth date, "
    "that the request has."
)


def tell(connection: Connection, call: Call, body: ConcernBody) -> Composition:
    """Compose a concern.

    Raises:
        CallError: no statement can be made of it.
    """
    directed = direct(call.office.directory, recipients(call, body.recipients), body, call.now)
    request = _paid_back(connection, call, body.pays_back)
    thread = _thread(connection, call, body, request)
    composition = Composition(thread or Txn(new_uuid7(call.now)), Pen(call.office, call.now))
    setting = Setting(call.office, call.acting, composition.txn, call.iat)
    children = recognising.in_thread(connection, call, thread).meet(*concerns.subjects(body))
    lent = _lent(connection, call, request)
    addresses = (*directed.addresses, *directed.also)
    for address in addresses:
        owing = lent.get(address.agency)
        for child in children:
            composition.write(concerns.plan(setting, body, child, address, owing.hash if owing else None))
    first = zip(composition.parts, children, strict=False)  # each to the first recipient
    said = [Said(part.written.jti, child, body.facts or (), body.household or ()) for part, child in first]
    prompting.look_back(connection, call, composition, said)
    still_owed = _still_owed(connection, lent, addresses, children)
    by_law = statutory.notices(call.office.directory, body, addresses)
    composition.notices += [*directed.notices, *marking.notices(body), *by_law, *unlisted(body), *still_owed]
    return composition


def _lent(connection: Connection, call: Call, request: Message | None) -> dict[AgencyId, Message]:
    """By holder, the request that is paid back, and those to others in the same call that owe theirs."""
    if request is None:
        return {}
    asked = store.messages.own_requests(connection, request.txn)
    beside = [one for one in asked if one.reissued_as is None and call.may_see(one) and debts.is_owing(one)]
    return {one.counterparty: one for one in (*beside, request)}


def _still_owed(
    connection: Connection,
    lent: Mapping[AgencyId, Message],
    addresses: Sequence[Address],
    children: Sequence[Child],
) -> Iterator[str]:
    """What is not paid back, though the concern is told for that. It goes all the same."""
    reached = {address.agency for address in addresses}
    for agency, request in lent.items():
        if not debts.is_owing(request):
            continue
        if agency not in reached:
            yield _NOT_TOLD_THERE.format(agency=agency)
        elif not any(kinship.is_one_child(connection, child.tokens, request) for child in children):
            yield _ANOTHER_CHILD.format(agency=agency)


def _paid_back(connection: Connection, call: Call, jti: str | None) -> Message | None:
    if jti is None:
        return None
    found = store.messages.find(connection, jti)
    if found is None or found.received or found.kind is not Kind.REQUEST or not call.may_see(found):
        raise misplaced("/pays_back", "Give the id of an own emergency request that this concern follows.")
    return successors.newest(connection, found)


def _thread(connection: Connection, call: Call, body: ConcernBody, request: Message | None) -> Txn | None:
    """The thread that goes on; ``None`` where one begins."""
    if request is not None:
        return request.txn
    if body.thread is None:
        return None
    if not goes_on(connection, call, body.thread):
        raise misplaced("/thread", "No thread of this id is known here. Leave it out to begin a new one.")
    return Txn(body.thread)
