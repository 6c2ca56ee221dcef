"""What is under challenge, and what meets it: the gateway reckons the same. Source: domain 4.1 and 4.2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from candour_protocol import rules
from candour_protocol.ids import ActorToken, AgencyId, StatementHash
from candour_protocol.kinds import Kind, parse_codes
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.happenings import Happened
from candour_agency.matters import MATTERS, read_codes
from candour_agency.messages import Message
from candour_agency.words import is_not_enough


def matter_of(connection: Connection, message: Message | None) -> Message | None:
    """The concern or request at the root of what was said about it."""
    seen: set[StatementHash] = set()
    while message is not None and message.kind not in MATTERS and message.hash not in seen:
        seen.add(message.hash)
        message = _above(connection, message)
    return message if message is None or message.kind in MATTERS else None


def decided(connection: Connection, challenge: Message) -> Message | None:
    """What a challenge is about in the end, through all its stages."""
    found: Message | None = challenge
    while found is not None and found.kind is Kind.CHALLENGE:
        found = _above(connection, found)
    return found


def deciders(
    connection: Connection, messages: Iterable[Message], agency: AgencyId
) -> dict[StatementHash, AgencyId]:
    """Who made what each challenge among these is about in the end, and so owes another look at it."""
    firsts = {one.hash: decided(connection, one) for one in messages if one.kind is Kind.CHALLENGE}
    return {
        name: first.counterparty if first.received else agency
        for name, first in firsts.items()
        if first is not None
    }


def _above(connection: Connection, message: Message) -> Message | None:
    """What it is about; of what was passed on to us, our copy."""
    if message.about is None:
        return None
    found = store.messages.by_hash(connection, [message.about]).get(message.about)
    return found or store.messages.copy_from(connection, message.about, message.counterparty)


def open_challenges(connection: Connection, matter: Message, kind: Kind | None = None) -> list[Message]:
    """Challenges to what was decided about a concern or request, not answered and not taken further yet.

    With ``kind`` only those that another statement of that kind answers.
    """
    found = _open_with(connection, matter, matter.counterparty)
    return [one for one in found if kind is None or again_by(connection, one) is kind]


def _open_with(connection: Connection, matter: Message, other: AgencyId | None) -> list[Message]:
    """Those between us and ``other``, or anybody: whoever a matter was handed on to may challenge that."""
    return [
        one
        for one in store.messages.thread(connection, matter.txn)
        if one.kind is Kind.CHALLENGE
        and other in (None, one.counterparty)
        and one.verdict != "refused"
        and (one.answered_at, one.closed_at, one.withdrawn_at) == (None, None, None)
        and _is_about(connection, one, matter)
    ]


def waiting(connection: Connection, matter: Message, other: AgencyId | None) -> list[Message]:
    """What somebody else is to look at again between us and ``other``, or anybody.

    Besides challenges those answers whose reason is not enough on its own, while nobody challenged them: they
    open the matter by themselves.
    """
    answers = (one for one in store.messages.about(connection, matter.hash) if is_not_enough(one))
    unmet = [one for one in answers if (one.challenged_at, one.closed_at) == (None, None)]
    theirs = [one for one in unmet if other in (None, one.counterparty)]
    return [*_open_with(connection, matter, other), *theirs]


def _is_about(connection: Connection, challenge: Message, matter: Message) -> bool:
    root = matter_of(connection, challenge)
    return root is not None and root.hash == matter.hash


def again_by(connection: Connection, challenge: Message) -> Kind | None:
    """By what that which is challenged is decided again; ``None`` where words may explain it.

    Whoever a concern was told to opens it again by another decision, where they had closed it.
    """
    first = decided(connection, challenge)
    if first is None:
        return None
    matter = matter_of(connection, first)
    ended = matter is not None and matter.kind is Kind.CONCERN and first.direction is not matter.direction
    return rules.again_by(first.kind, reopens=ended)


def may_meet(first: Message, by: Happened) -> bool:
    """Whether whoever decided says it, to those to whom it was said, by another person."""
    same = (first.direction, first.counterparty) == (by.direction, by.counterparty)
    return same and rules.is_another(actor_of(first.codes), actor_of(by.codes))


def actor_of(codes: JsonObject | None) -> ActorToken | None:
    """Who signed a statement, as its codes name them."""
    named = (codes or {}).get("actor")
    return ActorToken(named) if isinstance(named, str) else None


def challenged(connection: Connection, parent: Message, kind: Kind) -> list[Message]:
    """Open challenges, by whomever, that another statement of this kind about ``parent`` can meet."""
    matter = matter_of(connection, parent)
    found = _open_with(connection, matter, None) if matter is not None else []
    fitting = [one for one in found if again_by(connection, one) is kind]
    if kind is not Kind.CORRECTION:
        return fitting
    firsts = [(one, decided(connection, one)) for one in fitting]
    return [one for one, first in firsts if first is not None and first.about == parent.hash]


def met(connection: Connection, happened: Happened, matter: Message) -> Iterator[tuple[Message, Message]]:
    """What waits about a matter and a statement meets, each with what was decided before."""
    for challenge in waiting(connection, matter, happened.counterparty):
        first = decided(connection, challenge)
        if again_by(connection, challenge) is not happened.kind or first is None:
            continue
        if challenge.logged_at is None or challenge.logged_at > happened.at:
            continue  # that came later, or where it came is not known yet: then it is looked at again
        if not may_meet(first, happened):
            continue
        if rules.is_on_the_same(parse_codes(happened.kind, happened.codes), read_codes(first)):
            yield challenge, first


def explains(connection: Connection, challenge: Message, reply: Happened) -> bool:
    """Whether words are enough: of what cannot be decided again; or a second person's, that it stands."""
    first = decided(connection, challenge)
    if first is None:  # a node that was put back from a backup may lack it
        return challenge.direction is not reply.direction
    if again_by(connection, challenge) is None:
        return first.direction is reply.direction
    return rules.stands_by_word(first.kind) and may_meet(first, reply)
