"""One adult, alleged to be a risk to several unrelated children, or asked about with several.

Off unless the policy switches it on. Nothing is matched but tokens. What was said in one thread is one
matter, so its children are related; so are those with a token in common, and those that a person has joined,
as far as whoever is told knows of it. Source: domain 5.5 and R06.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from candour_protocol.ids import AdultToken, AgencyId, new_uuid7
from candour_protocol.kinds import ConcernCodes, Notice, RequestCodes
from candour_protocol.rules import is_emergency

from candour_gateway import kinship, patterns, recollection
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.effects import Notified
from candour_gateway.naming import adult_asked_key, adult_key, adults_of
from candour_gateway.verdict import Hearing

_AT_MOST = 64  # matters about one adult, the latest, among which related ones are looked for


def seen(logged: Logged, codes: ConcernCodes, hearing: Hearing, book: Casebook) -> Iterator[Notified]:
    """What social care is to be told of an adult, now that one more concern has come."""
    if not hearing.policy.patterns.adults or codes.relays is not None or not patterns.is_open(logged):
        return
    told = [_told(token, logged, hearing, book) for token in adults_of(codes)]
    for to in patterns.social_care(hearing.directory):
        found = [_news(to, each, hearing, book) for each in told]
        for together in _widest(found):
            pattern = patterns.shown("ALLEGED_RISK", together, hearing)
            yield Notified(to, Notice.PATTERN, pattern, new_uuid7(hearing.at))


def asked(request: Logged, codes: RequestCodes, hearing: Hearing, book: Casebook) -> Iterator[Notified]:
    """Both leads hear when one agency has asked about one adult with too many unrelated children (R06).

    The agency is who asks, as everywhere in R06: a pseudonym of its staff is another one in each thread. And
    it is the gateway that counts, not the asker's own node, which does know its staff: what holds somebody to
    account reaches the holder, is logged, and does not rest on the word of whoever it is about. Nothing is
    blocked; an emergency counts for nothing, as R06 is waived there.
    """
    limits = hearing.policy.fishing
    if not hearing.policy.patterns.adults or limits is None or is_emergency(codes):
        return
    since, between = hearing.at - timedelta(days=limits.window_days), {request.iss, request.aud}
    for token in adults_of(codes):
        found = book.latest(adult_asked_key(request.iss, token))
        earlier = recollection.let_through(found, request.hash)
        before = [each for each in earlier if each.at >= since]
        children = _matters([*before, request], between, book)
        if _matters(before, between, book) < limits.adult_children <= children:
            for to in (request.iss, request.aud):
                yield Notified(to, Notice.PATTERN, request.hash, codes.txn)
            return


def _told(token: AdultToken, newest: Logged, hearing: Hearing, book: Casebook) -> list[Logged]:
    """Every concern in the window that alleges this adult to be a risk, in log order."""
    since = hearing.at - timedelta(days=hearing.policy.patterns.window_days)
    earlier = [each for each in book.latest(adult_key(token)) if each.index < newest.index]
    standing = [each for each in earlier if not each.is_erased and patterns.stands(each)]
    return [*(each for each in standing if each.at >= since), newest]


def _news(to: AgencyId, told: Sequence[Logged], hearing: Hearing, book: Casebook) -> tuple[Logged, ...]:
    """What is shown now, unless as much was shown before the last of these came; a copy adds nothing."""
    now = _together(to, told, hearing, book)
    return () if now == _together(to, told[:-1], hearing, book) else now


def _together(to: AgencyId, told: Sequence[Logged], hearing: Hearing, book: Casebook) -> tuple[Logged, ...]:
    """The concerns, each told once, if they are about enough unrelated children and for this reader."""
    enough = hearing.policy.patterns.adult_children
    if not patterns.is_for(to, told, hearing) or _matters(told, {to}, book) < enough:
        return ()
    return tuple(patterns.tellings(told))


def _widest(found: Collection[tuple[Logged, ...]]) -> Iterator[tuple[Logged, ...]]:
    """An adult with several numbers is shown once; what is part of another is not shown apart."""
    named = {frozenset(each.hash for each in one): one for one in found if one}
    yield from (one for names, one in named.items() if not any(names < other for other in named))


def _matters(said: Sequence[Logged], known_to: Collection[AgencyId], book: Casebook) -> int:
    """About how many children these are that have nothing to do with each other, as far as these know."""
    codes = [each.codes for each in said if isinstance(each.codes, ConcernCodes | RequestCodes)]
    children = list(dict.fromkeys((each.child, each.txn) for each in codes))[-_AT_MOST:]
    apart: list[frozenset[str]] = []
    for child, txn in children:
        own = frozenset({*child, txn, *kinship.joined(child, (txn,), known_to, book)})
        related = [each for each in apart if each & own]
        apart = [*(each for each in apart if each not in related), own.union(*related)]
    return len(apart)
