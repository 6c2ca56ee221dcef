"""The concern that an emergency request owes: when it has followed, and when it is owed again. Domain R09.

A debt is paid by a sound concern of substance to the same holder about the same child. What is taken back, or
turns out not to have arrived sound, pays no longer: unless another concern does, it is owed anew from then.
"""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.kinds import ConcernCodes, RequestCodes
from candour_protocol.rules import has_substance, is_emergency

from candour_gateway import kinship
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.clocks import Duty
from candour_gateway.effects import Effect, Reopened, Settled
from candour_gateway.lanes import owed
from candour_gateway.verdict import Hearing

SOUND = "sound"


def paid(concern: Logged, by: int, book: Casebook) -> Iterator[Settled]:
    """What a concern settles that can pay by now, with the statement at ``by``."""
    request = _lent(concern, book)
    if request is not None and request.passes and _stands(concern) and _would_pay(concern, request, book):
        yield Settled(request.index, request.hash, Duty.DEBT, by)


def paid_before(request: Logged, book: Casebook) -> Iterator[Settled]:
    """What was told before the request that it pays back came."""
    for concern in book.traced(request.hash):
        if _pays(concern, request, book) and concern.route is not None:
            yield Settled(request.index, request.hash, Duty.DEBT, concern.route.settled_by or request.index)


def owed_again(concern: Logged, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """What a concern paid that pays no longer, from now on."""
    request = _lent(concern, book)
    if request is None or not request.passes or not _pays(concern, request, book):
        return
    others = (each for each in book.traced(request.hash) if each.hash != concern.hash)
    if not any(_pays(each, request, book) for each in others):
        yield Reopened(owed(request, Duty.DEBT, hearing, book))


def _lent(concern: Logged, book: Casebook) -> Logged | None:
    return book.find(concern.codes.pays_back) if isinstance(concern.codes, ConcernCodes) else None


def _pays(concern: Logged, request: Logged, book: Casebook) -> bool:
    """Whether it pays as things stand."""
    sound = concern.route is not None and concern.route.opened == SOUND
    return sound and _stands(concern) and _would_pay(concern, request, book)


def _stands(concern: Logged) -> bool:
    """What was taken back stays so, whatever its author has added: another concern pays."""
    return not concern.history.is_unsaid and concern.history.unsound_by is None


def _would_pay(concern: Logged, request: Logged, book: Casebook) -> bool:
    """Whether it pays once it has arrived sound."""
    codes, asked = concern.codes, request.codes
    if not isinstance(codes, ConcernCodes) or not isinstance(asked, RequestCodes):
        return False
    meant = codes.pays_back == request.hash and is_emergency(asked)
    same_parties = (request.iss, request.aud) == (concern.iss, concern.aud)
    substance = has_substance(codes.checks, concern.rules)
    return meant and same_parties and substance and kinship.is_one_child(codes, asked, request, book)
