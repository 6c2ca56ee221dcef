"""Concerns that are done with, who has them erased, and what is left then."""

from __future__ import annotations

from datetime import timedelta

from candour_gateway.database import Database
from candour_gateway.tables import codes, entries, sealed, traces
from candour_protocol import erasures
from candour_protocol.ids import StatementHash
from candour_protocol.kinds.lists import Kind
from candour_protocol.receipt import verify
from candour_protocol.statement import Issued, parse
from sqlalchemy import func, select

from tests.gateway.partnership import GP, SCHOOL
from tests.gateway.world import Verdict, World

KEEP = timedelta(days=730)
PASSED: Verdict = ("passed", ())


async def a_finished_concern(world: World, **codes: object) -> Issued:
    """A concern with which everybody is done."""
    concern = world.partnership.concern(GP, SCHOOL, **codes)  # type: ignore[arg-type]
    await world.arrive(concern)
    decision = world.partnership.answering(Kind.DECISION, concern, decision="ADVICE_NFA", final=True)
    await world.arrive(decision)
    return concern


async def by_registrar(world: World, *of: Issued) -> tuple[StatementHash, Verdict]:
    """The registrar hands in an erasure; its name and its verdict."""
    names = [each.statement.hash for each in of]
    jwt = erasures.erase(world.partnership.voice, names, world.clock())
    entry = verify(await world.gateway.admit_registry(jwt), world.verifier).entry
    world.erased = True
    return parse(jwt).hash, (entry.verdict, entry.rules)


async def rows_left(world: World, issued: Issued) -> dict[str, int]:
    """How many rows of each table are left of what a statement said."""
    database = Database(world.partnership.settings().database_url)
    try:
        async with database.read() as connection:
            index = await connection.scalar(
                select(entries.c.idx).where(entries.c.hash == issued.statement.hash)
            )
            count = select(func.count())
            return {
                table.name: await connection.scalar(count.select_from(table).where(table.c.idx == index)) or 0
                for table in (entries, codes, sealed, traces)
            }
    finally:
        await database.close()


GONE = {"entries": 1, "codes": 0, "sealed": 0, "traces": 0}
