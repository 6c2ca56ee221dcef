"""``approval``: a second person's word on something that is held. Source: protocol sections 3.1 and 4."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from candour_protocol.kinds.fields import Codes, Content, Hash
from candour_protocol.kinds.people import Signer


class ApprovalCodes(Codes):
    """T1 of an approval; ``capacity`` is the member ``as``: as a ``party`` one agrees to an early erasure."""

    approves: Hash
    capacity: Literal["second", "lodgee", "party"] = Field(alias="as")


class ApprovalContent(Content):
    """T2 of an approval."""

    who: Signer | None = None
    why: str | None = None
