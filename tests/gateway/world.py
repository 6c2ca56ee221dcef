"""A gateway in a partnership, and what a test can do with it and see of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from candour_gateway import keyring
from candour_gateway.assembly import Gateway, build
from candour_gateway.database import Database
from candour_gateway.replay import Replayed, replay
from candour_gateway.tables import obligations
from candour_protocol import disclosures
from candour_protocol.audit import AuditReport, audit_log
from candour_protocol.checkpoint import open_checkpoint
from candour_protocol.codes import AgencyKind
from candour_protocol.ids import AgencyId, Jti, StatementHash
from candour_protocol.note import Verifier
from candour_protocol.receipt import VerifiedReceipt, verify
from candour_protocol.statement import Body, Issued
from candour_protocol.strict_json import JsonObject
from candour_protocol.tiles import ENTRIES, TileId, tiles_of
from candour_protocol.tokens import agency_token, audience_of
from candour_protocol.transport.port import Settlement
from candour_protocol.transport.topology import submit_key
from candour_protocol.wire import Answered, Delivered, Problem, parse_inbound
from sqlalchemy import select

from tests.gateway.courier import Courier
from tests.gateway.partnership import NET, POLICY, Partnership, TestClock

Verdict = tuple[str, tuple[str, ...]]
Place = tuple[int, str]


@dataclass(slots=True, repr=False)  # asyncio renders whatever a fixture returns: this is long
class World:
    """Use ``open_world``; on leaving it the whole log is audited."""

    partnership: Partnership
    courier: Courier
    clock: TestClock
    gateway: Gateway
    erased: bool = False  # T1 is gone, and with it what obligations follow from

    @property
    def verifier(self) -> Verifier:
        return Verifier.from_vkey(self.gateway.vkey)

    # -- the queue ----------------------------------------------------------------------------------

    async def submit(self, *issued: Issued) -> Sequence[Settlement]:
        """One batch, each published by its issuer."""
        return await self.courier.bring(*[self.message(each) for each in issued])

    @staticmethod
    def message(issued: Issued) -> tuple[str, str, bytes]:
        claims = issued.statement.claims
        return claims.iss, submit_key(claims.iss, claims.kind, urgent=False), issued.raw

    async def judge(self, issued: Issued) -> Verdict:
        """Submit one statement: the verdict in the receipt that its sender gets."""
        await self.submit(issued)
        return self.verdict(issued)

    def verdict(self, issued: Issued) -> Verdict:
        entry = self.receipt(issued).entry
        return entry.verdict, entry.rules

    def receipt(self, issued: Issued) -> VerifiedReceipt:
        """The newest receipt that the sender got; it verifies, and is for the bytes sent."""
        claims = issued.statement.claims
        answered = [each for each in self.answers(claims.iss) if each.jti == claims.jti]
        verified = [verify(each.receipt, self.verifier) for each in answered]
        return [each for each in verified if each.entry.statement == issued.statement.hash][-1]

    async def arrive(self, *issued: Issued, opened: str = "sound") -> None:
        """Submit, and let each recipient's node say that it has it."""
        await self.submit(*issued)
        await self.submit(*[self.partnership.delivery(each, opened) for each in issued])

    # -- inboxes ------------------------------------------------------------------------------------

    def inbox(self, agency: AgencyId) -> list[Delivered | Answered | Problem]:
        found = [each for each in self.courier.sent if each.routing_key.startswith(f"{agency}.")]
        return [parse_inbound(each.body) for each in found]

    def answers(self, agency: AgencyId) -> list[Answered]:
        return [each for each in self.inbox(agency) if isinstance(each, Answered)]

    def deliveries(self, agency: AgencyId) -> list[Delivered]:
        return [each for each in self.inbox(agency) if isinstance(each, Delivered)]

    def problems(self, agency: AgencyId) -> list[Problem]:
        return [each for each in self.inbox(agency) if isinstance(each, Problem)]

    def copies(self, issued: Issued) -> list[Delivered]:
        """Every copy of a statement that was sent to its recipient."""
        sent = self.deliveries(issued.statement.claims.aud)
        return [each for each in sent if each.body.jwt == issued.statement.jwt]

    def told(self, agency: AgencyId, about: Issued) -> list[str]:
        """What the gateway's notices have told a party about a statement, in their order."""
        notices = [self.codes(each.body) for each in self.deliveries(agency)]
        return [str(codes["notice"]) for codes in notices if self._names(codes, about)]

    @staticmethod
    def _names(codes: JsonObject, statement: Issued) -> bool:
        about = codes.get("about")
        named = about.get("statement") if isinstance(about, dict) else about
        return named == statement.statement.hash

    @staticmethod
    def codes(body: Body) -> JsonObject:
        """T1 of what was sent."""
        value = disclosures.read(body.disclosures[0]).value
        assert isinstance(value, dict)
        return value

    def txn(self, issued: Issued) -> str:
        """The thread of a statement."""
        return str(self.codes(issued.body)["txn"])

    def answered(self, jti: Jti, agency: AgencyId) -> Answered:
        return [each for each in self.answers(agency) if each.jti == jti][-1]

    # -- REST ---------------------------------------------------------------------------------------

    def http(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.gateway.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://gateway")

    async def get(self, path: str, agency: AgencyId | None = None, *, ops: bool = False) -> httpx.Response:
        headers = {}
        if ops:
            token = self.gateway.token("tests", frozenset({"ops.read", "log.audit"}), timedelta(minutes=5))
            headers["Authorization"] = f"Bearer {token}"
        elif agency is not None:
            headers["Authorization"] = f"Bearer {self.agency_token(agency)}"
        async with self.http() as client:
            return await client.get(path, headers=headers)

    def agency_token(self, agency: AgencyId) -> str:
        key = self.partnership.parties[agency].client
        return agency_token(key, agency, audience_of(NET, "gateway"), self.clock())

    async def obligations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Everything owed, by kind and the hash of what it is about."""
        items = (await self.get("/v1/obligations?limit=500", ops=True)).json()["items"]
        return {(item["kind"], item["about"]): item for item in items}

    async def is_owed(self, duty: str, about: Issued) -> bool:
        return (duty, about.statement.hash) in await self.obligations()

    # -- the log ------------------------------------------------------------------------------------

    async def files(self) -> dict[str, bytes]:
        """Every file of the log, fetched as an auditor would."""
        found = {"checkpoint": (await self.get("/log/checkpoint")).content}
        size = open_checkpoint(found["checkpoint"].decode(), self.verifier).size
        for tile, width in tiles_of(size):
            found[tile.path(width)] = (await self.get(f"/log/{tile.path(width)}")).content
        for n in range(-(-size // 256)):
            tile = TileId(ENTRIES, n)
            path = tile.path(tile.width(size))
            found[path] = (await self.get(f"/log/{path}", ops=True)).content
        return found

    async def audit(self) -> AuditReport:
        """The whole log verifies, with every signature and the chain of keys."""
        files = await self.files()
        report = audit_log(Files(files), self.verifier, self.partnership.registrar.public)
        assert isinstance(report, AuditReport), report
        return report

    async def replay(self) -> Replayed:
        """Judge the log again."""
        settings = self.partnership.settings()
        database = Database(settings.database_url)
        try:
            box = keyring.read(settings.keys).box
            return await replay(database, box, self.partnership.registrar.public, NET)
        finally:
            await database.close()

    async def ledger(self) -> tuple[set[Place], dict[Place, int]]:
        """What the tables say is owed by whom, and what was settled by what."""
        database = Database(self.partnership.settings().database_url)
        try:
            async with database.read() as connection:
                rows = (await connection.execute(select(obligations))).all()
        finally:
            await database.close()
        settled = {(row.idx, row.kind): row.settled_by for row in rows if row.settled_by is not None}
        return {(row.idx, row.kind) for row in rows if row.settled_by is None}, settled

    async def entries(self) -> dict[StatementHash, Verdict]:
        """The whole log by statement."""
        items = (await self.get("/v1/entries?limit=500", ops=True)).json()["items"]
        verified = [verify(item["receipt"], self.verifier).entry for item in items]
        return {entry.statement: (entry.verdict, entry.rules) for entry in verified}

    async def restart(self) -> None:
        """Stop, and build anew from what is on disk."""
        await self.gateway.stop()
        self.courier.handlers.clear()
        self.gateway = await build(self.partnership.settings(), self.courier, self.clock)
        await self.gateway.start()


class Files:
    """A log in memory."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def read(self, path: str, /) -> bytes | None:
        return self._files.get(path)


async def found(
    folder: Path,
    database: str = "",
    policy: bytes = POLICY,
    kinds: Mapping[AgencyId, AgencyKind] | None = None,
) -> Partnership:
    """Keys, and a database whose log admits everybody; ``kinds`` are those of agencies that are another."""
    partnership = Partnership(folder, TestClock(), database, policy=policy)
    for agency, kind in (kinds or {}).items():
        partnership.parties[agency].kind = kind
    gateway = await build(partnership.settings(), Courier(), partnership.clock)
    for jwt, document in partnership.founding():
        await gateway.admit_registry(jwt, document)
    await gateway.stop()
    return partnership


@asynccontextmanager
async def open_world(partnership: Partnership) -> AsyncIterator[World]:
    """The gateway of a founded partnership, running; its log is audited and judged again at the end."""
    clock, courier = partnership.clock, Courier()
    gateway = await build(partnership.settings(), courier, clock)
    await gateway.start()
    world = World(partnership, courier, clock, gateway)
    try:
        yield world
        await world.audit()
    finally:
        await world.gateway.stop()
    # Only now does the gateway's own clock add nothing more between one look and the next.
    replayed = await world.replay()
    assert replayed.differences == []
    if not world.erased:
        assert (replayed.open, replayed.settled) == await world.ledger()


def mutilated(issued: Issued, **parts: object) -> bytes:
    """The same statement, with other parts beside it."""
    body = Body(
        str(parts.get("jwt", issued.body.jwt)),
        parts.get("disclosures", issued.body.disclosures),  # type: ignore[arg-type]
        str(parts.get("sealed", issued.body.sealed)),
    )
    return Issued(issued.statement, body).raw
