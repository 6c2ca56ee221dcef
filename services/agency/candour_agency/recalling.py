"""What this agency asked about a child before, for the dry run of the next request. Source: domain R06."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from candour_protocol.codes import InfoCategory
from candour_protocol.ids import AgencyId, ChildToken
from candour_protocol.kinds import RequestCodes
from candour_protocol.rules import Earlier, is_emergency
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.matters import read_codes
from candour_agency.messages import Message
from candour_agency.moments import from_ms, to_ms
from candour_agency.obligations import obligations
from candour_agency.office import Office


@dataclass(frozen=True, slots=True)
class Asked:
    """An earlier request, with the tokens of the child that it was about."""

    tokens: frozenset[ChildToken]
    earlier: Earlier


def asked_before(
    connection: Connection, office: Office, now: datetime, holders: Collection[AgencyId]
) -> list[Asked]:
    """The own requests that rule R06 looks back on, when these holders are to be asked; none, if nobody is.

    They are those of the last weeks, and those that owe a holder an outcome.
    """
    policy = office.directory.policy
    if policy.fishing is None or not holders:
        return []
    since = to_ms(now - timedelta(days=policy.fishing.window_days))
    found = store.messages.asked_since(connection, since, holders)
    return [asked for one in found if (asked := _asked(one, office)) is not None]


def about_child(asked: Sequence[Asked], codes: RequestCodes) -> tuple[Earlier, ...]:
    """Those of them that were about the child of this request."""
    return tuple(one.earlier for one in asked if one.tokens & set(codes.child))


def _asked(message: Message, office: Office) -> Asked | None:
    codes = read_codes(message)
    if message.log_index is None or message.logged_at is None:
        return None
    if not isinstance(codes, RequestCodes) or is_emergency(codes):
        return None
    earlier = Earlier(
        holder=message.counterparty,
        txn=codes.txn,
        purpose=codes.purpose,
        lines=len(codes.asked),
        at=from_ms(message.logged_at),
        index=message.log_index,
        looked_for=tuple(
            one.role for one in codes.asked if one.role and one.category == InfoCategory.KNOWN_YN
        ),
        concerns=frozenset(codes.concern_refs),
        outcome_due=_outcome_due(message, office),
    )
    return Asked(frozenset(codes.child), earlier)


def _outcome_due(message: Message, office: Office) -> datetime | None:
    owed = obligations(message, office.agency, office.directory)
    due = (one.due_at for one in owed if one.kind == "outcome" and one.settled_at is None)
    return next((from_ms(at) for at in due), None)
