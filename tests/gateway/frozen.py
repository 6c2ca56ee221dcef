"""A worker that takes the log's lock and then stops, to be frozen: ``python -m tests.gateway.frozen URL``.

Says ``locked`` once it has the lock; on a line of input it tries to commit, and says what became of it.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from candour_gateway.database import Database, DatabaseAwayError
from candour_gateway.patience import Patience
from candour_gateway.tables import log_head
from sqlalchemy import select, update

IDLE = timedelta(seconds=2)


async def _main(url: str) -> str:
    database = Database(url, patience=Patience(idle=IDLE))
    try:
        async with database.write() as connection:
            await connection.execute(select(log_head).with_for_update())
            print("locked", flush=True)  # noqa: T201 - this is how it speaks
            sys.stdin.readline()
            await connection.execute(update(log_head).values(checkpoint="a history of my own"))
    except DatabaseAwayError:
        return "away"
    finally:
        await database.close()
    return "committed"


if __name__ == "__main__":
    print(asyncio.run(_main(sys.argv[1])), flush=True)  # noqa: T201
