"""What belongs together: the copies of a concern, what rests on it, and what was decided about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from candour_protocol import rules
from candour_protocol.children import may_be_one_child
from candour_protocol.ids import AgencyId
from candour_protocol.kinds import ChallengeCodes, Codes, ConcernCodes, CorrectionCodes, RequestCodes
from candour_protocol.kinds.lists import CORRECTABLE, WITHDRAWABLE, Kind
from candour_protocol.policy import Policy

from candour_gateway.casebook import Casebook, Logged
from candour_gateway.naming import parent_of, thread_key

# What can be taken back, and by what kind.
TAKEN_BACK_BY: Mapping[Kind, frozenset[Kind]] = {
    Kind.WITHDRAWAL: WITHDRAWABLE,
    Kind.CORRECTION: CORRECTABLE,
    Kind.LINK: frozenset({Kind.LINK}),
}

_LONGEST = 32  # links of a chain; no honest one is as long


def above(concern: Logged | None, book: Casebook) -> Iterator[Logged]:
    """What a relay relays, up to its originator's own concern, the nearest first."""
    for _ in range(_LONGEST):
        codes = concern.codes if concern else None
        concern = book.find(codes.relays) if isinstance(codes, ConcernCodes) else None
        if concern is None:
            return
        yield concern


def relays_of(concern: Logged, book: Casebook) -> Iterator[Logged]:
    """Those who passed it on, directly."""
    for each in book.traced(concern.hash):
        if isinstance(each.codes, ConcernCodes) and each.codes.relays == concern.hash and each.passes:
            yield each


def copies_of(concern: Logged, book: Casebook, depth: int = _LONGEST) -> Iterator[Logged]:
    """Every copy of it, and copies of copies."""
    for each in relays_of(concern, book) if depth else ():
        yield each
        yield from copies_of(each, book, depth - 1)


def told_keys(concern: Logged, holder: AgencyId) -> tuple[str, ...]:
    """Where a concern of its thread stands that its recipient, or who told it, told another agency."""
    if concern.codes is None:
        return ()
    return tuple(thread_key(concern.codes.txn, {one, holder}) for one in (concern.aud, concern.iss))


def was_told(holder: AgencyId, concern: Logged, book: Casebook) -> bool:
    """Whether an agency has a concern: passed on, in somebody's own words, or as one that came from there."""
    if any(holder in (each.iss, each.aud) for each in (concern, *above(concern, book))):
        return True
    told = (each for key in told_keys(concern, holder) for each in book.first(key))
    return any(each.aud == holder and each.passes and _may_be_of_one(each, concern) for each in told)


def _may_be_of_one(told: Logged, concern: Logged) -> bool:
    ours, theirs = concern.codes, told.codes
    if not isinstance(ours, ConcernCodes) or not isinstance(theirs, ConcernCodes):
        return False
    return may_be_one_child(theirs.child, ours.child)


def resting_on(concern: Logged, book: Casebook) -> Iterator[Logged]:
    """The requests that cite it, and were let through."""
    for each in book.traced(concern.hash):
        if isinstance(each.codes, RequestCodes) and each.passes:
            yield each


def unanswered_checks(concern: Logged, asker: str, book: Casebook) -> list[Logged]:
    """The open requests of one agency that rest on a concern or on its copies."""
    copies = [concern, *copies_of(concern, book)]
    found = {each.hash: each for copy in copies for each in resting_on(copy, book)}
    return [each for each in found.values() if each.iss == asker and is_open(each)]


def lines_of(codes: RequestCodes) -> frozenset[int]:
    """The lines that a request asks for."""
    return frozenset(asked.line for asked in codes.asked)


def is_open(request: Logged) -> bool:
    """Whether some line of a request has no outcome yet, and it goes on."""
    codes, history = request.codes, request.history
    if not isinstance(codes, RequestCodes) or not request.passes:
        return False
    ended = (history.withdrawn_by, history.taken_back_by, history.closed_by)
    return bool(history.lines.open(lines_of(codes))) and ended == (None, None, None)


def stands(concern: Logged | None) -> bool:
    """Whether a cited concern can still carry a request."""
    if concern is None or not concern.passes:
        return False
    history = concern.history
    return history.withdrawn_by is None and not is_taken_back(concern)


def is_taken_back(concern: Logged) -> bool:
    """Whether its author has corrected it away and told nothing since."""
    by = concern.history.taken_back_by
    refreshed = concern.route.refreshed_by if concern.route else None
    return by is not None and (refreshed is None or refreshed < by)


def is_over(matter: Logged, policy: Policy, book: Casebook) -> bool:
    """Whether nobody has anything to do about a matter any more: it was closed, or its author took it back.

    What is said about the matter has to be in the casebook.
    """
    ended = (matter.history.closed_by, matter.history.withdrawn_by) != (None, None)
    if ended or book.is_barred(matter.hash, matter.iss):
        return True
    between = (matter.iss, matter.aud)
    said = (
        each.codes for each in book.traced(matter.hash) if each.passes and (each.iss, each.aud) == between
    )
    corrections = (one for one in said if isinstance(one, CorrectionCodes) and one.corrects == matter.hash)
    return any(rules.ends(one.correction_kind, matter.kind, policy) for one in corrections)


def decided(challenge: Logged | None, book: Casebook) -> Logged | None:
    """What a challenge is about in the end, through all its stages."""
    for _ in range(_LONGEST):
        if challenge is None or not isinstance(challenge.codes, ChallengeCodes):
            return challenge
        challenge = book.find(challenge.codes.challenges)
    return None


def matter_of(statement: Logged | None, book: Casebook) -> Logged | None:
    """The concern or request that a decision, an answer or anything else about it belongs to."""
    for _ in range(_LONGEST):
        if statement is None or statement.kind in (Kind.CONCERN, Kind.REQUEST):
            return statement
        statement = book.find(parent_of(statement.irt, statement.codes))
    return None


def open_challenges(matter: Logged, book: Casebook) -> list[Logged]:
    """All that are open about what was decided on a matter, the newest first: each names the one before.

    An answer whose reason is not enough on its own stands there as well: it opens the matter by itself.
    """
    found: list[Logged] = []
    below = book.at(matter.history.challenged_by)
    while below is not None:
        found.append(below)
        below = book.at(below.history.challenged_by)
    return found


def is_challenged(kind: Kind, matter: Logged, book: Casebook) -> bool:
    """Whether a decision of this kind about a matter is under an open challenge."""
    found = (decided(each, book) for each in open_challenges(matter, book))
    return any(first is not None and first.kind is kind for first in found)


def is_decided_again(challenge: Logged, book: Casebook) -> bool:
    """Whether what is challenged is for somebody else to decide again, and not for anybody to explain."""
    first = decided(challenge, book)
    return first is not None and _again_by(first, matter_of(first, book)) is not None


def _again_by(first: Logged, matter: Logged | None) -> Kind | None:
    """By what it is decided again. Whoever a concern was told to opens it again by another decision."""
    ended = matter is not None and matter.kind is Kind.CONCERN and first.iss == matter.aud
    return rules.again_by(first.kind, reopens=ended)


def redecided(
    kind: Kind, codes: Codes | None, matter: Logged, book: Casebook
) -> Iterator[tuple[Logged, Logged]]:
    """What under challenge such a statement takes the place of: challenges, and what each is about."""
    for challenge in open_challenges(matter, book):
        first = decided(challenge, book)
        if (
            first is not None
            and _again_by(first, matter) is kind
            and rules.is_on_the_same(codes, first.codes)
        ):
            yield challenge, first


def is_anothers(codes: Codes | None, first: Logged) -> bool:
    """Whether somebody else signs than who signed what is challenged."""
    before = first.codes.actor if first.codes else None
    return rules.is_another(before, codes.actor if codes else None)
