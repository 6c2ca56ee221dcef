"""Judge a log again, from its entries and the T1 that is kept, and compare (INV-6). Protocol section 4.

Where T1 is gone (erased, or never kept because it could not be read), the verdict is taken over as it stands;
everything else about the entry still takes effect. So is a verdict that would be another one now, where
something is gone that it may have rested on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from candour_protocol.entry import Entry, parse_entry
from candour_protocol.ids import PolicyId, StatementHash
from candour_protocol.keys import VerifyKey
from candour_protocol.policy import Policy, load_policy
from candour_protocol.registry import Registry
from candour_protocol.rules import Outcome
from candour_protocol.statement import Body, Statement, parse

from candour_gateway import gone
from candour_gateway.casebook import Casebook
from candour_gateway.database import Database
from candour_gateway.directory import Directory
from candour_gateway.effects import Effect, Notified, Owed, Reopened, Settled
from candour_gateway.sitting import Heard, Sitting
from candour_gateway.store import dispatches, documents
from candour_gateway.store import entries as entry_store
from candour_gateway.store.cases import read_codes
from candour_gateway.store.documents import DocumentKind
from candour_gateway.t1box import T1Box
from candour_gateway.verdict import Submission, Verdict, decide

Judged = tuple[str, tuple[str, ...]]

_PAGE = 256  # entries


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry that is judged otherwise now."""

    index: int
    logged: Judged
    judged: Judged


@dataclass(slots=True)
class Replayed:
    """What a replay came to. ``taken`` entries could not be judged, for want of T1: their own, or another's.

    Attributes:
        verdicts: what the log says of each statement.
        told: what the gateway has to have given notice of, but for what it finds when time has passed.
    """

    entries: int = 0
    taken: int = 0
    differences: list[Difference] = field(default_factory=list)
    verdicts: dict[StatementHash, Judged] = field(default_factory=dict)
    owed: dict[tuple[int, str], Owed] = field(default_factory=dict)
    settled: dict[tuple[int, str], int] = field(default_factory=dict)
    told: list[Notified] = field(default_factory=list)

    @property
    def open(self) -> set[tuple[int, str]]:
        """What is owed still."""
        return set(self.owed) - set(self.settled)

    def note(self, effects: list[Effect]) -> None:
        """Keep what is owed, what was settled, and what had to be told."""
        for effect in effects:
            match effect:
                case Owed(index=index, duty=duty):
                    self.owed.setdefault((index, duty.value), effect)
                case Reopened(owed=owed):
                    self.owed[owed.index, owed.duty.value] = owed
                    self.settled.pop((owed.index, owed.duty.value), None)
                case Settled(index=index, duty=duty, by=by) if (index, duty.value) in self.owed:
                    self.settled.setdefault((index, duty.value), by)
                case Notified():
                    self.told.append(effect)
                case _:
                    pass


async def replay(
    database: Database,
    box: T1Box,
    registrar: VerifyKey,
    net: str,
    progress: Callable[[int], None] | None = None,
) -> Replayed:
    """Judge every entry again, in log order, with nothing but the log, T1 and the documents."""
    async with database.read() as connection:
        profiles = await documents.every(connection, DocumentKind.PROFILE)
        raw = await documents.every(connection, DocumentKind.POLICY)
    policies = {PolicyId(name): load_policy(each) for name, each in raw.items()}
    directory = Directory(Registry(registrar, net), profiles)
    result, book = Replayed(), Casebook()
    async for index, entry, body in _all(database, box):
        _again(index, entry, body, book, directory, policies[entry.policy], result)
        if progress:
            progress(index + 1)
    return result


async def _all(database: Database, box: T1Box) -> AsyncIterator[tuple[int, Entry, Body]]:
    """No transaction is open while entries are judged, however long that takes: PostgreSQL ends idle ones."""
    after = -1
    while page := await _page(database, box, after):
        for each in page:
            yield each
        after = page[-1][0]


async def _page(database: Database, box: T1Box, after: int) -> list[tuple[int, Entry, Body]]:
    async with database.read() as connection:
        rows = await entry_store.behind(connection, after, _PAGE, None)
        found = await dispatches.bodies(connection, [index for index, _ in rows], box)
    return [(index, parse_entry(raw), found[index][0]) for index, raw in rows]


def _again(
    index: int,
    entry: Entry,
    body: Body,
    book: Casebook,
    directory: Directory,
    policy: Policy,
    result: Replayed,
) -> None:
    submission = _submission(parse(entry.jwt), body)
    sitting = Sitting(index, entry.moment, book, directory, policy)
    logged = (entry.verdict, entry.rules)
    judged = judge_again(submission, sitting, logged)
    if judged is None:
        result.taken += 1
    elif judged != logged:
        result.differences.append(Difference(index, logged, judged))
    result.entries += 1
    result.verdicts[entry.statement] = logged
    result.note(sitting.effects)


def judge_again(submission: Submission, sitting: Sitting, logged: Judged) -> Judged | None:
    """The verdict by what is left; None where that is too little, and what was logged is taken over."""
    verdict = _verdict(submission, sitting, logged)
    if verdict is None:
        sitting.take(submission, Verdict(Outcome(logged[0]), logged[1]))
    return verdict


def _verdict(submission: Submission, sitting: Sitting, logged: Judged) -> Judged | None:
    if submission.codes is None and submission.statement.claims.sd:
        return None
    found = decide(submission, sitting.hearing(), sitting.book)
    verdict = (found.outcome.value, found.rules) if isinstance(found, Verdict) else None
    if verdict not in (None, logged) and gone.may_have_mattered(submission, sitting.book):
        return None
    heard = sitting.hear(submission)
    return (heard.verdict.outcome.value, heard.verdict.rules) if isinstance(heard, Heard) else ("", ())


def _submission(statement: Statement, body: Body) -> Submission:
    shown = body.disclosures
    codes = read_codes(statement.claims.kind, shown[0]) if shown else None
    return Submission(statement, body, codes)
