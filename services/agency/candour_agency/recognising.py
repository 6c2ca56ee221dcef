"""Which child of its thread somebody means, and so under which tokens that child goes on.

Decided by what this agency reads itself: numbers, else name and birth date. Never across threads, and where
two fit, neither is taken: a person can join them by a link. Source: protocol section 3.1.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from candour_protocol import rules
from candour_protocol.children import (
    RANDOM_BYTES,
    child_tokens,
    is_random,
    keyed_tokens,
    same_child,
    tokens_in,
)
from candour_protocol.ids import ChildToken, Txn
from candour_protocol.kinds import Person
from candour_protocol.kinds.fields import MAX_TOKENS
from candour_protocol.opening import MISMATCH
from candour_protocol.words import plain
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.calls import Call
from candour_agency.drafts.concerns import Child
from candour_agency.matters import MATTERS, opened


@dataclass(slots=True)
class Known:
    """The children of one thread; who was met in this call is known from then on."""

    keys: Sequence[bytes]
    children: list[Child] = field(default_factory=list)

    def meet(self, *subjects: Person) -> list[Child]:
        """The children that one call names beside each other: no two of them are one child."""
        found = [self._recognise(one, alone=len(subjects) == 1) for one in subjects]
        met = [
            Child(one, self._tokens(one, () if found.count(before) > 1 else before))
            for one, before in zip(subjects, found, strict=True)
        ]
        self.children += met
        return met

    def _tokens(self, subject: Person, before: Sequence[ChildToken]) -> tuple[ChildToken, ...]:
        """One for each identifier, and what it went by without: the sealed part shows what is keyed."""
        own = self._own(subject)
        kept = [token for token in before if is_random(token)]
        if kept and all(map(is_random, own)):
            own = []
        return tuple(sorted({*own, *kept[: MAX_TOKENS - len(own)]}))

    def _own(self, subject: Person) -> list[ChildToken]:
        return child_tokens(subject, self.keys, secrets.token_bytes(RANDOM_BYTES))

    def _recognise(self, subject: Person, *, alone: bool) -> tuple[ChildToken, ...]:
        """The tokens of the one child that is meant: half described, only where no other can be meant."""
        asked = Child(subject, tuple(keyed_tokens(subject, self.keys)))
        groups = list(self._groups())
        sure = [group for group in groups if any(is_child(asked, one) for one in group)]
        fits = (
            [group for group in groups if not any(is_another(asked, one) for one in group)] if alone else []
        )
        meant = sure or fits
        return tuple(sorted({token for one in meant[0] for token in one.tokens})) if len(meant) == 1 else ()

    def _groups(self) -> Iterator[list[Child]]:
        """What was said of each child."""
        groups: list[list[Child]] = []
        for child in self.children:
            same = [group for group in groups if any(same_child(child.tokens, one.tokens) for one in group)]
            groups = [group for group in groups if group not in same]
            groups.append([*(one for group in same for one in group), child])
        yield from groups


def in_thread(connection: Connection, call: Call, txn: Txn | None) -> Known:
    """Whom the concerns and requests of a thread are about, as far as this caller may see them.

    Args:
        txn: ``None`` of a thread that this call begins.
    """
    found = []
    for message in store.messages.thread(connection, txn) if txn is not None else ():
        lied = message.received and message.opened == MISMATCH
        if message.kind not in MATTERS or lied or not call.may_see(message):
            continue
        matter = opened(message)
        if matter is not None:  # else nobody can tell whom it was about
            found.append(Child(matter.subject, tokens_in(message.codes)))
    return Known(call.office.keys.partnership, found)


def is_child(subject: Child, known: Child) -> bool:
    """Whether a number says so, or name and birth date do."""
    left, right = subject.subject, known.subject
    if same_child(subject.tokens, known.tokens):
        return True
    named = bool(plain(left.name or "")) and plain(left.name or "") == plain(right.name or "")
    return named and not is_another(subject, known)


def is_another(subject: Child, known: Child) -> bool:
    """Whether a number, the name or the birth date says that it is not: of twins only the name differs."""
    left, right = subject.subject, known.subject
    if same_child(subject.tokens, known.tokens):
        return False
    pairs = ((left.name, right.name), (left.birth_date, right.birth_date))
    texts = [(plain(one or ""), plain(other or "")) for one, other in pairs]
    return rules.plainly_another(left, right) or any(one and other and one != other for one, other in texts)
