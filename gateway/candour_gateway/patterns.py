"""Several concerns about one child that may be more together than each alone. Source: domain 5.5.

Off unless the policy switches it on. Social care alone is told, in counts, kinds of agency, days and ids: no
story, no score. Nothing is matched but tokens, and what a person at that social care has joined;
what lay apart until then is seen together at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from candour_protocol.codes import AgencyKind, HandlingMark
from candour_protocol.ids import RESTRICTED, AgencyId, ChildToken, new_uuid7
from candour_protocol.kinds import ConcernCodes, LinkCodes, Notice, Pattern

from candour_gateway import kinship
from candour_gateway.casebook import Casebook, Logged
from candour_gateway.directory import Directory
from candour_gateway.effects import Notified
from candour_gateway.naming import child_key, joined_key
from candour_gateway.verdict import Hearing

_AT_MOST = 64
_A_DAY = timedelta(days=1)


def seen(logged: Logged, codes: ConcernCodes, hearing: Hearing, book: Casebook) -> Iterator[Notified]:
    """What social care is to be told, now that one more concern has come."""
    if not hearing.policy.patterns.shown or codes.relays is not None or not is_open(logged):
        return
    for to in social_care(hearing.directory):
        kin = kinship.joined(codes.child, (), frozenset({to}), book)
        tokens = set(codes.child) | _known(kin, to, book)
        earlier = [each for each in _told(tokens, hearing, book) if each.index < logged.index]
        pattern = _news(to, [*earlier, logged], codes, hearing)
        if pattern is not None:
            yield Notified(to, Notice.PATTERN, pattern, new_uuid7(hearing.at))


def joined(link: Logged, codes: LinkCodes, hearing: Hearing, book: Casebook) -> Iterator[Notified]:
    """What a person at social care sees together by joining it, the first time that they do."""
    items = codes.joins or ()
    if (
        not hearing.policy.patterns.shown
        or link.iss not in social_care(hearing.directory)
        or _was_said(link, book)
    ):
        return
    reader = frozenset({link.iss})
    named = {ChildToken(token) for item in items for token in kinship.tokens_of(item, reader, book)}
    tokens = _known(named | kinship.joined(named, items, reader, book), link.iss, book)
    told = _told(tokens, hearing, book)
    pattern = _several(tellings(told, link.iss), hearing)
    if pattern is not None and is_for(link.iss, told, hearing):
        yield Notified(link.iss, Notice.PATTERN, pattern, new_uuid7(hearing.at))


def _known(tokens: Collection[ChildToken], reader: AgencyId, book: Casebook) -> set[ChildToken]:
    """Those of which it has told, or was told, a concern: joining a token tells nobody about a child."""
    return {
        token
        for token in tokens
        if any(reader in (each.iss, each.aud) for each in book.traced(child_key(token)))
    }


def _was_said(link: Logged, book: Casebook) -> bool:
    """Whether its agency has joined as much before: one link is a statement to each who is told of it."""
    items = set(link.codes.joins or ()) if isinstance(link.codes, LinkCodes) else set()
    return any(
        each.hash != link.hash
        and each.iss == link.iss
        and stands(each)
        and isinstance(each.codes, LinkCodes)
        and items <= set(each.codes.joins or ())
        for item in items
        for each in book.first(joined_key(item, {link.iss}))
    )


def _news(to: AgencyId, told: Sequence[Logged], codes: ConcernCodes, hearing: Hearing) -> Pattern | None:
    """What the last of these shows its reader; nothing where the same was said to somebody else before it."""
    newest, earlier = told[-1], told[:-1]
    again = any(_is_one_telling(each, newest) for each in earlier)
    if not is_for(to, told, hearing) or (again and is_for(to, earlier, hearing)):
        return None
    together = tellings(told, to)
    return _several(together, hearing) or _unseen(newest, codes, together, hearing)


def _several(together: Sequence[Logged], hearing: Hearing) -> Pattern | None:
    wanted = hearing.policy.patterns
    agencies = {each.iss for each in together}
    if len(together) < wanted.concerns or len(agencies) < wanted.agencies:
        return None
    return shown("CHILD", together, hearing)


def _unseen(
    newest: Logged, codes: ConcernCodes, together: Sequence[Logged], hearing: Hearing
) -> Pattern | None:
    unseen = any(category in hearing.policy.patterns.unseen for category in codes.categories)
    if not unseen or all(_is_one_telling(each, newest) for each in together):
        return None
    return shown("OUT_OF_SIGHT", together, hearing)


def _told(tokens: Collection[ChildToken], hearing: Hearing, book: Casebook) -> list[Logged]:
    """The concerns about this child in the window, in log order; every copy of each."""
    since = hearing.at - timedelta(days=hearing.policy.patterns.window_days)
    found = {each.index: each for token in tokens for each in book.traced(child_key(token))}
    told = sorted(found.values(), key=lambda one: one.index)
    return [each for each in told if stands(each) and each.at >= since]


def tellings(told: Sequence[Logged], reader: AgencyId | None = None) -> list[Logged]:
    """One of each concern that was told to several at once, or about several children.

    It is the copy that ``reader`` told or was told, who can open it; where there is none, the first.
    What an agency goes on to tell later in the same thread is another concern.
    """
    found: list[Logged] = []
    last: dict[tuple[AgencyId, str], int] = {}  # where the latest of an agency in a thread stands
    for each in told:
        if not isinstance(each.codes, ConcernCodes):
            continue
        key = each.iss, each.codes.txn
        place = last.get(key)
        if place is None or not _is_one_telling(found[place], each):
            last[key] = len(found)
            found.append(each)
        elif reader in (each.iss, each.aud) and reader not in (found[place].iss, found[place].aud):
            found[place] = each
    return found


def _is_one_telling(one: Logged, other: Logged) -> bool:
    """Whether an agency said both of a thread within a day: recipients, children and covers of one call."""
    if not isinstance(one.codes, ConcernCodes) or not isinstance(other.codes, ConcernCodes):
        return False
    return (one.iss, one.codes.txn) == (other.iss, other.codes.txn) and abs(other.at - one.at) < _A_DAY


def stands(each: Logged) -> bool:
    """Whether it counts: its author says it still, and it is open."""
    history = each.history
    return each.passes and not history.is_unsaid and is_open(each)


def is_open(each: Logged) -> bool:
    """Told to somebody else, and kept from nobody: a pattern is shown to whoever reads the ordinary inbox."""
    codes = each.codes
    if not isinstance(codes, ConcernCodes):
        return True
    kept = codes.withheld is not None or codes.inbox == RESTRICTED or HandlingMark.LADO_ONLY in codes.marks
    return not kept and each.iss != each.aud


def social_care(directory: Directory) -> list[AgencyId]:
    """Who is shown patterns."""
    return [agency for agency in directory.agencies if directory.kind_of(agency) is AgencyKind.CSC]


def is_for(reader: AgencyId, together: Sequence[Logged], hearing: Hearing) -> bool:
    """The one that was told one of them; where none was, the partnership's only one."""
    readers = social_care(hearing.directory)
    told = [each for each in readers if any(each == one.aud for one in together)]
    return reader in told or (not told and len(readers) == 1)


def shown(what: str, together: Sequence[Logged], hearing: Hearing) -> Pattern:
    """Counts of all of them, and the days and ids of the latest."""
    latest = together[-_AT_MOST:]
    kinds = {hearing.directory.kind_of(each.iss) for each in together}
    return Pattern(
        seen=what,
        concerns=len(together),
        agencies=len({each.iss for each in together}),
        agency_kinds=tuple(sorted(kind.value for kind in kinds if kind)),
        dates=tuple(each.at.date().isoformat() for each in latest),
        ids=tuple(each.jti for each in latest),
    )
