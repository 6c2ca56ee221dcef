"""Who owes while an inbox stays closed too long: its cover, which has a copy. Source: domain 2.4 and 7.

The inbox owes from when it opens. Until then a child would be spoken of twice over to people who are not
there, and the copy has clocks of its own. Without a copy nothing is put off: somebody has to be told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from candour_protocol.covering import Covers
from candour_protocol.ids import GENERAL, Address, AgencyId
from candour_protocol.kinds import ConcernCodes

from candour_gateway import kinship
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.clocks import Duty
from candour_gateway.effects import Effect, Reopened
from candour_gateway.lanes import URGENT, owed
from candour_gateway.naming import thread_key
from candour_gateway.verdict import Hearing

_DUTIES = (Duty.ACKNOWLEDGEMENT, Duty.DECISION)


def told_by(codes: ConcernCodes, teller: AgencyId) -> Iterator[str]:
    """Where to look for the other copies of a concern; what is not urgent has no clock while it is shut."""
    if codes.urgency in URGENT:
        yield thread_key(codes.txn, {teller})


def of(logged: Logged, codes: ConcernCodes, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """A concern and its copy to the cover, in whichever order they come."""
    for key in told_by(codes, logged.iss):
        for other in book.first(key):
            if other.passes and other.index != logged.index:
                yield from _put_off(logged, other, _DUTIES, hearing, book)
                open_duties = [duty for duty in _DUTIES if book.due(other.index, duty.value) is not None]
                yield from _put_off(other, logged, open_duties, hearing, book)


def _put_off(
    told: Logged, copy: Logged, duties: Collection[Duty], hearing: Hearing, book: Casebook
) -> Iterator[Effect]:
    opens = _opens(told, hearing)
    if opens is not None and _is_copy(copy, told, opens, hearing, book):
        begins = hearing.policy.sped(told.at, opens)
        for duty in duties:
            yield Reopened(owed(told, duty, hearing, since=begins))


def _opens(told: Logged, hearing: Hearing) -> datetime | None:
    """When its inbox opens, where that is too late."""
    codes = told.codes
    if not isinstance(codes, ConcernCodes) or codes.urgency not in URGENT:
        return None
    to = Address(told.aud, codes.inbox or GENERAL)
    return Covers(hearing.directory.profile, hearing.policy).closed_until(to, codes.urgency, told.at)


def _is_copy(copy: Logged, told: Logged, opens: datetime, hearing: Hearing, book: Casebook) -> bool:
    """The same teller's word of the same child, as the cover knows, at the same time to whoever covers."""
    if not isinstance(copy.codes, ConcernCodes) or not isinstance(told.codes, ConcernCodes):
        return False
    earliest = told.at - hearing.policy.deadlines.delivery_urgent.elapsed
    at_once = copy.iss == told.iss and earliest <= copy.at < opens
    covers = _covers(Address(told.aud, told.codes.inbox or GENERAL), hearing)
    if not at_once or copy.aud not in {cover.agency for cover in covers}:
        return False
    return kinship.is_one_child(copy.codes, told.codes, copy, book)


def _covers(inbox: Address, hearing: Hearing) -> Iterator[Address]:
    """Its cover, that one's, and so on."""
    covers, seen = Covers(hearing.directory.profile, hearing.policy), {inbox}
    while (found := covers.named(inbox)) is not None and found not in seen:
        yield found
        seen.add(found)
        inbox = found
