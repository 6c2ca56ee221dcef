"""``withdrawal`` and ``closure``: something is taken back, or ends. Source: protocol 3.1, domain 4."""

from __future__ import annotations

from candour_protocol.kinds.fields import Code, Codes, Content


class WithdrawalCodes(Codes):
    """T1 of a withdrawal."""

    reason: Code | None


class ClosureCodes(Codes):
    """T1 of a closure; while checks are unanswered it wants its reason."""

    reason: Code | None


class EndingContent(Content):
    """T2 of both."""

    text: str | None = None


class WithdrawalContent(EndingContent):
    """T2 of a withdrawal."""


class ClosureContent(EndingContent):
    """T2 of a closure."""
