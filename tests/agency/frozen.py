"""A node's writer that stops in the middle of a transaction: ``python -m tests.agency.frozen ADDRESS``.

Says ``writing`` once it has written; on a line of input it tries to commit, and says what became of it.
"""

from __future__ import annotations

import asyncio
import sys

from candour_agency import store
from candour_agency.database import Database, engine_for
from candour_agency.engines.address import parse_address
from candour_agency.engines.work import AwayError
from sqlalchemy import Connection, text

IDLE_SECONDS = 2  # what the server gives this session, instead of half a minute


def _write(connection: Connection) -> None:
    connection.execute(text(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"))
    store.registry.note_incident(connection, "of-the-frozen-one", "d", 1)
    print("writing", flush=True)  # noqa: T201 - this is how it speaks
    sys.stdin.readline()


async def _main(address: str) -> str:
    database = Database(engine_for(parse_address(address)))
    await database.open()
    try:
        await database.write(_write)
    except AwayError:
        return "away"
    finally:
        await database.close()
    return "committed"


if __name__ == "__main__":
    print(asyncio.run(_main(sys.argv[1])), flush=True)  # noqa: T201
