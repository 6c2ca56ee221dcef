"""Bodies of the steps that take a matter off its straight way, or on to somebody else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from candour_protocol.kinds import STAGES, Fact, Professional, Signer
from candour_protocol.kinds.fields import DateText
from pydantic import BeforeValidator, Field

from candour_agency.schemas.fields import Agencies, Body, Code

MAX_JOINED = 9  # with the thread itself no more than a statement names


class Step(Body):
    """Who takes it."""

    author: Signer | None = None


class WithdrawalBody(Step):
    """Why something is taken back."""

    reason: Code | None = None
    text: str | None = None


class CorrectionBody(Step):
    """What is right instead; ``correction_kind`` is a code of domain 2.16."""

    correction_kind: Code | None = None
    what_is_right: str | None = None


class AppliedBody(Step):
    """Whether a correction stands in this agency's records."""

    applied: Literal["yes", "cannot"]
    why_not: str | None = None


def _as_fact(value: Any) -> Any:
    return {"what": value} if isinstance(value, str) else value


class ChallengeBody(Step):
    """What is wrong with a decision or answer: an argument, a fact, or both.

    ``stage`` is by itself 1, and one more than that of the challenge that is taken further.
    """

    stage: Annotated[int, Field(ge=1, le=STAGES)] | None = None
    argument: str | None = None
    new_fact: Annotated[Fact, BeforeValidator(_as_fact)] | None = None


class ClosureBody(Step):
    """Why a matter ends; needed while checks that rest on it are unanswered."""

    reason: Code | None = None
    text: str | None = None


class TransferBody(Step):
    """Who has the matter from now on, ``agency`` or ``agency/inbox``, also one's own; and which worker."""

    to: str
    why: str | None = None
    worker: Professional | None = None


class ToldOutsideBody(Body):
    """By which means, and on which day or at which time."""

    how: Code | None = None
    when: str | None = None


class ToldBody(Step):
    """Somebody outside the exchange was told by other means.

    ``recipients`` are those who should know of it; the other parties of the thread if not given.
    """

    recipients: Agencies | None = None
    whom: Professional | None = None
    told_outside: ToldOutsideBody | None = None
    reply_by: DateText | None = None


Joined = Annotated[tuple[str, ...], Field(strict=False, max_length=MAX_JOINED)]


class LinkBody(Step):
    """Threads, or tokens of children, that are one child with this thread; or the link that was wrong.

    ``recipients`` are the parties of the thread who are to know of it: never everybody by itself, or a link
    would tell who else has raised a concern.
    """

    joins: Joined | None = None
    undoes: str | None = None
    why: str | None = None
    recipients: Agencies | None = None


class ErasureBody(Step):
    """What a message of one's own said is to be deleted; or agreed, that it may be before its time."""


class WordBody(Body):
    """A lodgee's word on a request: that it read the concern, and that the request is justified by it."""

    who: Signer | None = None
    why: str | None = None
