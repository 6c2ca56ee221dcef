"""Waiting for what others do: verdicts for ``Prefer: wait``. Woken by the inbox, never by a timer."""

from __future__ import annotations

import asyncio

from candour_protocol.ids import Jti
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.api.desk import Desk
from candour_agency.bells import rung
from candour_agency.messages import Message


async def await_verdicts(
    desk: Desk, reply: JsonObject, seconds: float
) -> tuple[JsonObject, list[JsonObject]]:
    """The reply with each message's state once all have a verdict, or the time is over; and the messages."""
    sent = reply["messages"]
    ids = [str(one["id"]) for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    found = await _wait(desk, ids, seconds)
    shown = [desk.views.message(one, await newest(desk, one)) for one in found]
    states = {one["id"]: one["state"] for one in shown}
    stands = [{**one, "state": states.get(one["id"], one["state"])} for one in _objects(sent)]
    return {**reply, "messages": list(stands)}, shown


def _objects(value: object) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


async def _wait(desk: Desk, ids: list[str], seconds: float) -> list[Message]:
    """The messages in the order of ``ids``."""
    now = asyncio.get_running_loop().time
    ends = now() + seconds
    with desk.bells.listen(ids) as bell:
        while True:
            bell.clear()
            known = await desk.database.read(lambda connection: store.messages.known(connection, ids))
            found = [known[Jti(one)] for one in ids if Jti(one) in known]
            if all(one.verdict is not None for one in found):
                return found
            if not await rung(bell, ends - now()):
                return found


async def newest(desk: Desk, message: Message) -> Message | None:
    """What took the place of a message that was said again."""
    if message.reissued_as is None:
        return None
    return await desk.database.read(lambda connection: _newest(connection, message))


def _newest(connection: Connection, message: Message) -> Message:
    while message.reissued_as is not None:
        found = store.messages.find(connection, message.reissued_as)
        if found is None:
            break
        message = found
    return message
