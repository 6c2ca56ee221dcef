"""``notice``: the gateway tells a party that something is due, or has happened. Source: protocol 3.1."""

from __future__ import annotations

from typing import Literal

from candour_protocol.kinds.fields import Codes, Content, Hash


class NoticeCodes(Codes):
    """T1 of a notice; ``about`` is the statement that it concerns, where there is one."""

    notice: Literal["clock", "debt", "pattern", "escalation", "incident", "relay"]
    about: Hash | None


class NoticeContent(Content):
    """A notice has no T2."""
