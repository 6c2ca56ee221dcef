"""``reply``: more for a thread that is open already; no rule gates it. Source: protocol 3.1."""

from __future__ import annotations

from candour_protocol.kinds.concern import Fact
from candour_protocol.kinds.fields import Codes, Content, Rows, WireModel
from candour_protocol.kinds.people import Attachment


class ReplyCodes(Codes):
    """T1 of a reply."""


class Reply(WireModel):
    """The answer to one question of an acknowledgement, by its position, counted from 0."""

    question: int | None = None
    text: str | None = None


class ReplyContent(Content):
    """T2 of a reply."""

    answers: Rows[Reply] | None = None
    facts: Rows[Fact] | None = None
    attachments: Rows[Attachment] | None = None
