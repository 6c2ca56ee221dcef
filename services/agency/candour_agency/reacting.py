"""Answering a message.

Acknowledgement, decision, answer, outcome, approval, reply. In the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

from candour_protocol.codes import TriageDecision
from candour_protocol.ids import GATEWAY, Address, StatementHash
from candour_protocol.kinds import Kind, Signer
from candour_protocol.rules.answers import discloses
from sqlalchemy import Connection

from candour_agency import grounds, handing, injuries, prompting, store, successors
from candour_agency.calls import Call, Composed, Composition, misplaced, visible, visible_thread
from candour_agency.challenges import Decision, check_decider, check_word, still_open
from candour_agency.drafts import coding, reactions
from candour_agency.faults import CallError, Code
from candour_agency.lodging import give_word
from candour_agency.matters import MATTERS
from candour_agency.messages import Message
from candour_agency.names import plain_name
from candour_agency.reconsidering import actor_of
from candour_agency.schemas.reactions import (
    AcknowledgementBody,
    AnswerBody,
    ApprovalBody,
    DecisionBody,
    OutcomeBody,
    ReplyBody,
)
from candour_agency.schemas.steps import WordBody
from candour_agency.stating import compose, received
from candour_agency.writing import Pen, Plan, Written

_RAISE_YOUR_OWN = (
    "A disclosure is not a referral. If what you hold worries you, raise your own concern: POST /v1/concerns."
)

_WENT_TO = (
    "This went to a colleague, whom the transfer in its thread names, and who has yet to say that they have "
    "it: give that `name`. If somebody else has it now, hand it on to them first."
)
_AUTHOR_UNKNOWN = (
    "Nobody can approve this: its author is known by no staff id, so nobody is seen to be a second person. "
    "Withdraw it, and ask again with `author.staff_id` or by that person's token."
)


def acknowledge(connection: Connection, call: Call, jti: str, body: AcknowledgementBody) -> Composition:
    """A named person has a concern, a request, or what was handed on.

    Raises:
        CallError: no such message in the inbox, none that is acknowledged, nobody who has it now (what
            stops that clock is a person, never a system), or another than the worker to whom it went.
    """
    if not grounds.is_somebody(call, Signer(name=body.name)):
        raise CallError(
            Code.NOBODY_NAMED, "Say who has it now: give that person's `name`, or call with their token."
        )
    kinds = (*MATTERS, Kind.TRANSFER)
    parent = received(connection, call, jti, kinds, "Only a concern or a request is acknowledged.")
    _check_worker(connection, call, parent, body)
    return compose(call, [parent], lambda now: reactions.acknowledgement(now, body))


def _check_worker(connection: Connection, call: Call, parent: Message, body: AcknowledgementBody) -> None:
    """What was handed on to a colleague by name, nobody else has in hand.

    Raises:
        CallError: somebody else says so.
    """
    said = store.messages.about(connection, parent.hash)
    worker = handing.worker(handing.newest(said, call.office.agency))
    given = (body.name, call.acting.staff_id or body.staff_id)
    if worker is not None and plain_name(worker) not in map(plain_name, given):
        raise CallError(Code.OTHER_WORKER, _WENT_TO)


def acknowledged(connection: Connection, call: Call, jti: str) -> Message | None:
    """The acknowledgement given before, unless it was returned, or the matter went to a colleague since."""
    parent = visible(connection, call, jti)
    said = store.messages.about(connection, parent.hash)
    handed = handing.newest(said, call.office.agency)
    given = (one for one in said if _stands(one) and (handed is None or one.seq > handed.seq))
    return next((one for one in given if one.kind is Kind.ACKNOWLEDGEMENT), None)


def repeated(call: Call, before: Message) -> Composition:
    """What was said before, to be answered again and not to be sent again."""
    plan = Plan(
        before.kind,
        Address(before.counterparty, before.inbox),
        before.txn,
        before.urgency,
        before.codes or {},
    )
    part = Composed(plan, Written(plan, before.jti, before.hash))
    return Composition(before.txn, Pen(call.office, call.now), [part])


def _stands(message: Message) -> bool:
    return not message.received and message.verdict != "refused"


def decide(connection: Connection, call: Call, jti: str, body: DecisionBody) -> Composition:
    """What will be done about a concern; after a challenge by somebody else than before.

    Raises:
        CallError: no such concern in the inbox, the same decider, or one that is to be final without a known
            code, a decider, or words.
    """
    parent = received(connection, call, jti, (Kind.CONCERN,), "Only a received concern is decided on.")
    check_decider(connection, call, parent, Decision(Kind.DECISION, body.decider))
    lacks = [] if body.final is False else grounds.decision_lacks(call, body)
    if body.final:
        grounds.refuse(lacks)
    final = body.final is not False and not lacks
    composition = compose(call, [parent], lambda now: reactions.decision(now, body, final=final))
    composition.notices += [grounds.NOT_FINAL.format(lacks=place.detail) for place in lacks]
    composition.notices += _not_heard(connection, call, parent, body) if final else ()
    return composition


def _not_heard(connection: Connection, call: Call, concern: Message, body: DecisionBody) -> Iterator[str]:
    """Who is usually heard before such a matter ends, where this decision ends it."""
    if coding.code(TriageDecision, body.decision) in grounds.ENDING:
        said = prompting.said_of_child(connection, call, concern)
        yield from injuries.not_heard(call.office.directory, concern, said, body.closure_evidence)


def answer(connection: Connection, call: Call, jti: str, body: AnswerBody) -> Composition:
    """An outcome for each line; it leaves once the log holds that request and concerns were opened here.

    After a challenge somebody else than before answers.

    Raises:
        CallError: no such request in the inbox, or the same decider.
    """
    parent = received(connection, call, jti, (Kind.REQUEST,), "Only a received request is answered.")
    lines = frozenset(one.line for one in body.outcomes)
    check_decider(connection, call, parent, Decision(Kind.ANSWER, body.decider, lines))
    waits = _own_deliveries(connection, parent)
    composition = compose(call, [parent], lambda now: reactions.answer(now, body, waits))
    if discloses(one.outcome for one in body.outcomes) and not _has_told(connection, parent):
        composition.notices.append(_RAISE_YOUR_OWN)
    return composition


def _has_told(connection: Connection, request: Message) -> bool:
    """Whether this agency has told a concern of its own in the matter."""
    thread = store.messages.thread(connection, request.txn)
    return any(one.kind is Kind.CONCERN and not one.received for one in thread)


def _own_deliveries(connection: Connection, request: Message) -> list[StatementHash]:
    """Own ``delivery`` statements for a request and what it cites whose receipts are still out."""
    cited = (request.codes or {}).get("concern_refs")
    names = [request.hash, *map(str, cited if isinstance(cited, list) else ())]
    answers = (one for name in names for one in store.messages.about(connection, name))
    return [
        one.hash for one in answers if one.kind is Kind.DELIVERY and not one.received and one.receipt is None
    ]


def conclude(connection: Connection, call: Call, jti: str, body: OutcomeBody) -> Composition:
    """What came of the answer to an own request; after a challenge told by somebody else than before.

    Raises:
        CallError: no such own request, it has no answer yet, nothing is told, or the same person tells it.
    """
    request = successors.own_newest(connection, visible(connection, call, jti))
    if request.received or request.kind is not Kind.REQUEST:
        raise CallError(Code.WRONG_KIND, "Tell the outcome of a request that your agency sent.")
    answers = store.messages.about(connection, request.hash)
    parent = next((one for one in reversed(answers) if one.kind is Kind.ANSWER), None)
    if parent is None:
        raise CallError(Code.WRONG_KIND, "This request has no answer yet. Tell the outcome once it has.")
    grounds.check_outcome(body)
    check_decider(connection, call, request, Decision(Kind.OUTCOME, body.author))
    return compose(call, [parent], lambda now: reactions.outcome(now, body))


def approve(connection: Connection, call: Call, jti: str, body: ApprovalBody) -> Composition:
    """A second person's word on an own request; it goes once the receipt of the request is held.

    As a lodgee, a word on the request that a notice is about, by that notice's id.

    Raises:
        CallError: no such own request, or one beside whose author nobody can be seen to be a second person.
    """
    if body.capacity == "lodgee":
        return give_word(connection, call, jti, WordBody(who=body.who, why=body.why))
    parent = successors.own_newest(connection, visible(connection, call, jti))
    if parent.received or parent.kind is not Kind.REQUEST:
        raise CallError(Code.WRONG_KIND, "Only a request that your agency sent is approved here.")
    if parent.verdict not in (None, "held"):
        raise CallError(Code.ALREADY_DONE, "This request is not waiting for a second person.")
    if parent.codes is not None and actor_of(parent.codes) is None:
        raise CallError(Code.NOBODY_NAMED, _AUTHOR_UNKNOWN)
    waits = [] if parent.receipt is not None else [parent.hash]
    return compose(call, [parent], lambda now: reactions.approval(now, body, waits))


def reply(connection: Connection, call: Call, txn: str, body: ReplyBody) -> Composition:
    """More for a thread; about a challenge, why what was challenged stands.

    Raises:
        CallError: no such thread here, it is not clear to whom, or it does not say why that stands.
    """
    thread = visible_thread(connection, call, txn)
    parent = _replied_to(connection, thread, body.in_reply_to)
    waits = [] if parent.received or parent.receipt is not None else [parent.hash]
    check_word(connection, parent, grounds.says_anything(body))
    composition = compose(call, [parent], lambda now: reactions.reply(now, body, waits))
    prompting.look_back_from_reply(connection, call, composition, parent, body.facts or ())
    if parent.kind is Kind.CHALLENGE:
        composition.notices += still_open(connection, call, parent, Kind.REPLY)
    return composition


def _replied_to(connection: Connection, thread: list[Message], jti: str | None) -> Message:
    if jti is not None:
        found = next((one for one in thread if one.jti == jti and one.counterparty != GATEWAY), None)
        if found is None:
            raise misplaced("/in_reply_to", "No message of this id is in the thread.")
        return successors.own_newest(connection, found)
    matters = [one for one in thread if one.kind in MATTERS]
    if len({one.counterparty for one in matters}) != 1:
        raise misplaced(
            "/in_reply_to", "Say which message of the thread you reply to; it has several parties."
        )
    return matters[-1]
