"""Admit a batch: one transaction for judging, logging and everything that follows.

Nothing is returned before the commit is known, so whoever publishes what comes back publishes what is logged
(INV-3). A batch that fails leaves no trace, and its submissions come again. Source: protocol section 5.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from candour_protocol import failpoints
from candour_protocol.ids import GATEWAY, REGISTRAR, AgencyId, sha256_text
from candour_protocol.kinds.lists import Kind
from candour_protocol.policy import Policy
from candour_protocol.transport.topology import Lane
from candour_protocol.wire import Answered, Delivered, Problem
from sqlalchemy.ext.asyncio import AsyncConnection

from candour_gateway import patterns
from candour_gateway.casebook import Casebook
from candour_gateway.database import Database
from candour_gateway.directory import Directory
from candour_gateway.effects import Routed
from candour_gateway.instants import from_ms, to_ms
from candour_gateway.lanes import lane_of
from candour_gateway.ledger import Appended, Ledger, Tip
from candour_gateway.naming import is_of_a_child, is_of_an_adult, is_private
from candour_gateway.notices import Herald
from candour_gateway.screening import Unfit
from candour_gateway.sitting import Again, Heard, Result, Sitting
from candour_gateway.store import cases, dispatches, documents, effects, incidents
from candour_gateway.store import entries as entry_store
from candour_gateway.store import tiles as tile_store
from candour_gateway.store.bulk import Bulk
from candour_gateway.store.documents import Document
from candour_gateway.t1box import T1Box
from candour_gateway.verdict import Submission

LINKS = "links"  # more is joined to a child than is followed
OWN_REFUSED = "own-notice-refused"
LOOK_AGAIN = 1.0  # seconds for which what was read of the registry counts as news

log = structlog.get_logger("candour.gateway")

Clock = Callable[[], datetime]
ReadDirectory = Callable[[AsyncConnection], Awaitable[Directory]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message for one agency, in one lane."""

    to: AgencyId
    lane: Lane
    content: Delivered | Answered | Problem


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a batch came to, in the order of its submissions, and what is now to be published."""

    results: tuple[Result, ...]
    receipts: tuple[str, ...]
    parcels: tuple[Parcel, ...]
    entries: tuple[Heard, ...]
    size: int
    at: datetime


class OwnWords(Protocol):
    """What the gateway itself has to say in a batch, found under the log's lock."""

    async def find(self, connection: AsyncConnection, at: datetime, /) -> Sequence[Submission]:
        """Statements of its own to be logged at ``at``, in their order."""

    def note(self, bulk: Bulk, passed: Sequence[bool], /) -> None:
        """Write down what was said, in the same transaction; ``passed``: which of it was let through."""


class Admission:
    """The use case.

    ``directory`` is the registry as the last commit left it that this worker knows of: another worker's is
    taken in under the log's lock, so every verdict is by all facts before it, and by `catch_up` for reading.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        box: T1Box,
        policy: Policy,
        herald: Herald | None,
        clock: Clock,
        read_directory: ReadDirectory,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._box = box
        self._policy = policy
        self._herald = herald
        self._clock = clock
        self._read_directory = read_directory
        self._facts_at: int | None = None
        self._looked_at = float("-inf")
        self.directory: Directory

    @property
    def log_incident(self) -> str:
        """Why the log does not go on; empty while it does."""
        return self._ledger.incident

    async def start(self) -> None:
        """Read the registry from the log."""
        await self.catch_up(at_once=True)

    async def catch_up(self, *, at_once: bool = False) -> bool:
        """Take in what other workers have logged about the registry; whether there was anything.

        Asks the database at most once in `LOOK_AGAIN`, unless ``at_once``.

        Raises:
            DatabaseAwayError: nothing new is known.
        """
        if not at_once and time.monotonic() < self._looked_at + LOOK_AGAIN:
            return False
        async with self._database.read() as connection:
            facts_at = await tile_store.facts_at(connection)
            self._looked_at = time.monotonic()
            if facts_at == self._facts_at:
                return False
            directory = await self._read_directory(connection)
        if self._facts_at is not None and facts_at <= self._facts_at:
            return False  # a batch of our own was faster
        self.directory, self._facts_at = directory, facts_at
        return True

    async def admit(
        self,
        submissions: Sequence[Submission],
        named: Sequence[Document] = (),
        own: OwnWords | None = None,
    ) -> Admitted:
        """Judge in order, log, and commit.

        Args:
            named: the documents that registry facts among the submissions name.
            own: what the gateway has to say after them.

        Raises:
            LogIncidentError: the log must not grow; nothing was written.
        """
        async with self._database.write() as connection:
            tip = await self._ledger.lock(connection)
            await self._know_directory(connection, tip)
            at = self._time(tip)
            said = await own.find(connection, at) if own else ()
            book = await cases.load(connection, [*submissions, *said], self._box, self._readers())
            sitting = self._sit(tip, at, book, submissions, named)
            results = [sitting.hear(each) for each in submissions]
            passed = [_takes_effect(sitting.hear(each)) for each in said]
            await self._say(connection, sitting)
            appended = await self._write(connection, tip, sitting, own, passed)
            if appended is not None and named:
                await documents.keep(connection, named)
            admitted = await self._reply(connection, results, sitting, appended)
            failpoints.reach("gateway.judged")
        failpoints.reach("gateway.committed")
        if appended is not None:
            self._ledger.adopt(appended)
            self._facts_at = appended.tip.facts_at
        self.directory = sitting.directory
        return admitted

    def _readers(self) -> Sequence[AgencyId]:
        return patterns.social_care(self.directory) if self._policy.patterns.any else ()

    async def _say(self, connection: AsyncConnection, sitting: Sitting) -> None:
        """What the operator is to see of how a batch was judged."""
        for name, code in sitting.stumbled:
            log.error("not-judged", code=code, hash=name)
        found = [*_crowds(sitting), *_own_refused(sitting)]
        for digest, code, agency in found:
            log.warning("incident", code=code, digest=digest, agency=agency)
        await incidents.record(connection, found, sitting.at)

    async def _know_directory(self, connection: AsyncConnection, tip: Tip) -> None:
        """Read it again where facts were logged by another worker, or by us and we never heard of it."""
        if tip.facts_at != self._facts_at:
            self.directory = await self._read_directory(connection)
            self._facts_at = tip.facts_at

    def _time(self, tip: Tip) -> datetime:
        """The log's time never goes back, whatever the clock does."""
        return from_ms(max(to_ms(self._clock()), tip.t_ms))

    def _sit(
        self,
        tip: Tip,
        at: datetime,
        book: Casebook,
        submissions: Sequence[Submission],
        named: Sequence[Document],
    ) -> Sitting:
        facts = any(each.claims.kind is Kind.REGISTRY for each in submissions)
        directory = self.directory.copy() if facts else self.directory
        for document in named:
            directory.know(document.sha256, document.raw)
        return Sitting(tip.size, at, book, directory, self._policy, self._herald)

    async def _write(
        self,
        connection: AsyncConnection,
        tip: Tip,
        sitting: Sitting,
        own: OwnWords | None,
        passed: Sequence[bool],
    ) -> Appended | None:
        bulk, appended = Bulk(), None
        if sitting.heard:
            appended = self._ledger.append(tip, sitting.entries(), bulk)
            self._keep_parts(bulk, sitting)
            effects.write(bulk, sitting.effects, sitting.at)
        if own is not None:
            own.note(bulk, passed)
        await bulk.run(connection)
        return appended

    def _keep_parts(self, bulk: Bulk, sitting: Sitting) -> None:
        """T1 of everything that could be read, refused or not; sealed parts only of what may be delivered."""
        boxes, jwes = [], []
        for heard in sitting.heard:
            logged, body = heard.logged, heard.submission.body
            if logged.codes is not None:
                boxes.append((logged.index, self._box.seal(logged.hash, body.disclosures[0])))
            if body.sealed and heard.verdict.outcome != "refused":
                jwes.append((logged.index, body.sealed, self._kept_until(heard)))
        effects.keep_parts(bulk, boxes, jwes)
        effects.keep_traces(bulk, [key for heard in sitting.heard for key in self._keys(heard, sitting.book)])

    def _keys(self, heard: Heard, book: Casebook) -> Iterator[tuple[str, int]]:
        """Under which keys a statement is found again: what only T1 says, as a keyed hash."""
        logged = heard.logged
        if heard.verdict.outcome == "refused":
            return
        for key in book.keys(logged.hash):
            if self._may_keep(key):
                yield self._box.blind(key) if is_private(key) else key, logged.index

    def _may_keep(self, key: str) -> bool:
        """No list of children or of adults is begun unless the partnership has switched that on."""
        switches = self._policy.patterns
        return (switches.shown or not is_of_a_child(key)) and (switches.adults or not is_of_an_adult(key))

    def _kept_until(self, heard: Heard) -> datetime | None:
        """What is on its way is kept until its delivery says otherwise; what is held may lapse."""
        if heard.verdict.passes:
            return None
        return heard.logged.at + timedelta(days=7) + self._policy.retention.sealed_keep

    async def _reply(
        self,
        connection: AsyncConnection,
        results: Sequence[Result],
        sitting: Sitting,
        appended: Appended | None,
    ) -> Admitted:
        fresh = appended.receipts if appended else ()
        first = appended.first if appended else 0
        receipts = {first + place: receipt for place, receipt in enumerate(fresh)}
        again = [each.logged.index for each in results if isinstance(each, Again)]
        receipts |= await self._old_receipts(connection, again)
        lanes = _lanes(results, sitting)
        parcels = [
            *_answers(results, receipts, lanes),
            *_passed_on(sitting, receipts, lanes),
            *await self._released(connection, sitting),
            *await self._known_deliveries(connection, results),
        ]
        shown = tuple("" if isinstance(each, Unfit) else receipts[each.logged.index] for each in results)
        size = appended.tip.size if appended else sitting.first
        return Admitted(tuple(results), shown, tuple(parcels), tuple(sitting.heard), size, sitting.at)

    async def _old_receipts(self, connection: AsyncConnection, indexes: Sequence[int]) -> dict[int, str]:
        if not indexes:
            return {}
        return await tile_store.receipts(connection, await entry_store.leaves(connection, indexes))

    async def _released(self, connection: AsyncConnection, sitting: Sitting) -> list[Parcel]:
        """What an approval set free goes out with it, a notice with its proof, each with its own receipt."""
        routed = [each for each in sitting.effects if isinstance(each, Routed)]
        pairs = [(each.index, each.route.approval) for each in routed if each.route.approval is not None]
        if not pairs:
            return []
        found = await dispatches.deliveries(connection, pairs, self._box)
        return [
            Parcel(each.route.recipient, each.route.lane, found[each.index])
            for each in routed
            if each.index in found
        ]

    async def _known_deliveries(self, connection: AsyncConnection, results: Sequence[Result]) -> list[Parcel]:
        """Who asks again gets, beside the receipt, the recipient's ``delivery`` where there is one."""
        asked = {
            each.logged.route.settled_by: each.submission.claims.iss
            for each in results
            if isinstance(each, Again) and each.logged.route and each.logged.route.settled_by is not None
        }
        if not asked:
            return []
        found = await dispatches.deliveries(connection, [(index, None) for index in asked], self._box)
        kept = {index: delivered for index, delivered in found.items() if delivered.body.disclosures}
        return [Parcel(asked[index], Lane.ORDINARY, delivered) for index, delivered in kept.items()]


def _crowds(sitting: Sitting) -> Iterator[tuple[str, str, str]]:
    """One incident an agency for each two that have joined more than is followed."""
    for crowd in map(sorted, sitting.book.crowded):
        digest = sha256_text(" ".join((LINKS, *crowd)).encode())
        yield from ((digest, LINKS, agency) for agency in crowd)


def _own_refused(sitting: Sitting) -> Iterator[tuple[str, str, str]]:
    """The gateway's own word has to pass; if it does not, somebody was not told."""
    for heard in sitting.heard:
        if heard.logged.iss == GATEWAY and heard.logged.kind is Kind.NOTICE and not heard.verdict.passes:
            yield heard.logged.hash, OWN_REFUSED, GATEWAY


def _takes_effect(result: Result) -> bool:
    match result:
        case Heard(verdict=verdict):
            return verdict.passes
        case Again(logged=logged):
            return logged.passes
        case Unfit():
            return False


def _lanes(results: Sequence[Result], sitting: Sitting) -> dict[int, Lane]:
    """By index: a statement's answer and itself travel alike."""
    again = (each.logged for each in results if isinstance(each, Again))
    logged = (*(each.logged for each in sitting.heard), *again)
    return {each.index: lane_of(each, sitting.book) for each in logged}


def _answers(results: Sequence[Result], receipts: dict[int, str], lanes: dict[int, Lane]) -> list[Parcel]:
    """The sender's message for each submission that has an entry; the registrar has no inbox."""
    parcels = []
    for result in results:
        if isinstance(result, Unfit) or result.submission.claims.iss == REGISTRAR:
            continue
        claims, logged = result.submission.claims, result.logged
        violations = (
            result.verdict.violations
            if isinstance(result, Heard)
            else tuple((rule, "") for rule in logged.rules)
        )
        answered = Answered(claims.jti, receipts[logged.index], violations)
        lane = lanes[logged.index]
        parcels.append(Parcel(claims.iss, Lane.ORDINARY if lane is Lane.RESTRICTED else lane, answered))
    return parcels


def _passed_on(sitting: Sitting, receipts: dict[int, str], lanes: dict[int, Lane]) -> list[Parcel]:
    """Every new statement that passes goes to its recipient; what goes with another goes from the tables."""
    together = {
        each.index for each in sitting.effects if isinstance(each, Routed) and each.route.approval is not None
    }
    return [
        Parcel(
            heard.logged.aud,
            lanes[heard.logged.index],
            Delivered(heard.submission.body, receipts[heard.logged.index]),
        )
        for heard in sitting.heard
        if heard.verdict.passes
        and heard.logged.aud != GATEWAY
        and heard.logged.kind is not Kind.APPROVAL
        and heard.logged.index not in together
    ]
