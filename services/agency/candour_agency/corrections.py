"""Taking something back, putting it right, and saying that it stands so. In the caller's transaction.

Source: protocol section 3.1, domain R14 and 4.1.
"""

from __future__ import annotations

from typing import Final

from candour_protocol.kinds import Kind
from candour_protocol.kinds.lists import CORRECTABLE, WITHDRAWABLE
from sqlalchemy import Connection

from candour_agency import grounds, outside, store, successors
from candour_agency.calls import Call, Composition
from candour_agency.challenges import still_open
from candour_agency.drafts import steps
from candour_agency.faults import CallError, Code
from candour_agency.messages import Message
from candour_agency.schemas.steps import AppliedBody, CorrectionBody, WithdrawalBody
from candour_agency.stating import compose, own, received
from candour_agency.words import HAVE_IT_STILL, WRONG_CHILD, is_of_the_wrong_child

_ENDED = "This was taken back or ended already. Say what is new in a reply to its thread, or tell it anew."

_CORRECT_IT = (
    "Only a concern, a request, a challenge or a note of whom you told is taken back. Correct this instead."
)
_IN_A_REPLY = "This stays as it is. Say what is right in a reply to its thread."
_STAYS: Final = {
    Kind.CORRECTION: "A correction stays. Send another correction of the original message (`about`).",
    Kind.WITHDRAWAL: "A withdrawal stays. Say what is right in a reply, or tell it anew.",
    Kind.APPLIED: "This stays. Say what is right in a reply to its thread.",
    Kind.LINK: "Undo a link in its thread: `POST /v1/threads/{txn}/links` with `undoes`.",
}
"""What goes on where something is not taken back, by kind."""


def withdraw(connection: Connection, call: Call, jti: str, body: WithdrawalBody) -> Composition:
    """Its author takes a statement back, also one that is held or not in the log yet.

    Raises:
        CallError: no own message, one that cannot be taken back, or one that is over already.
    """
    found = own(connection, call, jti, "Only what your agency sent can be withdrawn here.")
    message, *earlier = successors.standing(connection, found)
    if message.kind not in WITHDRAWABLE:
        raise CallError(Code.WRONG_KIND, _STAYS.get(message.kind, _CORRECT_IT))
    _stands(message)
    said = [message, *(one for one in earlier if one.withdrawn_at is None)]
    composition = compose(call, said, lambda now: steps.withdrawal(now, body))
    if message.kind is Kind.CONCERN:
        composition.notices += _where_it_stands(connection, call, message)
        composition.notices += _outside(connection, call, message)
    return composition


def _where_it_stands(connection: Connection, call: Call, concern: Message) -> list[str]:
    """A withdrawal reaches one recipient, who may have been the wrong one; others may have to hear too."""
    copies = store.messages.own_copies(connection, concern)[1:]
    others = [one for one in copies if one.withdrawn_at is None and call.may_see(one)]
    named = ", ".join(f"{one.counterparty} (message {one.jti})" for one in others)
    return [HAVE_IT_STILL.format(others=named)] if others else []


def _outside(connection: Connection, call: Call, message: Message) -> list[str]:
    thread = store.messages.thread(connection, message.txn)
    return outside.reminders(one for one in thread if call.may_see(one))


def correct(connection: Connection, call: Call, jti: str, body: CorrectionBody) -> Composition:
    """What is right, told to every recipient of the same words; theirs hear it from them.

    Raises:
        CallError: no own message, one that cannot be corrected, one that is over already, or no words where
            its kind wants them.
    """
    found = own(
        connection, call, jti, "Only what your agency sent can be corrected here; challenge the rest."
    )
    message, *earlier = successors.standing(connection, found)
    if message.kind not in CORRECTABLE:
        raise CallError(Code.WRONG_KIND, _STAYS.get(message.kind, _IN_A_REPLY))
    _stands(message)
    grounds.check_correction(call.office.directory.policy, body)
    copies = store.messages.own_copies(connection, message) if message.kind is Kind.CONCERN else [message]
    standing = [one for one in (*copies, *earlier) if one.withdrawn_at is None]
    composition = compose(call, standing, lambda now: steps.correction(now, body))
    composition.notices += still_open(connection, call, message, Kind.CORRECTION)
    composition.notices += _outside(connection, call, message)
    if any(is_of_the_wrong_child(part.plan.kind, part.plan.codes) for part in composition.parts):
        composition.notices.append(WRONG_CHILD)
    return composition


def apply(connection: Connection, call: Call, jti: str, body: AppliedBody) -> Composition:
    """Whether a correction stands in our records, once; after ``cannot`` it may still be applied.

    Raises:
        CallError: no received correction, it is applied already, or nothing says why it cannot be.
    """
    message = received(connection, call, jti, (Kind.CORRECTION,), "Only a received correction is applied.")
    if _is_applied(connection, message):
        raise CallError(Code.ALREADY_DONE, "Your agency said already that this correction is applied.")
    grounds.check_applied(body)
    return compose(call, [message], lambda now: steps.applied(now, body))


def _is_applied(connection: Connection, correction: Message) -> bool:
    given = store.messages.about(connection, correction.hash)
    return any(
        one.kind is Kind.APPLIED
        and not one.received
        and one.verdict != "refused"
        and (one.codes or {}).get("applied") == "yes"
        for one in given
    )


def _stands(message: Message) -> None:
    if message.verdict == "refused":
        raise CallError(
            Code.ALREADY_DONE, "This was returned to you and told nobody. Mend it and send it anew."
        )
    if message.withdrawn_at is not None or message.lapsed_at is not None:
        raise CallError(Code.ALREADY_DONE, _ENDED)
