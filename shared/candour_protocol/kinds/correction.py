"""``correction`` and ``applied``: what is put right, and where. Source: protocol 3.1, domain 2.16."""

from __future__ import annotations

from typing import Literal

from candour_protocol.kinds.fields import Code, Codes, Content, Hash


class CorrectionCodes(Codes):
    """T1 of a correction; ``corrects`` is the author's own statement to this recipient."""

    correction_kind: Code | None
    corrects: Hash


class CorrectionContent(Content):
    """T2 of a correction."""

    what_is_right: str | None = None


class AppliedCodes(Codes):
    """T1 of the recipient's word that a correction stands in its records, or cannot."""

    applied: Literal["yes", "cannot"]


class AppliedContent(Content):
    """T2 of the same."""

    why_not: str | None = None
