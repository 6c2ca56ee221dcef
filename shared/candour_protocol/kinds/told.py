"""``told``: somebody outside the exchange was told by other means. Source: protocol section 3.1."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from candour_protocol.kinds.fields import Code, Codes, Content, DateText, WireModel
from candour_protocol.kinds.people import Professional

Moment = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?$")]


class ToldOutside(WireModel):
    """By which means, and on which day or at which time."""

    how: Code | None
    when: Moment | None


class ToldCodes(Codes):
    """T1; ``reply_by`` is the day by which an answer is hoped for."""

    told_outside: ToldOutside
    reply_by: DateText | None


class ToldContent(Content):
    """T2: who was told."""

    whom: Professional | None = None
