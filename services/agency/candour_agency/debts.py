"""The concern that an emergency request owes: when it has followed, and when it is owed again.

The gateway reckons the same. Source: protocol section 4, emergency; domain R09.
"""

from __future__ import annotations

from candour_protocol.rules import has_substance
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.messages import Message


def pay_back(connection: Connection, concern: Message) -> Message | None:
    """Settle the debt that a concern pays back, once it is delivered sound and has substance.

    The request, if it is here, between the same two, and owes still.
    """
    request = _lent(connection, concern)
    if request is None or not _pays(concern) or _is_paid(request):
        return None
    # Two nodes' clocks and the log's need not agree: what was told again pays what is owed by now.
    paid_at = max(concern.delivered_at or 0, request.owed_again_at or 0)
    store.messages.change(connection, request.hash, paid_at=paid_at)
    return _again(connection, request)


def owed_again(connection: Connection, concern: Message, at: int) -> list[Message]:
    """A concern pays nothing any more since ``at``: the request, if that is owed again."""
    store.messages.change_first(connection, concern.hash, unsound_at=at)
    request = _lent(connection, concern)
    if request is None or not _is_paid(request):
        return []
    others = [
        each for each in store.messages.paying_back(connection, request.hash) if each.hash != concern.hash
    ]
    if any(_pays(each) and _between_the_same(each, request) for each in others):
        return []
    store.messages.change(connection, request.hash, owed_again_at=at)
    found = _again(connection, request)
    return [found] if found is not None else []


def _again(connection: Connection, request: Message) -> Message | None:
    return store.messages.by_hash(connection, [request.hash]).get(request.hash)


def _lent(connection: Connection, concern: Message) -> Message | None:
    if concern.pays_back is None:
        return None
    request = store.messages.by_hash(connection, [concern.pays_back]).get(concern.pays_back)
    return request if request is not None and _between_the_same(concern, request) else None


def _between_the_same(concern: Message, request: Message) -> bool:
    return (request.counterparty, request.direction) == (concern.counterparty, concern.direction)


def _is_paid(request: Message) -> bool:
    return request.paid_at is not None and request.paid_at >= (request.owed_again_at or 0)


def _pays(concern: Message) -> bool:
    """Whether it arrived sound, says something, and stands."""
    checks = (concern.codes or {}).get("checks")
    substance = isinstance(checks, dict) and has_substance(checks)
    stands = (concern.withdrawn_at, concern.unsound_at) == (None, None)
    return concern.opened == "sound" and substance and stands
