"""Closing a matter, and handing it on. In the caller's transaction. Source: protocol 3.1, domain 4.1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from candour_protocol import rules
from candour_protocol.children import may_be_one_child, tokens_in
from candour_protocol.ids import Address, StatementHash
from candour_protocol.kinds import ConcernCodes, Kind, parse_codes
from candour_protocol.relaying import relay_codes
from candour_protocol.rules import Telling
from candour_protocol.strict_json import JsonObject
from sqlalchemy import Connection

from candour_agency import grounds, injuries, prompting, standing, store, successors, words
from candour_agency.asking import copy_at, known_to
from candour_agency.calls import Call, Composition, misplaced, visible
from candour_agency.challenges import still_open
from candour_agency.drafts import coding, steps
from candour_agency.drafts.concerns import Setting
from candour_agency.faults import CallError, Code
from candour_agency.matters import read_codes
from candour_agency.messages import Message
from candour_agency.moments import to_ms
from candour_agency.names import plain_name
from candour_agency.progress import State, state
from candour_agency.schemas.steps import ClosureBody, TransferBody
from candour_agency.states import FINAL
from candour_agency.stating import compose, received, regarding
from candour_agency.writing import Pen

_OWN_WORDS = (
    "This may not be passed on, and nobody takes over what they were not told. Ask whoever told you, or tell "
    "the new holder in your own words in this thread; then hand it on."
)
_NOT_OURS = {
    Kind.CONCERN: "Only a received concern is handed on. Forward an own one by telling it to that agency.",
    Kind.REQUEST: "Only a received request is handed on. Put an own one to whoever can answer it.",
}
_PUT_TO_YOU = (
    "A request goes to a colleague of yours only: nobody but whom it was put to can answer it, and whoever "
    "asks has to tell another agency its concern before it asks there. Give an inbox of your own, with the "
    "colleague in `worker`; or answer the line `WRONG_HOLDER`, and say in `text` who has it."
)
_SHUT_OUT = "A mark keeps this from that person. Hand it on to somebody else."
_CHECKS_OPEN = (
    "Checks that rest on this have lines without an answer; to want more detail is none. Wait for them, or "
    "say in `reason` why it closes all the same: these checks are closed with it."
)


def close(connection: Connection, call: Call, jti: str, body: ClosureBody, *, kind: Kind) -> Composition:
    """End a concern, or an own request; everybody concerned is told.

    That is who told it, who has it from us, and who was asked on its strength and has not answered.

    Raises:
        CallError: no such matter, one that is over already, no reason while checks are unanswered, an unknown
            one, or no words where it wants them.
    """
    matter = successors.own_newest(connection, visible(connection, call, jti))
    if matter.kind is not kind or (kind is Kind.REQUEST and matter.received):
        raise CallError(Code.WRONG_KIND, "Close a concern, or a request that your agency sent.")
    if state(matter, to_ms(call.now)) in FINAL:
        raise CallError(Code.ALREADY_DONE, "This is closed, withdrawn or returned already.")
    grounds.check_closure(call.office.directory.policy, body)
    concerned = _concerned(connection, matter)
    checks = unanswered(connection, concerned, to_ms(call.now)) if matter.kind is Kind.CONCERN else []
    if checks and body.reason is None:
        seen = [one for one in checks if call.may_see(one)]
        open_checks = [{"id": one.jti, "holder": one.counterparty} for one in seen]
        raise CallError(Code.REASON_NEEDED, _CHECKS_OPEN, members={"checks": open_checks})
    composition = compose(call, [*concerned, *checks], lambda now: steps.closure(now, body))
    composition.notices += _not_heard(connection, call, matter)
    return composition


def _not_heard(connection: Connection, call: Call, matter: Message) -> Iterator[str]:
    """Who is usually heard before a concern ends that nobody decided on."""
    if matter.received and matter.decided_at is None:
        said = prompting.said_of_child(connection, call, matter)
        yield from injuries.not_heard(call.office.directory, matter, said)


def _concerned(connection: Connection, matter: Message) -> list[Message]:
    """The matter, and every copy of it that another agency has from us."""
    if matter.kind is not Kind.CONCERN:
        return [matter]
    if not matter.received:
        copies = store.messages.own_copies(connection, matter)
    else:
        copies = [matter, *store.messages.passed_on(connection, matter.hash)]
    return [matter, *(one for one in copies[1:] if one.closed_at is None and one.withdrawn_at is None)]


def unanswered(connection: Connection, concerns: list[Message], now_ms: int) -> list[Message]:
    """Own requests that rest on any of these concerns, and have a line without an answer."""
    names = {one.hash for one in concerns}
    asked = store.messages.own_requests(connection, concerns[0].txn)
    return [one for one in asked if names & _cited(one) and _waits(one, now_ms)]


def _waits(request: Message, now_ms: int) -> bool:
    """Whether some line is still owed, even if what came of the others was told."""
    ended = (request.answered_at, request.closed_at, request.withdrawn_at, request.erased_at)
    gone = state(request, now_ms) in (State.REFUSED, State.LAPSED)
    return ended == (None, None, None, None) and not gone


def _cited(request: Message) -> set[str]:
    refs = (request.codes or {}).get("concern_refs")
    return set(map(str, refs)) if isinstance(refs, list) else set()


# -- handing on --------------------------------------------------------------------------------------


def transfer(connection: Connection, call: Call, jti: str, body: TransferBody, *, kind: Kind) -> Composition:
    """Hand a received matter on; who told it or asks hears who has it now.

    A concern goes to another worker, inbox or agency, which gets the concern itself first, where it has not
    got it yet. A request goes to a colleague.

    Raises:
        CallError: no such matter, one that is over, a new holder whom nobody knows, or one to whom it
            may not be passed on and who was not told it in this agency's own words either; of a request any
            that is not of this agency.
    """
    matter = received(connection, call, jti, (kind,), _NOT_OURS[kind])
    if state(matter, to_ms(call.now)) in FINAL:
        raise CallError(Code.ALREADY_DONE, "This is closed or withdrawn already.")
    holder = _holder(call, body.to)
    elsewhere = holder.agency != call.office.agency
    if elsewhere and kind is Kind.REQUEST:
        raise misplaced("/to", _PUT_TO_YOU)
    _check_worker(matter, body, elsewhere=elsewhere)
    now = regarding(call, matter)
    composition = Composition(matter.txn, Pen(call.office, call.now))
    composition.notices += still_open(connection, call, matter, Kind.TRANSFER)
    waits: tuple[StatementHash, ...] = ()
    if elsewhere and holder.agency != matter.counterparty:
        waits = _told_first(connection, call, composition, matter, holder, body)
        composition.write(steps.transfer(now, body, holder, holder, waits))
    teller = Address(matter.counterparty, now.reply_inbox)
    composition.write(steps.transfer(now, body, holder, teller, waits))
    return composition


def _check_worker(matter: Message, body: TransferBody, *, elsewhere: bool) -> None:
    """Nobody takes over what a mark keeps from them: they could not even open it.

    Raises:
        CallError: the worker is named by a staff id that it is kept from.
    """
    named = plain_name(body.worker.name if body.worker is not None else None)
    if not elsewhere and named and named in map(plain_name, matter.shut_out):
        raise misplaced("/worker/name", _SHUT_OUT)


def _holder(call: Call, text: str) -> Address:
    """The new holder, which may be another inbox or worker of one's own agency."""
    found = coding.address(text, "/to", lambda agency: True)
    if found is not None and found.agency == call.office.agency:
        own = call.office.directory.inboxes(found.agency)
        if found.inbox not in own:
            raise misplaced("/to", f"Your agency has no such inbox. Give one of {', '.join(own)}.")
        return found
    return call.office.directory.recipient(text, "/to")


def _told_first(
    connection: Connection,
    call: Call,
    composition: Composition,
    concern: Message,
    holder: Address,
    body: TransferBody,
) -> tuple[StatementHash, ...]:
    if forbidden := _forbids(connection, call, concern, holder):
        told = _in_own_words(connection, concern, holder)
        if told is None:
            raise CallError(Code.NOT_PASSED_ON, _OWN_WORDS, members={"violations": list(forbidden)})
        return () if told.receipt is not None else (told.hash,)
    setting = Setting(call.office, call.acting, concern.txn, call.iat)
    cited = known_to(connection, setting, composition, concern, holder, body.author)
    return () if cited.settled else (cited.hash,)


def _forbids(connection: Connection, call: Call, concern: Message, holder: Address) -> Sequence[JsonObject]:
    """Why the gateway would return the relay that a holder needs; nothing where they need none."""
    original = read_codes(concern)
    if copy_at(connection, concern, holder) is not None or not isinstance(original, ConcernCodes):
        return ()
    policy = call.office.directory.policy
    telling = Telling(
        call.office.agency, call.now, taken_back=standing.of(connection, concern, policy).taken_back
    )
    relay = parse_codes(Kind.CONCERN, relay_codes(concern.codes or {}, concern.hash, holder.inbox, None))
    if not isinstance(relay, ConcernCodes):
        return ()
    judged = rules.judge_concern(relay, original, holder.agency, policy, telling=telling)
    return words.found_here(one for one in judged.violations if one.severity is rules.Severity.REFUSE)


def _in_own_words(connection: Connection, concern: Message, holder: Address) -> Message | None:
    """What this agency itself told the new holder about the same child, in the same matter."""
    told = store.messages.told(connection, concern.txn, holder.agency)
    tokens = tokens_in(concern.codes)
    return next((one for one in told if may_be_one_child(tokens_in(one.codes), tokens)), None)
