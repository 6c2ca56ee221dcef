"""What stands in the place of a statement that its node said again by itself.

People have the id from the 202, and steps by that id are meant for whatever its recipient has now. Source:
protocol section 3, ``reissues``.
"""

from __future__ import annotations

from candour_protocol.opening import SOUND, THIN
from sqlalchemy import Connection

from candour_agency import store
from candour_agency.messages import Message


def newest(connection: Connection, message: Message) -> Message:
    """The last that took its place, or itself."""
    return _chain(connection, message)[-1]


def own_newest(connection: Connection, message: Message) -> Message:
    """The same of what this agency sent; what came stays as it came, and its sender takes care of it."""
    return message if message.received else newest(connection, message)


def standing(connection: Connection, message: Message) -> list[Message]:
    """Those of one statement that somebody has, or had when it was opened there; the newest first."""
    last = newest(connection, message)
    return [last, *(one for one in earlier(connection, last) if one.opened in (SOUND, THIN))]


def earlier(connection: Connection, message: Message) -> list[Message]:
    """Those whose place it took, the first first: the same words under other ids."""
    thread = store.messages.thread(connection, message.txn)
    before = (one for one in thread if one.reissued_as is not None and one.hash != message.hash)
    return [one for one in before if message.hash in {each.hash for each in _chain(connection, one)}]


def _chain(connection: Connection, message: Message) -> list[Message]:
    """It, and what took its place, one after the other."""
    found = [message]
    while (jti := found[-1].reissued_as) is not None:
        following = store.messages.find(connection, jti)
        if following is None:
            break
        found.append(following)
    return found
