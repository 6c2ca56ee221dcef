"""Waiting for what others do: verdicts for ``Prefer: wait``. Woken by the inbox, never by a timer."""

from __future__ import annotations

import asyncio

from candour_protocol.ids import Jti
from candour_protocol.strict_json import JsonObject

from candour_agency import store, successors
from candour_agency.api.desk import Desk
from candour_agency.bells import rung
from candour_agency.messages import Message
from candour_agency.posting import Keyed, is_settled


async def await_verdicts(
    desk: Desk, reply: JsonObject, seconds: float, key: Keyed | None = None
) -> tuple[JsonObject, list[JsonObject]]:
    """The reply with each message's state once all have a verdict, or the time is over; and the messages.

    Repeated under its ``key``, a call with all verdicts is answered as it was the first time.
    """
    sent = reply["messages"]
    ids = [str(one["id"]) for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    found = await _wait(desk, ids, seconds)
    shown = [desk.views.message(one, await newest(desk, one)) for one in found]
    states = {one["id"]: one["state"] for one in shown}
    stands = [{**one, "state": states.get(one["id"], one["state"])} for one in _objects(sent)]
    return await _kept(desk, reply, {**reply, "messages": list(stands)}, key), shown


async def _kept(desk: Desk, given: JsonObject, now: JsonObject, key: Keyed | None) -> JsonObject:
    if key is None or not is_settled(now):
        return now
    return given if is_settled(given) else await desk.counter.settle(key, now)


def _objects(value: object) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


async def _wait(desk: Desk, ids: list[str], seconds: float) -> list[Message]:
    """The messages in the order of ``ids``; one that is said again has a verdict once its successor has."""
    now = asyncio.get_running_loop().time
    ends = now() + seconds
    with desk.bells.listen(ids) as bell:
        while True:
            bell.clear()
            known = await desk.database.glance(lambda connection: store.messages.known(connection, ids))
            found = [known[Jti(one)] for one in ids if Jti(one) in known]
            stands = [await newest(desk, one) or one for one in found]
            if all(one.verdict is not None for one in stands):
                return found
            if not await rung(bell, ends - now()):
                return found


async def newest(desk: Desk, message: Message) -> Message | None:
    """What took the place of an own message that was said again."""
    if message.received or message.reissued_as is None:
        return None
    return await desk.database.glance(lambda connection: successors.newest(connection, message))
