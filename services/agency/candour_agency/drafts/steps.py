"""From the bodies of the further steps to their codes (T1) and content (T2). Pure. Source: protocol 3.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from candour_protocol.codes import ClosureReason, CorrectionKind, ToldBy, WithdrawalReason
from candour_protocol.ids import Address, StatementHash
from candour_protocol.kinds import (
    AppliedContent,
    ChallengeContent,
    ClosureContent,
    CorrectionContent,
    Kind,
    LinkContent,
    ToldContent,
    TransferContent,
    WithdrawalContent,
)

from candour_agency.drafts import coding
from candour_agency.drafts.reactions import Reacting
from candour_agency.messages import Message
from candour_agency.schemas.steps import (
    AppliedBody,
    ChallengeBody,
    ClosureBody,
    CorrectionBody,
    LinkBody,
    ToldBody,
    TransferBody,
    WithdrawalBody,
)
from candour_agency.writing import Plan


def _own_words(code: str | None, typed: str | None, text: str | None) -> str | None:
    """What somebody typed where a code belongs and none fits is kept for the recipient to read."""
    return text if code == typed else "; ".join(one for one in (typed, text) if one) or None


def withdrawal(now: Reacting, body: WithdrawalBody) -> Plan:
    """Its author takes a statement back."""
    reason = coding.code(WithdrawalReason, body.reason)
    content = WithdrawalContent(text=_own_words(reason, body.reason, body.text))
    return now.plan(Kind.WITHDRAWAL, {"reason": reason}, content, waits=after(now.parent))


def correction(now: Reacting, body: CorrectionBody) -> Plan:
    """What is right instead of what was said."""
    found = coding.code(CorrectionKind, body.correction_kind)
    codes = {"correction_kind": found, "corrects": now.parent.hash}
    content = CorrectionContent(what_is_right=_own_words(found, body.correction_kind, body.what_is_right))
    return now.plan(Kind.CORRECTION, codes, content, waits=after(now.parent))


def applied(now: Reacting, body: AppliedBody) -> Plan:
    """Whether a correction stands in our records."""
    return now.plan(Kind.APPLIED, {"applied": body.applied}, AppliedContent(why_not=body.why_not))


def challenge(now: Reacting, body: ChallengeBody, stage: int) -> Plan:
    """A party thinks that something was decided wrongly."""
    codes = {"stage": stage, "challenges": now.parent.hash}
    content = ChallengeContent(argument=body.argument, new_fact=body.new_fact)
    return now.plan(Kind.CHALLENGE, codes, content, waits=after(now.parent))


def closure(now: Reacting, body: ClosureBody) -> Plan:
    """A matter ends."""
    reason = coding.code(ClosureReason, body.reason)
    content = ClosureContent(text=_own_words(reason, body.reason, body.text))
    return now.plan(Kind.CLOSURE, {"reason": reason}, content, waits=after(now.parent))


def transfer(
    now: Reacting, body: TransferBody, holder: Address, to: Address, waits: Sequence[StatementHash]
) -> Plan:
    """A matter has a new holder; the statement goes to that holder, or as a copy to who told."""
    content = TransferContent(why=body.why, worker=body.worker)
    return now.plan(Kind.TRANSFER, {"to": str(holder)}, content, waits=waits, to=to)


def told(now: Reacting, body: ToldBody, when: str | None) -> Plan:
    """Somebody outside the exchange was told."""
    how: dict[str, Any] = {
        "how": coding.code(ToldBy, body.told_outside.how if body.told_outside else None),
        "when": when,
    }
    content = ToldContent(whom=body.whom)
    codes = {"told_outside": how, "reply_by": body.reply_by}
    return now.plan(Kind.TOLD, codes, content, waits=after(now.parent))


def link(
    now: Reacting, body: LinkBody, joins: Sequence[str], undoes: StatementHash | None, to: Address
) -> Plan:
    """Threads or tokens are one child; or an earlier link was wrong."""
    codes = {"joins": list(joins) or None, "undoes": undoes}
    return now.plan(Kind.LINK, codes, LinkContent(why=body.why), to=to, irt=undoes)


def after(parent: Message) -> tuple[StatementHash, ...]:
    """What an own statement is about is in the log first."""
    return () if parent.received or parent.receipt is not None else (parent.hash,)
