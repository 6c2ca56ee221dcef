"""Keeping up with the registry: read at the start, on an unknown key, and every ten minutes.

Every item is a receipt, proven like any other; the chain of registry statements decides what of it counts. A
key registered for this agency that it does not hold is an alarm. Source: protocol section 2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

import structlog
from candour_protocol.client import ClientError, DeliveryItem, EntryItem
from candour_protocol.errors import CandourError
from candour_protocol.ids import Kid, StatementHash
from candour_protocol.kinds import Kind
from candour_protocol.receipt import VerifiedReceipt
from candour_protocol.statement import Statement, parse
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.arrival import Witness
from candour_agency.database import Database
from candour_agency.engines.work import AwayError
from candour_agency.metrics import Metrics
from candour_agency.moments import from_ms, to_ms
from candour_agency.office import Office
from candour_agency.store.forgotten import Forgotten
from candour_agency.store.registry import READ, SEEN, Kept

PAGE: Final = 500  # entries
RETRY: Final = timedelta(seconds=2)  # until it was read once
_PASSES: Final = ("passed", "flagged")


class GatewayReader(Protocol):
    """What the node reads from the gateway."""

    async def entries(self, after: int | None = None, limit: int | None = None) -> tuple[EntryItem, ...]:
        """Entries above an index, own ones and registry facts, oldest first."""
        ...

    async def profile(self, digest: str) -> bytes:
        """A profile's bytes."""
        ...

    async def policy(self, digest: str) -> bytes:
        """A policy's bytes."""
        ...

    async def deliveries(
        self, after: int | None = None, limit: int | None = None
    ) -> tuple[DeliveryItem, ...]:
        """What was routed to this agency behind an index, oldest first."""
        ...

    async def close(self) -> None:
        """Let the connections go."""
        ...


@dataclass(slots=True)
class _Page:
    """What one page of entries brought."""

    facts: list[Kept] = field(default_factory=list)
    own: list[StatementHash] = field(default_factory=list)
    answered: dict[StatementHash, Forgotten] = field(default_factory=dict)  # by the own ``delivery``
    read: int = 0


async def _nothing() -> None:
    """Nobody waits for new facts."""


@dataclass(slots=True)
class Registering:
    """Keeps the directory as the log has it.

    Attributes:
        problem: why the registry could not be read the last time; ``""`` if it could.
        grown: called once new facts are known.
    """

    office: Office
    witness: Witness
    database: Database
    reader: GatewayReader
    metrics: Metrics
    every: timedelta
    problem: str = "not read yet"
    grown: Callable[[], Awaitable[None]] = field(default=_nothing)
    _read: int = 0
    _alarmed: set[Kid] = field(default_factory=set)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what was kept, read on, and go on reading."""
        await self.database.read(self._recall)
        await self.refresh()
        self._task = asyncio.create_task(self._run(), name=f"registry {self.office.agency}")

    async def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.reader.close()

    @property
    def ready(self) -> bool:
        """Whether this agency's own keys are known, so that it can take part."""
        return bool(self.office.directory.registry.keys_of(self.office.agency))

    async def refresh(self) -> bool:
        """Read to the end of the log; ``False`` when the gateway could not be read, as ``problem`` says."""
        known = self.office.directory.registry.last_index
        async with self._one_at_a_time:
            try:
                while await self._next_page():
                    pass
                await self._documents()
                if self.office.directory.registry.last_index != known:
                    await self.grown()
            except CandourError as error:
                return self._not_read(error.code)
            except AwayError:
                return self._not_read("database-away")
        self.problem = ""
        return True

    def _not_read(self, code: str) -> bool:
        self.problem = code
        self._log().warning("registry-not-read", code=code)
        return False

    async def _run(self) -> None:
        while True:
            await asyncio.sleep((RETRY if self.problem else self.every).total_seconds())
            try:
                await self.refresh()
            except Exception as error:  # the loop outlives whatever a gateway or a disk does
                self.problem = type(error).__name__
                self._log().error("registry-not-read", error=self.problem)

    def _recall(self, connection: Connection) -> None:
        directory = self.office.directory
        for kept in store.registry.facts(connection):
            directory.learn(kept.jwt, kept.index, from_ms(kept.at))
        directory.take_documents(store.registry.read_documents(connection))
        self._read = store.registry.read_progress(connection, READ)[0]
        self.witness.recall(store.registry.read_progress(connection, SEEN)[1])

    async def _next_page(self) -> bool:
        items = await self.reader.entries(self._read - 1 if self._read else None, PAGE)
        if not items:
            return False
        page = self._prove(items)
        await self.database.write(lambda connection: self._keep(connection, page))
        self._read = page.read
        await self._alarm()
        return True

    def _prove(self, items: Sequence[EntryItem]) -> _Page:
        """Learn the facts of a page.

        Raises:
            ProofError: a receipt does not verify; what stands before it is read again next time.
        """
        page = _Page()
        for item in items:
            proven = self.witness.prove(item.receipt)
            statement = parse(proven.entry.jwt)
            if statement.claims.kind is Kind.REGISTRY:
                self._learn(page, statement, proven.index, proven.entry.t_ms, proven.entry.verdict)
            elif statement.claims.iss == self.office.agency:
                page.own.append(statement.hash)
                _note_answer(page, statement, proven)
            page.read = proven.index + 1
        return page

    def _learn(self, page: _Page, statement: Statement, index: int, t_ms: int, verdict: str) -> None:
        if verdict in _PASSES and self.office.directory.learn(statement.jwt, index, from_ms(t_ms)):
            page.facts.append(Kept(index, statement.jwt, t_ms))

    def _keep(self, connection: Connection, page: _Page) -> None:
        store.registry.keep(connection, page.facts)
        store.registry.note_progress(connection, READ, page.read)
        known = store.messages.by_hash(connection, page.own)
        lost = [name for name in page.own if name not in known]
        store.forgotten.add(connection, [page.answered[name] for name in lost if name in page.answered])
        for name in lost:
            self._incident(connection, "own-statement-unknown", name)

    async def _alarm(self) -> None:
        """A valid key of this agency that it does not hold: somebody speaks in its name."""
        keys = self.office.directory.registry.keys_of(self.office.agency)
        strange = {key.kid for key in keys if key.ended is None} - self.office.keys.own_kids - self._alarmed
        self._alarmed |= strange
        if strange:
            await self.database.write(lambda connection: self._alarm_about(connection, strange))

    def _alarm_about(self, connection: Connection, strange: set[Kid]) -> None:
        for kid in sorted(strange):
            self._incident(connection, "strange-key", kid)

    def _incident(self, connection: Connection, code: str, digest: str) -> None:
        store.registry.note_incident(connection, code, digest, to_ms(self.office.clock()))
        self.metrics.incidents.labels(code).inc()
        self._log().error("incident", code=code, digest=digest)

    async def _documents(self) -> None:
        for kind, digest in self.office.directory.missing():
            try:
                read = self.reader.policy if kind == "policy" else self.reader.profile
                await self._take(kind, digest, await read(digest))
            except ClientError as error:
                if error.may_pass:
                    raise
                self._log().warning("document-missing", kind=kind, digest=digest)

    async def _take(self, kind: str, digest: str, raw: bytes) -> None:
        if self.office.directory.take_document(kind, digest, raw):
            await self.database.write(
                lambda connection: store.registry.keep_document(connection, digest, kind, raw)
            )

    def _log(self) -> structlog.typing.FilteringBoundLogger:
        log: structlog.typing.FilteringBoundLogger = structlog.get_logger().bind(agency=self.office.agency)
        return log


def _note_answer(page: _Page, statement: Statement, proven: VerifiedReceipt) -> None:
    claims = statement.claims
    if claims.kind is Kind.DELIVERY and claims.irt is not None and proven.entry.verdict in _PASSES:
        page.answered[statement.hash] = Forgotten(claims.irt, claims.aud, proven.index)
