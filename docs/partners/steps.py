"""What can be said about a statement that is in the book, kind by kind. Source: the protocol, section 3.1.

One table for all kinds. Who may say what about whose statement is judged by the gateway; the table only
spares a mistyped id the way there and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from candour_protocol.children import tokens_in
from candour_protocol.errors import MalformedError
from candour_protocol.ids import GENERAL, RESTRICTED, Address, StatementHash, parse_address
from candour_protocol.kinds import CHALLENGEABLE, STAGES, ConcernCodes, Kind, parse_codes
from candour_protocol.kinds.fields import MAX_REFERENCES
from candour_protocol.opening import SOUND
from candour_protocol.rules import is_asked_apart
from candour_protocol.strict_json import JsonObject, JsonValue

from book import Book, Message

MATTERS = frozenset({Kind.CONCERN, Kind.REQUEST})
ALL = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Target:
    """What a statement is about, as it is signed.

    Attributes:
        hash: what it names, in T1 and as ``irt``; ``None`` where it names only its thread.
        codes: what follows from that for T1.
    """

    to: Address
    hash: StatementHash | None
    codes: JsonObject


Aim = Callable[[Book, Message, Mapping[str, Any]], Target]


def _straight(_book: Book, about: Message, _given: Mapping[str, Any]) -> Target:
    """About exactly this statement, to the other party of it."""
    return Target(Address(about.party, about.inbox if about.own else GENERAL), about.hash, {})


def _naming(member: str) -> Aim:
    """The same; T1 names it too, so that the gateway can read what it is about."""

    def aim(book: Book, about: Message, given: Mapping[str, Any]) -> Target:
        straight = _straight(book, about, given)
        return Target(straight.to, about.hash, {member: about.hash})

    return aim


def _approving(book: Book, about: Message, given: Mapping[str, Any]) -> Target:
    """One's own held request; or, by the notice that it waits, what rests on a concern lodged here."""
    if about.own:
        return Target(_straight(book, about, given).to, about.hash, {"approves": about.hash, "as": "second"})
    named, held_from = (about.codes or {}).get("about"), _kept_from(book, about)
    if not isinstance(named, str) or held_from is None:
        raise MalformedError("about", "give your word on a notice that a request waits for it")
    return Target(held_from, StatementHash(named), {"approves": named, "as": "lodgee"})


def _kept_from(book: Book, notice: Message) -> Address | None:
    """Whose inbox the concern that was lodged here is kept from: there the request goes, or beside it."""
    for one in book.thread(notice.txn):
        withheld = (one.codes or {}).get("withheld")
        kept_from = withheld.get("from") if isinstance(withheld, dict) else None
        if one.kind is Kind.CONCERN and not one.own and isinstance(kept_from, str):
            holder = parse_address(kept_from).agency
            codes = parse_codes(one.kind, one.codes or {})
            apart = isinstance(codes, ConcernCodes) and is_asked_apart(codes, holder)
            return Address(holder, RESTRICTED if apart else GENERAL)
    return None


def _challenging(book: Book, about: Message, given: Mapping[str, Any]) -> Target:
    """What they decided, did or left undone; of one's own concern or request, the newest such thing about it.

    Where there is none, that they found a concern thin.
    """
    meant = about
    if about.own and about.kind in MATTERS:
        kinds = CHALLENGEABLE if about.opened != SOUND else CHALLENGEABLE - {Kind.DELIVERY}
        heard = [one for kind in kinds for one in book.about(about.hash, kind) if not one.own]
        if not heard:
            raise MalformedError("about", "they have decided or found nothing yet that could be challenged")
        meant = max(heard, key=lambda one: (one.kind is not Kind.DELIVERY, one.kept_at))
    before = (meant.codes or {}).get("stage") if meant.kind is Kind.CHALLENGE else 0
    higher = min(before + 1, STAGES) if isinstance(before, int) else STAGES
    stage = (given.get("codes") or {}).get("stage", higher)
    to = _straight(book, about, given).to
    return Target(to, meant.hash, {"challenges": meant.hash, "stage": stage})


def _joining(book: Book, about: Message, given: Mapping[str, Any]) -> Target:
    """The thread is one child with others; said of one's own link, that link was wrong."""
    to = _straight(book, about, given).to
    if about.kind is Kind.LINK:
        return Target(to, about.hash, {"undoes": about.hash, "joins": None})
    named: list[str] = [about.txn, *(given.get("codes") or {}).get("joins", ())]
    tokens = [token for item in named for token in _child_of(book, item)]
    joins: list[JsonValue] = [*dict.fromkeys([*named, *tokens])]
    return Target(to, None, {"joins": joins[:MAX_REFERENCES]})


def _child_of(book: Book, thread: str) -> Sequence[str]:
    """The child of a thread that is about one: what is told of that child later is joined too."""
    told = {tokens_in(one.codes) for one in book.thread(thread) if one.kind is Kind.CONCERN}
    return next(iter(told))[:1] if len(told) == 1 else ()


@dataclass(frozen=True, slots=True)
class Step:
    """How one kind is said.

    Attributes:
        theirs: about which kinds of theirs it can be said; ``ours``: of one's own.
    """

    theirs: frozenset[Kind] = frozenset()
    ours: frozenset[Kind] = frozenset()
    aim: Aim = _straight

    def check(self, kind: Kind, about: Message) -> None:
        """Whether it can be said about this statement.

        Raises:
            MalformedError: ``about``, with what it can be said about.
        """
        if about.kind not in (self.ours if about.own else self.theirs):
            fitting = [f"their {one}" for one in sorted(self.theirs)] + [
                f"your {one}" for one in sorted(self.ours)
            ]
            whose = "your" if about.own else "their"
            detail = f"{kind}: about {', '.join(fitting)}; this is {whose} {about.kind}"
            raise MalformedError("about", detail)


STEPS: Mapping[Kind, Step] = {
    Kind.ACKNOWLEDGEMENT: Step(theirs=MATTERS | {Kind.TRANSFER}),
    Kind.DECISION: Step(theirs=frozenset({Kind.CONCERN})),
    Kind.ANSWER: Step(theirs=frozenset({Kind.REQUEST})),
    Kind.OUTCOME: Step(theirs=frozenset({Kind.ANSWER}), ours=frozenset({Kind.REQUEST})),
    Kind.REPLY: Step(theirs=ALL - {Kind.NOTICE}, ours=ALL - {Kind.APPROVAL}),
    Kind.APPROVAL: Step(
        theirs=frozenset({Kind.NOTICE}),
        ours=frozenset({Kind.REQUEST}),
        aim=_approving,
    ),
    Kind.CHALLENGE: Step(
        theirs=CHALLENGEABLE | {Kind.CHALLENGE}, ours=MATTERS | {Kind.CHALLENGE}, aim=_challenging
    ),
    Kind.WITHDRAWAL: Step(ours=MATTERS | {Kind.CHALLENGE, Kind.TOLD}),
    Kind.CORRECTION: Step(
        ours=ALL - {Kind.DELIVERY, Kind.APPROVAL, Kind.CORRECTION}, aim=_naming("corrects")
    ),
    Kind.APPLIED: Step(theirs=frozenset({Kind.CORRECTION})),
    Kind.CLOSURE: Step(theirs=frozenset({Kind.CONCERN}), ours=MATTERS),
    Kind.TRANSFER: Step(theirs=MATTERS),
    Kind.TOLD: Step(theirs=MATTERS, ours=MATTERS),
    Kind.LINK: Step(theirs=MATTERS, ours=MATTERS | {Kind.LINK}, aim=_joining),
}
