"""The whole log judged again: verdicts and obligations must come out as the gateway's database has them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from candour_gateway import keyring
from candour_gateway.database import Database
from candour_gateway.replay import Replayed, replay
from candour_gateway.tables import obligations
from candour_protocol import strict_json
from candour_protocol.ids import GATEWAY
from candour_protocol.policy import load_policy
from candour_sandbox.databases import Databases
from candour_sandbox.estate import Estate
from sqlalchemy import URL, select
from sqlalchemy.engine import make_url

Duties = dict[tuple[int, str], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Court:
    """Where a sandbox keeps its log: below ``data``, or on a PostgreSQL ``server``, named by its URL."""

    data: Path
    server: str | None = None

    def differences(self) -> list[str]:
        """What is judged otherwise, in words; empty is what is wanted. The gateway may be running."""
        return asyncio.run(self._differences())

    async def _differences(self) -> list[str]:
        estate = Estate(self.data)
        net = load_policy(estate.policy.read_bytes()).net
        database = Database(self._address(estate))
        try:
            box, registrar = keyring.read(estate.gateway).box, keyring.read_public(estate.registrar)
            judged = await replay(database, box, registrar, net)
            kept = await _kept(database, judged.entries)
        finally:
            await database.close()
        verdicts = [
            f"entry {one.index}: logged {one.logged}, judged {one.judged}" for one in judged.differences
        ]
        unread = [f"{judged.taken} entries could not be judged"] * (judged.taken > 0)
        return [*verdicts, *unread, *_unlike(kept, _due(judged))]

    def _address(self, estate: Estate) -> URL:
        if self.server is None:
            return URL.create("sqlite+aiosqlite", database=str(estate.gateway_database))
        tag = str(strict_json.load_object(estate.engine.read_bytes())["tag"])
        return make_url(Databases(self.server, tag).url(GATEWAY))


async def _kept(database: Database, entries: int) -> Duties:
    """What the database says is owed, as far as these entries go; later ones were not judged again."""
    async with database.read() as connection:
        rows = (await connection.execute(select(obligations).where(obligations.c.idx < entries))).all()
    return {
        (row.idx, row.kind): (
            row.owed_by, row.owed_to, row.about,
            row.settled_by if row.settled_by is not None and row.settled_by < entries else None,
        )
        for row in rows
    }  # fmt: skip


def _due(judged: Replayed) -> Duties:
    return {
        key: (each.owed_by, each.owed_to, each.about, judged.settled.get(key))
        for key, each in judged.owed.items()
    }


def _unlike(kept: Duties, due: Duties) -> list[str]:
    different = sorted(key for key in kept.keys() | due.keys() if kept.get(key) != due.get(key))
    return [f"owed {key}: kept {kept.get(key)}, judged {due.get(key)}" for key in different]
