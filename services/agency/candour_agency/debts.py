"""The concern that an emergency request owes: when it has followed, and when it is owed again.

The gateway reckons the same. Source: protocol section 4, emergency; domain R09.
"""

from __future__ import annotations

from candour_protocol.children import tokens_in
from candour_protocol.kinds import RequestCodes
from candour_protocol.rules import has_substance, is_emergency
from sqlalchemy import Connection

from candour_agency import kinship, store
from candour_agency.matters import read_codes
from candour_agency.messages import Message


def pay_back(connection: Connection, concern: Message) -> Message | None:
    """Settle the debt that a concern pays back, once it is delivered sound and has substance.

    The request, if it is here, between the same two, and owes still.
    """
    request = _lent(connection, concern)
    if request is None or not _pays(connection, concern, request) or _is_paid(request):
        return None
    # Two nodes' clocks and the log's need not agree: what was told again pays what is owed by now.
    paid_at = max(concern.delivered_at or 0, request.owed_again_at or 0)
    store.messages.change(connection, request.hash, paid_at=paid_at)
    return _again(connection, request)


def owed_again(connection: Connection, concern: Message, at: int) -> list[Message]:
    """A concern pays nothing any more since ``at``: the request, if that is owed again."""
    store.messages.change_first(connection, concern.hash, unsound_at=at)
    request = _lent(connection, concern)
    if request is None or not _is_paid(request) or not _would_pay(connection, concern, request):
        return []
    others = [
        each for each in store.messages.paying_back(connection, request.hash) if each.hash != concern.hash
    ]
    if any(_pays(connection, each, request) for each in others):
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
    meant = request is not None and _borrows(request) and _between_the_same(concern, request)
    return request if meant else None


def is_owing(request: Message) -> bool:
    """Whether it is an emergency request, and its concern is still to follow."""
    return _borrows(request) and request.verdict != "refused" and not _is_paid(request)


def _borrows(request: Message) -> bool:
    codes = read_codes(request)
    return isinstance(codes, RequestCodes) and is_emergency(codes)


def _between_the_same(concern: Message, request: Message) -> bool:
    return (request.counterparty, request.direction) == (concern.counterparty, concern.direction)


def _is_paid(request: Message) -> bool:
    return request.paid_at is not None and request.paid_at >= (request.owed_again_at or 0)


def _pays(connection: Connection, concern: Message, request: Message) -> bool:
    stands = (concern.withdrawn_at, concern.unsound_at) == (None, None)
    return stands and _would_pay(connection, concern, request)


def _would_pay(connection: Connection, concern: Message, request: Message) -> bool:
    """Whether it arrived sound, and says something about the same child to the same holder."""
    checks = (concern.codes or {}).get("checks")
    substance = isinstance(checks, dict) and has_substance(checks, concern.rules)
    meant = concern.opened == "sound" and _between_the_same(concern, request)
    return meant and substance and kinship.is_one_child(connection, tokens_in(concern.codes), request)
