"""One call of the REST interface, as the use cases see it: who acts, when, and what they may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from candour_protocol.ids import Address, Txn
from candour_protocol.kinds import Kind
from sqlalchemy import Connection

from candour_agency import shutting, store
from candour_agency.drafts.acting import Acting
from candour_agency.drafts.requests import Cited
from candour_agency.faults import CallError, Code, Place, unknown_message
from candour_agency.messages import Message
from candour_agency.office import Office
from candour_agency.writing import Pen, Plan, Written


@dataclass(frozen=True, slots=True)
class Call:
    """Who acts, when, whether they may see the restricted inbox, and whether they may read at all.

    Some programs only send, and learn nothing of what is here.
    """

    office: Office
    acting: Acting
    now: datetime
    restricted: bool
    reads: bool

    @property
    def iat(self) -> int:
        """Seconds since 1970."""
        return int(self.now.timestamp())

    def may_see(self, message: Message | None) -> bool:
        """Whether a message is there for this caller: nobody sees what is kept from them by name."""
        if message is None or (message.restricted and not self.restricted):
            return False
        return self.acting.known_as is None or self.acting.known_as not in message.shut_out


@dataclass(frozen=True, slots=True)
class Composed:
    """A statement of a call, with the concerns that it cites."""

    plan: Plan
    written: Written
    cited: tuple[Cited, ...] = ()


@dataclass(slots=True)
class Composition:
    """Everything that one call states, in the order in which it is sent.

    ``notices`` are what the caller should know about whom it reaches.
    """

    txn: Txn
    pen: Pen
    parts: list[Composed] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def write(self, plan: Plan, cited: Sequence[Cited] = ()) -> Written:
        """Sign a plan."""
        written = self.pen.write(plan)
        self.parts.append(Composed(plan, written, tuple(cited)))
        return written


def visible(connection: Connection, call: Call, jti: str) -> Message:
    """The message of this id.

    Raises:
        CallError: there is none for this caller.
    """
    found = store.messages.find(connection, jti)
    if found is None or not call.may_see(found):
        raise unknown_message()
    return found


def visible_thread(connection: Connection, call: Call, txn: str) -> list[Message]:
    """What this caller may see of a thread.

    Raises:
        CallError: nothing; machines' receipts alone would say that there is a matter which they may not see.
    """
    found = [one for one in store.messages.thread(connection, txn) if call.may_see(one)]
    if all(one.kind is Kind.DELIVERY for one in found):
        raise unknown_message()
    return found


def goes_on(connection: Connection, call: Call, txn: str) -> bool:
    """Whether this caller may go on with a thread: nothing in it is kept from them.

    But for a link, which somebody else may draw to it from what is kept from them.
    """
    thread = store.messages.thread(connection, txn)
    links = [one.hash for one in thread if one.kind is Kind.LINK]
    beside = {one.hash for one in shutting.following(thread, links)}
    rest = [one for one in thread if one.hash not in beside]
    return bool(rest) and all(map(call.may_see, rest))


def recipients(call: Call, texts: Sequence[str]) -> list[Address]:
    """The addresses of a body, each once.

    Raises:
        CallError: nobody is known under one of them.
    """
    found = (
        call.office.directory.recipient(text, f"/recipients/{place}") for place, text in enumerate(texts)
    )
    return list(dict.fromkeys(found))


def misplaced(pointer: str, detail: str) -> CallError:
    """A member of the body that names nothing known here."""
    return CallError(Code.INVALID_BODY, detail, places=[Place(pointer, detail)])
