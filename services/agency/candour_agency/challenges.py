"""Challenging what was decided, and deciding again: somebody else than before. In the caller's transaction.

Source: protocol section 3.1, domain 4.1 and 4.2, golden rule 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from candour_protocol import rules
from candour_protocol.ids import ActorToken
from candour_protocol.kinds import CHALLENGEABLE, STAGES, AnswerCodes, Kind, Signer
from sqlalchemy import Connection

from candour_agency import store, successors
from candour_agency.calls import Call, Composition, misplaced, visible
from candour_agency.drafts import steps
from candour_agency.faults import CallError, Code
from candour_agency.matters import MATTERS, read_codes
from candour_agency.messages import Message
from candour_agency.names import plain_name
from candour_agency.reconsidering import actor_of, challenged, decided, open_challenges
from candour_agency.schemas.steps import ChallengeBody
from candour_agency.stating import compose

_NAME_ANOTHER: Final = (
    "Somebody else has to decide this again: give `{member}.staff_id`, or use that person's token."
)
_NAME_TOO: Final = (
    "Whoever decided this before is known by name alone. Give `{member}.name` beside the staff id, so that "
    "it is seen to be somebody else."
)
_STAYS_OPEN: Final = (
    "A challenge of this stays open until somebody else than before, known by a staff id, decides again, or "
    "says in a reply to it why this stands."
)
_NOT_ENOUGH: Final = "R11"  # flagged: delivered, and to be thought about again
# That a concern was found thin is challenged by the concern's own id.
_BY_ID: Final = CHALLENGEABLE - {Kind.DELIVERY}


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, an answer or an outcome that is about to be given; ``lines`` are those of an answer."""

    kind: Kind
    decider: Signer | None
    lines: frozenset[int] = frozenset()


def challenge(connection: Connection, call: Call, jti: str, body: ChallengeBody) -> Composition:
    """Ask for another decision: about what came, or by the id of the concern or request that it came about.

    A challenge that is open is taken one stage further.

    Raises:
        CallError: no such message, nothing that can be challenged, or neither an argument nor a fact.
    """
    if body.argument is None and body.new_fact is None:
        raise misplaced("/argument", "Say what you think is wrong, or give a new fact.")
    message = successors.own_newest(connection, visible(connection, call, jti))
    parent = _challenged(connection, message)
    stage = _stage(parent, body.stage)
    return compose(call, [parent], lambda now: steps.challenge(now, body, stage))


def _challenged(connection: Connection, message: Message) -> Message:
    if message.kind is Kind.CHALLENGE:
        return message
    if message.kind in MATTERS:
        return _newest_about(connection, message)
    if message.kind in _BY_ID and message.received:
        return _open_or(connection, message)
    raise CallError(
        Code.WRONG_KIND,
        "Challenge what another agency decided, answered or did; correct or withdraw your own.",
    )


def _newest_about(connection: Connection, matter: Message) -> Message:
    """The last decision about a matter, or that their node found a concern thin."""
    if still_open := [one for one in open_challenges(connection, matter) if not one.received]:
        return still_open[-1]
    about = [one for one in store.messages.about(connection, matter.hash) if one.received]
    decided = [one for one in about if one.kind in _BY_ID]
    found = decided or [one for one in about if one.kind is Kind.DELIVERY and matter.opened != "sound"]
    if not found:
        detail = (
            "Nothing was decided about this yet. While it is overdue, ring the number in its obligations."
        )
        raise CallError(Code.WRONG_KIND, detail)
    return found[-1]


def _open_or(connection: Connection, decided: Message) -> Message:
    """An own challenge to it that is still open goes further; otherwise it is challenged itself."""
    given = store.messages.about(connection, decided.hash)
    still_open = [
        one
        for one in given
        if one.kind is Kind.CHALLENGE
        and (one.answered_at, one.closed_at, one.withdrawn_at) == (None, None, None)
        and one.verdict != "refused"
    ]
    return still_open[-1] if still_open else decided


def _stage(parent: Message, stated: int | None) -> int:
    before = _stage_of(parent)
    if before >= STAGES:
        raise CallError(
            Code.ALREADY_DONE, "This stands before the partnership already, which is the last stage."
        )
    if stated is not None and stated <= before:
        raise misplaced(
            "/stage", f"The challenge stands at stage {before}. Take it further, or leave this out."
        )
    return stated or before + 1


def _stage_of(parent: Message) -> int:
    stage = (parent.codes or {}).get("stage") if parent.kind is Kind.CHALLENGE else 0
    return stage if isinstance(stage, int) else 0


# -- deciding again ----------------------------------------------------------------------------------


def check_decider(connection: Connection, call: Call, matter: Message, decision: Decision) -> None:
    """What is challenged, or rests on a reason that is not enough on its own, somebody else decides again.

    Raises:
        CallError: nobody is known by a staff id, it is the same person, or nobody can tell whether it is.
    """
    before = [one for one in _before(connection, matter, decision) if _is_in_doubt(connection, matter, one)]
    if not before:
        return
    actor = call.acting.actor(call.office.keys.actor, matter.txn)
    if actor is None:
        raise CallError(Code.NOBODY_NAMED, _NAME_ANOTHER.format(member=_member(decision.kind)))
    if any(_same(one, decision.decider, actor) for one in before):
        detail = "This was challenged: somebody else than who decided before has to decide again."
        raise CallError(Code.SAME_DECIDER, detail)
    if not _name(decision.decider) and any(_is_known_by_name(one) for one in before):
        raise CallError(Code.NOBODY_NAMED, _NAME_TOO.format(member=_member(decision.kind)))


def _member(kind: Kind) -> str:
    return "author" if kind is Kind.OUTCOME else "decider"


def _before(connection: Connection, matter: Message, decision: Decision) -> list[Message]:
    """What this agency decided before on the same: of answers only those that share a line."""
    given = store.messages.about(connection, matter.hash)
    if decision.kind is Kind.OUTCOME:  # it is told about an answer, or about the request itself
        answers = [one for one in given if one.kind is Kind.ANSWER]
        given += [one for each in answers for one in store.messages.about(connection, each.hash)]
    kinds = {decision.kind, *((Kind.CLOSURE,) if decision.kind is Kind.DECISION else ())}
    own = [one for one in given if one.kind in kinds and not one.received and one.verdict != "refused"]
    return [one for one in own if one.kind is not Kind.ANSWER or _lines(one) & decision.lines]


def _is_in_doubt(connection: Connection, matter: Message, decided: Message) -> bool:
    if decided.kind is Kind.ANSWER and _NOT_ENOUGH in decided.rules:
        return True
    again = Kind.DECISION if decided.kind is Kind.CLOSURE else decided.kind
    return any(one.received for one in open_challenges(connection, matter, again))


def _lines(answer: Message) -> set[int]:
    codes = read_codes(answer)
    return {one.line for one in codes.outcomes} if isinstance(codes, AnswerCodes) else set()


def _same(before: Message, decider: Signer | None, actor: ActorToken) -> bool:
    """Whether one person decides twice. Only by two staff ids are two people of one name told apart."""
    earlier = _decider(before)
    if actor == actor_of(before.codes) or _equal(_staff_id(earlier), _staff_id(decider)):
        return True
    known = actor_of(before.codes) and _staff_id(earlier) and _staff_id(decider)
    return not known and _equal(_name(earlier), _name(decider))


def _is_known_by_name(before: Message) -> bool:
    return actor_of(before.codes) is None and _name(_decider(before)) is not None


def _decider(before: Message) -> Signer | None:
    given = (before.content or {}).get("decider")
    return Signer.model_validate(given) if isinstance(given, dict) else None


def _equal(first: str | None, again: str | None) -> bool:
    return first is not None and first == again


def _staff_id(signer: Signer | None) -> str | None:
    return plain_name(signer.staff_id if signer else None)


def _name(signer: Signer | None) -> str | None:
    return plain_name(signer.name if signer else None)


# -- what stands by a second person's word ------------------------------------------------------------


def check_word(connection: Connection, challenge: Message, said: bool) -> None:
    """Whoever was challenged says why it stands, in words.

    Raises:
        CallError: they say nothing.
    """
    first = decided(connection, challenge) if challenge.kind is Kind.CHALLENGE else None
    owes = first is not None and not first.received and rules.stands_by_word(first.kind)
    if owes and not said:
        raise misplaced("/facts", "Say why it stands, in `facts` or `answers`; or decide it again.")


def still_open(connection: Connection, call: Call, parent: Message, kind: Kind) -> list[str]:
    """What to tell whoever says something that does not meet a challenge, as they decided before.

    Args:
        kind: of what is said about ``parent``.
    """
    actor = call.acting.actor(call.office.keys.actor, parent.txn)
    challenges = [parent] if parent.kind is Kind.CHALLENGE else challenged(connection, parent, kind)
    for one in challenges:
        first = decided(connection, one)
        own = first is not None and not first.received and rules.stands_by_word(first.kind)
        if first is not None and own and not rules.is_another(actor_of(first.codes), actor):
            return [_STAYS_OPEN]
    return []
