"""Asking: what the holder must be told is told first, then come the questions. In the caller's transaction.

A received concern is passed on to a holder who lacks it, with its originator's signature; an inline one is
told to each holder; then comes one request for each. The node never refuses a request by a rule: the gateway
does, in the log. Source: protocol sections 3.1, 4 and 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from candour_protocol import rules
from candour_protocol.children import tokens_in
from candour_protocol.ids import Address, Txn, new_uuid7
from candour_protocol.kinds import NUMBERS, Kind, Person, Signer
from candour_protocol.matters import read_matter
from sqlalchemy import Connection

from candour_agency import additions, prompting, recognising, standing, statutory, store, successors
from candour_agency.calls import Call, Composition, misplaced, recipients
from candour_agency.directing import Directed, direct, set_apart
from candour_agency.drafts import concerns, marking, relays, requests
from candour_agency.drafts.concerns import Child, Setting
from candour_agency.drafts.requests import Cited
from candour_agency.drafts.unlisted import unlisted
from candour_agency.faults import CallError, Code, Place
from candour_agency.matters import opened
from candour_agency.messages import Message
from candour_agency.moments import from_ms
from candour_agency.prompting import Said
from candour_agency.recognising import Known
from candour_agency.schemas.concern import Matter
from candour_agency.schemas.request import RequestBody
from candour_agency.writing import Pen, Plan

_NOT_TOLD = (
    "The inbox that is asked must not see the concern. Tell that first, to whoever can judge it. Then ask "
    "another inbox of that agency: the request waits for their word."
)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is the same for every holder of one call."""

    connection: Connection
    call: Call
    body: RequestBody
    setting: Setting
    composition: Composition
    named: Sequence[Message]
    inline: tuple[Matter, Child] | None
    known: Known
    said: list[Said] = field(default_factory=list)

    def say(self, child: Child, told: Matter | None = None) -> None:
        """What was just written says this of a child; to every other holder the call says the same."""
        facts, household = (told.facts, told.household) if told else (None, None)
        said = Said(self.composition.parts[-1].written.jti, child, facts or (), household or ())
        if not any((one.child.subject, one.facts) == (child.subject, said.facts) for one in self.said):
            self.said.append(said)


def ask(connection: Connection, call: Call, body: RequestBody) -> Composition:
    """Compose a request.

    Raises:
        CallError: no statement can be made of it.
    """
    named_first = recipients(call, body.recipients)
    _check_lines(body, named_first)
    told = _inline(body)
    named = [_concern(connection, call, jti, place) for place, jti in enumerate(body.concern_ids)]
    apart = set_apart(call.office.directory, named_first, named)
    directed = direct(call.office.directory, apart.addresses, told, call.now, asked=body.urgency)
    if not directed.addresses:
        raise misplaced("/recipients", _NOT_TOLD)
    asking = _begun(connection, call, body, named, told)
    said = _said_of(call, told, directed.addresses) if told else ()
    asking.composition.notices += (*apart.notices, *directed.notices, *said)
    _compose(asking, directed)
    return asking.composition


def _said_of(call: Call, told: Matter, to: Sequence[Address]) -> Iterator[str]:
    """What the author of a concern in a request should know of it."""
    yield from marking.notices(told)
    yield from statutory.notices(call.office.directory, told, to)
    yield from unlisted(told, "/concern")


def _begun(
    connection: Connection, call: Call, body: RequestBody, named: Sequence[Message], told: Matter | None
) -> _Asking:
    thread = named[0].txn if named else None
    txn = thread or Txn(new_uuid7(call.now))
    known = recognising.in_thread(connection, call, thread)
    inline = (told, known.meet(*concerns.subjects(told))[0]) if told else None
    setting = Setting(call.office, call.acting, txn, call.iat)
    composition = Composition(txn, Pen(call.office, call.now))
    return _Asking(connection, call, body, setting, composition, named, inline, known)


def _compose(asking: _Asking, directed: Directed) -> None:
    """Everybody is told first, then those are asked who are to be."""
    asked = [(address, _tell_first(asking, address)) for address in directed.addresses]
    for address in directed.also:
        _tell_inline(asking, address)  # and asked nothing
    for address, cited in asked:
        _request(asking, address, cited)
    prompting.look_back(asking.connection, asking.call, asking.composition, asking.said)


def _check_lines(body: RequestBody, addresses: Sequence[Address]) -> None:
    """No line is for somebody whom the call does not ask: it would be lost without a word."""
    for place, line in enumerate(body.lines):
        for text in line.of or ():
            if not any(requests.names((text,), to) for to in addresses):
                raise misplaced(f"/lines/{place}/of", "Name only those that stand in recipients.")


def _concern(connection: Connection, call: Call, jti: str, place: int) -> Message:
    found = store.messages.find(connection, jti)
    if found is None or not call.may_see(found):
        detail = "No concern of this id is known here. Check the id, or tell the concern in the same call."
        raise CallError(Code.UNKNOWN_CONCERN, detail, places=[Place(f"/concern_ids/{place}", detail)])
    return successors.newest(connection, found)


def _inline(body: RequestBody) -> Matter | None:
    """The concern of the call itself; what it leaves out is as in the request."""
    if body.concern is None:
        return None
    given = {"subject": body.subject, "urgency": body.urgency, "author": body.author, "reach": body.reach}
    missing = {name: value for name, value in given.items() if getattr(body.concern, name) is None}
    return body.concern.model_copy(update=missing)


# -- what the holder is told first --------------------------------------------------------------------------


def _tell_first(asking: _Asking, to: Address) -> list[Cited]:
    author = asking.body.author
    cited = [
        known_to(asking.connection, asking.setting, asking.composition, message, to, author)
        for message in asking.named
    ]
    cited += _tell_inline(asking, to)
    return list({one.hash: one for one in cited}.values())


def _tell_inline(asking: _Asking, to: Address) -> list[Cited]:
    if asking.inline is None:
        return []
    concern, child = asking.inline
    cited = _write(asking.composition, concerns.plan(asking.setting, concern, child, to, None))
    asking.say(child, concern)
    return [cited]


def known_to(
    connection: Connection,
    setting: Setting,
    composition: Composition,
    message: Message,
    to: Address,
    author: Signer | None,
) -> Cited:
    """The concern as this holder knows it; where it does not, and may, it is passed on."""
    known = copy_at(connection, message, to)
    if known is not None:
        return _cited(connection, setting, known)
    original = _cited(connection, setting, message)
    passed_on = _write(composition, relays.plan(setting, message, to, author), (original,))
    return replace(passed_on, since=original.since)


def copy_at(connection: Connection, message: Message, to: Address) -> Message | None:
    """What this holder has of a concern, or will have; ``None`` where it has to be passed on first."""
    if message.counterparty == to.agency or message.kind is not Kind.CONCERN:
        return message
    if not message.received:
        return store.messages.own_copy(connection, message, to.agency) or message
    if message.relays is not None and _originator(connection, message) == to.agency:
        return message
    passed_on = store.messages.relayed(connection, message.hash, to.agency)
    if passed_on is not None:
        return successors.newest(connection, passed_on)
    if message.codes is None or message.content is None:
        return message  # nobody could open it; the gateway says what is missing
    return None


def _originator(connection: Connection, message: Message) -> str | None:
    own = store.messages.by_hash(connection, [message.relays or ""])
    return next((one.counterparty for one in own.values()), None)


def _write(composition: Composition, plan: Plan, rests_on: Sequence[Cited] = ()) -> Cited:
    written = composition.write(plan, rests_on)
    matter = read_matter(plan.kind, plan.codes, plan.content)
    return Cited(
        written.hash,
        tokens_in(plan.codes),
        matter,
        settled=False,
        restricted=plan.restricted,
        shut_out=plan.shut_out,
    )


def _cited(connection: Connection, setting: Setting, message: Message) -> Cited:
    added = additions.to(connection, message)
    return Cited(
        message.hash,
        tokens_in(message.codes),
        opened(message),
        _is_settled(message),
        message.restricted,
        message,
        tuple(matter for reply in added if (matter := opened(reply)) is not None),
        tuple(reply.hash for reply in added if not _is_settled(reply)),
        message.shut_out,
        standing.of(connection, message, setting.office.directory.policy),
        _first_told(connection, message),
    )


def _first_told(connection: Connection, message: Message) -> datetime | None:
    """When it was logged; of a copy that was passed on, its original, as far as that is here."""
    while older := store.messages.by_hash(connection, [message.relays or ""]):
        [message] = older.values()
    return None if message.logged_at is None else from_ms(message.logged_at)


def _is_settled(message: Message) -> bool:
    return message.received or message.receipt is not None


# -- the questions ------------------------------------------------------------------------------------------


def _request(asking: _Asking, to: Address, cited: Sequence[Cited]) -> None:
    subject = _subject(asking, cited)
    child = asking.known.meet(subject)[0]
    plan = requests.plan(asking.setting, asking.body, subject, child.tokens, to, cited)
    asking.composition.write(plan, cited)
    asking.say(child)


def _subject(asking: _Asking, cited: Sequence[Cited]) -> Person:
    """The child asked about; numbers that the request leaves out are those of the concern it rests on."""
    given = asking.body.subject
    told = next((one.matter.subject for one in cited if one.matter is not None), None)
    if told is None:
        return given or Person()
    if given is None:
        return told
    if any(getattr(given, name) for name in NUMBERS) or rules.plainly_another(given, told):
        return given
    return told.model_copy(update=given.model_dump(exclude_none=True))
