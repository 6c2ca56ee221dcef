"""Who owes whom what by when about one message, by the policy's clocks and the owing side's calendar. Pure.

The gateway computes the same; a node doesn't wait to be told that something is late. Source: protocol
sections 4 and 5, domain 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import timedelta

from candour_protocol import rules
from candour_protocol.calendars import end_of
from candour_protocol.covering import is_for_few
from candour_protocol.ids import GATEWAY, GENERAL, Address, AgencyId
from candour_protocol.kinds import ConcernCodes, Kind
from candour_protocol.policy import Clock, Step

from candour_agency import covering, handing
from candour_agency.directory import Directory
from candour_agency.matters import MATTERS, read_codes
from candour_agency.messages import Message
from candour_agency.moments import from_ms, to_ms
from candour_agency.office import URGENT
from candour_agency.progress import expires_at, is_suspended
from candour_agency.words import is_not_enough, lodgees

_MILLISECOND = timedelta(milliseconds=1)

_STEPS = {
    Kind.CONCERN: (Step.ACKNOWLEDGEMENT, Step.DECISION),
    Kind.REQUEST: (Step.ACKNOWLEDGEMENT, Step.ANSWER),
    Kind.TRANSFER: (Step.ACKNOWLEDGEMENT,),
}


@dataclass(frozen=True, slots=True)
class Obligation:
    """One thing that is due; times are milliseconds since 1970."""

    kind: str
    owed_by: AgencyId
    owed_to: AgencyId
    due_at: int
    settled_at: int | None

    def overdue(self, now_ms: int) -> bool:
        """Whether it is late now, or was when it came."""
        return (self.settled_at or now_ms) > self.due_at


def obligations(
    message: Message, agency: AgencyId, directory: Directory, decided_by: AgencyId | None = None
) -> list[Obligation]:
    """Everything that is or was due about a message, in the order in which it falls due.

    Args:
        decided_by: of a challenge, who made what it is about in the end; its recipient, if not given.
    """
    if message.counterparty == GATEWAY or message.verdict == "refused":
        return []
    sender, recipient = message.counterparty, agency
    if not message.received:
        sender, recipient = recipient, sender
    if message.verdict == "held":
        return list(_approval(message, sender, recipient, directory))
    found = [
        *_delivery(message, sender, recipient, directory),
        *_steps(message, sender, recipient, directory),
    ]
    found += [*_outcome(message, sender, recipient, directory), *_debt(message, sender, recipient, directory)]
    found += [*_correction(message, sender, recipient, directory)]
    found += [*_review(message, sender, recipient, directory)]
    found += [*_challenge(message, {sender, recipient}, decided_by or recipient, directory)]
    found += [*_not_enough(message, sender, recipient, directory)]
    return sorted(found, key=lambda one: one.due_at)


def due_at(
    message: Message, agency: AgencyId, directory: Directory, decided_by: AgencyId | None = None
) -> int | None:
    """When the next thing that this agency owes about a message falls due; see ``obligations``."""
    own = (one for one in obligations(message, agency, directory, decided_by) if one.owed_by == agency)
    return next((one.due_at for one in own if one.settled_at is None), None)


def _since(message: Message) -> int:
    return message.settled_at or message.logged_at or message.made_at


def _after(start: int, limit: timedelta) -> int:
    return start + limit // _MILLISECOND


def _inbox(message: Message) -> str:
    """Whose hours count: a matter's own inbox, and for what is said about it whatever is open to all."""
    return message.inbox if message.kind in MATTERS else GENERAL


def _by_calendar(start: int, limit: Clock, owed_by: AgencyId, inbox: str, directory: Directory) -> int:
    begins = from_ms(start)
    ends = end_of(limit, begins, directory.opening(owed_by, inbox))
    return _after(start, directory.policy.sped(begins, ends) - begins)


def _delivery(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    if message.kind in (Kind.DELIVERY, Kind.APPROVAL) or message.received:
        return
    limit = directory.policy.delivery_due(urgent=message.urgency in URGENT)
    due = _after(message.settled_at or message.made_at, limit)
    done = message.delivered_at if message.opened != "unreadable" else None
    yield Obligation("delivery", recipient, sender, due, done)


def _steps(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    done = {
        Step.ACKNOWLEDGEMENT: _in_hand_at(message),
        Step.DECISION: message.decided_at,
        Step.ANSWER: _answered_at(message),
    }
    for step in _steps_of(message, recipient):
        limit = directory.policy.limit(message.urgency or None, step)
        begins = _begins(message, step, sender, recipient, directory)
        due = _by_calendar(begins, limit, recipient, _inbox(message), directory)
        yield Obligation(step.value, recipient, sender, due, done[step] or _ended(message))


def _steps_of(message: Message, recipient: AgencyId) -> tuple[Step, ...]:
    """Of a transfer only its new holder owes anything: the copy lets whoever told know."""
    copy = message.kind is Kind.TRANSFER and not handing.goes_to(message.codes or {}, recipient)
    return () if copy else _STEPS.get(message.kind, ())


def _answered_at(message: Message) -> int | None:
    """Since when no answer is owed; while what a request rests on is taken back, none may be given."""
    return message.answered_at or (message.suspended_at if is_suspended(message) else None)


def _begins(message: Message, step: Step, sender: AgencyId, recipient: AgencyId, directory: Directory) -> int:
    """From when a limit counts.

    Of taking in hand, for a colleague to whom it went, from then; of an answer, from when the line that is
    due first counts, or from when what the request rests on was told again. Of a concern to an inbox that
    stays closed too long, from when that opens; not where it is for a few alone, and so has no cover.
    """
    if step is Step.ACKNOWLEDGEMENT and message.handed_on_at is not None:
        return message.handed_on_at
    if message.kind is Kind.CONCERN and message.urgency in URGENT and not _is_for_few(message):
        to = Address(recipient, message.inbox)
        return to_ms(covering.counts_from(directory, to, sender, message.urgency, from_ms(_since(message))))
    again = max(message.begins_at or 0, message.resumed_at or 0) if step is Step.ANSWER else 0
    return again or _since(message)


def _is_for_few(message: Message) -> bool:
    codes = read_codes(message)
    return isinstance(codes, ConcernCodes) and is_for_few(codes)


def _in_hand_at(message: Message) -> int | None:
    """When a person first showed that they have it: by saying so, by deciding or by answering.

    Of what went to a colleague that is kept by its place in the log, whatever they showed it by.
    """
    if message.handed_on_at is not None:
        return message.acknowledged_at
    shown = (
        *(message.acknowledged_at, message.decided_at),
        *(message.given_at, message.more_at, message.answered_at),
    )
    return min((at for at in shown if at is not None), default=None)


def _ended(message: Message) -> int | None:
    """When nothing was to be done about it any more."""
    ends = (message.withdrawn_at, message.closed_at, message.lapsed_at, message.erased_at)
    return min((at for at in ends if at is not None), default=None)


def _correction(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    """To be applied, or to be told why it cannot; about the wrong child on its faster path."""
    if message.kind is Kind.CORRECTION:
        deadlines, policy = directory.policy.deadlines, directory.policy
        swift = (message.codes or {}).get("correction_kind") in policy.corrections.swift
        limit = deadlines.correction_swift if swift else deadlines.correction
        due = _by_calendar(_since(message), limit, recipient, _inbox(message), directory)
        yield Obligation("correction", recipient, sender, due, message.answered_at or _ended(message))


def _review(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    """Whether it is still to be kept from an inbox, until its author says something of it again (R10)."""
    codes = read_codes(message) if message.kind is Kind.CONCERN else None
    if isinstance(codes, ConcernCodes):
        since = from_ms(_since(message))
        ends = rules.review_ends(codes, sender, recipient, since, directory.policy)
        if ends is not None:
            due = _after(_since(message), directory.policy.sped(since, ends) - since)
            done = [at for at in (message.corrected_at, _ended(message)) if at is not None]
            yield Obligation("review", sender, recipient, due, min(done, default=None))


def _challenge(
    message: Message, between: Set[AgencyId], decided_by: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    """To be decided again, in the time of its stage, by whose it is, whichever side took it further."""
    if message.kind is Kind.CHALLENGE:
        stated, deadlines = (message.codes or {}).get("stage"), directory.policy.deadlines
        stage = stated if isinstance(stated, int) else 1
        limit = deadlines.challenge_at(stage, urgent=message.urgency in URGENT)
        due = _by_calendar(_since(message), limit, decided_by, GENERAL, directory)
        [other] = between - {decided_by}
        yield Obligation("challenge", decided_by, other, due, message.answered_at or _ended(message))


def _not_enough(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    """A reason that is not enough on its own is challenged by itself, until somebody challenges it."""
    if is_not_enough(message):
        limit = directory.policy.deadlines.challenge_at(1, urgent=message.urgency in URGENT)
        due = _by_calendar(_since(message), limit, sender, GENERAL, directory)
        met = message.challenged_at or message.closed_at or message.erased_at
        yield Obligation("challenge", sender, recipient, due, met)


def _approval(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    """Of a colleague, or of whoever its concern is lodged with; what is held ends when its own time does."""
    if message.kind is Kind.REQUEST:
        begins = message.held_at or message.made_at
        start, end = from_ms(begins), from_ms(expires_at(message))
        due = _after(begins, directory.policy.sped(start, end) - start)
        asked = [one for one in lodgees(message) if one not in (sender, recipient)]
        yield Obligation("approval", AgencyId(asked[0]) if asked else sender, sender, due, _ended(message))


def _outcome(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    """What came of an answer, from the first line that was answered on; "too thin" answers none.

    Whoever asked owes it however they end their request; there is nothing to speak of once that is erased.
    """
    if message.kind is Kind.REQUEST and message.given_at is not None:
        limit = directory.policy.deadlines.outcome
        due = _by_calendar(message.given_at, limit, sender, GENERAL, directory)
        yield Obligation("outcome", sender, recipient, due, message.outcome_at or message.erased_at)


def _debt(
    message: Message, sender: AgencyId, recipient: AgencyId, directory: Directory
) -> Iterator[Obligation]:
    """An emergency request is lent: its concern is to follow."""
    codes = message.codes or {}
    if message.kind is Kind.REQUEST and message.urgency == "EMERGENCY" and not codes.get("concern_refs"):
        again = message.owed_again_at
        paid = message.paid_at if again is None or (message.paid_at or 0) >= again else None
        due = _after(again or _since(message), directory.policy.debt_due)
        yield Obligation("debt", sender, recipient, due, paid)
