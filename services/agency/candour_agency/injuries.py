"""Who is usually heard before a matter with an injury ends: prompts, never rules. Pure.

A school's word of three bruises was closed in six days: the police's records were not looked at, and the
school was not asked back (local child safeguarding practice review on Sara Sharif, November 2025). Source:
domain 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from candour_protocol.codes import AgencyKind, ConcernCategory
from candour_protocol.kinds import ClosureEvidence, ConcernCodes, Kind
from candour_protocol.words import words

from candour_agency.directory import Directory
from candour_agency.matters import read_codes
from candour_agency.messages import Message

_CATEGORIES: Final = frozenset(
    {
        ConcernCategory.PHYSICAL_ADULT,
        ConcernCategory.PHYSICAL_CHILD,
        ConcernCategory.UNEXPLAINED_INJURY,
        ConcernCategory.NON_MOBILE_BRUISE,
    }
)
_DECIDES: Final = frozenset({AgencyKind.CSC, AgencyKind.MASH, AgencyKind.MACPT})
_NOT_HEARD: Final = (
    "After an injury the police, the child's school or nursery, and their GP are usually heard before a "
    "matter ends. Nothing is here from {missing} about this child. Ask them; or write into "
    "`closure_evidence.checks_done` who was asked otherwise."
)


@dataclass(frozen=True, slots=True)
class _Check:
    kinds: frozenset[AgencyKind]
    said: frozenset[str]


_USUAL: Final[Mapping[str, _Check]] = {
    "the police": _Check(frozenset({AgencyKind.POLICE}), frozenset({"police"})),
    "a school or nursery": _Check(
        frozenset({AgencyKind.SCHOOL, AgencyKind.COLLEGE, AgencyKind.EARLY_YEARS}),
        frozenset({"school", "college", "nursery"}),
    ),
    "a GP": _Check(frozenset({AgencyKind.GP}), frozenset({"gp", "surgery"})),
}


def is_of_one(codes: ConcernCodes) -> bool:
    """Whether a concern is about an injury."""
    return not _CATEGORIES.isdisjoint(codes.categories)


def not_heard(
    directory: Directory, concern: Message, said: Iterable[Message], evidence: ClosureEvidence | None = None
) -> Iterator[str]:
    """What to say to social care when it ends a matter with an injury before those were heard.

    Args:
        said: everything that is here about the child.
        evidence: what the decider says was done; whoever is named there was heard by other means.
    """
    own, codes = directory.profile(directory.agency), read_codes(concern)
    if own is None or own.kind not in _DECIDES or not isinstance(codes, ConcernCodes) or not is_of_one(codes):
        return
    heard = {_kind(directory, one) for one in said if _is_word(one)}
    noted = {word for done in (evidence and evidence.checks_done) or () for word in words(done)}
    missing = [
        name
        for name, check in _USUAL.items()
        if check.kinds.isdisjoint(heard) and check.said.isdisjoint(noted)
    ]
    if missing:
        yield _NOT_HEARD.format(missing=" or ".join(missing))


def _is_word(message: Message) -> bool:
    """Whether an agency said something, and says it still: it told, or answered what it was asked."""
    told = message.kind is Kind.CONCERN and message.received and message.withdrawn_at is None
    return told or (message.kind is Kind.REQUEST and not message.received and message.given_at is not None)


def _kind(directory: Directory, message: Message) -> AgencyKind | None:
    profile = directory.profile(message.counterparty)
    return profile.kind if profile is not None else None
