"""Whom the gateway tells of what it has seen. Source: protocol sections 3.1 and 4, domain 5.5 and R10."""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.codes import ConcernCategory
from candour_protocol.ids import GATEWAY, AgencyId, parse_address
from candour_protocol.kinds import ConcernCodes, LinkCodes, Lodged, Notice, RequestCodes
from candour_protocol.kinds.concern import Withheld
from candour_protocol.rules import STAFF, is_asked_apart, is_emergency

from candour_gateway import adults, patterns
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.effects import Effect, Notified
from candour_gateway.matters import above
from candour_gateway.verdict import Hearing, Verdict


def notified(to: AgencyId, notice: Notice, about: Logged) -> Notified:
    """A party is told something about a statement, in its own thread."""
    txn = about.codes.txn if about.codes else ""
    return Notified(to, notice, about.hash, txn)


def of(logged: Logged, verdict: Verdict, hearing: Hearing, book: Casebook) -> Iterator[Effect]:
    """What is said after a statement that passed."""
    match logged.codes:
        case ConcernCodes() as codes:
            yield from _passed_on(logged, book)
            yield from _lodged(logged, codes, hearing)
            yield from patterns.seen(logged, codes, hearing, book)
            yield from adults.seen(logged, codes, hearing, book)
        case LinkCodes() as codes:
            yield from patterns.joined(logged, codes, hearing, book)
        case RequestCodes() as codes if is_emergency(codes) and book.overdue_debts(logged.iss, hearing.at):
            for to in (logged.iss, logged.aud):
                yield notified(to, Notice.DEBT, logged)
        case RequestCodes() as codes:
            yield from adults.asked(logged, codes, hearing, book)
        case _:
            pass


def _passed_on(relay: Logged, book: Casebook) -> Iterator[Effect]:
    """Everybody through whose hands a concern went hears that it went further."""
    for original in above(relay, book):
        if original.iss not in (relay.aud, relay.iss):
            yield notified(original.iss, Notice.RELAY, original)


def _lodged(concern: Logged, codes: ConcernCodes, hearing: Hearing) -> Iterator[Effect]:
    """Its holder learns, in the restricted inbox, its class, how urgent it is and with whom it is lodged."""
    withheld = codes.withheld
    if withheld is None or withheld.kept_from is None or codes.relays is not None:
        return
    holder = parse_address(withheld.kept_from).agency
    elsewhere = holder not in (concern.aud, concern.iss, GATEWAY) and hearing.directory.is_member(holder)
    if elsewhere and _is_where_it_says(concern, withheld):
        stub = Lodged(
            statement=concern.hash,
            classes=_classes(codes, holder, hearing),
            urgency=codes.urgency,
            need_level=codes.need_level,
            lodged_with=withheld.lodged_with,
        )
        yield Notified(holder, Notice.LODGED, stub, codes.txn)


def _is_where_it_says(concern: Logged, withheld: Withheld) -> bool:
    """Of a copy that its lodgee never got it would be said that they have it whole."""
    lodgee = parse_address(withheld.lodged_with).agency if withheld.lodged_with else None
    return lodgee in (None, concern.aud, concern.iss)


def _classes(codes: ConcernCodes, holder: AgencyId, hearing: Hearing) -> tuple[str, ...]:
    """Its groups. An allegation has none, so it is named; but not where its reader may be who it is about."""
    others = [each for each in codes.categories if each != ConcernCategory.STAFF_ALLEGATION]
    alleged = len(others) < len(codes.categories)
    groups = () if alleged and not others else hearing.policy.matrix.classes(others)
    return (*groups, STAFF) if alleged and is_asked_apart(codes, holder) else groups
